/* Inside of the real wire, shared by kafka.c (configuration, errors, life), kafka_group.c (the
 * group member and readers), kafka_rank.c (the other members), kafka_send.c (both producers) and
 * kafka_oversize.c (what was too large for its topic). The one file that includes rdkafka.h.
 */
#ifndef FRESHET_STREAM_KAFKA_KAFKA_INTERNAL_H
#define FRESHET_STREAM_KAFKA_KAFKA_INTERNAL_H

#include "stream/kafka/kafka.h"
#include "stream/kafka/ack_tracker.h"
#include "stream/kafka/partition_offsets.h"

#include <librdkafka/rdkafka.h>
#include <pthread.h>

enum {
    ERROR_TEXT_MAX = 1024,
    ASK_TIMEOUT_MS = 15000,   /* metadata, offsets, bounds */
    FLUSH_TIMEOUT_MS = 10000, /* at close */
    QUEUE_WAIT_MS = 50,       /* producer queue full */
    RESULT_CHECK_MS = 100,
    FIND_END_TURNS_MAX = 8,   /* of ASK_TIMEOUT_MS at most, and a pause */
    FIND_END_PAUSE_MS = 500,
    REACH_TURN_MS = 1000,     /* between two looks at why no broker answers */
    REFUSED_TURNS_MAX = 3,
    SCRAM_MENDED_VERSION = 0x020601ff,
    FETCH_WAKES = 4, /* in a queueful, by a reader */
    WAKE_TIMEOUT_MS = 100,
};

struct oversize;

/* A consumer and the batch it has lent out. */
struct consumer_batch {
    struct header_source header_source; /* of its records: leads back here */
    const void *parsed;                 /* the message whose headers are parsed; NULL: none */
    rd_kafka_headers_t *headers;        /* of it; NULL: it has none */
    bool headers_failed;                /* it has, but they cannot be read */
    rd_kafka_t *rk;
    rd_kafka_message_t **lent;
    struct record *records;
    size_t count;
    size_t capacity;
    struct partition_offsets offsets;
};

/* How long a consumer waits before it looks again whether its full queue has room. */
#define FETCH_BACKOFF_MS "20"

struct kafka {
    struct wire wire;
    struct consumer_batch consumer_batch; /* the group member */
    rd_kafka_t *bounds;   /* read_uncommitted: asks for log ends */
    rd_kafka_t *stable;   /* read_committed: asks for last stable offsets; made when first asked */
    rd_kafka_t *at_once;
    rd_kafka_t *txn;
    rd_kafka_conf_t *reader_conf; /* template */
    size_t fetch_bytes_max;
    bool fetches_on; /* the library looks at a full fetch queue again by itself, and soon */
    char *group;    /* NULL: none */
    char *instance; /* NULL: a dynamic member */
    rd_kafka_queue_t *answers; /* to what was asked of the group; made with the first question */
    bool asked;
    struct wire_listener listener;
    int unplaced; /* why what we were assigned could not be placed: nothing can go on; or 0 */
    struct ack_tracker acks; /* of at-once messages on their way */
    struct partition_offsets sent;
    bool send_refused; /* and will be, however often it is tried */
    struct oversize *oversize; /* letters that are to go again, shorter */
    rd_kafka_topic_t **topics; /* kept so that the handles keep what they know of them */
    size_t topics_count;
    int64_t *txn_offsets; /* where delivery reports of the running transaction go */
    pthread_mutex_t why_lock;
    char trouble[ERROR_TEXT_MAX]; /* librdkafka's newest; written under why_lock */
    bool refused;                 /* a broker did not take our credentials */
    bool distrusted;              /* the newest trouble is with TLS: a certificate, as a rule */
    char why[ERROR_TEXT_MAX];
    char told[ERROR_TEXT_MAX];
};

struct kafka_reader {
    struct reader reader;
    struct kafka *kafka;
    struct consumer_batch consumer_batch;
    size_t taken_bytes; /* since the fetcher was last woken */
};

/* Keeps the story of a failure for wire_why(); either thread. */
void kafka_say(struct kafka *kafka, const char *format, ...) _printf_(2, 3);
/* Sorts a plain error code into a wire_error and keeps the story, with a hint for what a person
 * must mend. */
int kafka_sort_code(struct kafka *kafka, const char *what, rd_kafka_resp_err_t code);
/* Makes a list of one place; the caller destroys it. */
rd_kafka_topic_partition_list_t *kafka_partition_offset(const char *topic, int32_t partition,
                                                        int64_t offset);
/* Asks for the first offset at or after a time (ms since 1970), or for RD_KAFKA_OFFSET_BEGINNING
 * or RD_KAFKA_OFFSET_END: the last stable offset, if the handle reads what is committed. After a
 * time beyond the newest record the offset is negative. */
rd_kafka_resp_err_t kafka_ask_offset(rd_kafka_t *rk, const char *topic, int32_t partition,
                                     int64_t time, int timeout_ms, int64_t *ret_offset);
/* Says whether it is an error that a person must mend. */
bool kafka_is_refusal(rd_kafka_resp_err_t code);
/* Sorts librdkafka's error object by the questions it answers, keeps the story and frees it. */
int kafka_sort_error(struct kafka *kafka, const char *what, rd_kafka_error_t *error);
/* Makes a handle; takes the configuration. */
int kafka_make_handle(struct kafka *kafka, rd_kafka_type_t type, rd_kafka_conf_t *conf,
                      rd_kafka_t **ret_rk);

/* kafka_group.c */
void consumer_batch_drop(struct consumer_batch *consumer_batch);
void consumer_batch_release(struct consumer_batch *consumer_batch);
void kafka_on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t code,
                        rd_kafka_topic_partition_list_t *partitions, void *opaque);
/* Fills in the verbs of the group member and of readers. */
void kafka_group_verbs(struct wire_class *verbs);

/* kafka_rank.c */
int kafka_rank(struct wire *wire, size_t *ret_rank, size_t *ret_count);

/* kafka_oversize.c */
/* Keeps what a failed report tells of, to be sent again with less in it; false when it can not be
 * told shorter, or failed otherwise. */
bool kafka_keep_oversize(struct kafka *kafka, const rd_kafka_message_t *message, uint64_t mark);
/* Sends what is kept, as far as the queue has room. */
void kafka_send_oversize(struct kafka *kafka);
void kafka_drop_oversize(struct kafka *kafka);

/* kafka_send.c */
void kafka_on_at_once_report(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque);
void kafka_on_txn_report(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque);
/* Fills in the verbs of the producers. */
void kafka_send_verbs(struct wire_class *verbs);

#endif
