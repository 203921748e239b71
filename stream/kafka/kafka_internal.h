/* The internal part of the wire on librdkafka, shared by kafka.c (configuration, errors, opening
 * and closing), kafka_group.c (the group member and readers), kafka_rank.c (the rank among the
 * members), kafka_observers.c (other groups' offsets), kafka_told.c (what members tell each other),
 * kafka_send.c (what both producers send), kafka_producers.c (their handles), kafka_oversize.c
 * (messages too large for their topic), kafka_unreadable.c (batches that cannot be unpacked),
 * kafka_missing.c (topics that seem to be missing), kafka_topics.c (which topics there are),
 * kafka_request.c (requests of the next one), kafka_trouble.c (why no broker answers) and
 * kafka_admin.c. Only this file includes rdkafka.h.
 *
 * Threads: the committer's thread uses `txn`, `txn_offsets` and the member's handle (to commit
 * offsets). `why` is guarded by why_lock; `topics`, and which handle `txn` is, by
 * handles_lock. All other members belong to the worker's thread; librdkafka runs our callbacks
 * inside a poll of the handle, so on the polling thread.
 */
#ifndef FRESHET_STREAM_KAFKA_KAFKA_INTERNAL_H
#define FRESHET_STREAM_KAFKA_KAFKA_INTERNAL_H

#include "stream/kafka/kafka.h"
#include "stream/kafka/ack_tracker.h"
#include "stream/kafka/kafka_trouble.h"
#include "stream/kafka/partition_offsets.h"

#include <librdkafka/rdkafka.h>
#include <pthread.h>

enum {
    ERROR_TEXT_MAX = 1024,
    REQUEST_TIMEOUT_MS = 15000, /* of metadata, offsets, log ends; where none is set */
    ASK_AGAIN_TIMEOUT_MS = 2000, /* of metadata of a topic that is known */
    FLUSH_TIMEOUT_MS = 10000,   /* at close */
    QUEUE_WAIT_MS = 50,         /* while a producer's queue is full */
    INIT_ATTEMPT_MS = 5000,     /* one attempt to fence the former owner */
    FIND_ENDS_MS = 60000,       /* of assigned partitions: a new topic's leaders come one by one */
    FIND_END_PAUSE_MS = 500,
    REACH_ATTEMPT_MS = 1000,    /* one attempt to reach a broker at start */
    REACH_FIRST_MS = 200,       /* in the first of these: refusals are told at once */
    WAITING_SILENT_MS = 3000,   /* until a broker that says nothing is told of */
    WAITING_EVERY_MS = 10000,
    REFUSED_ATTEMPTS_MAX = 3,
    SCRAM_FIXED_VERSION = 0x020601ff,
    FETCH_WAKES = 4,            /* wakes of the broker thread for each full queue read */
    WAKE_TIMEOUT_MS = 100,
};

struct oversize;
struct probe;

/* A consumer and the batch of records that it has lent to the caller. */
struct consumer_batch {
    struct header_source header_source; /* of its records; also leads back to this struct */
    const void *parsed;                 /* the message whose headers are parsed; NULL: none */
    rd_kafka_headers_t *headers;        /* of it; NULL: it has none */
    bool headers_failed;                /* it has headers that cannot be read */
    rd_kafka_t *rk;
    rd_kafka_message_t **lent;
    struct record *records;
    size_t count;
    size_t capacity;
    struct partition_offsets offsets;
    struct reader *reader; /* that it belongs to; NULL: the group member's */
    struct probe *probes; /* partitions at a batch that cannot be unpacked */
    size_t probes_count;
};

/* A topic that is kept so that the handle keeps its metadata. */
struct kept_topic {
    rd_kafka_t *rk;
    rd_kafka_topic_t *rkt;
};

/* A topic or partition that may be missing; guarded by why_lock. */
struct kafka_missing {
    bool suspected;
    int64_t first_ms; /* a broker first said so; 0: none has */
    int64_t asked_ms;
    int32_t partition;
    char topic[256]; /* Kafka's names have at most 249 bytes */
};

/* A consumer's pause before it checks again whether its full fetch queue has room. */
#define FETCH_BACKOFF_MS "20"

