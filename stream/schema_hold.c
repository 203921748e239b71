/* A record whose schema id is not in the cache is refused with VERDICT_NO_SCHEMA. It is not a dead
 * letter yet: its partition is held at this record (paused on the wire, its offset unchanged) until
 * the fetcher has the schema or gives up. All other partitions go on. The broadcast inputs wait
 * together.
 */
#include "base/base.h"
#include "base/quote.h"
#include "base/xalloc.h"
#include "stream/schema_hold.h"

enum {
    HELD_QUIET_MS = 1000, /* a longer hold of a partition is logged */
};

struct held {
    uint32_t id;
    int64_t since_ms;
    bool logged;
};

struct schema_hold {
    struct env *env;
    struct task_list *tasks;
    struct schema_fetcher *fetcher; /* NULL: no registry is configured */
    bool hurries;
    bool broadcast_waits;
    struct metric *waits;
};

struct schema_hold *schema_hold_new(struct env *env, struct task_list *tasks,
                                    struct schema_source *source)
{
    struct schema_hold *hold = xcalloc(1, sizeof(*hold));
    hold->env = env;
    hold->tasks = tasks;
    hold->fetcher = schema_source_fetcher(source);
    hold->waits = metrics_gauge(env->metrics, "freshet_schema_waits", "",
                                "Partitions that wait for a schema of the registry.");
    return hold;
}

struct schema_hold *schema_hold_free(struct schema_hold *hold)
{
    free(hold);
    return NULL;
}

static _printf_(2, 3) void refuse(struct schema_hold *hold, const char *format, ...)
{
    struct run_refusal *refusal = &hold->env->refusal;
    va_list args;
    va_start(args, format);
    run_refusal_set(refusal, refusal->reason, format, args);
    va_end(args);
}

/* Returns whether the schema may become known, and its id. When the fetcher has given up on it, the
 * refusal stays and gets the reason. */
static bool may_come(struct schema_hold *hold, uint32_t *ret_id)
{
    *ret_id = hold->env->refusal.schema_id;
    if (!hold->fetcher) {
        refuse(hold, "schema id %" PRIu32 " is not known; hint: set schema.registry.url", *ret_id);
        return false;
    }
    if (schema_fetcher_request(hold->fetcher, *ret_id, env_now_ms(hold->env)) != FETCH_GIVEN_UP) {
        run_refusal_clear(&hold->env->refusal); /* it is not refused yet */
        return true;
    }
    refuse(hold, "schema id %" PRIu32 ": %s", *ret_id, schema_fetcher_why(hold->fetcher, *ret_id));
    return false;
}

bool schema_hold_task(struct schema_hold *hold, struct task *task, const struct record *rec)
{
    uint32_t id;
    assert(!task->held);
    if (!may_come(hold, &id)) { return false; }
    (void)wire_pause(hold->env->wire, rec->topic, rec->partition);
    task->held = xcalloc(1, sizeof(*task->held));
    *task->held = (struct held){.id = id, .since_ms = env_now_ms(hold->env)};
    hold->hurries = true;
    return true;
}

static void tell_held(const struct schema_hold *hold, const struct task *task, const char *what)
{
    const char *why = schema_fetcher_why(hold->fetcher, task->held->id);
    env_log(hold->env, LOG_WARN, what,
            "partition=%d offset=%" PRId64 " schema_id=%" PRIu32 " why=%s", task->partition,
            task->input.offset, task->held->id,
            quote_text(why).text);
}

/* Most ids are found at once, and many invalid ids should not make a log line each. */
static void step_one(struct schema_hold *hold, struct task *task)
{
    struct held *held = task->held;
    int64_t now_ms = env_now_ms(hold->env);
    enum fetch_status status = schema_fetcher_request(hold->fetcher, held->id, now_ms);
    bool fresh = now_ms - held->since_ms < HELD_QUIET_MS;
    if (status == FETCH_PENDING) {
        hold->hurries |= fresh;
        if (!fresh && !held->logged) {
            tell_held(hold, task, "a partition waits for its schema");
            held->logged = true;
        }
        return;
    }
    if (wire_resume(hold->env->wire, task->topic, task->partition, task->input.offset) < 0) {
        return;
    }
    if (status == FETCH_GIVEN_UP && held->logged) {
        tell_held(hold, task, "a schema was given up");
    }
    free(task->held);
    task->held = NULL;
}

void schema_hold_step(struct schema_hold *hold)
{
    size_t waits = hold->broadcast_waits;
    hold->hurries = false;
    for (size_t i = 0; hold->fetcher && i < hold->tasks->count; i++) {
        struct task *task = hold->tasks->at[i];
        if (task->held && task->state == TASK_RUNNING) { step_one(hold, task); }
        waits += task->held != NULL;
    }
    metric_set(hold->waits, (double)waits);
}

bool schema_hold_broadcast(struct schema_hold *hold, const struct record *rec)
{
    uint32_t id;
    bool holds = may_come(hold, &id);
    if (holds && !hold->broadcast_waits) {
        env_log(hold->env, LOG_WARN, "the tables wait for a schema",
                "topic=%s partition=%d offset=%" PRId64 " schema_id=%" PRIu32, rec->topic,
                rec->partition, rec->offset, id);
    }
    hold->broadcast_waits = holds;
    return holds;
}

void schema_hold_broadcast_over(struct schema_hold *hold)
{
    hold->broadcast_waits = false;
}

bool schema_hold_hurries(const struct schema_hold *hold)
{
    return hold->hurries;
}
