#include "base/base.h"
#include "base/exit_code.h"
#include "base/message.h"
#include "stream/env.h"

void env_log_args(const struct env *env, enum log_level level, const char *msg, const char *format,
                  va_list args)
{
    char pairs[ENV_TEXT_MAX];
    if (!env->log.line) { return; }
    message_write(pairs, sizeof(pairs), format, args);
    env->log.line(env->log.arg, level, msg, pairs);
}

void env_log(const struct env *env, enum log_level level, const char *msg, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    env_log_args(env, level, msg, format, args);
    va_end(args);
}

void env_break(struct env *env, int exit_code, const char *format, ...)
{
    struct run_ending *ending = &env->ending;
    if (ending->broken) { return; }
    ending->broken = true;
    ending->exit_code = exit_code;
    va_list args;
    va_start(args, format);
    message_write(ending->why, sizeof(ending->why), format, args);
    va_end(args);
}

void env_break_if_final(struct env *env, int result)
{
    if (wire_is_final(result)) {
        env_break(env, env_exit_code(result), "%s", wire_why(env->wire));
    }
}

int env_exit_code(int result)
{
    return result == WIRE_REFUSED ? EXIT_CONFIG : EXIT_BROKEN;
}

void run_refusal_set(struct run_refusal *refusal, const char *reason, const char *format,
                     va_list args)
{
    refusal->reason = reason;
    message_write(refusal->text, sizeof(refusal->text), format, args);
}

void run_refusal_clear(struct run_refusal *refusal)
{
    refusal->reason = NULL;
    refusal->redriven = false;
    refusal->text[0] = '\0';
}

bool env_has_changelog(const struct env *env)
{
    return env->worker->changelog != NO_CHANGELOG;
}

bool env_has_positions(const struct env *env)
{
    const struct worker *worker = env->worker;
    return env_has_changelog(env) &&
           worker->outputs[worker->changelog].delivery == DELIVERY_TXN;
}

static bool has_additive(const struct worker *worker)
{
    for (size_t i = 0; i < worker->outputs_count; i++) {
        if (worker->outputs[i].delivery == DELIVERY_TXN) { return true; }
    }
    return false;
}

bool env_transactional(const struct env *env)
{
    return has_additive(env->worker) && env->settings->delivery == EXACTLY_ONCE;
}

bool env_sends_in_order(const struct env *env)
{
    return has_additive(env->worker) && env->settings->delivery != EXACTLY_ONCE;
}

int env_changelog(const struct env *env, int32_t partition)
{
    const struct worker *worker = env->worker;
    assert(env_has_changelog(env));
    return worker->choose_changelog ? worker->choose_changelog(env->run, partition)
                                    : worker->changelog;
}
