/* The run: one worker's process on a wire, moved on step by step.
 *
 * worker_main() makes a run on Kafka and steps it until a signal; the topology tests make runs on
 * an in-process log (memlog.h) with a virtual clock and step them as they like: the same code.
 */
#ifndef FRESHET_STREAM_RUN_H
#define FRESHET_STREAM_RUN_H

#include "base/exit_code.h"
#include "stream/log.h"
#include "stream/registry/registry.h"
#include "stream/worker.h"

/* The option `delivery`: what additive outputs and the changelog go out in. Replaceable outputs are
 * sent at once either way. */
enum {
    EXACTLY_ONCE,  /* one transaction with the input offsets */
    AT_LEAST_ONCE, /* acknowledged, one kind after the other, then the offsets (stream/commit.c) */
};

enum schema_framing { SCHEMA_FRAMING_AUTO, SCHEMA_FRAMING_SINGLE, SCHEMA_FRAMING_CONFLUENT };

/* What every worker can be told (the "runtime" table). */
struct run_settings {
    const char *bootstrap_servers;
    const char *topic_prefix;
    const char *group_prefix;
    const char *generation; /* empty: the base */
    const char *input_end;  /* input_end.h */
    const char *state_dir;
    int64_t slot; /* -1: the first free one on this machine */
    const char *instance;
    bool static_member;
    int32_t delivery;
    int64_t commit_interval_ms;
    int64_t batch_records_max;
    int64_t batch_bytes_max;
    int64_t poll_records_max;
    int64_t record_bytes_max;
    int64_t fetch_bytes_max;
    int64_t store_write_buffer_bytes;
    int64_t store_block_cache_bytes;
    int64_t restore_timeout_ms;
    int64_t restore_bytes_max;
    int64_t standby_copies;
    int64_t state_cleanup_delay_ms;
    int64_t commit_timeout_ms;
    int64_t connect_timeout_ms;
    const char *schemas_path;
    int32_t schema_framing; /* enum schema_framing */
    const char *metrics_address;
    int64_t metrics_port;
    int32_t log_level;
    struct properties topics; /* topic.<name>=... */
    struct properties kafka;  /* kafka.* */
    struct registry_settings registry; /* the table registry_options */
};

/* The table of the above. */
extern const struct option run_options[];
extern const size_t run_options_count;

/* Says what is wrong with settings that the table alone cannot tell; NULL: nothing. The caller
 * frees. */
char *run_settings_fault(const struct run_settings *settings);

/* Says whether a worker with these settings needs a transactional producer. */
bool run_needs_transactions(const struct worker *worker, const struct run_settings *settings);

/* Where the pacing time comes from. */
struct run_clock {
    int64_t (*now_ms)(void *arg);
    void *arg;
};

/* Where the runtime's lines go (worker_main: the log). May be empty. */
struct run_log_sink {
    void (*note)(void *arg, enum log_level level, const char *msg, const char *pairs);
    void *arg;
};

struct run_parts {
    const struct worker *worker;
    const struct run_settings *settings;
    const void *worker_settings;
    struct wire *wire; /* taken: closed with the run */
    struct metrics *metrics; /* borrowed */
    struct run_clock clock;
    struct run_log_sink notes;
    bool threaded; /* commit on a thread of its own; false: inside run_step() */
};

/* Makes a run and joins the group. Returns NULL when the worker or the wire refuses, with the exit
 * code and the reason (freed by the caller) told. */
struct run *run_new(const struct run_parts *parts, int *ret_exit_code, char **ret_why);
/* Moves everything on by one round: commit in flight, restores, broadcast, one poll of at most
 * timeout_ms, a commit if one is due. Returns false when the run is broken: see run_why(). */
bool run_step(struct run *run, int timeout_ms);
/* Commits what is processed and waits for it; false when that failed or took too long. */
bool run_finish(struct run *run);
/* True while a commit is on its way. Such a run cannot be freed without waiting for it, perhaps for
 * ever (no broker answers): the process must end instead, and the next start finds out. */
bool run_committing(struct run *run);
/* Leaves the group and frees the run, without a commit (run_finish() does that). Takes NULL. */
struct run *run_free(struct run *run);

/* True when nothing is left to do for the moment: tasks run, nothing is staged or in flight. */
bool run_idle(const struct run *run);
/* True while all assigned tasks are running and the broadcast inputs are loaded. */
bool run_healthy(const struct run *run);
/* Tells why the run is broken, and the exit code that stands for it. */
const char *run_why(const struct run *run);
int run_exit_code(const struct run *run);
/* Full topic name of a name below the prefix: `topic.<name>` if configured, else prefix + name; of
 * the run's generation unless it is shared. */
char *run_topic_name(const struct run_settings *settings, const char *name, bool shared);
/* Writes the status as JSON: partitions with offset, lag, state; dead letters by reason; standby
 * copies. From the worker's thread. */
void run_status(struct run *run, struct buf *out);

#endif
