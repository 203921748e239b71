/* The local state of a partition is a cache of its changelog. A damaged store is deleted and
 * restored; so is a store that is ahead of the group's committed offset or behind the changelog's
 * first offset (state_directory_distrust()).
 */
#include "base/base.h"
#include "base/crash.h"
#include "base/quote.h"
#include "base/xalloc.h"
#include "stream/state_directory.h"

char *state_directory_path(const struct env *env, int32_t partition, int changelog)
{
    if (changelog == env->worker->changelog) {
        return xprintf("%s/%d", env->state_path, partition);
    }
    return xprintf("%s/%d-%s", env->state_path, partition, env->worker->outputs[changelog].name);
}

int state_directory_open(struct env *env, int32_t partition, int changelog,
                         struct store **ret_store, char **ret_why)
{
    const struct store_limits limits = {
        .write_buffer_bytes = env->settings->store_write_buffer_bytes,
        .block_cache_bytes = env->settings->store_block_cache_bytes,
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

const char *state_directory_distrust(const struct bookmark *bookmark, int64_t committed,
                                     int64_t low)
{
    if (bookmark->input_offset > MAX_OF(committed, (int64_t)0)) {
        return "it is ahead of the group's committed offset";
    }
    if (bookmark->changelog_offset < low) { return "the changelog begins after it"; }
    return NULL;
}

struct metric *state_directory_wipes(struct env *env)
{
    return metrics_counter(env->metrics, "freshet_store_wipes_total", "",
                           "Local states deleted and restored from the start.");
}
