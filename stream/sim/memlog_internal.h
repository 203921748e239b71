/* The internal part of the in-process log, shared by memlog.c (topics and records), memtxn.c
 * (transactions and visibility), memgroup.c (members and offsets), memfault.c (fault points),
 * memwire.c (the wire), memread.c (reading) and memsend.c (writing). The caller of every function
 * here holds the log's mutex, unless the comment says otherwise.
 */
#ifndef FRESHET_STREAM_SIM_MEMLOG_INTERNAL_H
#define FRESHET_STREAM_SIM_MEMLOG_INTERNAL_H

#include "stream/sim/memlog.h"

#include <pthread.h>

struct memtxn;
struct memwire;

/* One record in a partition's log; its bytes follow the struct in the same block. */
struct mementry {
    int64_t offset;
    int64_t time_ms;
    struct memtxn *txn; /* NULL: committed on its own; borrowed from the log */
    bool control;
    struct slice key;
    struct slice value;
    struct header_list headers;
};

/* A partition: entries by rising offset, with gaps where compaction removed some. */
struct mempart {
    struct memtopic *topic;
    int32_t number;
    struct mementry **entries;
    size_t count;
    size_t capacity;
    int64_t low;
    int64_t end;
};

struct memtopic {
    char *name;
    struct mempart *parts;
    int32_t parts_count;
    bool added;   /* partitions were added */
    bool deleted; /* only its readers still know it */
    struct topic_settings settings;
    int32_t turn; /* partition of the next record without a key */
};

struct memoffset {
    struct mempart *part;
    int64_t offset;
    int64_t told;
};

enum memoutcome { MEMTXN_OPEN, MEMTXN_COMMITTED, MEMTXN_ABORTED };

/* A partition that a transaction wrote to. The transaction hides its records from `first` on until
 * its marker is written there. */
struct memtouch {
    struct mempart *part;
    int64_t first;
    int64_t due; /* tick at which the marker is written, after the decision */
    bool marked;
};

struct memtxn {
    enum memoutcome outcome;
    struct memtouch *touches;
    size_t touches_count;
    struct memgroup *group; /* of the staged offsets; NULL: none are staged */
    struct memoffset *offsets;
    size_t offsets_count;
    int64_t offsets_due;
    bool offsets_marked;
};

struct memproducer {
    char *transactional_id;
    int32_t epoch;
    struct memtxn *txn; /* the newest one; NULL before the first */
};

struct memmember {
    char *instance_id;
    struct memwire *wire; /* NULL: killed or closed, but still a member */
    struct memtopic **topics;
    size_t topics_count;
    struct mempart **parts; /* assigned to it in this generation */
    size_t parts_count;
    bool joined; /* while the group prepares: holds no partition any more */
};

struct memgroup {
    char *name;
    int32_t generation;
    bool preparing;
    struct memmember **members; /* sorted by instance id */
    size_t members_count;
    struct memoffset *offsets;
    size_t offsets_count;
};

struct memfault {
    enum memlog_point point;
    int64_t pass; /* fires at this pass */
    int error;
};

struct mempoint {
    int64_t passed;
    int64_t failed;
    int one_in; /* 0: never */
    int error;
    uint64_t rng;
    void (*hook)(void *arg);
    void *hook_arg;
};

struct memlog {
    pthread_mutex_t mutex;
    uint64_t seed;
    uint64_t rng;   /* for marker delays */
    int64_t ticks;  /* polls of any wire or reader */
    int64_t now_ms;
    size_t batch_max;
    int ack_delay;
    int marker_delay;
    bool static_stay;
    size_t wires_count;
    uint64_t wires_opened;
    struct memtopic **topics;
    size_t topics_count;
    struct memgroup **groups;
    size_t groups_count;
    struct memproducer **producers;
    size_t producers_count;
    struct memtxn **txns; /* all; those before pending_from are decided and have their markers */
    size_t txns_count;
    size_t txns_capacity;
    size_t pending_from;
    struct memfault faults[MEMLOG_FAULTS_MAX];
    size_t faults_count;
    struct mempoint points[MEMLOG_POINTS_COUNT];
};

/* ---- memlog.c ---- */

