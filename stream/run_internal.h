/* Inside of the runtime: the run and the task, shared by run.c, commit.c, restore.c,
 * standby.c, stale_state.c and broadcast.c.
 */
#ifndef FRESHET_STREAM_RUN_INTERNAL_H
#define FRESHET_STREAM_RUN_INTERNAL_H

#include "stream/registry/schema_fetcher.h"
#include "stream/registry/id_cache.h"
#include "stream/kafka/ack_tracker.h"
#include "stream/run.h"
#include "stream/stage.h"
#include "stream/store.h"
#include "stream/task_state.h"

#include <pthread.h>

enum {
    REFUSAL_TEXT_MAX = 400,
    PATH_TEXT_MAX = 4096,
    TOPIC_TEXT_MAX = 249, /* as Kafka has it */
    REASONS_MAX = 64,     /* of dead letters that are told apart in the status */
    REASON_TEXT_MAX = 48,
    TASK_ARENA_BLOCK = 1 << 16, /* batch memory of one task */
};

struct task {
    struct run *run;
    const char *topic; /* of the input; the run's */
    int32_t partition;
    const enum task_state state; /* task_move() alone writes it */
    void *worker_state;
    bool opened; /* the worker's open() was called */
    struct arena *arena;
    bool touched; /* records since the last `batch` */

    struct stage filling;
    struct stage flying;
    int64_t input_offset;     /* next to process */
    int64_t staged_offset;    /* next input offset in the newest closed batch */
    int64_t committed_offset; /* next input offset committed */
    int64_t changelog_offset; /* next changelog offset not in the store */
    int64_t input_end;        /* the first offset that is not ours to process */
    bool ended;               /* there, and the input is held back */
    bool held;                /* at input_offset, until its schema is known */
    bool held_told; /* the log says so */
    uint32_t held_id;
    int64_t held_ms; /* since */

    int changelog; /* index of the output; meaningful once `path` is there */
    char *path;
    struct store *store;
    struct store_batch *writes;
    bool damaged; /* the store could not be read: it is deleted in the end */
    int64_t open_deadline_ms;
    int64_t restore_end; /* log end at which the restore is over */
    int64_t restore_from;
    bool is_read;   /* the reader at hand reads its changelog */
    bool loading;   /* between store_load_begin() and store_load_end() */
    bool claiming;  /* told a standby of this machine that we want its lock */
    bool unfounded; /* the group has no offset yet: there may be no state either */
    struct metric *lag;
    struct metric *restore_remaining;
    struct metric *offset;
};

/* The one commit in flight. */
enum commit_phase { COMMIT_IDLE, COMMIT_ADDING, COMMIT_DRAINING, COMMIT_LOGGING, COMMIT_RUNNING };

struct commit {
    enum commit_phase phase;
    uint64_t mark;        /* of at-once messages sent since the last commit began */
    uint64_t flying_mark; /* of those that the commit in flight waits for */
    int64_t began_ms;     /* of the newest commit */
    size_t records;       /* processed since then */
    size_t input_bytes;   /* the same in bytes */
    size_t uncommitted_bytes; /* staged or held for a commit, and in flight; most at one time: */
    size_t uncommitted_bytes_max;
    int64_t fed_ms;       /* when the last record came */
    bool burst_over;      /* many processed and none left: no reason to wait */
    struct txn txn;
    size_t messages_capacity;
    size_t offsets_capacity;
    /* The committer's thread: takes `txn`, leaves `result`. */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool threaded;
    bool posted;
    bool done;
    bool quit;
    int result;
};

struct restore {
    struct reader *reader;
};

struct broadcast_place {
    int input;
    const char *topic;
    int32_t partition;
    int64_t from; /* where reading begins; OFFSET_NONE: at the start */
    int64_t end;  /* log end at start */
    bool loaded;
};

struct broadcast {
    struct reader *reader;
    struct broadcast_place *places;
    size_t places_count;
    bool loaded;
    struct metric *remaining;
    /* The records at hand, borrowed from the reader; more than one step's work when one waits. */
    const struct record *at;
    size_t next, count;
    bool waits; /* at->next, for its schema */
    uint64_t letters; /* mark of the letters about the records at hand; ACK_MARK_NONE: none */
};

