/* The local state of a partition is a cache of its changelog. A damaged store is deleted and
 * restored; so is a store that does not fit the group's committed offset (state_directory_doubt()),
 * and one that may lack deletions (stream/state/trust.h).
 */
#include "base/base.h"
#include "base/crash.h"
#include "base/descriptors.h"
#include "base/exit_code.h"
#include "base/quote.h"
#include "base/xalloc.h"
#include "stream/state/store_directory.h"
#include "stream/state_directory.h"
#include "stream/topics.h"

char *state_directory_path(const struct env *env, int32_t partition, int changelog)
{
    if (changelog == env->worker->changelog) {
        return xprintf("%s/%d", env->state_path, partition);
    }
    return xprintf("%s/%d-%s", env->state_path, partition, env->worker->outputs[changelog].name);
}

enum { PROCESS_OPEN_FILES = 128 }; /* for connections, and for what is open for a moment */

/* Returns the share of a partition in the files that may be open, should this copy get all. */
static int64_t open_files(const struct env *env, int changelog)
{
    int64_t partitions = MAX_OF(env->topics->output_partitions[changelog], 1);
    return (descriptors_limit() - PROCESS_OPEN_FILES) / partitions;
}

bool state_directory_descriptors(struct env *env, size_t partitions)
{
    int64_t need = PROCESS_OPEN_FILES + (int64_t)partitions * STORE_OPEN_FILES_MIN;
    if (descriptors_limit() >= need) { return true; }
    env_break(env, EXIT_CONFIG,
              "the state of %zu partitions needs %" PRId64 " open files, and the limit is %" PRId64
              "; hint: raise it (LimitNOFILE of the unit, ulimit -n), or start more copies",
              partitions, need, descriptors_limit());
    return false;
}

/* This copy may get all partitions. */
static int64_t store_bytes(const struct env *env, int64_t given, enum memory_part part,
                           int changelog)
{
    if (given != MEMORY_AUTO) { return given; }
    return memory_store_bytes(env->settings->memory_max, part,
                              env->topics->output_partitions[changelog]);
}

int state_directory_open(struct env *env, int32_t partition, int changelog,
                         struct store **ret_store, char **ret_why)
{
    const struct run_settings *settings = env->settings;
    const struct store_limits limits = {
        .write_buffer_bytes = store_bytes(env, settings->store_write_buffer_bytes,
                                          MEMORY_WRITE_BUFFERS, changelog),
        .block_cache_bytes =
            store_bytes(env, settings->store_block_cache_bytes, MEMORY_BLOCK_CACHES, changelog),
        .open_files = open_files(env, changelog),
    };
    _cleanup_(xfreep) char *path = state_directory_path(env, partition, changelog);
    int result = store_open(path, &limits, ret_store, ret_why);
    if (result != -EIO) { return result; }
    env_log(env, LOG_WARN, "state is damaged, restoring it from the changelog",
            "partition=%d why=%s", partition, quote_text(*ret_why).text);
    metric_add(state_directory_wipes(env), 1);
    CRASH_POINT("restore.damaged");
    (void)store_wipe(path);
    free(*ret_why);
    *ret_why = NULL;
    return store_open(path, &limits, ret_store, ret_why);
}

/* What helps against a fault of store.h; the last row is for all others. */
static const struct remedy {
    int fault;
    int exit_code;
    const char *hint;
} remedies[] = {
    {-ENOSPC, EXIT_DISK, "make room on the disk and start again; nothing is lost"},
    {-EMFILE, EXIT_CONFIG,
     "raise the limit of open files (LimitNOFILE of the unit, ulimit -n); nothing is lost"},
    {-ENFILE, EXIT_CONFIG, "raise the machine's limit of open files (fs.file-max)"},
    {-EACCES, EXIT_CONFIG, "give the worker's user access to state.dir; nothing is lost"},
    {-EPERM, EXIT_CONFIG, "give the worker's user access to state.dir; nothing is lost"},
    {-EROFS, EXIT_CONFIG, "state.dir is on a file system that is mounted read-only"},
    {-EIO, EXIT_BROKEN,
     "start again, it is restored from Kafka; if that happens again, check the disk"},
    {0, EXIT_BROKEN, "start again; nothing is lost"},
};

void state_directory_break(struct env *env, const char *what, int32_t partition, const char *path,
                           int result, const char *why)
{
    const struct remedy *remedy = remedies;
    while (remedy->fault && remedy->fault != result) { remedy++; }
    env_break(env, remedy->exit_code, "cannot %s the state of partition %d in %s: %s; hint: %s",
              what, partition, path, why, remedy->hint);
}

const char *state_directory_doubt(const struct bookmark *bookmark, int64_t committed, int64_t end)
{
    if (bookmark->log_id[0] && bookmark->changelog_offset <= end) { return NULL; }
    return bookmark->input_offset > MAX_OF(committed, (int64_t)0)
               ? "it is ahead of the group's committed offset"
               : NULL;
}

struct log_facts state_directory_facts(const struct env *env, int changelog, int64_t low,
                                       int64_t end)
{
    enum topic_cleanup cleanup = env->worker->outputs[changelog].cleanup;
    return (struct log_facts){.low = low,
                              .end = end,
                              .settings = &env->topics->output_settings[changelog],
                              .control_records = env_transactional(env),
                              .expires = cleanup == CLEANUP_ANY || cleanup == CLEANUP_TABLE_AGAIN,
                              .wall_ms = env_wall_ms(env)};
}

struct metric *state_directory_wipes(struct env *env)
{
    return metrics_counter(env->metrics, "freshet_store_wipes_total", "",
                           "Local states deleted and restored from the start.");
}
