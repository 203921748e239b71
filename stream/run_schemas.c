/* The schemas of a run: where they come from, and what happens while one is not known.
 *
 * At start, before anything is written: each output's schemas have an id in their subjects, or are
 * given one, or the registry says why not and the worker does not start. A registry that is away
 * stops only a process that has never met it (id_cache.h).
 *
 * Later: a record whose id the cache lacks is refused by whoever decodes it, with
 * VERDICT_NO_SCHEMA. It is not a dead letter yet: its partition is held at this record (the wire
 * paused, the offset not moved) while the fetcher asks, and goes on when there is an answer or the
 * fetcher gives up. All other partitions go on. A broadcast input waits as a whole.
 *
 * State is read in the middle of a record and cannot wait: its ids are asked for then and there,
 * once each; they are ids that this worker wrote itself, under an older schema.
 */
#include "base/base.h"
#include "base/quote.h"
#include "base/xalloc.h"
#include "stream/avro/framing.h"
#include "stream/run_internal.h"
#include "stream/avro/schema.h"
#include "stream/registry/subject.h"

enum {
    SETTLE_AGAIN_MS = 500,
    HELD_QUIET_MS = 1000, /* so long a partition waits without a word */
    QUOTE_BYTES = 512,
};

static const char *quote(const char *text, char ret[QUOTE_BYTES])
{
    return quote_value(text, strlen(text), ret, QUOTE_BYTES);
}

/* ---- At start ---- */

static int load_directory(struct run *run)
{
    struct codec_error error = {0};
    if (!run->settings.schemas_path[0]) { return 0; }
    int result = schema_cache_add_dir(run->schemas, run->settings.schemas_path, &error);
    if (result < 0) {
        run_break(run, EXIT_CONFIG, "schemas.path=%s: %s: %s", run->settings.schemas_path,
                  error.reason ? error.reason : strerror(-result), error.detail);
    }
    return result;
}

static bool has_id(const struct run *run, const struct contract *contract)
{
    uint64_t fingerprint = 0;
    int rc = schema_fingerprint(contract->schema, &fingerprint);
    assert(rc == 0);
    return schema_cache_frame(run->schemas, fingerprint).framing == FRAMING_CONFLUENT;
}

/* Calls `each` for what is written to every output, until one says no. */
static int each_contract(struct run *run,
                         int (*each)(struct run *run, int output, const struct contract *contract,
                                     bool first))
{
    int result = 0;
    for (size_t i = 0; i < run->worker->outputs_count; i++) {
        const struct contract *const *contracts = run->worker->outputs[i].contracts;
        if (run->worker->uses_output && !run->worker->uses_output(run, (int)i)) { continue; }
        for (size_t k = 0; k < OUTPUT_CONTRACTS_MAX && contracts[k] && result == 0; k++) {
            result = each(run, (int)i, contracts[k], k == 0);
        }
    }
    return result;
}

/* What is written with ids must have one each. */
static int check_id(struct run *run, int output, const struct contract *contract,
                    bool first _unused_)
{
    if (has_id(run, contract)) { return 0; }
    run_break(run, EXIT_CONFIG,
              "schema.framing=confluent, but %s, written to %s, has no id; hint: set "
              "schema.registry.url, or put its schema into schemas.path as ID.avsc",
              contract->name, run->output_topics[output]);
    return -1;
}

static void keep_schema(void *arg, uint32_t id, const char *schema)
{
    struct run *run = arg;
    id_cache_put(run->id_cache, id, schema);
    run_log(run, LOG_INFO, "schema known", "schema_id=%" PRIu32, id);
}