void memlog_lock(struct memlog *log);
void memlog_unlock(struct memlog *log);
/* Returns the next random number (SplitMix64). */
uint64_t memlog_random(uint64_t *rng);
/* Finds a topic, or NULL. */
struct memtopic *memlog_find_topic(struct memlog *log, const char *name);
/* Finds a partition, or NULL. */
struct mempart *memlog_find_part(struct memlog *log, const char *topic, int32_t partition);
/* Finds the partition of a message; NULL when the topic or partition does not exist. */
struct mempart *memlog_route(struct memlog *log, const struct message *message);
/* True when the message exceeds MEMLOG_MESSAGE_BYTES_MAX. */
bool memlog_too_large(const struct message *message);
/* Copies a message into a new entry without an offset; freed with free() or by its partition. */
struct mementry *memlog_entry(struct memlog *log, const struct message *message);
/* Appends an entry to the log, which owns it then; returns its offset. */
int64_t mempart_append(struct mempart *part, struct mementry *entry);
/* Finds the index of the first entry at or after the offset. */
size_t mempart_find(const struct mempart *part, int64_t offset);
/* Frees the entries for which the parallel array is true. */
void mempart_drop(struct mempart *part, const bool *drop);

/* ---- memtxn.c ---- */

/* Finds or makes the producer of a transactional id. */
struct memproducer *memlog_producer(struct memlog *log, const char *transactional_id);
/* Aborts the producer's open transaction, writes all its markers and raises its epoch. */
void memproducer_fence(struct memlog *log, struct memproducer *producer);
/* Writes all markers of the transaction before, and begins a new one. */
void memproducer_begin(struct memlog *log, struct memproducer *producer);
/* Appends an entry to the log as part of the open transaction; returns its offset. */
int64_t memtxn_append(struct memtxn *txn, struct mempart *part, struct mementry *entry);
/* Stages the next offset of a group's partition. */
void memtxn_stage(struct memtxn *txn, struct memgroup *group, struct mempart *part, int64_t offset);
/* Decides the transaction; its markers are written now or, with a marker delay, later. */
void memtxn_decide(struct memlog *log, struct memtxn *txn, enum memoutcome outcome);
/* True when a pending transaction has staged an offset of the group's partition. */
bool memlog_unstable(struct memlog *log, const struct memgroup *group, const struct mempart *part);
/* Counts one poll and writes the markers that are due. */
void memlog_tick(struct memlog *log);
/* Returns the last stable offset. */
int64_t mempart_stable_end(struct memlog *log, const struct mempart *part);
/* Returns the first offset whose record is of a time or later; the end when there is none. */
int64_t mempart_offset_at(const struct mempart *part, int64_t time_ms);
/* True when a read_committed reader sees the entry, which is below the last stable offset. */
bool mementry_visible(const struct mementry *entry);
void memlog_free_txns(struct memlog *log);

/* ---- memgroup.c ---- */

/* Finds or makes a group. */
struct memgroup *memlog_group(struct memlog *log, const char *name);
/* Joins as a new member, or takes over the member with the same instance id. */
void memgroup_join(struct memlog *log, struct memwire *wire);
/* True when another wire is the member with this wire's instance id. */
bool memgroup_taken(const struct memwire *wire);
/* Returns the member's rank; WIRE_RETRY while the wire is no member or the group prepares. */
int memgroup_rank(const struct memwire *wire, size_t *ret_rank, size_t *ret_count);
/* Removes the wire's member from the group. */
void memgroup_leave(struct memlog *log, struct memwire *wire);
/* Records that the wire's member holds no partition any more; the last one ends the preparation. */
void memgroup_joined(struct memlog *log, struct memwire *wire);
/* Checks whether the wire may commit offsets: 0, WIRE_ABORTED (stale or expired) or WIRE_FATAL (its
 * instance id was taken over). */
int memgroup_check(const struct memwire *wire);
void memgroup_store(struct memgroup *group, struct mempart *part, int64_t offset, int64_t told);
int64_t memgroup_told(const struct memgroup *group, const struct mempart *part);
int64_t memgroup_offset(const struct memgroup *group, const struct mempart *part);
void memlog_free_groups(struct memlog *log);

/* ---- memfault.c ---- */

/* Passes a point: calls its hook, counts, returns 0 or the error to inject. Without the mutex. */
int memlog_pass(struct memlog *log, enum memlog_point point);
const char *memlog_point_name(enum memlog_point point);

/* ---- memwire.c ---- */

/* A partition being read. */
struct memcursor {
    struct mempart *part;
    int64_t position; /* OFFSET_NONE: the earliest */
    bool paused;
    bool fetched; /* was polled since it was assigned or resumed */
    bool drained; /* has nothing more for the running poll */
};

/* The records of one poll: one block, freed by release. */
struct membatch {
    struct record *records;
    size_t count;
};

