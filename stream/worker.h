/* A worker is one value: its inputs, outputs, options and callbacks. The runtime does the rest.
 *
 * Words: the *run* is the process: configuration, metrics, wire, everything shared by partitions.
 * A *task* is one input partition that is assigned to us, with its store and its position in the
 * input. A *batch* is what has been processed since the last commit.
 *
 * The commit order (commit.c): at-once messages are acknowledged, then one transaction has additive
 * outputs, changelog and next input offsets, then one RocksDB write has the same state and the
 * bookmark. The commit runs beside the worker's thread; meanwhile the next batch is processed on
 * top of the one in flight. When a commit fails, the runtime calls `roll_back` on every task and
 * rewinds; a worker that keeps decoded state in memory then drops what is not committed.
 *
 * Outputs depend on input bytes, configuration and seed; never on the wall clock, the number of
 * copies or how records were batched. Callbacks get no clock (tick's time is for pacing only).
 */
#ifndef FRESHET_STREAM_WORKER_H
#define FRESHET_STREAM_WORKER_H

#include "base/arena.h"
#include "stream/avro/codec.h"
#include "stream/log.h"
#include "stream/metrics.h"
#include "stream/config/options.h"
#include "stream/kafka/record.h"
#include "stream/kafka/wire.h"
#include "stream/state/trust.h"

struct origin;
struct run;
struct run_settings;
struct task;

enum verdict {
    VERDICT_DONE,  /* processed */
    VERDICT_SKIP,  /* refused: the record is a dead letter; task_refuse() sets the reason */
    /* Refused because the id of its schema is not known. The record waits while the registry is
     * asked and is then processed again; without an answer it is a dead letter. */
    VERDICT_NO_SCHEMA,
    VERDICT_WAIT,  /* not yet: the partition waits at this record until goes_on() says so */
    VERDICT_RETRY, /* process the whole batch again, after a pause */
    VERDICT_FATAL, /* the process must end; task_refuse() sets the reason */
};

enum input_kind {
    INPUT_PARTITIONED, /* the group divides its partitions among the copies; one task for each */
    INPUT_BROADCAST,   /* every copy reads every partition from the start, before it serves */
    INPUT_BESIDE, /* each task reads the partition of its own number beside its input (beside.h) */
};

struct input {
    const char *name; /* topic name below the prefix, default of the option `topic.<name>` */
    enum input_kind kind;
    bool shared; /* all generations read it; else each has its own (generation.h) */
    bool optional; /* a broadcast input whose topic may be missing: it is then empty */
    enum topic_cleanup cleanup; /* what its topic's settings must be; checked at start */
};

enum { OUTPUT_CONTRACTS_MAX = 4 };

struct output {
    const char *name;
    enum delivery delivery;
    bool shared; /* all generations write it */
    /* Its topic may be missing: run_output_partitions() is then 0, and nothing may be sent to it
     * until the next start. */
    bool optional;
    enum topic_cleanup cleanup; /* as of the inputs */
    /* The contracts of its messages, the usual one first; NULL behind the last. */
    const struct contract *contracts[OUTPUT_CONTRACTS_MAX];
};

enum { NO_CHANGELOG = -1 };

/* When a worker commits whose commits are checkpoints: what it commits is large, and processing the
 * uncommitted input again costs little. Limits of memory (batch.bytes.max) apply as well. */
struct checkpoint_policy {
    int64_t replay_ms;   /* time spent on the uncommitted input */
    int64_t interval_ms; /* since the first uncommitted record */
    int64_t rest_ms;     /* since the last record */
};

/* Time in which a commit must be delivered: that of its transaction. Checkpoints are large, and
 * only restores wait for them. */
enum { DELIVERY_MS = WIRE_TRANSACTION_MS, CHECKPOINT_DELIVERY_MS = 30000 };

struct worker {
    const char *name;  /* "features": group, state directory and log name */
    const char *about; /* one sentence for --help */
    const struct input *inputs;
    size_t inputs_count;
    const struct output *outputs;
    size_t outputs_count;
    /* Index of the output that is the store's changelog, or NO_CHANGELOG: no store. It has as many
     * partitions as the first partitioned input. */
    int changelog;
    /* * Chooses the output that is the changelog of a task, for a worker with several. Called when
     * the task opens, and again after task_reopen(). -EAGAIN: not known yet. */
    int (*choose_changelog)(struct run *run, int32_t partition);
    const struct option *options; /* the worker's own table; may be NULL */
    size_t options_count;
    size_t settings_size;

