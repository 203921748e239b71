/* The environment of a run's parts: worker, wire, clock, settings, metrics, topic names, log, and
 * functions that end the run.
 *
 * The run owns it; its parts borrow it and do not access the run or each other's data. Worker's
 * thread; the committer's thread only reads members that do not change, and calls the functions of
 * the wire that any thread may call (wire.h).
 */
#ifndef FRESHET_STREAM_ENV_H
#define FRESHET_STREAM_ENV_H

#include "stream/log.h"
#include "stream/run_settings.h"
#include "stream/worker.h"
#include "stream/kafka/origin.h"

enum { ENV_TEXT_MAX = 2000 }; /* two commands with long names of topics fit */

/* The source of the time for pacing, and of the time since 1970. `work_us` tells how long this
 * thread has computed: on a machine with other load, less than the time that passed. NULL: it
 * computes all the time. */
struct env_clock {
    int64_t (*now_ms)(void *arg);
    int64_t (*wall_ms)(void *arg);
    void *arg;
    int64_t (*work_us)(void *arg);
};

/* The destination of the runtime's log lines (in worker_main: the log). May be empty. */
struct env_log {
    void (*line)(void *arg, enum log_level level, const char *msg, const char *pairs);
    void *arg;
};

/* Why the worker refused its last record. */
struct run_refusal {
    const char *reason; /* a fixed word; NULL: it named none */
    uint32_t schema_id; /* with VERDICT_NO_SCHEMA: the id that is not known */
    char text[ENV_TEXT_MAX];
    bool redriven; /* the record first was at this origin; its sender's headers come first */
    struct origin origin;
    size_t senders_headers;
};

/* Why the process must end. The first reason stays. */
struct run_ending {
    bool broken;
    int exit_code;
    char why[ENV_TEXT_MAX];
};

struct topics;

struct env {
    const struct worker *worker;
    struct run *run; /* for the worker's callbacks alone */
    const struct run_settings *settings;
    struct wire *wire;
    struct metrics *metrics;
    const struct topics *topics;
    const char *state_path; /* below it one directory a partition */
    struct env_clock clock;
    struct env_log log;
    struct run_refusal refusal;
    struct run_ending ending;
};

/* Returns the time for pacing. */
static inline int64_t env_now_ms(const struct env *env)
{
    return env->clock.now_ms(env->clock.arg);
}

/* Returns the time for which this thread has computed. */
static inline int64_t env_work_us(const struct env *env)
{
    return env->clock.work_us ? env->clock.work_us(env->clock.arg) : env_now_ms(env) * 1000;
}

static inline int64_t env_work_ms(const struct env *env)
{
    return env_work_us(env) / 1000;
}

/* Returns the time since 1970. */
static inline int64_t env_wall_ms(const struct env *env)
{
    return env->clock.wall_ms(env->clock.arg);
}

/* Writes a line to the log: a message and key=value pairs. */
void env_log(const struct env *env, enum log_level level, const char *msg, const char *format, ...)
    _printf_(4, 5);
void env_log_args(const struct env *env, enum log_level level, const char *msg, const char *format,
                  va_list args) _printf_(4, 0);
/* Ends the run with an exit code and a reason, unless it has ended already. */
void env_break(struct env *env, int exit_code, const char *format, ...) _printf_(3, 4);
/* Ends the run when a wire_error is final, with the wire's message; ignores other errors. */
void env_break_if_final(struct env *env, int result);
/* Returns the exit code for a final wire_error. */
int env_exit_code(int result);

/* Stores why the worker refuses a record. */
void run_refusal_set(struct run_refusal *refusal, const char *reason, const char *format,
                     va_list args) _printf_(3, 0);
void run_refusal_clear(struct run_refusal *refusal);

/* Says whether the worker has state, with a changelog. */
bool env_has_changelog(const struct env *env);
/* Says whether commits write positions into the changelog (stream/state/position.h). A changelog
 * that is sent at once needs none: reading input again is harmless there. */
bool env_has_positions(const struct env *env);
/* Says whether commits are transactions. */
bool env_transactional(const struct env *env);
/* Says whether staged messages are sent without a transaction (delivery=at_least_once). */
bool env_sends_in_order(const struct env *env);
/* Returns the index of the output that is a partition's changelog now; -EAGAIN: not known yet. May
 * ask the broker. */
int env_changelog(const struct env *env, int32_t partition);

#endif
