#include "base/base.h"
#include "base/buf.h"
#include "base/xalloc.h"
#include "stream/config/options.h"
#include "stream/generation.h"
#include "stream/remedy.h"

#include <ctype.h>

enum { FLAGS_BYTES_MAX = 8 << 10 };

char *remedy_group(const struct env *env)
{
    _cleanup_(xfreep) char *name = generation_name(env->worker->name, env->settings->generation);
    return xprintf("%s%s", env->settings->group_prefix, name);
}

/* ---- Flags ---- */

/* Appends a word for a shell. */
static void add_word(struct buf *out, const char *text)
{
    bool plain = text[0] != '\0';
    for (const char *at = text; *at; at++) {
        plain &= isalnum((unsigned char)*at) || strchr("._:,/=@+-", *at);
    }
    if (plain) {
        buf_printf(out, "%s", text);
        return;
    }
    buf_printf(out, "'");
    for (const char *at = text; *at; at++) { buf_printf(out, *at == '\'' ? "'\\''" : "%c", *at); }
    buf_printf(out, "'");
}

static void add_flag(struct buf *out, const char *flag, const char *value, const char *usual)
{
    if (strcmp(value, usual) == 0) { return; }
    buf_printf(out, " %s", flag);
    add_word(out, value);
}

/* Appends the flags with which a command of ours finds brokers, topics, groups and state of this
 * worker, as far as they are not the defaults. */
static void add_flags(struct buf *out, const struct run_settings *settings, const char *login)
{
    add_flag(out, "--bootstrap ", settings->bootstrap_servers, "127.0.0.1:9092");
    add_flag(out, "--prefix ", settings->topic_prefix, "");
    add_flag(out, "--group-prefix ", settings->group_prefix, "freshet-");
    add_flag(out, "--set state.dir=", settings->state_dir, "state");
    for (size_t i = 0; i < settings->topics.count; i++) {
        const struct property *topic = &settings->topics.at[i];
        buf_printf(out, " --set topic.%s=", topic->key);
        add_word(out, topic->value);
    }
    if (settings->kafka.count) { buf_printf(out, " %s", login); }
}

static char *move_group(const struct env *env, const char *topic, int32_t partition,
                        const char *where)
{
    const struct run_settings *settings = env->settings;
    bool login = settings->kafka.count > 0;
    struct buf out;
    _cleanup_(xfreep) char *group = remedy_group(env);
    buf_init(&out, FLAGS_BYTES_MAX);
    buf_printf(&out, "kafka-consumer-groups.sh --bootstrap-server %s%s --group ",
               settings->bootstrap_servers, login ? " --command-config FILE" : "");
    add_word(&out, group);
    buf_printf(&out, " --topic %s:%d --reset-offsets %s --execute", topic, partition, where);
    char *command = xprintf("%.*s", SLICE_ARGS(buf_slice(&out)));
    buf_release(&out);
    return command;
}

/* ---- Commands ---- */

char *remedy_set_offset(const struct env *env, const char *topic, int32_t partition, int64_t offset)
{
    _cleanup_(xfreep) char *where = xprintf("--to-offset %" PRId64, offset);
    return move_group(env, topic, partition, where);
}

/* Says whether what the worker made can be made again by itself, from a topic that is not ours. */
static bool makes_rows_again(const struct env *env)
{
    const struct worker *worker = env->worker;
    for (size_t i = 0; i < worker->inputs_count; i++) {
        if (worker->inputs[i].kind != INPUT_PARTITIONED) { continue; }
        return worker->inputs[i].shared && !env_has_positions(env);
    }
    return false;
}

static char *make_rows_again(const struct env *env, const char *topic)
{
    const char *name = env->worker->outputs[env->worker->changelog].name;
    const char *given = properties_get(&env->settings->topics, name);
    return xprintf("stop this worker's copies, delete %s%s and make it again with as many "
                   "partitions as %s (deploy/topics apply): started again, they make its rows "
                   "again",
                   given ? "" : env->settings->topic_prefix, given ? given : name, topic);
}

static char *count_again(const struct env *env)
{
    const char *generation = env->settings->generation;
    struct buf flags, backfill;
    buf_init(&flags, FLAGS_BYTES_MAX);
    buf_init(&backfill, FLAGS_BYTES_MAX);
    add_flags(&flags, env->settings, "--config FILE");
    add_flags(&backfill, env->settings, "--conf DIR"); /* a file for each worker */
    const struct slice with = buf_slice(&flags);
    char *text =
        generation[0]
            ? xprintf("stop this generation's workers and run: freshet reset %s --yes%.*s; it "
                      "deletes the generation; freshet backfill --generation %s%.*s makes it again "
                      "from the first event that is kept (while it is live, promote another one "
                      "first)",
                      generation, SLICE_ARGS(with), generation, SLICE_ARGS(buf_slice(&backfill)))
            : xprintf("stop this generation's workers and run: freshet reset %s --yes%.*s; started "
                      "again, they count from the first event that is kept (a generation that is "
                      "live beside others cannot be reset: freshet backfill and promote another "
                      "one)",
                      generation_label(generation), SLICE_ARGS(with));
    buf_release(&flags);
    buf_release(&backfill);
    return text;
}

char *remedy_begin_again(const struct env *env, const char *topic, int32_t partition)
{
    if (!env_has_changelog(env)) {
        _cleanup_(xfreep) char *move = move_group(env, topic, partition, "--to-earliest");
        return xprintf("stop this worker's copies and run: %s", move);
    }
    return makes_rows_again(env) ? make_rows_again(env, topic) : count_again(env);
}

char *remedy_partition_added(const struct env *env, const char *topic, int32_t partition)
{
    char *again = remedy_begin_again(env, topic, partition);
    if (makes_rows_again(env)) { return again; }
    char *text = xprintf("partitions cannot be added to a topic with state, as keys move: make it "
                         "again with the former number (deploy/topics apply), fill it from what it "
                         "was made of, and %s",
                         again);
    free(again);
    return text;
}