    /* Callbacks; those marked * may be NULL. */
    /* * Checks the settings before anything is connected. Returns what is wrong (the caller frees),
     * or NULL, and appends to `notes` a line for each value that is taken but may not be meant. */
    char *(*check)(const void *settings, struct buf *notes);
    /* * Checks what only a start can: the ports. Not asked when settings are read again. */
    char *(*check_start)(const void *settings, const struct run_settings *runtime);
    /* * Says whether an option of the worker's table may change while it runs, beside those whose
     * rows say so (OPTION_LIVE). */
    bool (*reloads)(const char *option);
    /* * Takes such options over, which run_settings() has now and `check` has found right. Called
     * between polls. 0, or -errno with the reason set by run_refuse(): then they are as before. */
    int (*reload)(struct run *run);
    /* * Returns the policy of a worker whose commits are checkpoints; valid for the run. Without,
     * commits follow commit.interval.ms, batch.records.max and bursts. */
    const struct checkpoint_policy *(*checkpoints)(const struct run *run);
    /* A batch of fewer records may wait for more (pace.h): each commit writes much for each of
     * them, and less when they are together. 0: none waits. */
    size_t records_few;
    /* It keeps nothing by partition: its copies are no static members. One that ends leaves its
     * partitions to others at once, and none is fenced after a rejoin that the broker took for a
     * twin's. */
    bool leaves;
    /* * Calls run_read_from() for each topic of the partitioned input, when that is not the one
     * topic of its name. Called before start and before any request to the broker. Returns 0, or
     * -errno to refuse (run_refuse()). A worker with a changelog has one topic only. */
    int (*name_inputs)(struct run *run);
    /* * Says whether an output is written with these settings; if not, its topic need not exist.
     * Called before start and name_inputs. */
    bool (*uses_output)(struct run *run, int output);
    int (*start)(struct run *run);                /* * settings are loaded; 0 or -errno: refuse */
    void (*stop)(struct run *run);                /* * frees what start made */
    int (*open)(struct task *task);               /* * the task is restored and may begin */
    void (*close)(struct task *task);             /* * frees what open made */
    enum verdict (*process)(struct task *task, const struct record *rec);
    /* * Says whether a task goes on that waits since VERDICT_WAIT; asked in every round. */
    bool (*goes_on)(struct task *task);
    /* * Returns what this copy tells the others of a task, with its next committed offset
     * (run_told()); 0: nothing. For a worker without transactions. */
    int64_t (*tells)(struct task *task);
    /* * Called when a poll's records are processed: combine and send at-once outputs. */
    void (*end_poll)(struct task *task);
    /* * Returns the bytes that the worker itself holds for the next flush; they count towards
     * batch.bytes.max. */
    size_t (*held_bytes)(struct task *task);
    /* * Called when a commit begins: stage state (task_put) and additive outputs (task_emit). */
    void (*flush)(struct task *task);
    /* * Called when what the last flush staged is committed and in the store. */
    void (*committed)(struct task *task);
    /* * Returns whether the worker owes nothing: all messages that follow from its input are sent.
     * NULL: it never owes anything when a commit is over. */
    bool (*at_rest)(struct task *task);
    /* * Called when the commit failed: drop everything newer than the store. */
    void (*roll_back)(struct task *task);
    /* * For a worker with an input beside: the next offset of it that a task reads, out of the
     * task's state; OFFSET_NONE: the first. Asked when the task begins and after a rollback. */
    int64_t (*beside_from)(struct task *task);
    /* * Processes one record of it; not VERDICT_RETRY. The next flush stages the offset behind it.
     * It is committed like a record of the input. */
    enum verdict (*beside)(struct task *task, const struct record *rec);
    /* * Processes one record of a broadcast input. */
    enum verdict (*broadcast)(struct run *run, int input, const struct record *rec);
    /* * Returns the first offset to read of a broadcast partition, for a worker that stores what it
     * has read: from low to end, or OFFSET_NONE for the start. Called after start(). */
    int64_t (*resume)(struct run *run, int input, int32_t partition, int64_t low, int64_t end);
    /* * Called with the newest record of a broadcast partition when it and those before it are
     * processed, and the dead letters about them acknowledged: a worker that stores what it has
     * read need not read them again. */
    void (*passed)(struct run *run, int input, const struct record *rec);
    /* * Called every 100 ms or so in every copy, whatever partitions it has: how many records of
     * the broadcast inputs are known and not read yet, and when (run_now_ms()) a broker last told
     * of them; 0: not yet. */
    void (*watch)(struct run *run, int64_t lag, int64_t answered_ms);
    /* * Says whether tasks may begin, once the broadcast inputs are loaded. Asked again until it
     * does. */
    bool (*ready)(struct run *run);
    /* * Says whether the task has work left that no record brings: what a record began, and what
     * would hold up the records behind it if it were done at once. */
    bool (*pending)(struct task *task);
    /* * Does a piece of that work, of some milliseconds, between polls; it is committed like a
     * record. VERDICT_DONE, or VERDICT_FATAL as for a record. */
    enum verdict (*work)(struct task *task);
    /* * Says in how many milliseconds the task wants to do a piece of work that nobody waits for;
     * 0: now; below 0: there is none. Unlike `pending`, it does not count as lag. */
    int64_t (*spare_in_ms)(struct task *task);
    /* * Does a piece of it, of some milliseconds, between polls; it is committed like a record. */
    void (*spare)(struct task *task);
    /* * Called between polls, at least every 100 ms, for pacing. It may send replaceable outputs
     * whose contents do not depend on the time. */
    void (*tick)(struct task *task, int64_t wall_ms);
};