static int settle_one(struct run *run, const char *subject, const struct contract *contract)
{
    uint32_t id = 0;
    char why[REGISTRY_WHY_BYTES];
    int result = subject_resolve(run->registry, &run->settings.registry, subject, contract, &id,
                                 why, sizeof(why));
    if (result) {
        bool breaks = result == REGISTRY_INCOMPATIBLE;
        run_break(run, result == REGISTRY_AWAY ? EXIT_BROKEN : EXIT_CONFIG,
                  "schema registry, subject %s: %s%s", subject,
                  breaks ? "the schema may not follow the one there: " : "", why);
        return result;
    }
    struct codec_error error = {0};
    if (schema_cache_bind(run->schemas, id, contract->schema, &error) < 0) {
        run_break(run, EXIT_CONFIG,
                  "schema registry, subject %s: %s; hint: is schemas.path of another registry?",
                  subject, error.detail);
        return -1;
    }
    keep_schema(run, id, contract->schema);
    return 0;
}

/* Asks again while the registry is away; not for long when its ids are kept here. */
static int settle_contract(struct run *run, int output, const struct contract *contract, bool first)
{
    _cleanup_(xfreep) char *subject = subject_name(&run->settings.registry,
                                                   run->output_topics[output], contract, first);
    for (int64_t waited_ms = 0;; waited_ms += SETTLE_AGAIN_MS) {
        int result = settle_one(run, subject, contract);
        if (result != REGISTRY_AWAY) { return result; }
        bool kept = run->cached || id_cache_load(run->id_cache, run->schemas) > 0;
        run->cached = kept;
        if (!kept || !has_id(run, contract)) {
            if (waited_ms >= run->settings.connect_timeout_ms) { return result; }
            run->broken = false;
            const struct timespec pause = {.tv_nsec = SETTLE_AGAIN_MS * 1000000L};
            nanosleep(&pause, NULL);
            continue;
        }
        run->broken = false;
        char quoted[QUOTE_BYTES];
        run_log(run, LOG_WARN, "schema registry is away; going on with the ids known from before",
                "subject=%s why=%s", subject, quote(run->refusal, quoted));
        run->refusal[0] = '\0';
        return 0;
    }
}

int run_load_schemas(struct run *run)
{
    const struct run_settings *settings = &run->settings;
    bool asks = settings->registry.url && settings->registry.url[0];
    bool writes_ids = settings->schema_framing == SCHEMA_FRAMING_CONFLUENT ||
                      (settings->schema_framing == SCHEMA_FRAMING_AUTO && asks);
    run->schemas = schema_cache_new();
    if (load_directory(run) < 0) { return -1; }
    if (asks) {
        _cleanup_(xfreep) char *path = xprintf("%s/schemas", run->state_path);
        run->registry = registry_new(&settings->registry);
        run->id_cache = id_cache_open(path, settings->registry.url);
        run->fetcher = schema_fetcher_new(&settings->registry, run->schemas, run->commit.threaded,
                                          keep_schema, run);
    }
    run->schema_waits = metrics_gauge(run->metrics, "freshet_schema_waits", "",
                                      "Partitions that wait for a schema of the registry.");
    if (!writes_ids) { return 0; }
    schema_cache_write(run->schemas, FRAMING_CONFLUENT);
    if (asks && each_contract(run, settle_contract)) { return -1; }
    return each_contract(run, check_id);
}

void run_release_schemas(struct run *run)
{
    schema_fetcher_free(run->fetcher);
    registry_free(run->registry);
    id_cache_free(run->id_cache);
    schema_cache_free(run->schemas);
}

/* ---- A record whose schema is not known ---- */

/* Says whether a refused record may be read later; tells the id. A given-up id stays a refusal, and
 * says why. */
static bool may_come(struct run *run, const struct record *rec, uint32_t *ret_id)
{
    struct frame frame;
    struct slice body;
    if (frame_read(rec->value, &frame, &body, NULL) || frame.framing != FRAMING_CONFLUENT) {
        return false;
    }
    *ret_id = (uint32_t)frame.number;
    if (!run->fetcher) {
        run_refuse(run, "schema id %" PRIu32 " is not known; hint: set schema.registry.url",
                   *ret_id);
        return false;
    }
    if (schema_fetcher_ask(run->fetcher, *ret_id, run_now_ms(run)) != FETCH_GIVEN_UP) {
        return true;
    }
    run_refuse(run, "schema id %" PRIu32 ": %s", *ret_id,
               schema_fetcher_why(run->fetcher, *ret_id));
    return false;
}

