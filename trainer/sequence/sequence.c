/* The owner of the single partition of `models` trains; the group chooses it among the copies. All
 * copies read all histories, each into a store of its own, so another copy takes over without
 * reading the topic again. Copies on one machine share the checkpoint too. Without a checkpoint,
 * training starts from nothing, while the published model version continues to serve.
 *
 * Two threads: the worker's reads records, fills the training set and publishes; the training
 * thread runs the learner. They share the training set and the latest snapshot, each under a lock.
 * tick() joins the parts: it starts training once all tables are read, hands the latest snapshot to
 * the publisher, sends cold-start items and flushes the histories.
 */
#include "base/base.h"
#include "base/directory.h"
#include "base/xalloc.h"
#include "schemas/content_vectors.h"
#include "schemas/user_history.h"
#include "stream/stored_table.h"
#include "trainer/sequence/group_publishers.h"
#include "trainer/sequence/history_items.h"
#include "trainer/sequence/publisher.h"
#include "trainer/sequence/sequence.h"
#include "trainer/sequence/sequence_settings.h"
#include "trainer/sequence/training_log.h"
#include "trainer/sequence/training_metrics.h"

/* `models` is read in two ways: as a table, and as the partition whose owner trains. The input of a
 * broadcast record is found by its topic, so the table comes first. */
enum { MODELS_TABLE, HISTORIES, ITEMS, CONTENT, USERS, PROFILES_TABLE, MODELS_OWNED };
static const struct input inputs[] = {
    [MODELS_TABLE] = {.name = "models", .kind = INPUT_BROADCAST, .cleanup = CLEANUP_TABLE},
    [HISTORIES] = {.name = "histories", .kind = INPUT_BROADCAST, .cleanup = CLEANUP_TABLE},
    [ITEMS] = {.name = "items",
               .kind = INPUT_BROADCAST,
               .shared = true,
               .cleanup = CLEANUP_TABLE},
    [CONTENT] = {.name = "content-vectors",
                 .kind = INPUT_BROADCAST,
                 .shared = true,
                 .optional = true,
                 .cleanup = CLEANUP_TABLE},
    [USERS] = {.name = "users",
               .kind = INPUT_BROADCAST,
               .shared = true,
               .optional = true,
               .cleanup = CLEANUP_TABLE},
    [PROFILES_TABLE] = {.name = "profiles",
                        .kind = INPUT_BROADCAST,
                        .optional = true,
                        .cleanup = CLEANUP_TABLE},
    [MODELS_OWNED] = {.name = "models", .kind = INPUT_PARTITIONED, .cleanup = CLEANUP_TABLE},
};

enum { VECTORS, MODELS, PROFILES };
static const struct output outputs[] = {
    [VECTORS] = {.name = "item-vectors",
                 .delivery = DELIVERY_AT_ONCE,
                 .cleanup = CLEANUP_TABLE,
                 .contracts = {&item_vector_contract}},
    [MODELS] = {.name = "models",
                .delivery = DELIVERY_AT_ONCE,
                .contracts = {&model_weights_contract}},
    [PROFILES] = {.name = "profiles",
                  .delivery = DELIVERY_AT_ONCE,
                  .optional = true,
                  .cleanup = CLEANUP_TABLE,
                  .contracts = {&group_profile_contract}},
};

enum { ARENA_BYTES = 1 << 16, TURN_MS = 40, IDS_MAX = 100000000, ROW_BYTES_MAX = 64 << 20 };

struct training_state {
    const struct sequence_settings *settings;
    struct codec *history_codec, *item_codec, *content_codec, *weights_codec;
    struct arena *arena;
    struct ids *ids;
    struct training_set *training_set;
    struct content_table *content;
    struct table_store *table_store, *profile_store;
    /* Rows are stored in this program's own schema: no registry is needed to read them. */
    struct schema_cache *own_schemas;
    struct codec *stored_history, *stored_profile, *profile_codec;
    struct buf row;
    struct group_publishers *groups;
    struct training_thread *training_thread;
    struct publisher publisher;
    struct cold_start_items cold_start;
    struct training_log log;
    struct history_items history_items;
    struct search_table *searches;
    uint64_t attributes[ITEM_TAGS_MAX];
    struct training_metrics metrics;
};

