/* Answers requests from the lists as they stand in `recommendations`. Every copy reads the whole
 * topic into a list table of its own, so a start reads only what came since, and requests are
 * answered from disk while the brokers are away.
 *
 * Two threads: the worker's reads the topic; the HTTP server's answers (responder.c). They share
 * the list table, which has a lock, and a few atomic facts. `generations` is the input that the
 * group divides: the runtime needs one, and it has one partition and hardly a record. Who has it
 * does not matter here.
 */
#include "base/base.h"
#include "base/directory.h"
#include "base/xalloc.h"
#include "schemas/recommendation_list.h"
#include "serve/responder.h"
#include "serve/serve.h"
#include "serve/serve_settings.h"

enum { LISTS, GENERATIONS };
static const struct input inputs[] = {
    [LISTS] = {.name = "recommendations",
               .kind = INPUT_BROADCAST,
               .shared = true,
               .cleanup = CLEANUP_TABLE},
    [GENERATIONS] = {.name = "generations",
                     .kind = INPUT_PARTITIONED,
                     .shared = true,
                     .cleanup = CLEANUP_TABLE},
};

enum { ARENA_BYTES = 1 << 16, ROW_BYTES_MAX = 64 << 20, ANSWER_BYTES_MAX = 64 << 20 };

struct serve_state {
    struct codec *reader; /* of what the topic holds */
    struct schema_cache *schemas;
    struct codec *writer; /* of rows: always in this program's own schema */
    struct arena *arena;
    struct buf row;
    struct list_table *lists;
    struct responder *responder;
    struct http_server *server;
    int64_t current_ms; /* when the table held all that the topic held; 0: never */
    struct metric *age, *p99, *request_seconds;
};

int serve_port(const struct run *run)
{
    const struct serve_state *state = run_state(run);
    return http_server_port(state->server);
}

/* ---- Start and stop ---- */

static int64_t now_ms(void *arg)
{
    return run_now_ms(arg);
}

static int make_lists(struct run *run, struct serve_state *state)
{
    int64_t copy = MAX_OF(run_slot(run), (int64_t)0);
    _cleanup_(xfreep) char *path = xprintf("%s/%" PRId64 "/lists", run_state_path(run), copy);
    int result = directory_make(path);
    if (result < 0) {
        run_refuse(run, "cannot make the directory %s: %s; hint: set state.dir", path,
                   strerror(-result));
        return result;
    }
    state->lists = list_table_new(path);
    return 0;
}

static int make_responder(struct run *run, struct serve_state *state)
{
    const struct serve_settings *settings = run_settings(run);
    struct responder_parts parts = {
        .lists = state->lists, .metrics = run_metrics(run), .now_ms = now_ms, .now_arg = run};
    char why[512];
    if (settings->pseudonym_keys[0] &&
        pseudonyms_load(settings->pseudonym_keys, &parts.pseudonyms, why, sizeof(why)) < 0) {
        run_refuse(run, "%s", why);
        return -EINVAL;
    }
    if (settings->tokens[0] &&
        access_tokens_load(settings->tokens, &parts.tokens, why, sizeof(why)) < 0) {
        pseudonyms_free(parts.pseudonyms);
        run_refuse(run, "%s", why);
        return -EINVAL;
    }
    state->responder = responder_new(&parts);
    return 0;
}

static int listen_for_requests(struct run *run, struct serve_state *state)
{
    const struct serve_settings *settings = run_settings(run);
    const struct http_settings http = {
        .address = settings->address,
        .port = (int)settings->port,
        .connections = (size_t)settings->connections,
        .connections_each = (size_t)settings->connections,
        .timeout_s = (unsigned)(settings->timeout_ms / 1000),
        .answer_bytes = ANSWER_BYTES_MAX,
        .answer = responder_answer,
        .arg = state->responder,
    };
    int result = http_server_start(&http, &state->server);
    if (result < 0) {
        run_refuse(run, "cannot answer requests on %s:%" PRId64 ": %s; hint: http.address, "
                   "http.port; 0 takes a free one",
                   settings->address, settings->port, strerror(-result));
        return result;
    }
    run_log(run, LOG_INFO, "answering requests", "address=%s port=%d", settings->address,
            serve_port(run));
    return 0;
}

static void start_metrics(struct serve_state *state, struct metrics *metrics)
{
    state->age = metrics_gauge(metrics, "freshet_serve_data_age_seconds", "",
                               "Time since the lists were known to be those of the topic.");
    state->p99 = metrics_gauge(metrics, "freshet_serve_request_p99_seconds", "",
                               "99 of 100 answers since the start took at most so long.");
    state->request_seconds = metrics_histogram(metrics, "freshet_serve_request_seconds", "", "",
                                               1e-6, 6);
}