static inline int64_t worker_delivery_ms(const struct worker *worker)
{
    return worker->checkpoints ? CHECKPOINT_DELIVERY_MS : DELIVERY_MS;
}

/* ---- The run ---- */

/* The worker's own settings struct. */
const void *run_settings(const struct run *run);
/* The worker's state for the process; start() sets it. */
void run_set_state(struct run *run, void *state);
void *run_state(const struct run *run);
struct metrics *run_metrics(struct run *run);
/* The schema cache with all contracts that were opened and those of `schemas.path`. */
struct schema_cache *run_schemas(struct run *run);
/* Reads the partitioned input from this topic (a name below the prefix, or named in full by
 * topic.NAME), in the order of the calls; returns the full name. From name_inputs only. */
const char *run_read_from(struct run *run, const char *name);
/* Leaves key and value out of dead letters; only the origin remains. From start() only. */
void run_withhold_bytes(struct run *run);
/* Full topic name of an input or output. */
const char *run_input_topic(const struct run *run, int input);
const char *run_output_topic(const struct run *run, int output);
/* Returns the full name of a topic of some generation; the caller frees. */
char *run_topic_of(const struct run *run, const char *name, const char *generation);
/* Returns the number of partitions of a topic, by its name below the prefix; 0 while it is not
 * known. `shared` as in struct input. Asks the broker. */
int32_t run_topic_partitions(struct run *run, const char *name, bool shared);
/* Returns the committed offset of each partition of an input topic (by its full name), and what its
 * owner told with it, or TOLD_END where it told nothing and nothing is left: a list that the
 * caller frees, and its length; negative while that is not known. Asks the broker. */
#define TOLD_END INT64_MAX
int run_told(struct run *run, const char *topic, struct told_offset **ret_at);
/* Says whether a topic, by its name below the prefix, holds anything in a partition: 1, or 0 (also
 * when it does not exist), or negative while that is not known. Asks the broker; the run ends when
 * the right to ask is missing. */
int run_topic_holds(struct run *run, const char *name, bool shared, int32_t partition);
/* Number of partitions of an output topic, as it was at start. */
int32_t run_output_partitions(const struct run *run, int output);
/* Opens a connection of its own to the brokers, which joins no group, for a thread that looks at
 * other workers; the caller closes it. Its requests end after 2 s. Any thread. 0, or a negative
 * wire_error with the reason, which the caller frees; WIRE_REFUSED in a run on an in-process log,
 * where run_connects() says false. */
bool run_connects(const struct run *run);
int run_connect(const struct run *run, struct wire **ret_wire, char **ret_why);
/* Returns the name of a worker's group, of the run's generation or of all; the caller frees. */
char *run_group_of(const struct run *run, const char *worker, bool of_all);
/* Appends the flags by which the program `freshet` reaches the topics and groups of this run, each
 * after a blank, as a shell takes them. False: the Kafka client has settings of its own (kafka.*),
 * which may be secrets and are left out, so `freshet` needs a file with them as well. */
