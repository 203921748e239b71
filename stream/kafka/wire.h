/* The wire: what a worker needs of Kafka, and nothing else.
 *
 * Two makes exist: kafka.c (librdkafka, the real one) and memlog.c (an in-process log with groups,
 * transactions, isolation and injected faults, for topology tests). The runtime above is the same
 * code on both.
 *
 * A wire is one group member with one at-once (idempotent) producer and, if asked for, one
 * transactional producer, and any number of readers (consumers without a group).
 *
 * Threads: all calls come from the worker's thread, except wire_txn_run() and
 * wire_offsets_commit(),
 * which run on the committer's thread while the worker's thread goes on polling and producing at
 * once.
 *
 * Errors: calls return 0 or a negative `enum wire_error`; wire_why() tells the story in words.
 */
#ifndef FRESHET_STREAM_KAFKA_WIRE_H
#define FRESHET_STREAM_KAFKA_WIRE_H

#include "stream/kafka/record.h"

enum wire_error {
    WIRE_RETRY = -1,   /* transient: the same call again may work */
    WIRE_ABORTED = -2, /* the transaction is rolled back: forget the batch and rewind */
    WIRE_FATAL = -3,   /* fenced or broken: the process must end and start anew */
    WIRE_TOO_LARGE = -4, /* this message exceeds what the broker takes */
    WIRE_REFUSED = -5, /* no such topic, no right to it, no such offset: a person must mend it */
};

enum delivery {
    DELIVERY_AT_ONCE, /* replaceable: sent now through the idempotent producer */
    DELIVERY_TXN,     /* additive: sent with the input offsets in one transaction */
};

struct topic_partition {
    const char *topic;
    int32_t partition;
    int64_t offset; /* next offset to read; OFFSET_NONE where unknown */
};

enum { OFFSET_NONE = -1 };

/* How long a group member may be silent, unless kafka.session.timeout.ms says otherwise. */
enum { WIRE_SESSION_MS = 15000 };

/* Told from inside wire_poll(). The lists are borrowed for the call. */
struct wire_listener {
    void *arg;
    /* The group gave us these partitions. The wire has paused them: they deliver nothing until
     * wire_resume(). */
    void (*assigned)(void *arg, const struct topic_partition *at, size_t count);
    /* These are taken away. `lost`: somebody else may own them already, nothing may be
     * committed. */
    void (*revoked)(void *arg, const struct topic_partition *at, size_t count, bool lost);
    /* The client has trouble with a broker and goes on trying: for the log. May be NULL. */
    void (*trouble)(void *arg, const char *text);
};

/* A transaction as one piece of work: messages in order, then the group's next offsets. */
struct txn {
    const struct message *messages;
    size_t messages_count;
    const struct topic_partition *offsets; /* next offset to read, per input partition; perhaps none
                                            * (then there need be no group) */
    size_t offsets_count;
    int64_t *ret_offsets; /* per message: the offset at which it was appended, or OFFSET_NONE */
};

struct wire;
struct reader;

struct wire_class {
    void (*close)(struct wire *);
    const char *(*why)(struct wire *);
    int (*partitions)(struct wire *, const char *topic, int32_t *ret_count);
    int (*bounds)(struct wire *, const char *topic, int32_t partition, int64_t *ret_low,
                  int64_t *ret_end);
    int (*stable_end)(struct wire *, const char *topic, int32_t partition, int64_t *ret_end);
    int (*subscribe)(struct wire *, const char *const *topics, size_t count,
                     const struct wire_listener *);
    int (*poll)(struct wire *, int timeout_ms, size_t max, const struct record **ret_at,
                size_t *ret_count);
    void (*release)(struct wire *);
    int (*committed)(struct wire *, const char *topic, int32_t partition, int64_t *ret_offset);
    int (*resume)(struct wire *, const char *topic, int32_t partition, int64_t offset);
    int (*pause)(struct wire *, const char *topic, int32_t partition);
    int (*produce)(struct wire *, const struct message *, uint64_t mark);
    int (*unacked)(struct wire *, uint64_t mark, size_t *ret_count);
    int64_t (*appended)(struct wire *, const char *topic, int32_t partition);
    int (*txn_run)(struct wire *, const struct txn *);
    int (*offsets_commit)(struct wire *, const struct topic_partition *at, size_t count);
    int (*rank)(struct wire *, size_t *ret_rank, size_t *ret_count);
    int64_t (*position)(struct wire *, const char *topic, int32_t partition);
    int64_t (*lag_end)(struct wire *, const char *topic, int32_t partition);
    int (*reader_open)(struct wire *, const struct topic_partition *at, size_t count,
                       struct reader **ret);
};