static int start(struct run *run)
{
    struct serve_state *state = xcalloc(1, sizeof(*state));
    run_set_state(run, state);
    state->reader = codec_new(&recommendation_list_contract, run_schemas(run));
    state->schemas = schema_cache_new();
    state->writer = codec_new(&recommendation_list_contract, state->schemas);
    state->arena = arena_new(ARENA_BYTES);
    buf_init(&state->row, ROW_BYTES_MAX);
    int result = make_lists(run, state);
    if (result == 0) { result = make_responder(run, state); }
    if (result == 0) { result = listen_for_requests(run, state); }
    if (result == 0) { start_metrics(state, run_metrics(run)); }
    return result;
}

static void stop(struct run *run)
{
    struct serve_state *state = run_state(run);
    if (!state) { return; }
    http_server_free(state->server); /* first: no request comes after it */
    responder_free(state->responder);
    list_table_free(state->lists);
    codec_free(state->reader);
    codec_free(state->writer);
    schema_cache_free(state->schemas);
    arena_free(state->arena);
    buf_release(&state->row);
    free(state);
    run_set_state(run, NULL);
}

/* ---- Lists ---- */

/* Writes a list into the row as it is stored: 0, or -EBADMSG with ret_error filled. */
static int make_row(struct serve_state *state, struct slice value, struct codec_error *ret_error)
{
    struct recommendation_list list;
    arena_reset(state->arena);
    buf_clear(&state->row);
    int result = codec_decode(state->reader, value, state->arena, &list, ret_error);
    if (result < 0) { return result; }
    if (!list_columns_agree(&list) || codec_encode(state->writer, &list, &state->row) < 0) {
        *ret_error = (struct codec_error){.reason = "columns_differ"};
        return -EBADMSG;
    }
    return 0;
}

static enum verdict take_list(struct run *run, int input _unused_, const struct record *rec)
{
    struct serve_state *state = run_state(run);
    struct codec_error error;
    struct slice row = {0};
    if (!rec->key.data || rec->key.size > ID_BYTES_MAX) {
        return run_refuse_record(run, "bad_key", "want a user id of at most %d bytes",
                                 ID_BYTES_MAX);
    }
    if (rec->value.data) {
        if (make_row(state, rec->value, &error) < 0) { return run_refuse_undecoded(run, &error); }
        row = buf_slice(&state->row);
    }
    if (list_table_put(state->lists, rec, row) < 0) {
        (void)run_refuse_record(run, "state", "%s", list_table_why(state->lists));
        return VERDICT_FATAL;
    }
    return VERDICT_DONE;
}

static int64_t resume(struct run *run, int input, int32_t partition, int64_t low, int64_t end)
{
    struct serve_state *state = run_state(run);
    return list_table_resume(state->lists, run, input, partition, low, end);
}

/* The table is current when nothing is left to read and the broker has just said so. */
static void watch(struct run *run, int64_t lag, int64_t answered_ms)
{
    struct serve_state *state = run_state(run);
    bool loaded = run_loaded(run);
    if (loaded && !state->current_ms) { state->current_ms = run_now_ms(run); }
    if (loaded && lag <= 0) { state->current_ms = MAX_OF(state->current_ms, answered_ms); }
    (void)list_table_flush(state->lists); /* when it fails, the next list_table_put() says so */
    responder_tell(state->responder, loaded, state->current_ms);
    metric_set(state->age, (double)(run_now_ms(run) - state->current_ms) / 1000.0);
    double p99 = metric_quantile(state->request_seconds, 0.99);
    metric_set(state->p99, isnan(p99) ? 0.0 : p99);
}

static enum verdict process(struct task *task _unused_, const struct record *rec _unused_)
{
    return VERDICT_DONE;
}

const struct worker serve_worker = {
    .name = "serve",
    .about = "Answers requests for lists by HTTP, from a copy of them on disk.",
    .inputs = inputs,
    .inputs_count = ARRAY_COUNT(inputs),
    .changelog = NO_CHANGELOG,
    .options = serve_options,
    .options_count = SERVE_OPTIONS_COUNT,
    .settings_size = sizeof(struct serve_settings),
    .start = start,
    .stop = stop,
    .process = process,
    .broadcast = take_list,
    .resume = resume,
    .watch = watch,
};