/* ---- Start and stop ---- */

static void stop(struct run *run)
{
    struct training_state *state = run_state(run);
    if (!state) { return; }
    training_thread_free(state->training_thread);
    publisher_release(&state->publisher);
    cold_start_items_release(&state->cold_start);
    group_publishers_free(state->groups); /* they hold views of both stores */
    (void)table_store_flush(state->table_store);
    table_store_free(state->table_store);
    (void)table_store_flush(state->profile_store);
    table_store_free(state->profile_store);
    codec_free(state->profile_codec);
    codec_free(state->stored_history);
    codec_free(state->stored_profile);
    schema_cache_free(state->own_schemas);
    buf_release(&state->row);
    training_set_free(state->training_set);
    search_table_free(state->searches);
    content_table_free(state->content);
    codec_free(state->content_codec);
    ids_free(state->ids);
    codec_free(state->history_codec);
    codec_free(state->item_codec);
    codec_free(state->weights_codec);
    arena_free(state->arena);
    free(state);
    run_set_state(run, NULL);
}

/* Makes a table store of this copy; NULL: refused. */
static struct table_store *make_store(struct run *run, const char *name)
{
    int64_t copy = MAX_OF(run_slot(run), (int64_t)0);
    _cleanup_(xfreep) char *path = xprintf("%s/%" PRId64 "/%s", run_state_path(run), copy, name);
    int result = directory_make(path);
    if (result == 0) { return table_store_new(path); }
    run_refuse(run, "cannot make the directory %s: %s; hint: set state.dir", path,
               strerror(-result));
    return NULL;
}

static int make_stores(struct run *run, struct training_state *state)
{
    state->table_store = make_store(run, "histories");
    state->profile_store = state->table_store ? make_store(run, "users") : NULL;
    if (!state->profile_store) { return -EIO; }
    const struct group_publishers_parts parts = {
        .run = run,
        .settings = run_settings(run),
        .histories = state->table_store,
        .profiles = state->profile_store,
        .schemas = state->own_schemas,
        .output = PROFILES,
        .table_input = PROFILES_TABLE,
    };
    state->groups = group_publishers_new(&parts);
    return 0;
}

static bool uses_output(struct run *run, int output)
{
    const struct sequence_settings *settings = run_settings(run);
    return output != PROFILES || settings->segments_every_ms || settings->clusters_every_ms;
}

static int64_t now_ms(void *arg)
{
    return run_now_ms(arg);
}

static char *check(const void *settings, struct buf *notes _unused_)
{
    const char *fault = sequence_settings_fault(settings);
    return fault ? xstrdup(fault) : NULL;
}

/* Opens the encoder of what users search for, where there is one. */
static int open_searches(struct run *run, struct training_state *state)
{
    const struct sequence_settings *settings = state->settings;
    struct query_vectors *encoder;
    char why[512];
    if (!sequence_reads_searches(settings)) { return 0; }
    int result = query_vectors_open(settings->query_model_path, (size_t)settings->query_pieces_max,
                                    QUERIES_WAITING_MAX, &encoder, why, sizeof(why));
    if (result < 0) {
        run_refuse(run, "%s; hint: query.model.path, deploy/encoder", why);
        return -EINVAL;
    }
    state->searches = search_table_new(encoder, (size_t)settings->searches_max);
    return 0;
}