struct kafka {
    struct wire wire;
    struct consumer_batch consumer_batch; /* the group member */
    rd_kafka_t *bounds;   /* read_uncommitted: for requests, such as log ends; no member */
    rd_kafka_t *stable;   /* read_committed: for last stable offsets; made at first use */
    rd_kafka_t *at_once;
    rd_kafka_t *txn;
    rd_kafka_conf_t *at_once_conf; /* template */
    rd_kafka_conf_t *txn_conf;     /* template */
    bool at_once_doubted; /* a message was lost: the handle is replaced before the next one */
    bool txn_doubted;
    bool txn_waits; /* a new handle, before init_transactions() */
    rd_kafka_conf_t *reader_conf; /* template */
    size_t fetch_bytes_max;
    int request_ms;
    bool backoff_set; /* librdkafka has fetch.queue.backoff.ms */
    char *group;    /* NULL: none */
    char *instance; /* of the static member; the copy's name until it subscribes; or NULL */
    rd_kafka_conf_t *member_conf; /* of the static member, until it subscribes */
    struct rank_request *rank;        /* that is pending, or NULL */
    struct group_observer *observers; /* a list */
    struct wire_listener listener;
    int assign_failed; /* the wire_error with which an assignment failed, for good; or 0 */
    struct ack_tracker acks; /* of at-once messages */
    struct partition_offsets sent;
    bool send_refused; /* a broker refuses our messages for good */
    struct kafka_missing missing;
    const char *sent_missing; /* topic of an at-once message that failed as missing; NULL: none */
    const char *txn_missing;  /* the same for the running transaction */
    struct oversize *oversize; /* dead letters to send again, shortened */
    pthread_mutex_t handles_lock;
    struct kept_topic *topics;
    size_t topics_count;
    const char *missing_topic; /* that was last asked for and does not exist; NULL: it does */
    int64_t *txn_offsets; /* the running transaction's offsets, filled by delivery reports */
    pthread_mutex_t why_lock;
    struct kafka_trouble trouble;
    char why[ERROR_TEXT_MAX];      /* the last failure */
    char why_lent[ERROR_TEXT_MAX]; /* copy that wire_why() returns */
};

struct kafka_reader {
    struct reader reader;
    struct kafka *kafka;
    struct consumer_batch consumer_batch;
    size_t taken_bytes; /* since the broker thread was last woken */
};

/* Sets the text of a failure for wire_why(); either thread. */
void kafka_set_why(struct kafka *kafka, const char *format, ...) _printf_(2, 3);
/* Classifies an error code as a wire_error and sets the failure's text, with a hint when operator
 * action is needed. */
int kafka_classify_code(struct kafka *kafka, const char *what, rd_kafka_resp_err_t code);
/* Makes a list of one partition and offset; the caller destroys it. */
rd_kafka_topic_partition_list_t *kafka_partition_offset(const char *topic, int32_t partition,
                                                        int64_t offset);
/* Requests the first offset at or after a time (ms since 1970), RD_KAFKA_OFFSET_BEGINNING or
 * RD_KAFKA_OFFSET_END, which is the last stable offset for a read_committed handle. The offset is
 * negative for a time after the newest record. */
rd_kafka_resp_err_t kafka_request_offset(rd_kafka_t *rk, const char *topic, int32_t partition,
                                         int64_t time, int timeout_ms, int64_t *ret_offset);
/* True for an error that needs operator action. */
bool kafka_is_refusal(rd_kafka_resp_err_t code);
/* Requests the number of a topic's partitions. */
rd_kafka_resp_err_t kafka_request_partitions(rd_kafka_t *rk, rd_kafka_topic_t *rkt,
                                             int32_t *ret_count);
/* Classifies librdkafka's error object by its flags, sets the failure's text and frees the
 * error. */
int kafka_classify_error(struct kafka *kafka, const char *what, rd_kafka_error_t *error);
/* Makes a handle and takes ownership of the configuration. */
int kafka_make_handle(struct kafka *kafka, rd_kafka_type_t type, rd_kafka_conf_t *conf,
                      rd_kafka_t **ret_rk);
/* kafka_fetch.c: bytes that a consumer asks for, packed, of one partition and in one answer, and
 * the same for tables and restores. */
#define KAFKA_FETCH_PARTITION_BYTES "131072"
#define KAFKA_FETCH_ANSWER_BYTES "524288"
#define KAFKA_FETCH_TABLE_PARTITION_BYTES "262144"
#define KAFKA_FETCH_TABLE_ANSWER_BYTES "1048576"
/* Lowers the sizes of a consumer that do not fit those which were set. */
void kafka_fit_fetch(rd_kafka_conf_t *conf);

/* Adds room for a record and the message that it borrows from, which may be NULL. */
struct record *consumer_batch_add(struct consumer_batch *consumer_batch,
                                  rd_kafka_message_t *message);
/* Moves a consumer's partition to an offset. */
rd_kafka_resp_err_t kafka_seek(rd_kafka_t *rk, const char *topic, int32_t partition,
                               int64_t offset);