bool run_command_flags(const struct run *run, struct buf *out);
/* Sets why start() refuses: a sentence with a hint. */
void run_refuse(struct run *run, const char *format, ...) _printf_(2, 3);
/* Checks that two outputs have the same number of partitions: 0, or -EINVAL to refuse the start.
 * `output` must follow `other`. */
int run_check_partitions(struct run *run, int output, int other);
/* Sets why a broadcast record is refused and returns VERDICT_SKIP: it becomes a dead letter. */
enum verdict run_refuse_record(struct run *run, const char *reason, const char *format, ...)
    _printf_(3, 4);
/* The same for a record that codec_decode() refused; may return VERDICT_NO_SCHEMA. */
enum verdict run_refuse_undecoded(struct run *run, const struct codec_error *error);
/* Writes a line to the log: a message and key=value pairs. */
void run_log(struct run *run, enum log_level level, const char *msg, const char *format, ...)
    _printf_(4, 5);
/* Returns the time for pacing (never for outputs). Any thread. */
int64_t run_now_ms(struct run *run);
/* Says whether nothing that was sent is still to be acknowledged. */
bool run_quiet(struct run *run);
/* Returns how many bytes of rows may be sent together so that they are delivered in time: after
 * commits that were not, a share of batch.bytes.max (batch_limit.h); else there is no limit. */
size_t run_deliverable_bytes(struct run *run);
/* Returns for how long the worker's thread has computed (never for outputs). Worker's thread. */
int64_t run_work_us(struct run *run);
/* Returns the time since 1970, to refuse what claims to be from the future, at the first worker
 * that reads it and there only. */
int64_t run_wall_ms(struct run *run);
/* True once every broadcast input has been read to the end it had at start. */
bool run_loaded(const struct run *run);
/* True when this broadcast input has been read to its present end. Asks the broker. */
bool run_input_current(struct run *run, int input);
/* What is known of a broadcast partition that reaches from low to end, to decide about state that
 * is stored of it. */
struct log_facts run_input_facts(const struct run *run, int input, int64_t low, int64_t end);
/* True when the record at an offset of an input has another timestamp: the topic was recreated.
 * Asks the broker. */
bool run_input_differs(struct run *run, int input, int32_t partition, int64_t offset,
                       int64_t time_ms);
/* True when all that was processed is committed, and nothing of it is on its way. */
bool run_all_committed(const struct run *run);
/* The directory of the run's local state and the number of this copy, for a worker with files of
 * its own there. */
const char *run_state_path(const struct run *run);
int64_t run_slot(const struct run *run);
/* Name of the generation that the run belongs to; empty for the base. */
const char *run_generation(const struct run *run);

/* ---- The task ---- */

struct run *task_run(const struct task *task);
int32_t task_partition(const struct task *task);
/* Full name of the topic whose partition it is; borrowed. */
const char *task_topic(const struct task *task);
void task_set_state(struct task *task, void *state);
void *task_state(const struct task *task);
/* Memory of one poll: reset after its records are processed and sent (after `end_poll`). */
struct arena *task_arena(struct task *task);
/* Next input offset of this task: one past the newest record processed. */
int64_t task_input_offset(const struct task *task);
/* Next offset to read of its partition beside the input; OFFSET_NONE: not known yet. */
int64_t task_beside_offset(const struct task *task);
/* Newest known end of its input partition, without a request; OFFSET_NONE if unknown. */
int64_t task_input_end(const struct task *task);

/* Reads the newest state under a key (staged, in flight or stored). Returns 0 with bytes borrowed
 * until the next call on this task, or -ENOENT, or -EIO: it cannot be read, and the run ends. */
int task_get(struct task *task, struct slice key, struct slice *ret_value);
/* Stages a put (value NULL: a delete): a changelog record and the same bytes in the store. The
 * bytes are copied. */
void task_put(struct task *task, struct slice key, struct slice value);
/* The same for what is kept beside the state: stored with the batch, but in no changelog, so it is
 * lost with this machine's state; task_scan() passes it over. For workers whose changelog is sent
 * at once. Keys may be as long as an id and one byte. */