static int start(struct run *run)
{
    const struct sequence_settings *settings = run_settings(run);
    int32_t partitions = run_output_partitions(run, MODELS);
    if (partitions != 1) {
        const char *topic = run_output_topic(run, MODELS);
        run_refuse(run,
                   "topic %s has %d partitions, but the copy that has its only one trains; hint: "
                   "stop the sequence trainer and the scorers, delete it (kafka-topics.sh --delete "
                   "--topic %s) and run deploy/topics apply; the model is published again",
                   topic, partitions, topic);
        return -EINVAL;
    }
    struct training_state *state = xcalloc(1, sizeof(*state));
    struct training_thread_settings thread_settings = sequence_training_settings(settings);
    run_set_state(run, state);
    state->settings = settings;
    state->content = settings->vectors[0] ? content_table_new() : NULL;
    if (open_searches(run, state) < 0) { return -EINVAL; }
    thread_settings.content_table = state->content;
    thread_settings.search_table = state->searches;
    thread_settings.now_ms = now_ms;
    thread_settings.clock_arg = run;
    state->history_codec = codec_new(&user_history_contract, run_schemas(run));
    state->item_codec = codec_new(&item_contract, run_schemas(run));
    state->content_codec = codec_new(&content_vectors_contract, run_schemas(run));
    state->own_schemas = schema_cache_new();
    state->profile_codec = codec_new(&user_profile_contract, run_schemas(run));
    state->stored_history = codec_new(&user_history_contract, state->own_schemas);
    state->stored_profile = codec_new(&user_profile_contract, state->own_schemas);
    buf_init(&state->row, ROW_BYTES_MAX);
    state->weights_codec = codec_new(&model_weights_contract, run_schemas(run));
    state->arena = arena_new(ARENA_BYTES);
    state->ids = ids_new(IDS_MAX);
    state->training_set = training_set_new(learner_length(&thread_settings.learner),
                                           sequence_training_set_bytes(settings));
    state->history_items = (struct history_items){
        .ids = state->ids,
        .training_set = state->training_set,
        .searches = state->searches,
        .weights_power = settings->weights_power,
    };
    state->publisher = (struct publisher){
        .vectors_output = VECTORS,
        .models_output = MODELS,
        .rows_a_step = (size_t)settings->rows_max,
        .ids = state->ids,
    };
    publisher_init(&state->publisher, run);
    _cleanup_(xfreep) char *checkpoint = xprintf("%s/checkpoint", run_state_path(run));
    state->training_thread = training_thread_new(&thread_settings, state->training_set, checkpoint);
    training_metrics_start(&state->metrics, run_metrics(run));
    return make_stores(run, state);
}

/* ---- Histories ---- */

/* Decodes a history and puts it into the training set; -EBADMSG with *ret_error. Borrowed until the
 * next one. */
static int decode_history(struct training_state *state, struct codec *codec, struct slice user,
                          struct slice value, struct user_history *ret_history,
                          struct codec_error *ret_error)
{
    arena_reset(state->arena);
    int result = codec_decode(codec, value, state->arena, ret_history, ret_error);
    if (result < 0) { return result; }
    const char *fault = history_fault(ret_history);
    if (fault) {
        *ret_error = (struct codec_error){.reason = fault};
        return -EBADMSG;
    }
    history_items_put(&state->history_items, user, ret_history);
    return 0;
}

/* Stores an object as the row of its record's key; NULL: a tombstone. */
static enum verdict store(struct run *run, struct table_store *table, const struct record *rec,
                          struct codec *codec, const void *object)
{
    struct training_state *state = run_state(run);
    buf_clear(&state->row);
    if (object && codec_encode(codec, object, &state->row) < 0) {
        bool profile = table == state->profile_store;
        return run_refuse_record(run, "over_limit", "%s",
                                 profile ? user_profile_contract.name : user_history_contract.name);
    }
    struct slice row = object ? buf_slice(&state->row) : (struct slice){0};
    if (table_store_put(table, rec->partition, rec->key, row, rec->offset) < 0) {
        (void)run_refuse_record(run, "state", "%s", table_store_why(table));
        return VERDICT_FATAL;
    }
    table_store_stamp(table, rec->partition, rec->time_ms);
    return VERDICT_DONE;
}

static enum verdict take_history(struct run *run, struct training_state *state,
                                 const struct record *rec)
{
    struct user_history history;
    struct codec_error error;
    if (!rec->key.data || rec->key.size > ID_BYTES_MAX) {
        return run_refuse_record(run, "bad_key", "want a user id of at most %d bytes",
                                 ID_BYTES_MAX);
    }
    if (!rec->value.data) {
        training_set_remove(state->training_set, ids_fingerprint(rec->key));
        group_publishers_hasten(state->groups);
    } else if (decode_history(state, state->history_codec, rec->key, rec->value, &history,
                              &error) < 0) {
        return run_refuse_undecoded(run, &error);
    }
    return store(run, state->table_store, rec, state->stored_history,
                 rec->value.data ? &history : NULL);
}

