#include "base/base.h"
#include "base/xalloc.h"
#include "stream/generation.h"
#include "stream/remedy.h"

char *remedy_group(const struct env *env)
{
    _cleanup_(xfreep) char *name = generation_name(env->worker->name, env->settings->generation);
    return xprintf("%s%s", env->settings->group_prefix, name);
}

static char *move_group(const struct env *env, const char *topic, int32_t partition,
                        const char *where)
{
    _cleanup_(xfreep) char *group = remedy_group(env);
    return xprintf("kafka-consumer-groups.sh --bootstrap-server %s --group %s --topic %s:%d "
                   "--reset-offsets %s --execute",
                   env->settings->bootstrap_servers, group, topic, partition, where);
}

char *remedy_set_offset(const struct env *env, const char *topic, int32_t partition, int64_t offset)
{
    _cleanup_(xfreep) char *where = xprintf("--to-offset %" PRId64, offset);
    return move_group(env, topic, partition, where);
}

char *remedy_begin_again(const struct env *env, const char *topic, int32_t partition)
{
    if (!env_has_changelog(env)) { return move_group(env, topic, partition, "--to-earliest"); }
    return xprintf("stop this generation's workers and run: freshet reset %s --yes; started again, "
                   "they count from the first event that is kept (a generation that is live beside "
                   "others cannot be reset: freshet backfill and promote another one)",
                   generation_label(env->settings->generation));
}
