/* The wire is the interface to Kafka: everything that a worker needs of it, and nothing else.
 *
 * It has two implementations: kafka.c (librdkafka) and stream/sim/memlog.h (an in-process log with
 * groups, transactions, isolation levels and injected faults, for topology tests). The runtime runs
 * the same code on both.
 *
 * A wire is one group member with one at-once (idempotent) producer, at most one transactional
 * producer, and any number of readers (consumers without a group).
 *
 * Threads: all calls come from the worker's thread. Only wire_txn_run() and wire_offsets_tell()
 * run on the committer's thread, while the worker's thread goes on polling and producing at once.
 *
 * Errors: calls return 0 or a negative `enum wire_error`; wire_why() then has the reason as text.
 */
#ifndef FRESHET_STREAM_KAFKA_WIRE_H
#define FRESHET_STREAM_KAFKA_WIRE_H

#include "stream/kafka/record.h"
#include "stream/kafka/topic_settings.h"

enum wire_error {
    WIRE_RETRY = -1,   /* transient: the same call may work later */
    WIRE_ABORTED = -2, /* the transaction is rolled back: drop the batch and rewind */
    WIRE_FATAL = -3,   /* fenced or broken: the process must end; a new one may work */
    WIRE_TOO_LARGE = -4, /* the message exceeds the broker's limit */
    WIRE_REFUSED = -5, /* no such topic or offset, or no right to it: needs operator action */
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

/* The first retained offset of a partition, and the log end. */
struct log_bounds {
    int64_t low, end;
};

/* The committed offset of a partition and what its owner told with it; 0: nothing. */
struct told_offset {
    int64_t offset;
    int64_t told;
};

enum { OFFSET_NONE = -1 };

/* The group member's session timeout, unless kafka.session.timeout.ms is set. */
enum { WIRE_SESSION_MS = 15000 };
/* The same of transaction.timeout.ms; workers set their own (worker.h). */
enum { WIRE_TRANSACTION_MS = 10000 };

/* Callbacks from inside wire_poll(). The lists are borrowed for the call. */
struct wire_listener {
    void *arg;
    /* The group assigned these partitions to us. The wire has paused them: they deliver nothing
     * until wire_resume(). */
    void (*assigned)(void *arg, const struct topic_partition *at, size_t count);
    /* The group takes these partitions away. `lost`: another member may own them already, and
     * nothing may be committed. */
    void (*revoked)(void *arg, const struct topic_partition *at, size_t count, bool lost);
    /* The client has an error with a broker and tries again: for the log. May be NULL. */
    void (*trouble)(void *arg, const char *text);
};

/* A whole transaction: messages in order, then the group's next offsets. */
struct txn {
    const struct message *messages;
    size_t messages_count;
    /* Next offset to read, for each input partition. There may be none; then no group is needed. */
    const struct topic_partition *offsets;
    size_t offsets_count;
    int64_t *ret_offsets; /* for each message: its offset in the log, or OFFSET_NONE */
};

struct buf;
struct wire;
struct reader;

struct wire_class {
    void (*close)(struct wire *);
    const char *(*why)(struct wire *);
    int (*partitions)(struct wire *, const char *topic, int32_t *ret_count);
    int (*topics)(struct wire *, const char **ret_missing, struct buf *out);
    int (*describe)(struct wire *, const char *const *topics, size_t count,
                    struct topic_settings *ret_settings);
    int (*bounds)(struct wire *, const char *topic, int32_t partition, int64_t *ret_low,
                  int64_t *ret_end);
    int (*bounds_of)(struct wire *, const char *topic, int32_t first, int32_t count,
                     struct log_bounds *ret_bounds); /* NULL: one by one */
    int (*offset_at)(struct wire *, const char *topic, int32_t partition, int64_t time_ms,
                     int64_t *ret_offset);
    int (*stable_end)(struct wire *, const char *topic, int32_t partition, int64_t *ret_end);
    int (*subscribe)(struct wire *, const char *const *topics, size_t count,
                     const struct wire_listener *);
    int (*poll)(struct wire *, int timeout_ms, size_t max, const struct record **ret_at,
                size_t *ret_count);
    void (*release)(struct wire *);
    int (*committed)(struct wire *, const char *topic, int32_t partition, int64_t *ret_offset);
    int (*told)(struct wire *, const char *topic, int32_t partitions, struct told_offset *ret_at);
    int (*resume)(struct wire *, const char *topic, int32_t partition, int64_t offset);
    int (*pause)(struct wire *, const char *topic, int32_t partition);
    int (*produce)(struct wire *, const struct message *, uint64_t ack_group);
    int (*unacked)(struct wire *, uint64_t ack_group, size_t *ret_count);
    int64_t (*appended)(struct wire *, const char *topic, int32_t partition);
    void (*watch_log)(struct wire *, const char *topic, int32_t partition);
    uint64_t (*others)(struct wire *, const char *topic, int32_t partition);
    bool (*quiet)(struct wire *);
    int (*txn_run)(struct wire *, const struct txn *);
    int (*offsets_commit)(struct wire *, const struct topic_partition *at, const int64_t *told,
                          size_t count);
    int (*rank)(struct wire *, size_t *ret_rank, size_t *ret_count);
    int64_t (*position)(struct wire *, const char *topic, int32_t partition);
    int64_t (*lag_end)(struct wire *, const char *topic, int32_t partition);
    int (*reader_open)(struct wire *, const struct topic_partition *at, size_t count,
                       struct reader **ret);
};

/* True when the process must end after this result. */
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

/* What a patient reader met since its owner last looked. */
enum reader_doubt {
    READER_SURE,
    READER_MISSING,      /* a broker did not know a partition: its topic may have been deleted */
    READER_OUT_OF_RANGE, /* a position is outside its log: the topic was recreated, or cut */
};

struct reader {
    const struct reader_class *class;
    /* Set by an owner that finds out itself what became of the topics: such an error does not end
     * the poll, but sets `doubt`, which the owner sets back. */
    bool patient;
    enum reader_doubt doubt;
};

/* Flushes outstanding at-once messages, leaves the group and frees the wire; takes NULL; returns
 * NULL. */
static inline struct wire *wire_close(struct wire *wire)
{
    if (wire) { wire->class->close(wire); }
    return NULL;
}
/* Returns the last failure as text, with topic and partition; borrowed until the next call. */
static inline const char *wire_why(struct wire *wire)
{
    return wire->class->why(wire);
}
/* Returns the number of a topic's partitions; WIRE_REFUSED when the topic does not exist. */
static inline int wire_partitions(struct wire *wire, const char *topic, int32_t *ret_count)
{
    return wire->class->partitions(wire, topic, ret_count);
}
/* Returns the topic that the last wire_partitions() did not find (borrowed until the next one), and
 * appends the names of all topics that this user may see, a line each. WIRE_RETRY: it found its
 * topic, or failed otherwise; a topic that the user may not see is not missing. */
static inline int wire_topics(struct wire *wire, const char **ret_missing, struct buf *out)
{
    return wire->class->topics(wire, ret_missing, out);
}
/* Asks for the settings of topics, in one request; not known are those of topics that do not exist
 * or that we have no right to describe. 0, or a negative error when there is no answer at all. */
static inline int wire_describe(struct wire *wire, const char *const *topics, size_t count,
                                struct topic_settings *ret_settings)
{
    return wire->class->describe(wire, topics, count, ret_settings);
}
/* Returns the first retained offset and the log end (read_uncommitted: a restore reads up to
 * it). */
static inline int wire_bounds(struct wire *wire, const char *topic, int32_t partition,
                              int64_t *ret_low, int64_t *ret_end)
{
    return wire->class->bounds(wire, topic, partition, ret_low, ret_end);
}
/* The same for `count` partitions from the first one on, each in its place: with few requests. */
static inline int wire_bounds_of(struct wire *wire, const char *topic, int32_t first,
                                 int32_t count, struct log_bounds *ret_bounds)
{
    if (wire->class->bounds_of) {
        return wire->class->bounds_of(wire, topic, first, count, ret_bounds);
    }
    int result = 0;
    for (int32_t i = 0; i < count && result == 0; i++) {
        result = wire_bounds(wire, topic, first + i, &ret_bounds[i].low, &ret_bounds[i].end);
    }
    return result;
}
/* Returns the first offset whose record's Kafka timestamp is at or after a time; the log end when
 * there is none. A marker of a transaction counts as a record. */
static inline int wire_offset_at(struct wire *wire, const char *topic, int32_t partition,
                                 int64_t time_ms, int64_t *ret_offset)
{
    return wire->class->offset_at(wire, topic, partition, time_ms, ret_offset);
}
/* Returns the last stable offset: the first offset of the oldest open transaction, or the log end.
 * A read_committed reader sees every committed record before it. */
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
/* Waits up to timeout_ms for a first record and takes those that have arrived, at most max. They
 * are borrowed until wire_release(). Calls the listener. 0 records is no error. */
static inline int wire_poll(struct wire *wire, int timeout_ms, size_t max,
                            const struct record **ret_at, size_t *ret_count)
{
    return wire->class->poll(wire, timeout_ms, max, ret_at, ret_count);
}
/* Frees the last batch. */
static inline void wire_release(struct wire *wire)
{
    wire->class->release(wire);
}
/* Fetches the group's committed offset; OFFSET_NONE when there is none. While a former owner's
 * transaction with offsets is open, the call waits or returns WIRE_RETRY. */
static inline int wire_committed(struct wire *wire, const char *topic, int32_t partition,
                                 int64_t *ret_offset)
{
    return wire->class->committed(wire, topic, partition, ret_offset);
}
/* Fetches the group's committed offsets of a topic's first partitions, in one request, and what
 * their owners told with wire_offsets_tell(). */
static inline int wire_told(struct wire *wire, const char *topic, int32_t partitions,
                            struct told_offset *ret_at)
{
    return wire->class->told(wire, topic, partitions, ret_at);
}
/* Makes an assigned partition deliver from this offset on. Also rewinds after an abort. */
static inline int wire_resume(struct wire *wire, const char *topic, int32_t partition,
                              int64_t offset)
{
    return wire->class->resume(wire, topic, partition, offset);
}
/* Pauses an assigned partition; it stays assigned. */
static inline int wire_pause(struct wire *wire, const char *topic, int32_t partition)
{
    return wire->class->pause(wire, topic, partition);
}
/* Sends a message at once, without waiting for its acknowledgement. wire_unacked() counts messages
 * by ack_group, a number that is not below that of earlier calls. */
static inline int wire_produce(struct wire *wire, const struct message *message, uint64_t ack_group)
{
    return wire->class->produce(wire, message, ack_group);
}
/* Counts the at-once messages of ack groups up to this one that are not acknowledged yet. Returns
 * WIRE_ABORTED, once, after one of them could not be delivered (failures of later groups are kept
 * for later calls), and WIRE_REFUSED when the broker refuses our messages. */
static inline int wire_unacked(struct wire *wire, uint64_t ack_group, size_t *ret_count)
{
    return wire->class->unacked(wire, ack_group, ret_count);
}
/* Returns the newest acknowledged offset of our own at-once messages in a partition; OFFSET_NONE
 * when there is none yet. */
static inline int64_t wire_appended(struct wire *wire, const char *topic, int32_t partition)
{
    return wire->class->appended(wire, topic, partition);
}
/* Forgets what was acknowledged of our own at-once messages in a partition, and counts from now on
 * how often one does not follow the one before it: others have written, or a broker has lost
 * messages. */
static inline void wire_watch_log(struct wire *wire, const char *topic, int32_t partition)
{
    wire->class->watch_log(wire, topic, partition);
}
/* Returns that count. */
static inline uint64_t wire_others(struct wire *wire, const char *topic, int32_t partition)
{
    return wire->class->others(wire, topic, partition);
}
/* True when no at-once message of ours is under way. */
static inline bool wire_quiet(struct wire *wire)
{
    return wire->class->quiet(wire);
}
/* Runs a whole transaction: begin, produce all messages, send offsets, commit. 0: it is committed.
 * WIRE_ABORTED: it is rolled back, and so it is with WIRE_TOO_LARGE, which says that the client
 * itself refuses a message. WIRE_FATAL, WIRE_REFUSED: its outcome is unknown, and nothing of
 * it may be applied locally. On the committer's thread. */
static inline int wire_txn_run(struct wire *wire, const struct txn *txn)
{
    return wire->class->txn_run(wire, txn);
}
/* Commits input offsets outside a transaction (at-once workers). On the committer's thread, or on
 * the worker's for a partition that is restored. */
static inline int wire_offsets_commit(struct wire *wire, const struct topic_partition *at,
                                      size_t count)
{
    return wire->class->offsets_commit(wire, at, /* told= */ NULL, count);
}
/* The same, and tells the other members a number for each partition; 0: nothing. */
static inline int wire_offsets_tell(struct wire *wire, const struct topic_partition *at,
                                    const int64_t *told, size_t count)
{
    return wire->class->offsets_commit(wire, at, told, count);
}
/* Returns the number of the group's members and our rank among them, in the order in which the
 * range assignor sorts them. Does not block: WIRE_RETRY until the answer has arrived, and while the
 * group rebalances. The answer may be older than the last rebalance. */
static inline int wire_rank(struct wire *wire, size_t *ret_rank, size_t *ret_count)
{
    return wire->class->rank(wire, ret_rank, ret_count);
}
/* Returns the next offset that an assigned partition will deliver, past control records that were
 * read; OFFSET_NONE while unknown. wire_poll() has returned every record before it. */
static inline int64_t wire_position(struct wire *wire, const char *topic, int32_t partition)
{
    return wire->class->position(wire, topic, partition);
}
/* Returns the newest known end of an assigned partition, without a request; OFFSET_NONE if
 * unknown. */
static inline int64_t wire_lag_end(struct wire *wire, const char *topic, int32_t partition)
{
    return wire->class->lag_end(wire, topic, partition);
}
/* Opens a reader (read_committed, no group) on partitions, each from its offset on; OFFSET_NONE
 * means the first retained offset. Close with reader_close(), before the wire. */
static inline int wire_reader(struct wire *wire, const struct topic_partition *at, size_t count,
                              struct reader **ret_reader)
{
    return wire->class->reader_open(wire, at, count, ret_reader);
}
/* Closes the reader; takes NULL; returns NULL. */
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
/* Frees the reader's last batch. */
static inline void reader_release(struct reader *reader)
{
    reader->class->release(reader);
}
/* Returns the next offset that the reader will deliver, past control records (which take offsets,
 * so it is not always the last record's offset plus one); OFFSET_NONE while unknown. */
static inline int64_t reader_position(struct reader *reader, const char *topic, int32_t partition)
{
    return reader->class->position(reader, topic, partition);
}
/* Returns the newest known end of a partition (read_uncommitted), without a request; OFFSET_NONE if
 * unknown. */
static inline int64_t reader_end(struct reader *reader, const char *topic, int32_t partition)
{
    return reader->class->end(reader, topic, partition);
}

#endif