static int reload_history(void *arg, struct slice key, struct slice value)
{
    struct training_state *state = arg;
    struct user_history history;
    struct codec_error error;
    return decode_history(state, state->stored_history, key, value, &history, &error);
}

/* Profiles are read for segments alone. */
static int64_t resume_profiles(struct run *run, int32_t partition, int64_t low, int64_t end)
{
    struct training_state *state = run_state(run);
    if (!state->settings->segments_every_ms) { return end; }
    return stored_table_resume(run, state->profile_store, USERS, partition, low, end, NULL, NULL);
}

static int64_t resume(struct run *run, int input, int32_t partition, int64_t low, int64_t end)
{
    struct training_state *state = run_state(run);
    if (input == HISTORIES || input == USERS) { group_publishers_drop(state->groups); }
    if (input == USERS) { return resume_profiles(run, partition, low, end); }
    if (input != HISTORIES) { return OFFSET_NONE; }
    return stored_table_resume(run, state->table_store, input, partition, low, end, reload_history,
                               state);
}

static void passed(struct run *run, int input, const struct record *rec)
{
    const struct training_state *state = run_state(run);
    if (input == USERS && state->settings->segments_every_ms) {
        table_store_pass(state->profile_store, rec->partition, rec->offset, rec->time_ms);
    }
    if (input != HISTORIES) { return; }
    table_store_pass(state->table_store, rec->partition, rec->offset, rec->time_ms);
}

/* ---- Profiles ---- */

static enum verdict take_profile(struct run *run, struct training_state *state,
                                 const struct record *rec)
{
    struct user_profile profile;
    struct codec_error error;
    if (!state->settings->segments_every_ms) { return VERDICT_DONE; }
    if (!rec->key.data || rec->key.size > ID_BYTES_MAX) {
        return run_refuse_record(run, "bad_key", "want a user id of at most %d bytes",
                                 ID_BYTES_MAX);
    }
    if (!rec->value.data) { return store(run, state->profile_store, rec, NULL, NULL); }
    arena_reset(state->arena);
    if (codec_decode(state->profile_codec, rec->value, state->arena, &profile, &error) < 0) {
        return run_refuse_undecoded(run, &error);
    }
    if (!slice_equal(profile.user_id, rec->key)) {
        return run_refuse_record(run, "key_mismatch", "%s", user_profile_contract.name);
    }
    return store(run, state->profile_store, rec, state->stored_profile, &profile);
}

/* ---- Items and models ---- */

/* Says whether a new item's row had better wait until its vector comes, which takes embed some
 * milliseconds: an item has one row a model version. */
static bool waits_for_vector(const struct training_state *state, const struct item *item)
{
    const struct model_snapshot *snapshot = state->cold_start.snapshot;
    bool text = strcmp(state->settings->vectors, CONTENT_VECTOR_TEXT) == 0;
    return text && snapshot && snapshot->content.id && (item->title.size || item->text.size);
}

static enum verdict take_item(struct run *run, struct training_state *state,
                              const struct record *rec)
{
    struct item item = {0};
    struct codec_error error;
    arena_reset(state->arena);
    if (rec->value.data &&
        codec_decode(state->item_codec, rec->value, state->arena, &item, &error) < 0) {
        return run_refuse_undecoded(run, &error);
    }
    const struct slice id = rec->value.data ? item.item_id : rec->key;
    int32_t number = history_items_number(&state->history_items, id);
    if (number == ID_NONE) { return VERDICT_DONE; }
    training_set_list(state->training_set, number, rec->value.data != NULL);
    if (!state->settings->attributes) { return VERDICT_DONE; }
    for (size_t k = 0; k < item.tags.count; k++) {
        state->attributes[k] = ids_fingerprint(item.tags.at[k]);
    }
    training_set_describe(state->training_set, number, state->attributes, item.tags.count);
    if (!waits_for_vector(state, &item)) { cold_start_items_add(&state->cold_start, number); }
    return VERDICT_DONE;
}