/* Forgets the refusal: the record is not refused yet. */
static void not_refused(struct run *run)
{
    run->refusal_reason = NULL;
    run->refusal[0] = '\0';
}

bool run_hold(struct run *run, struct task *task, const struct record *rec)
{
    uint32_t id;
    if (!may_come(run, rec, &id)) { return false; }
    not_refused(run);
    (void)wire_pause(run->wire, rec->topic, rec->partition);
    task->held = true;
    task->held_told = false;
    task->held_id = id;
    task->held_ms = run_now_ms(run);
    run->hurried = true;
    return true;
}

static void tell_held(struct run *run, const struct task *task, const char *what)
{
    char quoted[QUOTE_BYTES];
    run_log(run, LOG_WARN, what, "partition=%d offset=%" PRId64 " schema_id=%" PRIu32 " why=%s",
            task->partition, task->input_offset, task->held_id,
            quote(schema_fetcher_why(run->fetcher, task->held_id), quoted));
}

/* Most ids are known at once, and a flood of invented ones needs no line for each. */
static void hold_step_one(struct run *run, struct task *task)
{
    int64_t now_ms = run_now_ms(run);
    enum fetch_status status = schema_fetcher_ask(run->fetcher, task->held_id, now_ms);
    bool fresh = now_ms - task->held_ms < HELD_QUIET_MS;
    if (status == FETCH_PENDING) {
        run->hurried |= fresh;
        if (!fresh && !task->held_told) {
            tell_held(run, task, "a partition waits for its schema");
            task->held_told = true;
        }
        return;
    }
    if (wire_resume(run->wire, task->topic, task->partition, task->input_offset) < 0) { return; }
    task->held = false;
    if (status == FETCH_GIVEN_UP && task->held_told) {
        tell_held(run, task, "a schema was given up");
    }
}

void run_hold_step(struct run *run)
{
    size_t held = run->broadcast.waits;
    run->hurried = false;
    for (size_t i = 0; run->fetcher && i < run->tasks_count; i++) {
        struct task *task = run->tasks[i];
        if (task->held && task->state == TASK_RUNNING) { hold_step_one(run, task); }
        held += task->held;
    }
    metric_set(run->schema_waits, (double)held);
}

bool run_hold_broadcast(struct run *run, const struct record *rec)
{
    uint32_t id;
    bool holds = may_come(run, rec, &id);
    if (holds) { not_refused(run); }
    if (holds && !run->broadcast.waits) {
        run_log(run, LOG_WARN, "the tables wait for a schema",
                "topic=%s partition=%d offset=%" PRId64 " schema_id=%" PRIu32, rec->topic,
                rec->partition, rec->offset, id);
    }
    run->broadcast.waits = holds;
    return holds;
}

/* ---- State ---- */

static int ask_now(struct run *run, uint32_t id)
{
    struct buf schema;
    buf_init(&schema, SCHEMA_BYTES_MAX + 1);
    int result = registry_learn(run->registry, id, run->schemas, &schema);
    if (result == 0) { keep_schema(run, id, schema.data); }
    buf_release(&schema);
    return result;
}

bool task_knows_schema(struct task *task, struct slice value)
{
    struct run *run = task->run;
    struct frame frame;
    struct slice body;
    if (frame_read(value, &frame, &body, NULL) || frame.framing != FRAMING_CONFLUENT ||
        schema_cache_find(run->schemas, frame)) {
        return true; /* what is no frame is told by who decodes it */
    }
    if (run->registry && ask_now(run, (uint32_t)frame.number) == 0) { return true; }
    run_break(run, EXIT_BROKEN,
              "the state of partition %d was written with schema id %" PRIu64 ", and that cannot "
              "be had: %s; hint: start again when the registry answers, or put that schema into "
              "schemas.path as %" PRIu64 ".avsc",
              task->partition, frame.number,
              run->registry ? registry_why(run->registry) : "schema.registry.url is not set",
              frame.number);
    return false;
}
