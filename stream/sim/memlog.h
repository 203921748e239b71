/* An in-process Kafka for topology tests: topics, transactions, groups, isolation levels, injected
 * faults.
 *
 * The log is the broker; memlog_wire() makes clients of it (stream/kafka/wire.h). It has no threads
 * and no clock, and its random numbers come from the seed: the calls, their order and the seed
 * determine everything that happens. Nothing blocks: a poll without records returns at once, and
 * what would block at a broker returns WIRE_RETRY.
 *
 * As in Kafka:
 *   - Records of a transaction are appended when they are sent and are invisible until it has
 *     committed. The first record of an open transaction (the last stable offset) hides all later
 *     records of its partition. Commit and abort append a control record, which takes an offset.
 *   - Opening a wire with a transactional id that was used before aborts the id's open transaction
 *     and fences the former wire: its transactions return WIRE_FATAL from then on.
 *   - Groups rebalance eagerly, by range over the members sorted by instance id. A join or a leave
 *     begins a rebalance. Each member that holds partitions gets `revoked` in its next wire_poll().
 *     After the last of them the generation rises, and each member gets `assigned` in its next
 *     wire_poll() (the last one in the same call). Until then offsets of the old generation are
 *     accepted, so a member may still commit in `revoked`. Only the generation is checked, not
 *     which member owns a partition.
 *   - Offsets from a stale or expired member: wire_txn_run() and wire_offsets_commit() return
 *     WIRE_ABORTED (a retry cannot help; the next poll reports the loss). From a member whose
 *     instance id was taken over: WIRE_ABORTED in a transaction, WIRE_FATAL outside; its next poll
 *     calls `revoked` as lost and returns WIRE_FATAL.
 *   - A member that joins with the instance id of a live or killed member takes its partitions over
 *     without a rebalance, whatever it subscribes to. Its instance id is its copy's name and a hash
 *     of the topics (stream/kafka/member_name.h), as on the wire to Kafka.
 *   - A position outside [low, end] makes a poll return WIRE_REFUSED; it is not reset silently.
 *   - A message over the limit is WIRE_TOO_LARGE at once, WIRE_FATAL in a transaction; one to a
 *     topic or partition that does not exist is WIRE_REFUSED.
 *
 * Stricter than Kafka: wire_release() frees a batch's bytes, so that a sanitizer finds later reads,
 * and a poll before the earlier batch is released is a programmer's error (assert).
 *
 * Threads: one mutex guards the log, and any thread may call any function of it. Each wire keeps
 * the wire's own rule: one worker's thread and one committer. The listener and hooks are called
 * without the mutex.
 */
#ifndef FRESHET_STREAM_SIM_MEMLOG_H
#define FRESHET_STREAM_SIM_MEMLOG_H

#include "stream/kafka/wire.h"

enum {
    MEMLOG_PARTITIONS_MAX = 1024,
    MEMLOG_MESSAGE_BYTES_MAX = 1 << 20, /* key, value and headers of a message */
    MEMLOG_FAULTS_MAX = 64,             /* armed at one time */
    MEMLOG_ADDED_MAX = 8,               /* partitions that a topic may get */
    MEMLOG_ALL = -1,                    /* every partition */
};

struct memlog;

/* Makes a log without topics; free with memlog_free(), after closing all its wires. */
struct memlog *memlog_new(uint64_t seed);
/* Frees the log; takes NULL; returns NULL. */
struct memlog *memlog_free(struct memlog *log);
/* Creates a topic. */
void memlog_topic(struct memlog *log, const char *name, int32_t partitions);

/* Sets what wire_describe() says of a topic; nothing is deleted by it (memlog_trim(),
 * memlog_compact(), memlog_expire_tombstones() do that). Default: neither compacted nor deleted. */
void memlog_settings(struct memlog *log, const char *name, const struct topic_settings *settings);

/* ---- Settings ---- */

/* Limits the records of one poll, in addition to its own max (default: no limit). */
void memlog_batch(struct memlog *log, size_t records_max);
/* Delays at-once messages: they reach the log and are acknowledged after `polls` calls of
 * wire_poll() of their wire, or of wire_unacked() without a poll between (default 0: in the
 * call). */
void memlog_ack_delay(struct memlog *log, int polls);
/* Delays the control records of a decided transaction: in each partition, and in the group's
 * offsets, they are written after 1 to `polls` polls of any wire or reader, chosen by the seed
 * (default 0: in the call). In Kafka, too, a commit returns before its markers are written. */
void memlog_marker_delay(struct memlog *log, int polls);
/* Sets the timestamp of messages without one (time_ms 0). */
void memlog_clock(struct memlog *log, int64_t now_ms);
/* Chooses whether wire_close() keeps a member with an instance id in its group until it returns or
 * expires, as Kafka does with static members (default false: the member leaves). */
void memlog_static_stay(struct memlog *log, bool stay);

/* ---- Input and assertions of tests. Topics and partitions must exist. ---- */

/* Appends a committed record; returns its offset. partition: PARTITION_BY_KEY or a number. */
int64_t memlog_append(struct memlog *log, const char *topic, int32_t partition, struct slice key,
                      struct slice value, int64_t time_ms);
/* Reads the first record at or after the offset that a read_committed reader sees; 0 with bytes
 * borrowed until the topic is compacted or trimmed, or -ENOENT. */
int memlog_read(struct memlog *log, const char *topic, int32_t partition, int64_t offset,
                struct record *ret_record);
/* Reads the newest visible record of a key in any partition; 0 or -ENOENT. */
int memlog_newest(struct memlog *log, const char *topic, struct slice key,
                  struct record *ret_record);
