/* Where a run's schemas come from.
 *
 * At start, before anything is written, each output's schemas must have an id in their subjects or
 * be registered; if the registry refuses, the worker does not start. If the registry cannot be
 * reached, the ids of an earlier start are used (id_cache.h); without them the worker does not
 * start.
 *
 * Later, records whose id is not known wait (schema_hold.c). State is read in the middle of a
 * record and cannot wait: each of its ids is requested once, synchronously. Such ids were written
 * by this worker itself, with an older schema.
 */
#include "base/base.h"
#include "base/exit_code.h"
#include "base/quote.h"
#include "base/xalloc.h"
#include "stream/avro/framing.h"
#include "stream/avro/schema.h"
#include "stream/registry/id_cache.h"
#include "stream/registry/subject.h"
#include "stream/schema_source.h"
#include "stream/topics.h"

enum { ASK_AGAIN_MS = 500 };

struct schema_source {
    struct env *env;
    struct schema_cache *schemas;
    struct registry *registry; /* NULL: none is configured; then the next two are NULL, too */
    struct schema_fetcher *fetcher;
    struct id_cache *id_cache;
    bool cached; /* the id cache was loaded */
};

/* ---- At start ---- */

static int load_directory(struct schema_source *source)
{
    const char *path = source->env->settings->schemas_path;
    struct codec_error error = {0};
    if (!path[0]) { return 0; }
    int result = schema_cache_add_dir(source->schemas, path, &error);
    if (result < 0) {
        env_break(source->env, EXIT_CONFIG, "schemas.path=%s: %s: %s", path,
                  error.reason ? error.reason : strerror(-result), error.detail);
    }
    return result;
}

static bool has_id(const struct schema_source *source, const struct contract *contract)
{
    return subject_has_id(source->schemas, contract, /* ret_why= */ NULL, 0);
}

/* Calls `each` for every contract of every output, until it returns false. */
static int each_contract(struct schema_source *source,
                         int (*each)(struct schema_source *source, int output,
                                     const struct contract *contract, bool first))
{
    const struct worker *worker = source->env->worker;
    int result = 0;
    for (size_t i = 0; i < worker->outputs_count; i++) {
        const struct contract *const *contracts = worker->outputs[i].contracts;
        if (worker->uses_output && !worker->uses_output(source->env->run, (int)i)) { continue; }
        for (size_t k = 0; k < OUTPUT_CONTRACTS_MAX && contracts[k] && result == 0; k++) {
            result = each(source, (int)i, contracts[k], k == 0);
        }
    }
    return result;
}

/* Each schema that is written with an id must have one. */
static int check_id(struct schema_source *source, int output, const struct contract *contract,
                    bool first _unused_)
{
    if (has_id(source, contract)) { return 0; }
    env_break(source->env, EXIT_CONFIG,
              "schema.framing=confluent, but %s, written to %s, has no id; hint: set "
              "schema.registry.url, or put its schema into schemas.path as ID.avsc",
              contract->name, source->env->topics->outputs[output]);
    return -1;
}

static void keep_schema(void *arg, uint32_t id, const char *schema)
{
    struct schema_source *source = arg;
    id_cache_put(source->id_cache, id, schema);
    env_log(source->env, LOG_INFO, "schema known", "schema_id=%" PRIu32, id);
}

/* Says whether the id is known from an earlier start. */
static bool is_kept(struct schema_source *source, const struct contract *contract)
{
    if (!source->cached) {
        source->cached = id_cache_load(source->id_cache, source->schemas) > 0;
    }
    return source->cached && has_id(source, contract);
}

static int refuse_subject(struct schema_source *source, const char *subject, int result,
                          const char *why)
{
    env_break(source->env, result == REGISTRY_AWAY ? EXIT_BROKEN : EXIT_CONFIG,
              "schema registry, subject %s: %s", subject, why);
    return result;
}