/* Takes a message that is about a batch that cannot be unpacked, or an answer to a probe; false: it
 * is neither. */
bool kafka_unreadable_take(struct kafka *kafka, struct consumer_batch *consumer_batch,
                           rd_kafka_message_t *message);
/* Tries the seeks again that failed; this may return unreadable records. */
void kafka_unreadable_seek(struct consumer_batch *consumer_batch);
/* Forgets what is known of such batches: of one partition, or of all. */
void kafka_unreadable_forget(struct consumer_batch *consumer_batch, const char *topic,
                             int32_t partition);
void kafka_unreadable_release(struct consumer_batch *consumer_batch);

/* Makes the group member's handle and takes ownership of the configuration. */
int kafka_make_member(struct kafka *kafka, rd_kafka_conf_t *conf);

/* kafka_producers.c */
/* Fences the former owner of the transactional id. Attempts until a broker answers; WIRE_ABORTED
 * when it does not in time, or another process fences this one; WIRE_RETRY when it cannot be
 * reached. */
int kafka_init_transactions(struct kafka *kafka, int timeout_ms);
/* Remembers that a message failed as one that may have been written. */
void kafka_doubt(bool *doubt, rd_kafka_resp_err_t code);
/* Replaces the handle if there is a doubt; before a message is put into its queue, on the worker's
 * thread. Messages that are under way fail. A wire_error when there can be no new
 * handle. */
int kafka_renew_at_once(struct kafka *kafka);
/* The same before a transaction, on the committer's thread. WIRE_ABORTED when the brokers cannot be
 * asked now; final errors. */
int kafka_renew_txn(struct kafka *kafka);

/* kafka_admin.c */
int kafka_describe(struct wire *wire, const char *const *topics, size_t count,
                   struct topic_settings *ret_settings);

/* kafka_group.c */
void consumer_batch_drop(struct consumer_batch *consumer_batch);
void consumer_batch_release(struct consumer_batch *consumer_batch);
void kafka_on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t code,
                        rd_kafka_topic_partition_list_t *partitions, void *opaque);
/* Sets the functions of the group member and of readers. */
void kafka_group_verbs(struct wire_class *verbs);

/* kafka_topics.c */
int kafka_partitions(struct wire *wire, const char *topic, int32_t *ret_count);
int kafka_topics(struct wire *wire, const char **ret_missing, struct buf *out);

/* kafka_missing.c */
/* True for the errors that name a topic or partition as unknown. */
bool kafka_is_missing(rd_kafka_resp_err_t code);
/* Finds out after such an error whether the topic is missing; partition -1: any. WIRE_RETRY, or
 * WIRE_REFUSED when the brokers have said so for some seconds. Blocks for a request; any thread. */
int kafka_confirm_missing(struct kafka *kafka, const char *topic, int32_t partition);
/* Asks again for a topic that may be missing, if there is one and it is time. Results as above. */
int kafka_ask_again(struct kafka *kafka);

/* kafka_bounds.c */
/* Asks for the ends of the partitions whose offset is below 0, in one request to each broker, and
 * sets them. Returns how many are still not known, with the reason; WIRE_REFUSED: one does not
 * exist. */
int kafka_ask_ends(struct kafka *kafka, rd_kafka_topic_partition_list_t *partitions);
int kafka_bounds_of(struct wire *wire, const char *topic, int32_t first, int32_t count,
                    struct log_bounds *ret_bounds);

/* kafka_rank.c */
int kafka_rank(struct wire *wire, size_t *ret_rank, size_t *ret_count);
/* Waits for a request that is pending. */
void kafka_close_rank(struct kafka *kafka);

/* kafka_observers.c */
void kafka_close_observers(struct kafka *kafka);

/* kafka_told.c */
/* Adds a partition to a list of offsets to commit, with what its owner tells. */
void kafka_tell(rd_kafka_topic_partition_list_t *list, const struct topic_partition *at,
                int64_t told);
int kafka_told(struct wire *wire, const char *topic, int32_t partitions,
               struct told_offset *ret_at);

/* kafka_oversize.c */
/* Keeps the message of a failed report, to send it again shortened; false when it cannot be
 * shortened, or did not fail by its size. */
bool kafka_keep_oversize(struct kafka *kafka, const rd_kafka_message_t *message,
                         uint64_t ack_group);
/* Sends the kept messages while the queue has room. */
void kafka_send_oversize(struct kafka *kafka);
void kafka_drop_oversize(struct kafka *kafka);

/* kafka_send.c */
void kafka_on_at_once_report(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque);
void kafka_on_txn_report(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque);
/* Sets the functions of the producers. */
void kafka_send_verbs(struct wire_class *verbs);

#endif