int task_get_kept(struct task *task, struct slice key, struct slice *ret_value);
void task_keep(struct task *task, struct slice key, struct slice value);
/* Says whether the task has processed its input to the present end, as far as that is known. */
bool task_caught_up(const struct task *task);
/* Begins to read the task's input again, from its first record to where the task is now, beside the
 * input: for what a worker keeps. False when the broker does not answer. */
bool task_reread(struct task *task);
/* Says whether it is going on; a step that fails ends it. */
bool task_rereads(const struct task *task);
/* Calls `each` for the next records, if some are there. Returns 1 to go on, 0 when all have been
 * read, or negative when it has failed. */
int task_reread_step(struct task *task,
                     void (*each)(struct task *task, const struct record *rec));
/* Begins to read the partition of the same number of another topic (by its full name) beside the
 * input, from its first record on and without end. False when the broker does not answer. */
bool task_follow(struct task *task, const char *topic);
/* Says whether it is going on; a step that fails ends it. */
bool task_follows(const struct task *task);
/* Calls `each` for the next records, if some are there. Returns 1 to go on at once, 0 when all have
 * been read that were there at the beginning, and no more are at hand, or negative when it has
 * failed. */
int task_follow_step(struct task *task,
                     void (*each)(struct task *task, const struct record *rec));
/* Ends it. */
void task_unfollow(struct task *task);
/* A note of the worker's, by name, that holds as long as this machine's state of the partition; it
 * is not in Kafka. */
bool task_has_note(struct task *task, const char *name);
void task_put_note(struct task *task, const char *name);
void task_drop_note(struct task *task, const char *name);
/* Sends or stages a message by the output's delivery. partition: PARTITION_BY_KEY or a number. The
 * bytes are copied. */
void task_emit(struct task *task, int output, int32_t partition, struct slice key,
               struct slice value);
/* Index of the output that is the task's changelog now. */
int task_changelog(const struct task *task);
/* Commits what all tasks have processed and waits until all messages are acknowledged. False when
 * that failed or took too long: what is not committed may be processed again. Only from `tick`. */
bool task_commit(struct task *task);
/* Lets commits follow commit.interval.ms for so long, beginning with one as soon as possible, where
 * they are checkpoints or few records wait for more: somebody waits for what has just been
 * processed. */
void task_want_commits(struct task *task, int64_t for_ms);
/* Starts the task again at its committed offset and chooses its changelog again. When that is
 * another one, the store is restored from it. Only from `tick`, after task_commit(). */
void task_reopen(struct task *task);
/* Sets why a record is refused (reason: a fixed word; the format: where and what was expected) and
 * returns VERDICT_SKIP. */
enum verdict task_refuse(struct task *task, const char *reason, const char *format, ...)
    _printf_(3, 4);
/* Says which schema id a record needs that task_refuse() has refused; returns VERDICT_NO_SCHEMA. */
enum verdict task_await_schema(struct task *task, uint32_t schema_id);
/* Says, after task_refuse(), that the record was redriven and where it first was: its dead letter
 * names that origin. Without it a dead letter names where the record is. */
void task_refuse_origin(struct task *task, const struct origin *origin, size_t senders_headers);
/* As task_refuse(), for a record that codec_decode() refused: returns VERDICT_SKIP or
 * VERDICT_NO_SCHEMA. */
enum verdict task_refuse_undecoded(struct task *task, const struct codec_error *error);
/* Handles a value of the state that the worker cannot use (`error`: why); `what` names it, as
 * "user '7'". VERDICT_DONE: it went to dead letters, with the changelog as its origin, and to the
 * log; the key is deleted, and the worker goes on without it. VERDICT_FATAL: a program with a newer
 * schema wrote it, and the run has ended (unless state.unknown.schema=skip). Both slices are copied
 * or sent. */
enum verdict task_discard_state(struct task *task, struct slice key, struct slice value,
                                const char *what, const struct codec_error *error);
/* Calls `each` for the committed state in key order; stops at a non-zero result and returns it. */
int task_scan(struct task *task, int (*each)(void *arg, struct slice key, struct slice value),
              void *arg);
/* The same from a key on. */
int task_scan_from(struct task *task, struct slice from,
                   int (*each)(void *arg, struct slice key, struct slice value), void *arg);
/* The same for the keys that begin with a prefix. */
int task_scan_prefix(struct task *task, struct slice prefix,
                     int (*each)(void *arg, struct slice key, struct slice value), void *arg);

#endif
