/* An in-process Kafka for topology tests: topics, transactions, groups, isolation, injected faults.
 *
 * The log is the broker; memlog_wire() makes clients of it (stream/kafka/wire.h). It has no
 * threads, no clock and no rng of its own: what happens follows from the calls, in their order, and
 * the seed. Nothing ever waits: a poll without records returns at once, and what would wait at a
 * broker returns WIRE_RETRY.
 *
 * What is as in Kafka:
 *   - Records of a transaction are appended when sent and are invisible until it has committed; the
 *     first record of an open transaction (the last stable offset) holds back all that lies behind
 *     it in its partition. Commit and abort append a control record that takes an offset.
 *   - Opening a wire with a transactional id that was used before aborts what that id left open and
 *     fences the former wire: its transactions return WIRE_FATAL for ever.
 *   - Groups rebalance eagerly, by range over the members sorted by instance id. A join or a leave
 *     begins a rebalance; each member that holds partitions is told `revoked` in its next
 *     wire_poll(); when the last has been told, the generation rises and each is told `assigned` in
 *     its next wire_poll() (the last one in the same call). Until then offsets of the old
 *     generation are accepted, so `revoked` may still commit. Ownership of the partitions is not
 *     checked, only the generation.
 *   - Offsets from a stale or expired member: wire_txn_run() and wire_offsets_commit() return
 *     WIRE_ABORTED (retrying cannot help; the next poll tells what was lost). From a member whose
 *     instance id was taken over: WIRE_ABORTED in a transaction, WIRE_FATAL outside, and its next
 *     poll tells `revoked` as lost and returns WIRE_FATAL.
 *   - A member that joins under a living or killed member's instance id takes its partitions over
 *     without a rebalance.
 *   - A position outside [low, end] makes poll return WIRE_REFUSED: no silent reset.
 *   - A message over the limit is WIRE_TOO_LARGE at once, WIRE_FATAL in a transaction; one to a
 *     topic or partition that does not exist is WIRE_REFUSED.
 *
 * What is stricter: a batch's bytes are freed by wire_release() (so a sanitizer sees who reads them
 * later), and a poll while an earlier batch is not released is a programmer's error.
 *
 * Threads: any thread may call anything, one mutex guards the log; the wire's own rule (one worker
 * thread, one committer) stands. Listener and hooks are called without the mutex.
 */
#ifndef FRESHET_STREAM_SIM_MEMLOG_H
#define FRESHET_STREAM_SIM_MEMLOG_H

#include "stream/kafka/wire.h"

enum {
    MEMLOG_PARTITIONS_MAX = 1024,
    MEMLOG_MESSAGE_BYTES_MAX = 1 << 20, /* key, value and headers of a message */
    MEMLOG_FAULTS_MAX = 64,             /* armed at one time */
    MEMLOG_ALL = -1,                    /* every partition */
};

struct memlog;

/* Makes a log without topics; free with memlog_free(), after all its wires. */
struct memlog *memlog_new(uint64_t seed);
/* Frees the log; takes NULL; returns NULL. */
struct memlog *memlog_free(struct memlog *log);
/* Makes a topic. */
void memlog_topic(struct memlog *log, const char *name, int32_t partitions);

/* ---- Settings ---- */

/* Limits what one poll delivers, below its own max (default: no limit). */
void memlog_batch(struct memlog *log, size_t records_max);
/* Delays at-once messages: they reach the log and are acknowledged after so many wire_poll() calls
 * of their wire, or wire_unacked() calls without a poll between (default 0: in the call). */
void memlog_ack_delay(struct memlog *log, int polls);
/* Delays the control records of a decided transaction: to each partition, and to the group's
 * offsets, they come after 1 to `polls` polls of any wire or reader, chosen by the seed (default 0:
 * in the call). So it is in Kafka: the commit returns before its markers are written. */
void memlog_marker_delay(struct memlog *log, int polls);
/* Sets the time of messages that bring none (time_ms 0). */
void memlog_clock(struct memlog *log, int64_t now_ms);
/* Chooses whether wire_close() leaves the place of a member with an instance id in its group, as
 * Kafka's static members do, until it comes again or expires (default false: it leaves). */
void memlog_static_stay(struct memlog *log, bool stay);