struct run_metrics_set {
    struct metric *records;
    struct metric *broadcast_records;
    struct metric *process_seconds;
    struct metric *commit_seconds;
    struct metric *commits;
    struct metric *aborts;
    struct metric *rebalances;
    struct metric *restored_records;
    struct metric *store_wipes;
    struct metric *broker_errors;
    struct metric *tasks;
    struct metric *uncommitted;
    struct metric *uncommitted_max;
};

/* Dead letters of one reason since the start. */
struct reason_count {
    char reason[REASON_TEXT_MAX];
    int64_t count;
};

struct run {
    const struct worker *worker;
    struct run_settings settings;
    const void *worker_settings;
    void *worker_state;
    struct wire *wire;
    struct metrics *metrics;
    struct run_metrics_set m;
    struct schema_cache *schemas;
    struct registry *registry; /* NULL: none is configured; so are the next two */
    struct schema_fetcher *fetcher;
    struct id_cache *id_cache;
    bool cached; /* the id cache was loaded */
    struct metric *schema_waits;
    bool hurried; /* a schema was asked for a moment ago */
    struct run_clock clock;

    int input; /* index of the partitioned input */
    char **sources; /* full names of the topics that it is read from */
    size_t sources_count;
    char **input_topics;
    char **output_topics;
    int32_t *output_partitions;
    char *dead_letters_topic;
    char *state_path; /* below it one directory a partition */

    struct task **tasks;
    size_t tasks_count;
    size_t last_task; /* records come in runs of one partition */
    struct commit commit;
    struct restore restore;
    struct broadcast broadcast;
    struct standby *standby;     /* NULL: standby.copies=0, or no state */
    struct stale_state *stale_state; /* NULL: no state */
    int64_t ticked_ms;
    int64_t trouble_ms; /* when a trouble with a broker was last told */
    int64_t paused_until_ms; /* after VERDICT_RETRY */
    bool unsent; /* the wire did not take a message: the batch must be tried again */
    int64_t session_ms; /* how long the group waits for us */
    int64_t looked_ms;  /* when standstill_look() last looked */
    int64_t still_ms;   /* length of a standstill that is not told yet; 0: none */
    bool failed;             /* a commit failed since the last look */
    bool broken;             /* the process must end; `refusal` says why */
    bool withholds;          /* dead letters without the records' bytes */
    struct reason_count reasons[REASONS_MAX];
    size_t reasons_count;
    int exit_code;
    const char *refusal_reason;
    char refusal[REFUSAL_TEXT_MAX];
    void (*note)(void *arg, enum log_level level, const char *msg, const char *pairs);
    void *note_arg;
};

/* Ends the run: notes why (once; the first story counts) and with which exit code. */
void run_break(struct run *run, int exit_code, const char *format, ...) _printf_(3, 4);
/* Tells the exit code for a wire_error that is final. */
int run_exit_for(int result);
/* Takes the open batches back; after a pause they are read again. */
void run_retry(struct run *run, const char *why);
/* Ends the run because a task's state could not be written (a result of store_apply()). */
void task_not_stored(struct task *task, int result);
bool run_has_changelog(const struct run *run);
bool run_is_transactional(const struct run *run);
/* Says whether what is staged goes out without a transaction: delivery=at_least_once. */
bool run_sends_in_order(const struct run *run);
/* Index of the output that is a partition's changelog now; -EAGAIN: not known yet. May ask the
 * broker. */
int run_changelog(struct run *run, int32_t partition);
/* Directory of a partition's state, by the output that is its changelog: a bookmark counts the
 * offsets of one topic. The caller frees. */
char *run_store_path(const struct run *run, int32_t partition, int changelog);
/* Finds the task of a partition of a source; NULL when it is not ours. */
struct task *run_find_task(struct run *run, const char *topic, int32_t partition);
/* Finds the task that has a partition's state: of a worker with one source. */
struct task *run_find_owner(struct run *run, int32_t partition);
/* Opens the store of a partition as the settings say; a damaged one is deleted and made anew, which
 * is noted. Errors as of store_open(). */
int run_open_store(struct run *run, int32_t partition, int changelog, struct store **ret_store,
                   char **ret_why);

struct task *task_new(struct run *run, const char *topic, int32_t partition);
/* Moves a task to another state: task_state.h says which moves are legal. */
void task_move(struct task *task, enum task_state to);
const char *task_changelog_topic(const struct task *task);
/* Closes the store and frees the task; the worker's close() is called if its open() was. */
struct task *task_free(struct task *task);
/* Sends a record to dead letters, with the reason that was noted. */
void task_dead_letter(struct run *run, const struct record *rec);