/* Reads a header, the last of that name, of the record at exactly this offset; 0 or -ENOENT. */
int memlog_header(struct memlog *log, const char *topic, int32_t partition, int64_t offset,
                  const char *name, struct slice *ret_value);
/* Counts the visible records of a partition, or of the topic (MEMLOG_ALL). */
int64_t memlog_count(struct memlog *log, const char *topic, int32_t partition);
/* Returns the end of the log (read_uncommitted). */
int64_t memlog_end(struct memlog *log, const char *topic, int32_t partition);
/* Returns the end for read_committed readers: the last stable offset. */
int64_t memlog_stable_end(struct memlog *log, const char *topic, int32_t partition);
/* Returns a group's committed offset; OFFSET_NONE when there is none. */
int64_t memlog_committed(struct memlog *log, const char *group, const char *topic,
                         int32_t partition);
/* Sets a group's committed offset, as kafka-consumer-groups --reset-offsets does; OFFSET_NONE: it
 * has expired. No member may be there, but that is not checked. */
void memlog_set_committed(struct memlog *log, const char *group, const char *topic,
                          int32_t partition, int64_t offset);
/* Compacts below the last stable offset: keeps the newest record of each key (tombstones too),
 * control records and records without a key, at their offsets; removes older and aborted
 * records. */
void memlog_compact(struct memlog *log, const char *topic);
/* Removes the tombstones below the newest visible record of each partition, as compaction does when
 * they are older than delete.retention.ms. The newest record is in the segment that Kafka still
 * writes to, which is never compacted. */
void memlog_expire_tombstones(struct memlog *log, const char *topic);
/* Removes the records at and after the offset, which becomes the end, as in an unclean election. */
void memlog_cut(struct memlog *log, const char *topic, int32_t partition, int64_t offset);
/* Adds partitions to a topic, once, at most MEMLOG_ADDED_MAX. Groups do not notice it. */
void memlog_add_partitions(struct memlog *log, const char *topic, int32_t partitions);
/* Deletes the topic, with the groups' offsets in it. No member of a group may be reading it. */
void memlog_delete(struct memlog *log, const char *topic);
/* Deletes the topic, with the groups' offsets in it, and recreates it. No member of a group may be
 * reading it. */
void memlog_remake(struct memlog *log, const char *topic, int32_t partitions);
/* Removes the records before the offset, which becomes the low one, as retention does. */
void memlog_trim(struct memlog *log, const char *topic, int32_t partition, int64_t offset);

/* ---- Clients ---- */

/* Opens a wire; close with wire_close(). group may be NULL (no subscribe, no offsets), instance_id
 * NULL (a dynamic member), transactional_id NULL (no transactions). */
struct wire *memlog_wire(struct memlog *log, const char *group, const char *instance_id,
                         const char *transactional_id);
/* Kills the process of the wire. The first unacknowledged messages, as many as the seed chooses,
 * reach the log; an open transaction stays open; the member stays in the group until
 * memlog_expire_member() or until its instance id joins again. All later calls of the wire and its
 * readers return WIRE_FATAL and do nothing; they must still be closed. */
void memlog_kill(struct memlog *log, struct wire *wire);
/* Expires the wire's session (a zombie): its partitions go to other members, and its next poll
 * calls `revoked` with lost = true and joins again. */
void memlog_expire(struct memlog *log, struct wire *wire);
/* Expires the session of a copy's member, which may be killed. */
void memlog_expire_member(struct memlog *log, const char *group, const char *instance_id);
/* Expires the open transaction of an id: it is aborted and its wire is fenced. */
void memlog_txn_expire(struct memlog *log, const char *transactional_id);

/* ---- Faults ---- */

/* Points of the calls at which tests can inject faults, count and hook. */
enum memlog_point {
    MEMLOG_PRODUCE,        /* WIRE_ABORTED: accepted, then lost; other errors: refused */
    MEMLOG_TXN_BEGIN,      /* at transactional points, WIRE_ABORTED rolls the transaction back; */
    MEMLOG_TXN_PRODUCE,    /* WIRE_FATAL leaves it open, as a dead process does, and the wire's */
    MEMLOG_TXN_OFFSETS,    /* later transactions return WIRE_FATAL */
    MEMLOG_TXN_COMMIT,     /* before the commit takes effect */
    MEMLOG_TXN_DONE,       /* after it took effect: only WIRE_FATAL, the outcome is unknown */
    MEMLOG_OFFSETS_COMMIT, /* here and below: any error, nothing has happened */
    MEMLOG_COMMITTED,
    MEMLOG_PARTITIONS,     /* WIRE_REFUSED: the topic is not known yet */
    MEMLOG_BOUNDS,
    MEMLOG_POLL,
    MEMLOG_READER_POLL,
    MEMLOG_SUBSCRIBE,
    MEMLOG_POINTS_COUNT,
};

/* An injected error that kills the passing wire as memlog_kill() does; the call returns
 * WIRE_FATAL. */
enum { MEMLOG_KILL = -100 };

/* Makes the nth pass of a point from now on (1: the next) fail once with this wire_error. */
void memlog_fail(struct memlog *log, enum memlog_point point, int nth, int error);
/* Makes passes of a point fail at random, one in `one_in` on average; 0 ends this. */
void memlog_fail_often(struct memlog *log, enum memlog_point point, int one_in, int error);
/* Counts the passes of a point. */
int64_t memlog_passed(struct memlog *log, enum memlog_point point);
/* Counts the faults that were injected at a point. */
int64_t memlog_failed(struct memlog *log, enum memlog_point point);
/* Calls the hook at every pass of a point, before its fault; NULL removes the hook. It may call
 * everything but the same point of the same wire, for example to act during a transaction. */
void memlog_hook(struct memlog *log, enum memlog_point point, void (*hook)(void *arg), void *arg);

#endif