/* Asks again while the registry cannot be reached; for a shorter time when the ids are cached. */
static int register_contract(struct schema_source *source, int output,
                             const struct contract *contract, bool first)
{
    const struct env *env = source->env;
    char why[REGISTRY_WHY_BYTES];
    _cleanup_(xfreep) char *subject = subject_name(
        &env->settings->registry, env->topics->outputs[output], contract, first);
    for (int64_t waited_ms = 0;; waited_ms += ASK_AGAIN_MS) {
        uint32_t id = 0;
        int result = subject_bind(source->registry, &env->settings->registry, subject, contract,
                                  source->schemas, &id, why, sizeof(why));
        if (result == 0) {
            keep_schema(source, id, contract->schema);
            return 0;
        }
        if (result == REGISTRY_AWAY && is_kept(source, contract)) {
            env_log(env, LOG_WARN,
                    "schema registry is away; going on with the ids known from before",
                    "subject=%s why=%s", subject, quote_text(why).text);
            return 0;
        }
        if (result != REGISTRY_AWAY || waited_ms >= env->settings->connect_timeout_ms) {
            return refuse_subject(source, subject, result, why);
        }
        const struct timespec pause = {.tv_nsec = ASK_AGAIN_MS * 1000000L};
        nanosleep(&pause, NULL);
    }
}

static void open_registry(struct schema_source *source, bool threaded)
{
    const struct env *env = source->env;
    const struct registry_settings *settings = &env->settings->registry;
    _cleanup_(xfreep) char *path = xprintf("%s/schemas", env->state_path);
    source->registry = registry_new(settings);
    source->id_cache = id_cache_open(path, settings->url);
    source->fetcher = schema_fetcher_new(settings, source->schemas, threaded, keep_schema, source);
}

struct schema_source *schema_source_new(struct env *env, bool threaded)
{
    const struct run_settings *settings = env->settings;
    struct schema_source *source = xcalloc(1, sizeof(*source));
    bool asks = settings->registry.url && settings->registry.url[0];
    bool writes_ids = settings->schema_framing == SCHEMA_FRAMING_CONFLUENT ||
                      (settings->schema_framing == SCHEMA_FRAMING_AUTO && asks);
    source->env = env;
    source->schemas = schema_cache_new();
    if (load_directory(source) < 0) { return source; }
    if (asks) { open_registry(source, threaded); }
    if (!writes_ids) { return source; }
    schema_cache_write(source->schemas, FRAMING_CONFLUENT);
    if (asks && each_contract(source, register_contract)) { return source; }
    (void)each_contract(source, check_id);
    return source;
}

struct schema_source *schema_source_free(struct schema_source *source)
{
    if (!source) { return NULL; }
    schema_fetcher_free(source->fetcher);
    registry_free(source->registry);
    id_cache_free(source->id_cache);
    schema_cache_free(source->schemas);
    free(source);
    return NULL;
}

struct schema_cache *schema_source_cache(struct schema_source *source)
{
    return source->schemas;
}

struct schema_fetcher *schema_source_fetcher(struct schema_source *source)
{
    return source->fetcher;
}

/* ---- State ---- */

static int ask_now(struct schema_source *source, uint32_t id)
{
    struct buf schema;
    buf_init(&schema, SCHEMA_BYTES_MAX + 1);
    int result = registry_learn(source->registry, id, source->schemas, &schema);
    if (result == 0) { keep_schema(source, id, schema.data); }
    buf_release(&schema);
    return result;
}

bool schema_source_knows_state(struct schema_source *source, int32_t partition,
                               struct slice value)
{
    struct frame frame;
    struct slice body;
    if (frame_read(value, &frame, &body, NULL) || frame.framing != FRAMING_CONFLUENT ||
        schema_cache_find(source->schemas, frame)) {
        return true; /* not a frame: the decoder reports the error */
    }
    if (source->registry && ask_now(source, (uint32_t)frame.number) == 0) { return true; }
    env_break(source->env, EXIT_BROKEN,
              "the state of partition %d was written with schema id %" PRIu64 ", and that cannot "
              "be had: %s; hint: start again when the registry answers, or put that schema into "
              "schemas.path as %" PRIu64 ".avsc",
              partition, frame.number,
              source->registry ? registry_why(source->registry)
                               : "schema.registry.url is not set",
              frame.number);
    return false;
}