/* Takes the vector that models learn from; further ones of the item are others' business. */
static enum verdict take_content(struct run *run, struct training_state *state,
                                 const struct record *rec)
{
    struct content_vectors row;
    struct content_vector vector;
    struct codec_error error;
    if (!state->content) { return VERDICT_DONE; }
    if (!rec->value.data) {
        content_table_remove(state->content, ids_find(state->ids, rec->key));
        return VERDICT_DONE;
    }
    arena_reset(state->arena);
    if (codec_decode(state->content_codec, rec->value, state->arena, &row, &error) < 0) {
        return run_refuse_undecoded(run, &error);
    }
    if (!content_vectors_agree(&row)) {
        return run_refuse_record(run, "columns_differ", "vectors of item %.*s",
                                 SLICE_ARGS(row.item_id));
    }
    int32_t number = history_items_number(&state->history_items, row.item_id);
    if (number == ID_NONE) { return VERDICT_DONE; }
    if (!content_vectors_find(&row, slice_str(state->settings->vectors), &vector)) {
        content_table_remove(state->content, number);
        cold_start_items_add(&state->cold_start, number);
        return VERDICT_DONE;
    }
    bool text = slice_equal(vector.name, slice_str(CONTENT_VECTOR_TEXT));
    struct slice model = text ? row.model : vector.name;
    if (!content_table_put(state->content, number, model, &vector)) { return VERDICT_DONE; }
    training_set_want(state->training_set, number);
    cold_start_items_add(&state->cold_start, number);
    return VERDICT_DONE;
}

static enum verdict take_weights(struct run *run, struct training_state *state,
                                 const struct record *rec)
{
    struct model_weights weights;
    struct codec_error error;
    if (!rec->value.data) { return VERDICT_DONE; }
    arena_reset(state->arena);
    if (codec_decode(state->weights_codec, rec->value, state->arena, &weights, &error) < 0) {
        return run_refuse_undecoded(run, &error);
    }
    publisher_observe(&state->publisher, &weights);
    return VERDICT_DONE;
}

static enum verdict broadcast(struct run *run, int input, const struct record *rec)
{
    struct training_state *state = run_state(run);
    bool removes_item = (input == ITEMS || input == CONTENT) && !rec->value.data;
    if (removes_item && (!rec->key.data || rec->key.size > ID_BYTES_MAX)) {
        return run_refuse_record(run, "bad_key", "want an item id of at most %d bytes",
                                 ID_BYTES_MAX);
    }
    switch (input) {
    case HISTORIES:
        return take_history(run, state, rec);
    case ITEMS:
        return take_item(run, state, rec);
    case CONTENT:
        return take_content(run, state, rec);
    case USERS:
        return take_profile(run, state, rec);
    case PROFILES_TABLE:
        return group_publishers_see(state->groups, rec);
    default:
        return take_weights(run, state, rec);
    }
}

/* ---- The task: its owner trains ---- */

/* Warns when train.length is larger than any history. features sets the length of histories
 * (history.length there): if some were cut, it is the length of the longest. */
static void warn_about_length(struct run *run, const struct training_state *state)
{
    int64_t wanted = state->settings->length;
    const struct history_items *seen = &state->history_items;
    if (!seen->cut || wanted <= (int64_t)seen->longest) { return; }
    run_log(run, LOG_WARN, "train.length is longer than any history",
            "train_length=%" PRId64 " history_length=%zu hint=\"raise history.length of features, "
            "or lower train.length\"",
            wanted, seen->longest);
}

static enum verdict process(struct task *task _unused_, const struct record *rec _unused_)
{
    return VERDICT_DONE;
}

static void close_task(struct task *task)
{
    struct training_state *state = run_state(task_run(task));
    training_thread_end(state->training_thread);
    publisher_drop(&state->publisher);
    group_publishers_drop(state->groups);
    model_snapshot_free(training_thread_take(state->training_thread));
    metric_set(state->metrics.training, 0.0);
}

static void roll_back(struct task *task)
{
    struct training_state *state = run_state(task_run(task));
    publisher_restart(&state->publisher);
    group_publishers_drop(state->groups);
}

