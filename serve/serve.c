/* Answers requests for lists: as they stand in `recommendations`, or made from the tables that the
 * scorer makes lists from. Every copy reads all of these topics, and keeps lists, histories, rows
 * and catalogue on disk, so a start reads only what came since, and requests are answered while
 * the brokers are away.
 *
 * Two threads: the worker's reads the topics; the HTTP server's answers (responder.c). They share
 * the rows of users (user_rows.h) and the live tables (live_tables.h), each with a lock, and a few
 * atomic facts. The group divides the topic `requests` among the copies; the worker's thread
 * answers it (request_topic.c).
 */
#include "base/base.h"
#include "base/array.h"
#include "base/directory.h"
#include "base/xalloc.h"
#include "schemas/recommendation_list.h"
#include "schemas/user_history.h"
#include "schemas/recommendation_response.h"
#include "serve/console/command_flags.h"
#include "serve/console/flow_watch.h"
#include "serve/console/quality_beside.h"
#include "serve/console/refused_records.h"
#include "serve/item_lists.h"
#include "serve/listening.h"
#include "serve/query_model.h"
#include "serve/request_topic.h"
#include "serve/responder.h"
#include "serve/serve.h"
#include "serve/serve_settings.h"
#include "serve/table_reader.h"

enum {
    LISTS, HISTORIES, ROWS, ITEMS, VECTORS, MODELS, CONTENT, RULES, LETTERS, QUALITY, TRIALS, STEPS,
    REQUESTS, SENT, CANDIDATES, PROFILES, GROUPS
};
enum { RESPONSES, ITEM_LISTS, SERVED };
#define TABLE .kind = INPUT_BROADCAST, .cleanup = CLEANUP_TABLE

static const struct input inputs[] = {
    [LISTS] = {TABLE, .name = "recommendations", .shared = true},
    [HISTORIES] = {TABLE, .name = "histories"},
    [ROWS] = {TABLE, .name = "serving-rows"},
    [ITEMS] = {.name = "items",
               .kind = INPUT_BROADCAST,
               .shared = true,
               .cleanup = CLEANUP_TABLE_REMOVALS},
    [VECTORS] = {TABLE, .name = "item-vectors"},
    [MODELS] = {TABLE, .name = "models"},
    [CONTENT] = {TABLE, .name = "content-vectors", .shared = true, .optional = true},
    [RULES] = {TABLE, .name = "rules", .shared = true, .optional = true},
    [LETTERS] = {.name = "dead-letters", .kind = INPUT_BROADCAST, .optional = true},
    [QUALITY] = {.name = "quality", .kind = INPUT_BROADCAST, .optional = true},
    [TRIALS] = {TABLE, .name = "trials", .shared = true, .optional = true},
    [STEPS] = {TABLE, .name = "generations", .shared = true, .optional = true},
    [REQUESTS] = {.name = "requests", .kind = INPUT_PARTITIONED, .shared = true},
    [CANDIDATES] = {TABLE, .name = "candidates", .shared = true, .optional = true},
    [PROFILES] = {TABLE, .name = "users", .shared = true, .optional = true},
    [GROUPS] = {TABLE, .name = "profiles", .optional = true},
    [SENT] = {TABLE, .name = "item-lists", .optional = true},
};

static const struct output outputs[] = {
    [RESPONSES] = {.name = "responses",
                   .delivery = DELIVERY_AT_ONCE,
                   .shared = true,
                   .contracts = {&recommendation_response_contract}},
    [ITEM_LISTS] = {.name = "item-lists",
                    .delivery = DELIVERY_AT_ONCE,
                    .cleanup = CLEANUP_TABLE,
                    .contracts = {&item_list_contract}},
    [SERVED] = {.name = "served",
                .delivery = DELIVERY_AT_ONCE,
                .shared = true,
                .contracts = {&served_place_contract}},
};