/* Says whether the process must end on it. */
static inline bool wire_is_final(int result)
{
    return result == WIRE_FATAL || result == WIRE_REFUSED;
}

struct wire {
    const struct wire_class *class;
};

struct reader_class {
    void (*close)(struct reader *);
    int (*poll)(struct reader *, int timeout_ms, size_t max, const struct record **ret_at,
                size_t *ret_count);
    void (*release)(struct reader *);
    int64_t (*position)(struct reader *, const char *topic, int32_t partition);
    int64_t (*end)(struct reader *, const char *topic, int32_t partition);
};

struct reader {
    const struct reader_class *class;
};

/* Leaves the group and frees the wire; outstanding at-once messages are flushed. Takes NULL. */
static inline struct wire *wire_close(struct wire *wire)
{
    if (wire) { wire->class->close(wire); }
    return NULL;
}
/* Tells the last failure in words, with topic and partition; borrowed until the next call. */
static inline const char *wire_why(struct wire *wire)
{
    return wire->class->why(wire);
}
/* Counts a topic's partitions; WIRE_REFUSED when it does not exist. */
static inline int wire_partitions(struct wire *wire, const char *topic, int32_t *ret_count)
{
    return wire->class->partitions(wire, topic, ret_count);
}
/* Tells the first retained offset and the log end (read_uncommitted: the bound of a restore). */
static inline int wire_bounds(struct wire *wire, const char *topic, int32_t partition,
                              int64_t *ret_low, int64_t *ret_end)
{
    return wire->class->bounds(wire, topic, partition, ret_low, ret_end);
}
/* Tells the last stable offset: the first of a transaction that is not decided yet, or the log end.
 * What a read_committed reader does not find before it is not there. */
static inline int wire_stable_end(struct wire *wire, const char *topic, int32_t partition,
                                  int64_t *ret_end)
{
    return wire->class->stable_end(wire, topic, partition, ret_end);
}
/* Joins the group for these topics. The listener is copied; its arg must outlive the wire. */
static inline int wire_subscribe(struct wire *wire, const char *const *topics, size_t count,
                                 const struct wire_listener *listener)
{
    return wire->class->subscribe(wire, topics, count, listener);
}
/* Waits up to timeout_ms for a first record and takes what is there, at most max records, which are
 * borrowed until wire_release(). Calls the listener. 0 records is no error. */
static inline int wire_poll(struct wire *wire, int timeout_ms, size_t max,
                            const struct record **ret_at, size_t *ret_count)
{
    return wire->class->poll(wire, timeout_ms, max, ret_at, ret_count);
}
/* Gives the last batch's bytes back. */
static inline void wire_release(struct wire *wire)
{
    wire->class->release(wire);
}
/* Asks the group's committed offset, waiting out a former owner's open transaction; OFFSET_NONE
 * when there is none. */
static inline int wire_committed(struct wire *wire, const char *topic, int32_t partition,
                                 int64_t *ret_offset)
{
    return wire->class->committed(wire, topic, partition, ret_offset);
}
/* Lets an assigned partition deliver from this offset on. Also the rewind after an abort. */
static inline int wire_resume(struct wire *wire, const char *topic, int32_t partition,
                              int64_t offset)
{
    return wire->class->resume(wire, topic, partition, offset);
}
/* Holds an assigned partition back; it stays ours. */
static inline int wire_pause(struct wire *wire, const char *topic, int32_t partition)
{
    return wire->class->pause(wire, topic, partition);
}
/* Sends a message at once, without waiting for it. `mark` groups messages for wire_unacked() and
 * never falls from call to call. */