/* What was acknowledged of a wire's at-once messages in a partition. */
struct memacked {
    struct mempart *part;
    int64_t newest;
    uint64_t others; /* how often records of others came between */
};

/* An at-once message that is not acknowledged. */
struct memsend {
    struct mementry *entry; /* owned until it is appended */
    struct mempart *part;
    uint64_t ack_group;
    int64_t due; /* delivered at this number of the wire's polls */
    bool fails;
    bool failed;
};

enum { MEMWIRE_WHY_SIZE = 200 };

struct memwire {
    struct wire wire;
    struct memlog *log;
    struct memgroup *group;
    char *missing_topic; /* of the last request for partitions; NULL: it exists */
    char *instance_id;
    bool is_static;
    struct memproducer *producer;
    int32_t epoch;
    bool txn_over; /* a transaction ended with WIRE_FATAL */

    struct wire_listener listener;
    struct memtopic **topics;
    size_t topics_count;
    struct memmember *member; /* NULL: not in the group now */
    int32_t generation;       /* of its last assignment */
    struct memcursor *held;
    size_t held_count;
    bool must_assign; /* `assigned` must be called */
    bool lost;        /* expired: `revoked` must be called, then it joins again */
    bool fenced;      /* the instance id was taken over */
    bool dead;        /* killed */
    bool polling;

    uint64_t rng;
    struct membatch batch;
    struct memsend *outbox;
    size_t outbox_count;
    size_t outbox_capacity;
    uint64_t ack_group_last;
    struct memacked *acked; /* by partition */
    size_t acked_count;
    int64_t polls;
    bool polled; /* since the last wire_unacked() */
    int64_t *txn_offsets;
    size_t txn_offsets_capacity;
    size_t readers_count;
    char why[MEMWIRE_WHY_SIZE];  /* the last failure, of either thread */
    char why_lent[MEMWIRE_WHY_SIZE]; /* copy that wire_why() returns */
};

/* Casts a wire; asserts that it is one of ours. */
struct memwire *memwire_of(struct wire *base);
/* Does what memlog_kill() does. */
void memwire_kill(struct memwire *wire);
/* Sets the text of a failure for wire_why(); returns the error. */
int memwire_refuse(struct memwire *wire, int error, const char *format, ...) _printf_(3, 4);
/* Locks the mutex, also on failure; 0, or WIRE_FATAL when the wire was killed. */
int memwire_enter(struct memwire *wire);
/* Passes a point, then does the same; may return an injected error. Called without the mutex. */
int memwire_enter_at(struct memwire *wire, enum memlog_point point);
/* Unlocks the mutex; returns the error. */
int memwire_leave(struct memwire *wire, int error);
/* Finds a partition, or refuses with WIRE_REFUSED. */
int memwire_find_part(struct memwire *wire, const char *topic, int32_t partition,
                      struct mempart **ret_part);

/* ---- memread.c ---- */

/* Copies visible records of the cursors' partitions, interleaved at random, into an empty batch.
 * reader: NULL for a group member. */
int memwire_fetch(struct memwire *wire, struct reader *reader, struct memcursor *cursors,
                  size_t count, size_t max, uint64_t *rng, struct membatch *batch);
void membatch_release(struct membatch *batch);
int memreader_open(struct wire *base, const struct topic_partition *at, size_t count,
                   struct reader **ret_reader);

/* ---- memsend.c ---- */

/* Counts a poll; delivers the at-once messages that are due, or sets them failed for
 * wire_unacked(). */
void memwire_tick_outbox(struct memwire *wire);
/* Appends the first `count` messages of the outbox to the log, whether due or not. */
void memwire_send_first(struct memwire *wire, size_t count);
void memwire_drop_outbox(struct memwire *wire);
/* The wire's functions of these names. Called without the mutex. */
int memwire_produce(struct wire *base, const struct message *message, uint64_t ack_group);
int memwire_unacked(struct wire *base, uint64_t ack_group, size_t *ret_count);
int64_t memwire_appended(struct wire *base, const char *topic, int32_t partition);
void memwire_watch_log(struct wire *base, const char *topic, int32_t partition);
uint64_t memwire_others(struct wire *base, const char *topic, int32_t partition);
bool memwire_quiet(struct wire *base);
int memwire_txn_run(struct wire *base, const struct txn *txn);
int memwire_offsets_commit(struct wire *base, const struct topic_partition *at,
                           const int64_t *told, size_t count);

#endif