static void tell_progress(struct run *run, struct training_state *state)
{
    const struct training_thread_report report = training_thread_report(state->training_thread);
    const char *msg = training_log_next(&state->log, &report.learner, state->publisher.published,
                                        run_now_ms(run), &state->row);
    if (msg) { run_log(run, LOG_INFO, msg, "%.*s", SLICE_ARGS(buf_slice(&state->row))); }
    training_metrics_tell(&state->metrics, &report, state->training_set,
                          state->searches ? search_table_count(state->searches) : 0);
    metric_set(state->metrics.training, training_thread_runs(state->training_thread));
    metric_set(state->metrics.idle, report.idle && publisher_idle(&state->publisher));
    metric_set(state->metrics.model_versions, (double)state->publisher.published);
    metric_set(state->metrics.rows, (double)state->publisher.rows_published);
}

static void publish_cold_start_items(struct training_state *state, struct task *task)
{
    struct cold_start_items *cold_start = &state->cold_start;
    struct cold_start_row row;
    int64_t sent = 0;
    struct model_snapshot *published = publisher_take_published(&state->publisher);
    if (published) { cold_start_items_set_model(cold_start, published); }
    if (!publisher_idle(&state->publisher) || !cold_start->snapshot) { return; }
    if (!publisher_is_newest(&state->publisher, cold_start->snapshot)) { return; }
    for (; sent < state->settings->rows_max; sent++) {
        if (!cold_start_items_next(cold_start, state->training_set, state->content, &row)) {
            break;
        }
        publisher_send_cold_start(&state->publisher, task, &row);
    }
    if (!sent || task_commit(task)) {
        cold_start_items_acknowledge(cold_start);
    } else {
        cold_start_items_roll_back(cold_start);
    }
}

static void tick(struct task *task, int64_t wall_ms _unused_)
{
    struct run *run = task_run(task);
    struct training_state *state = run_state(run);
    if (state->searches) { search_table_work(state->searches); }
    if (!training_thread_runs(state->training_thread)) {
        /* The slot of the newest model version must be known before the next one is written. */
        if (!run_loaded(run) || !run_input_current(run, MODELS_TABLE)) { return; }
        if (state->searches && !search_table_caught_up(state->searches)) { return; }
        warn_about_length(run, state);
        training_thread_begin(state->training_thread);
    }
    training_thread_set_pace(state->training_thread, sequence_pace(state->settings));
    state->publisher.rows_a_step = (size_t)state->settings->rows_max;
    training_thread_work(state->training_thread, TURN_MS);
    if (publisher_idle(&state->publisher)) {
        struct model_snapshot *snapshot = training_thread_take(state->training_thread);
        if (snapshot) { publisher_begin(&state->publisher, snapshot); }
    }
    publisher_step(&state->publisher, task);
    publish_cold_start_items(state, task);
    group_publishers_step(state->groups, task);
    (void)table_store_flush(state->table_store);
    (void)table_store_flush(state->profile_store);
    tell_progress(run, state);
}

static bool at_rest(struct task *task)
{
    const struct training_state *state = run_state(task_run(task));
    return metric_value(state->metrics.training) > 0 && metric_value(state->metrics.idle) > 0 &&
           group_publishers_idle(state->groups);
}

const struct worker sequence_worker = {
    .name = "sequence",
    .about = "Trains a Transformer on the histories, without end, and publishes it in versions.",
    .inputs = inputs,
    .inputs_count = ARRAY_COUNT(inputs),
    .outputs = outputs,
    .outputs_count = ARRAY_COUNT(outputs),
    .changelog = NO_CHANGELOG,
    .options = sequence_options,
    .options_count = SEQUENCE_OPTIONS_COUNT,
    .settings_size = sizeof(struct sequence_settings),
    .check = check,
    .uses_output = uses_output,
    .start = start,
    .stop = stop,
    .close = close_task,
    .process = process,
    .at_rest = at_rest,
    .roll_back = roll_back,
    .broadcast = broadcast,
    .resume = resume,
    .passed = passed,
    .tick = tick,
};