/* run_topics.c */
/* Names the worker's topics; all are freed with the run. */
void run_name_topics(struct run *run);
/* Asks the worker which topics its partitioned input is read from. 0 or -errno, with the reason
 * noted. */
int run_name_sources(struct run *run);
/* Finds a source's name as the run keeps it; NULL when it is none. */
const char *run_find_source(const struct run *run, const char *topic);
/* Asks for the partitions of the outputs and compares those that must be equal. 0 or a negative
 * wire_error. */
int run_count_partitions(struct run *run);

/* run_schemas.c */
/* Makes the schema schemas: what schemas.path has, and ids for what is written. 0, or a negative
 * number with the run broken. */
int run_load_schemas(struct run *run);
void run_release_schemas(struct run *run);
/* Holds a partition at a refused record whose schema may become known; false: it is refused. */
bool run_hold(struct run *run, struct task *task, const struct record *rec);
/* Lets go on what need not be held any longer. */
void run_hold_step(struct run *run);
/* Says whether the broadcast inputs must wait at a refused record. */
bool run_hold_broadcast(struct run *run, const struct record *rec);
/* Makes sure that the schema of a state is known; false: the run is broken. */
bool task_knows_schema(struct task *task, struct slice value);

/* commit.c */
void commit_init(struct run *run, bool threaded);
void commit_release(struct run *run);
/* Tells the metrics how much is held for commits. */
void commit_tell_bytes(struct run *run);
/* True when the batch has reached its limit of bytes. */
bool commit_heavy(struct run *run);
/* True when the batch has reached its limit of records or bytes. */
bool commit_full(struct run *run);
/* True when the interval, a limit or the end of a burst calls for a commit. */
bool commit_due(struct run *run);
/* Closes the batch and sets the commit going; none may be in flight. */
void commit_begin(struct run *run);
/* Moves the commit in flight on; applies or fails it when it is over. */
void commit_step(struct run *run);
/* Waits for the commit in flight, at most that long; false when it is still going. */
bool commit_wait(struct run *run, int64_t timeout_ms);
/* Commits what is processed and waits until every at-once message is acknowledged; false when that
 * failed or took longer. */
bool commit_settle(struct run *run, int64_t timeout_ms);
/* Forgets everything that is not committed. */
void commit_forget(struct run *run);

/* restore.c */
void restore_step(struct run *run);
void restore_release(struct run *run);
/* Writes out what a task has been restored of so far; it is about to be closed. */
void restore_leave(struct task *task);
/* Says why local state cannot be trusted; NULL when it can. */
const char *restore_distrust(const struct bookmark *bookmark, int64_t committed, int64_t low);

/* standby.c */
struct standby *standby_new(struct run *run);
struct standby *standby_free(struct standby *standby);
/* Reads on in the changelogs of partitions that others serve; does little while there is work. */
void standby_step(struct run *run);
/* Another assignment came: what to hold is thought over. */
void standby_wake(struct run *run);
/* Gives away the open copy of a partition that is ours now; NULL when there is none. */
struct store *standby_take(struct run *run, int32_t partition, int changelog);
/* Tells a standby in another process of this machine to let go of the task's store (locked), or
 * takes that back. */
void standby_claim(struct task *task, bool locked);
/* True while a copy is so far behind that the run should not wait for input. */
bool standby_behind(const struct run *run);
bool standby_holds(const struct run *run, int32_t partition);
/* Writes the copies as a JSON list. */
void standby_status(const struct run *run, struct buf *out);

/* stale_state.c */
struct stale_state *stale_state_new(void);
struct stale_state *stale_state_free(struct stale_state *stale_state);
/* Deletes local state that nobody has held for state.cleanup.delay.ms. */
void stale_state_step(struct run *run);

/* standstill.c */
/* How long a process may stand still before its partitions may be somebody else's. */
int64_t standstill_limit(const struct run_settings *settings);
/* Says whether the process has stood still for longer than that, now or since it was last told:
 * then the open batch must be taken back and nothing may be sent at once before. */
bool standstill_look(struct run *run);
/* Tells of a standstill, once: the batch is being taken back. False: there was none. */
bool standstill_tell(struct run *run, char *text, size_t size);

/* broadcast.c */
int broadcast_open(struct run *run);
void broadcast_step(struct run *run);
/* What was sent may be lost: the records at hand are taken once more if letters were among it. */
void broadcast_forget(struct run *run);
void broadcast_release(struct run *run);

#endif