/* Which inputs table_reader.h reads, and as what. */
static const struct {
    int input;
    enum table_kind kind;
} table_inputs[] = {
    {ROWS, TABLE_ROWS}, {ITEMS, TABLE_ITEMS}, {VECTORS, TABLE_VECTORS}, {MODELS, TABLE_MODELS},
    {CONTENT, TABLE_CONTENT}, {RULES, TABLE_RULES}, {CANDIDATES, TABLE_CANDIDATES},
    {PROFILES, TABLE_PROFILES}, {GROUPS, TABLE_GROUPS},
};

enum { QUALITY_READ_MAX = 50000 }; /* of a partition, at a start */
enum { ARENA_BYTES = 1 << 16, ROW_BYTES_MAX = 64 << 20 };
enum { BROKERS_AWAY_MS = 15000 };

/* A table of users: lists or histories. */
struct user_table {
    struct codec *reader; /* of what the topic holds */
    struct codec *writer; /* of rows: always in this program's own schema */
    struct user_rows *rows;
};

/* Up to which offset each partition of a topic is on disk. */
struct stored_offsets {
    int64_t *at;
    size_t count, capacity;
};

struct serve_state {
    struct schema_cache *schemas;
    struct user_table lists, histories;
    struct live_tables *live;
    struct recent_users *recent;
    struct stored_offsets histories_stored; /* read again for `recent` alone */
    struct table_reader *tables;
    struct refused_records *letters;
    struct quality_board *quality;
    struct quality_beside *beside;
    struct flow_watch *flow;
    struct arena *arena;
    struct buf row;
    struct responder *responder;
    struct request_topic *requests;
    struct item_lists *item_lists;
    struct served_log *served; /* NULL: not written */
    struct query_vectors *queries; /* NULL: queries have none */
    struct query_model_watch query_watch;
    struct http_server *server;
    int64_t current_ms; /* when the tables held all that their topics held; 0: never */
    int64_t answered_ms; /* when the broker last said how far the topics reach */
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

static int64_t wall_ms(void *arg)
{
    return run_wall_ms(arg);
}

/* Makes a directory of this copy; the caller frees its path. NULL: refused. */
static char *make_directory(struct run *run, const char *name)
{
    int64_t copy = MAX_OF(run_slot(run), (int64_t)0);
    char *path = xprintf("%s/%" PRId64 "/%s", run_state_path(run), copy, name);
    int result = directory_make(path);
    if (result == 0) { return path; }
    run_refuse(run, "cannot make the directory %s: %s; hint: set state.dir", path,
               strerror(-result));
    free(path);
    return NULL;
}

static int make_users(struct run *run, struct serve_state *state, const char *name,
                      const struct contract *contract, struct user_table *ret_table)
{
    _cleanup_(xfreep) char *path = make_directory(run, name);
    if (!path) { return -EIO; }
    *ret_table = (struct user_table){
        .reader = codec_new(contract, run_schemas(run)),
        .writer = codec_new(contract, state->schemas),
        .rows = user_rows_new(path),
    };
    return 0;
}

static void release_users(struct user_table *table)
{
    user_rows_free(table->rows);
    codec_free(table->reader);
    codec_free(table->writer);
}

static int make_tables(struct run *run, struct serve_state *state)
{
    const struct serve_settings *settings = run_settings(run);
    size_t bytes_max = (size_t)settings->segments_table_memory_max;
    int result = make_users(run, state, "lists", &recommendation_list_contract, &state->lists);
    if (result == 0) {
        result = make_users(run, state, "histories", &user_history_contract, &state->histories);
    }
    _cleanup_(xfreep) char *path = result == 0 ? make_directory(run, "tables") : NULL;
    if (!path) { return -EIO; }
    state->live = live_tables_new(&settings->lists, run_generation(run), run_state_path(run));
    if (settings->segments_used) { live_tables_use_segments(state->live, bytes_max); }
    live_tables_use_contexts(state->live, settings->context_weight);
    if (settings->console_images[0]) { live_tables_keep_images(state->live); }
    if (state->queries) {
        live_tables_use_vectors(state->live, state->queries);
        query_model_watch_init(&state->query_watch, run_metrics(run));
    }
    state->recent = recent_users_new((size_t)settings->recent_users);
    return table_reader_new(run, state->live, path, &state->tables);
}

/* Makes a list finder for a thread; NULL: refused. */
static struct list_finder *make_finder(struct run *run, struct serve_state *state)
{
    const struct serve_settings *settings = run_settings(run);
    struct list_finder_parts parts = {
        .lists = state->lists.rows,
        .histories = state->histories.rows,
        .live = state->live,
        .recent = state->recent,
        .queries = state->queries,
        .served = state->served,
        .length = (size_t)settings->lists.list_length,
        .wall_ms = wall_ms,
        .wall_arg = run,
    };
    char why[512];
    if (settings->pseudonym_keys[0] &&
        pseudonyms_load(settings->pseudonym_keys, &parts.pseudonyms, why, sizeof(why)) < 0) {
        run_refuse(run, "%s", why);
        return NULL;
    }
    return list_finder_new(&parts);
}

static int make_responder(struct run *run, struct serve_state *state)
{
    const struct serve_settings *settings = run_settings(run);
    struct responder_parts parts = {.letters = state->letters,
                                     .quality = state->quality,
                                     .beside = state->beside,
                                     .flow = state->flow,
                                     .metrics = run_metrics(run),
                                     .now_ms = now_ms,
                                     .now_arg = run};
    char why[512];
    _cleanup_(xfreep) char *fault = NULL;
    if (settings->tokens[0] &&
        access_tokens_load(settings->tokens, &parts.tokens, why, sizeof(why)) < 0) {
        run_refuse(run, "%s", why);
        return -EINVAL;
    }
    parts.finder = make_finder(run, state);
    if (!parts.finder) {
        access_tokens_free(parts.tokens);
        return -EINVAL;
    }
    parts.pictures = picture_hosts_new(settings->console_images, &fault); /* checked at the start */
    parts.command_flags = command_flags_make(run, settings->console_config);
    state->responder = responder_new(&parts);
    return 0;
}

static int make_request_topic(struct run *run, struct serve_state *state)
{
    struct list_finder *finder = make_finder(run, state);
    if (!finder) { return -EINVAL; }
    state->requests = request_topic_new(run, finder, RESPONSES);
    return 0;
}

static void make_item_lists(struct run *run, struct serve_state *state)
{
    const struct serve_settings *settings = run_settings(run);
    const struct item_lists_parts parts = {
        .live = state->live,
        .output = ITEM_LISTS,
        .every_ms = settings->item_lists_every_ms,
        .length = (size_t)settings->item_lists_length,
        .tagged = settings->item_lists_tags,
    };
    state->item_lists = item_lists_new(run, &parts);
}

static void start_metrics(struct serve_state *state, struct metrics *metrics)
{
    state->age = metrics_gauge(metrics, "freshet_serve_data_age_seconds", "",
                               "Time since the tables were known to be those of the topics.");
    state->p99 = metrics_gauge(metrics, "freshet_serve_request_p99_seconds", "",
                               "99 of 100 answers since the start took at most so long.");
    state->request_seconds = metrics_histogram(metrics, "freshet_serve_request_seconds", "", "",
                                               1e-6, 6);
}

static int start(struct run *run)
{
    struct serve_state *state = xcalloc(1, sizeof(*state));
    run_set_state(run, state);
    state->schemas = schema_cache_new();
    state->letters = refused_records_new();
    int32_t partitions = run_topic_partitions(run, "recommendations", /* shared= */ true);
    state->quality = quality_board_new(run_schemas(run), partitions);
    const struct serve_settings *settings = run_settings(run);
    state->beside = quality_beside_new(run);
    state->flow = flow_watch_new(run, settings->console_sources);
    state->arena = arena_new(ARENA_BYTES);
    buf_init(&state->row, ROW_BYTES_MAX);
    if (settings->explore_logged) { state->served = served_log_new(run, SERVED); }
    int result = query_model_open(run, &state->queries);
    if (result == 0) { result = make_tables(run, state); }
    if (result == 0) { result = make_responder(run, state); }
    if (result == 0) { result = make_request_topic(run, state); }
    if (result == 0) { make_item_lists(run, state); }
    struct query_vectors *queries = state->queries;
    if (result == 0) { result = serve_listen(run, state->responder, queries, &state->server); }
    if (result == 0) { start_metrics(state, run_metrics(run)); }
    return result;
}

static void stop(struct run *run)
{
    struct serve_state *state = run_state(run);
    if (!state) { return; }
    query_vectors_end(state->queries); /* first: it wakes requests of the server */
    http_server_free(state->server);   /* no request comes after it */
    query_vectors_free(state->queries);
    responder_free(state->responder);
    request_topic_free(state->requests);
    item_lists_free(state->item_lists);
    served_log_free(state->served);
    table_reader_free(state->tables);
    refused_records_free(state->letters);
    quality_board_free(state->quality);
    quality_beside_free(state->beside);
    flow_watch_free(state->flow);
    live_tables_free(state->live);
    recent_users_free(state->recent);
    free(state->histories_stored.at);
    release_users(&state->lists);
    release_users(&state->histories);
    schema_cache_free(state->schemas);
    arena_free(state->arena);
    buf_release(&state->row);
    free(state);
    run_set_state(run, NULL);
}

/* ---- Records ---- */

union user_object {
    struct recommendation_list list;
    struct user_history history;
};

/* Writes a value into the row as it is stored: 0, or -EBADMSG with ret_error filled. */
static int make_row(struct serve_state *state, int input, const struct record *rec,
                    struct codec_error *ret_error)
{
    union user_object object;
    struct user_table *table = input == LISTS ? &state->lists : &state->histories;
    arena_reset(state->arena);
    buf_clear(&state->row);
    int result = codec_decode(table->reader, rec->value, state->arena, &object, ret_error);
    if (result < 0) { return result; }
    const char *fault = NULL;
    if (input == HISTORIES) {
        fault = history_fault(&object.history);
    } else if (!list_columns_agree(&object.list)) {
        fault = "columns_differ";
    }
    if (!fault && input == LISTS) {
        flow_watch_put_list(state->flow, rec->time_ms, object.list.received_ms);
    }
    if (!fault && input == HISTORIES) {
        recent_users_put(state->recent, rec->key, &object.history);
    }
    if (!fault && codec_encode(table->writer, &object, &state->row) < 0) { fault = "over_limit"; }
    if (!fault) { return 0; }
    *ret_error = (struct codec_error){.reason = fault};
    return -EBADMSG;
}

static bool is_stored(const struct stored_offsets *stored, const struct record *rec)
{
    size_t partition = (size_t)rec->partition;
    return partition < stored->count && rec->offset < stored->at[partition];
}

static enum verdict take_user(struct run *run, int input, const struct record *rec)
{
    struct serve_state *state = run_state(run);
    struct user_rows *rows = input == LISTS ? state->lists.rows : state->histories.rows;
    struct codec_error error;
    struct slice row = {0};
    bool stored = input == HISTORIES && is_stored(&state->histories_stored, rec);
    if (!rec->key.data || rec->key.size > ID_BYTES_MAX) {
        if (stored) { return VERDICT_DONE; } /* it was refused when it was read first */
        return run_refuse_record(run, "bad_key", "want a user id of at most %d bytes",
                                 ID_BYTES_MAX);
    }
    if (rec->value.data) {
        if (make_row(state, input, rec, &error) < 0) {
            if (stored) { return VERDICT_DONE; }
            return run_refuse_undecoded(run, &error);
        }
        row = buf_slice(&state->row);
    } else if (input == HISTORIES) {
        recent_users_remove(state->recent, rec->key);
    }
    if (stored) { return VERDICT_DONE; }
    if (user_rows_put(rows, rec, row) < 0) {
        buf_clear(&state->row);
        user_rows_why(rows, &state->row);
        (void)run_refuse_record(run, "state", "%.*s", SLICE_ARGS(buf_slice(&state->row)));
        return VERDICT_FATAL;
    }
    return VERDICT_DONE;
}

static enum verdict take_quality(struct run *run, const struct record *rec)
{
    struct codec_error error;
    const struct serve_state *state = run_state(run);
    int result = quality_board_put(state->quality, rec, run_wall_ms(run), &error);
    return result < 0 ? run_refuse_undecoded(run, &error) : VERDICT_DONE;
}

/* What the console shows, and other workers refuse. False: it is another input. */
static bool take_shown(struct serve_state *state, int input, const struct record *rec)
{
    switch (input) {
    case LETTERS: refused_records_put(state->letters, rec); return true;
    case TRIALS: quality_board_put_trial(state->quality, rec); return true;
    case STEPS: quality_board_put_step(state->quality, rec); return true;
    default: return false;
    }
}

static enum verdict broadcast(struct run *run, int input, const struct record *rec)
{
    struct serve_state *state = run_state(run);
    if (take_shown(state, input, rec)) { return VERDICT_DONE; }
    if (input == QUALITY) { return take_quality(run, rec); }
    if (input == SENT) {
        item_lists_see(state->item_lists, rec);
        return VERDICT_DONE;
    }
    for (size_t i = 0; i < ARRAY_COUNT(table_inputs); i++) {
        if (table_inputs[i].input != input) { continue; }
        return table_reader_take(state->tables, run, table_inputs[i].kind, rec);
    }
    return take_user(run, input, rec);
}

static void passed(struct run *run, int input, const struct record *rec)
{
    struct serve_state *state = run_state(run);
    for (size_t i = 0; i < ARRAY_COUNT(table_inputs); i++) {
        if (table_inputs[i].input == input) {
            table_reader_pass(state->tables, table_inputs[i].kind, rec);
        }
    }
    if (input == LISTS) { user_rows_pass(state->lists.rows, rec); }
    if (input == HISTORIES) { user_rows_pass(state->histories.rows, rec); }
}

/* Histories are read from before what is on disk: so many that the users who acted last are known
 * again. */
static int64_t resume_histories(struct run *run, int32_t partition, int64_t low, int64_t end)
{
    struct serve_state *state = run_state(run);
    const struct serve_settings *settings = run_settings(run);
    struct stored_offsets *stored = &state->histories_stored;
    int64_t from = user_rows_resume(state->histories.rows, run, HISTORIES, partition, low, end);
    int64_t partitions = MAX_OF(run_topic_partitions(run, "histories", false), 1);
    int64_t again = settings->recent_users / partitions;
    ARRAY_RESERVE_ZEROS(stored->at, stored->capacity, (size_t)partition + 1, 16);
    stored->count = MAX_OF(stored->count, (size_t)partition + 1);
    stored->at[partition] = from;
    if (from == OFFSET_NONE) { return from; }
    return MIN_OF(from, MAX_OF(low, end - again));
}

static int64_t resume(struct run *run, int input, int32_t partition, int64_t low, int64_t end)
{
    struct serve_state *state = run_state(run);
    if (input == LETTERS) { return MAX_OF(low, end - REFUSED_RECORDS_KEPT); }
    if (input == QUALITY) { return MAX_OF(low, end - QUALITY_READ_MAX); }
    if (input == TRIALS || input == STEPS || input == SENT) { return OFFSET_NONE; }
    for (size_t i = 0; i < ARRAY_COUNT(table_inputs); i++) {
        if (table_inputs[i].input != input) { continue; }
        return table_reader_resume(state->tables, run, table_inputs[i].kind, input, partition, low,
                                   end);
    }
    if (input == HISTORIES) { return resume_histories(run, partition, low, end); }
    return user_rows_resume(state->lists.rows, run, input, partition, low, end);
}

/* The tables are current when nothing is left to read and the broker has just said so. */
static void watch(struct run *run, int64_t lag, int64_t answered_ms)
{
    struct serve_state *state = run_state(run);
    bool loaded = run_loaded(run);
    if (loaded && !state->current_ms) { state->current_ms = run_now_ms(run); }
    if (loaded && lag <= 0) { state->current_ms = MAX_OF(state->current_ms, answered_ms); }
    state->answered_ms = MAX_OF(state->answered_ms, answered_ms);
    live_tables_set_clock(state->live, run_wall_ms(run));
    query_model_watch(&state->query_watch, run, state->live, state->queries);
    (void)user_rows_flush(state->lists.rows); /* when it fails, the next put says so */
    (void)user_rows_flush(state->histories.rows);
    (void)table_reader_flush(state->tables);
    quality_beside_take(state->beside, run_wall_ms(run));
    responder_tell(state->responder, loaded, state->current_ms);
    metric_set(state->age, (double)(run_now_ms(run) - state->current_ms) / 1000.0);
    double p99 = metric_quantile(state->request_seconds, 0.99);
    metric_set(state->p99, isnan(p99) ? 0.0 : p99);
}

static enum verdict process(struct task *task, const struct record *rec)
{
    struct serve_state *state = run_state(task_run(task));
    enum verdict verdict =
        request_topic_take(state->requests, task, rec, responder_age_ms(state->responder));
    if (state->served) { served_log_send(state->served, task); }
    return verdict;
}

static int reload(struct run *run)
{
    const struct serve_state *state = run_state(run);
    serve_use_limits(run, state->server);
    return 0;
}

static bool uses_output(struct run *run, int output)
{
    const struct serve_settings *settings = run_settings(run);
    if (output == SERVED) { return settings->explore_logged; }
    return output != ITEM_LISTS || settings->item_lists_every_ms > 0;
}

static int open_partition(struct task *task)
{
    task_set_state(task, item_lists_part_new());
    return 0;
}

static void close_partition(struct task *task)
{
    free(task_state(task));
    task_set_state(task, NULL);
}

/* Drawn places are sent, and lists of items, from complete tables, while the brokers are there. */
static void tick(struct task *task, int64_t wall_ms _unused_)
{
    const struct serve_state *state = run_state(task_run(task));
    bool away = run_now_ms(task_run(task)) - state->answered_ms > BROKERS_AWAY_MS;
    if (task_state(task) && state->served && !away) { served_log_send(state->served, task); }
    if (!task_state(task) || !run_loaded(task_run(task)) || away) { return; }
    item_lists_send(state->item_lists, task, task_state(task));
}

const struct worker serve_worker = {
    .name = "serve",
    .about = "Answers requests for lists, by HTTP and by topic, from lists and tables on disk.",
    .inputs = inputs,
    .inputs_count = ARRAY_COUNT(inputs),
    .outputs = outputs,
    .outputs_count = ARRAY_COUNT(outputs),
    .changelog = NO_CHANGELOG, .leaves = true,
    .options = serve_options,
    .options_count = SERVE_OPTIONS_COUNT,
    .settings_size = sizeof(struct serve_settings),
    .check = serve_check,
    .check_start = serve_check_start,
    .reload = reload,
    .uses_output = uses_output,
    .start = start,
    .stop = stop,
    .open = open_partition,
    .close = close_partition,
    .tick = tick,
    .process = process,
    .broadcast = broadcast,
    .resume = resume,
    .passed = passed,
    .watch = watch,
};