/* ---- Feeding and asserting. Topics and partitions must exist. ---- */

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
/* Tells the end of the log (read_uncommitted). */
int64_t memlog_end(struct memlog *log, const char *topic, int32_t partition);
/* Tells the end for read_committed readers: the last stable offset. */
int64_t memlog_stable_end(struct memlog *log, const char *topic, int32_t partition);
/* Tells a group's committed offset; OFFSET_NONE when there is none. */
int64_t memlog_committed(struct memlog *log, const char *group, const char *topic,
                         int32_t partition);
/* Compacts below the last stable offset: the newest record of each key stays (tombstones too) where
 * it is; aborted records go; control records and records without a key stay. */
void memlog_compact(struct memlog *log, const char *topic);
/* Cuts what lies at or after the offset, which becomes the end: an unclean election. */
void memlog_cut(struct memlog *log, const char *topic, int32_t partition, int64_t offset);
/* Deletes the topic, and with it the groups' offsets, and makes it anew. No wire may be open. */
void memlog_remake(struct memlog *log, const char *topic, int32_t partitions);
/* Retains only what lies at or after the offset, which becomes the low one. */
void memlog_trim(struct memlog *log, const char *topic, int32_t partition, int64_t offset);

/* ---- Clients ---- */

/* Opens a wire; close with wire_close(). group may be NULL (no subscribe, no offsets), instance_id
 * NULL (a dynamic member), transactional_id NULL (no transactions). */
struct wire *memlog_wire(struct memlog *log, const char *group, const char *instance_id,
                         const char *transactional_id);
/* Kills the process behind the wire: a first part of the unacknowledged messages (how many, the
 * seed says) reaches the log, an open transaction stays open, its place in the group stays until
 * memlog_expire_member() or until the instance id comes again. All later calls of the wire and its
 * readers return WIRE_FATAL and do nothing; they must still be closed. */
void memlog_kill(struct memlog *log, struct wire *wire);
/* Lets the wire's session time out (a zombie): its partitions are given to others, its next poll
 * tells `revoked` with lost = true and joins anew. */
void memlog_expire(struct memlog *log, struct wire *wire);
/* Lets the session of a killed (or any) member time out. */
void memlog_expire_member(struct memlog *log, const char *group, const char *instance_id);
/* Lets the open transaction of an id time out: it is aborted and the wire that has it is fenced. */
void memlog_txn_expire(struct memlog *log, const char *transactional_id);

/* ---- Faults ---- */

/* Where a call can be made to fail, be counted and be watched. */
enum memlog_point {
    MEMLOG_PRODUCE,        /* WIRE_ABORTED: taken but lost, told by wire_unacked(); else: refused */
    MEMLOG_TXN_BEGIN,      /* at the transactional points: WIRE_ABORTED: rolled back; */
    MEMLOG_TXN_PRODUCE,    /* WIRE_FATAL: the transaction stays open, as left by a dead process, */
    MEMLOG_TXN_OFFSETS,    /* and the wire's later transactions return WIRE_FATAL */
    MEMLOG_TXN_COMMIT,     /* before the commit takes effect */
    MEMLOG_TXN_DONE,       /* after it took effect: only WIRE_FATAL, the outcome is unknown */
    MEMLOG_OFFSETS_COMMIT, /* here and below: any error, nothing has happened */
    MEMLOG_COMMITTED,
    MEMLOG_BOUNDS,
    MEMLOG_POLL,
    MEMLOG_READER_POLL,
    MEMLOG_POINTS_COUNT,
};

/* As an injected error: memlog_kill() for the wire that passes, which gets WIRE_FATAL. */
enum { MEMLOG_KILL = -100 };

/* Makes the nth pass of a point from now on (1: the next) fail, once, with this wire_error. */
void memlog_fail(struct memlog *log, enum memlog_point point, int nth, int error);
/* Makes passes of a point fail by the seed, one in so many on average; 0: no longer. */
void memlog_fail_often(struct memlog *log, enum memlog_point point, int one_in, int error);
/* Counts the passes of a point. */
int64_t memlog_passed(struct memlog *log, enum memlog_point point);
/* Counts the faults that were injected at a point. */
int64_t memlog_failed(struct memlog *log, enum memlog_point point);
/* Calls the hook at every pass of a point, before its fault; NULL takes it away. The hook may call
 * anything but the same point of the same wire: what happens in the middle of a transaction. */
void memlog_hook(struct memlog *log, enum memlog_point point, void (*hook)(void *arg), void *arg);

#endif