static inline int wire_produce(struct wire *wire, const struct message *message, uint64_t mark)
{
    return wire->class->produce(wire, message, mark);
}
/* Counts at-once messages with a mark up to this one that are not yet acknowledged; WIRE_ABORTED
 * once after one of them could not be delivered (those under later marks are told when asked for),
 * WIRE_REFUSED when the broker does not take them from us. */
static inline int wire_unacked(struct wire *wire, uint64_t mark, size_t *ret_count)
{
    return wire->class->unacked(wire, mark, ret_count);
}
/* Tells the newest acknowledged offset of our own at-once messages to a partition; OFFSET_NONE when
 * there are none yet. */
static inline int64_t wire_appended(struct wire *wire, const char *topic, int32_t partition)
{
    return wire->class->appended(wire, topic, partition);
}
/* Runs a whole transaction: begin, produce all, send offsets, commit. 0: committed for good.
 * WIRE_ABORTED: rolled back. WIRE_FATAL, WIRE_REFUSED: ended or unknown: nothing of it may be
 * applied locally.
 * On the committer's thread. */
static inline int wire_txn_run(struct wire *wire, const struct txn *txn)
{
    return wire->class->txn_run(wire, txn);
}
/* Commits input offsets outside a transaction (at-once workers). On the committer's thread. */
static inline int wire_offsets_commit(struct wire *wire, const struct topic_partition *at,
                                      size_t count)
{
    return wire->class->offsets_commit(wire, at, count);
}
/* Tells how many members the group has and which of them we are, in the order in which partitions
 * are shared out (by range). Never waits: WIRE_RETRY while the answer is on its way or
 * the group is sharing out anew. The answer may be older than the last rebalance. */
static inline int wire_rank(struct wire *wire, size_t *ret_rank, size_t *ret_count)
{
    return wire->class->rank(wire, ret_rank, ret_count);
}
/* Tells the next offset that an assigned partition will deliver, past control records once they
 * have been met; OFFSET_NONE while unknown. Everything before it was returned by wire_poll(). */
static inline int64_t wire_position(struct wire *wire, const char *topic, int32_t partition)
{
    return wire->class->position(wire, topic, partition);
}
/* Tells the newest known end of an assigned partition without a request; OFFSET_NONE if unknown. */
static inline int64_t wire_lag_end(struct wire *wire, const char *topic, int32_t partition)
{
    return wire->class->lag_end(wire, topic, partition);
}
/* Opens a reader (read_committed, no group) on partitions, each from its offset on; an offset of
 * OFFSET_NONE means the earliest. Close with reader_close(), before the wire. */
static inline int wire_reader(struct wire *wire, const struct topic_partition *at, size_t count,
                              struct reader **ret_reader)
{
    return wire->class->reader_open(wire, at, count, ret_reader);
}
/* Closes the reader; takes NULL. */
static inline struct reader *reader_close(struct reader *reader)
{
    if (reader) { reader->class->close(reader); }
    return NULL;
}
/* Like wire_poll(), for the reader's own partitions. */
static inline int reader_poll(struct reader *reader, int timeout_ms, size_t max,
                              const struct record **ret_at, size_t *ret_count)
{
    return reader->class->poll(reader, timeout_ms, max, ret_at, ret_count);
}
static inline void reader_release(struct reader *reader)
{
    reader->class->release(reader);
}
/* Tells the next offset that the reader will deliver, past control records too (never inferred
 * from the last message: transaction markers take offsets); OFFSET_NONE while unknown. */
static inline int64_t reader_position(struct reader *reader, const char *topic, int32_t partition)
{
    return reader->class->position(reader, topic, partition);
}
/* Tells the newest known end of a partition (read_uncommitted) without a request; OFFSET_NONE if
 * unknown. */
static inline int64_t reader_end(struct reader *reader, const char *topic, int32_t partition)
{
    return reader->class->end(reader, topic, partition);
}

#endif
