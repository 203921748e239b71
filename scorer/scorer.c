/* Two kinds of input. Broadcast records (rows, items, vectors, models, generations) update tables
 * that all partitions share (broadcast_tables.c). Histories are partitioned: process() collects
 * them, and end_poll() makes one list for each user in the poll:
 *
 *   old list, read from the state   -> evaluated on the user's next action
 *   its prediction, if still there  -> trains the partition's mixture
 *   history and tables              -> the new list, stored and, if the generation is live, sent
 *
 * Between polls, lists that stand are made again where the tables have changed (remake.c).
 *
 * flush() sends the range's quality figures and the mixture. Everything sent can be replaced by a
 * newer message, so it is sent at once, without a transaction. One thread, except for building a
 * vector index (vector_index.c).
 */
#include "base/base.h"
#include "base/clock.h"
#include "base/xalloc.h"
#include "schemas/content_vectors.h"
#include "scorer/scorer.h"
#include "scorer/lists/candidates.h"
#include "scorer/lists/content_rows.h"
#include "scorer/lists/leader.h"
#include "scorer/scorer_internal.h"
#include "stream/worker.h"

static const struct input inputs[] = {
    [HISTORIES] = {.name = "histories", .kind = INPUT_PARTITIONED, .cleanup = CLEANUP_TABLE},
    [SERVING_ROWS] = {.name = "serving-rows", .kind = INPUT_BROADCAST, .cleanup = CLEANUP_TABLE},
    [ITEMS] = {.name = "items",
               .kind = INPUT_BROADCAST,
               .shared = true,
               .cleanup = CLEANUP_TABLE_REMOVALS},
    [STEPS] = {.name = "generations",
               .kind = INPUT_BROADCAST,
               .shared = true,
               .cleanup = CLEANUP_TABLE},
    [VECTORS] = {.name = "item-vectors", .kind = INPUT_BROADCAST, .cleanup = CLEANUP_TABLE},
    [MODELS] = {.name = "models", .kind = INPUT_BROADCAST, .cleanup = CLEANUP_TABLE},
    [RULES] = {.name = "rules",
               .kind = INPUT_BROADCAST,
               .shared = true,
               .optional = true,
               .cleanup = CLEANUP_TABLE},
    [CONTENT] = {.name = "content-vectors",
                 .kind = INPUT_BROADCAST,
                 .shared = true,
                 .optional = true,
                 .cleanup = CLEANUP_TABLE},
    [CANDIDATES] = {.name = "candidates",
                    .kind = INPUT_BROADCAST,
                    .shared = true,
                    .optional = true,
                    .cleanup = CLEANUP_TABLE},
    [PROFILES] = {.name = "users",
                  .kind = INPUT_BROADCAST,
                  .shared = true,
                  .optional = true,
                  .cleanup = CLEANUP_TABLE},
    [GROUPS] = {.name = "profiles",
                .kind = INPUT_BROADCAST,
                .optional = true,
                .cleanup = CLEANUP_TABLE},
    [TRIALS] = {.name = "trials",
                .kind = INPUT_BROADCAST,
                .shared = true,
                .cleanup = CLEANUP_TABLE},
};

static const struct output outputs[] = {
    [RECOMMENDATIONS] = {.name = "recommendations",
                         .delivery = DELIVERY_AT_ONCE,
                         .shared = true,
                         .cleanup = CLEANUP_TABLE_AGAIN, /* it expired in earlier releases */
                         .contracts = {&recommendation_list_contract}},
    [QUALITY] = {.name = "quality",
                 .delivery = DELIVERY_AT_ONCE,
                 .contracts = {&list_quality_contract}},
    [LISTS] = {.name = "lists",
               .delivery = DELIVERY_AT_ONCE,
               .cleanup = CLEANUP_TABLE_LATER,
               .contracts = {&recommendation_list_contract}},
    [STEPS_TAKEN] = {.name = "generations",
                     .delivery = DELIVERY_AT_ONCE,
                     .shared = true,
                     .contracts = {&generation_step_contract}},
    [BLENDS] = {.name = "models",
                .delivery = DELIVERY_AT_ONCE,
                .contracts = {&model_weights_contract}},
    [JSON_LISTS] = {.name = "recommendations-json", .delivery = DELIVERY_AT_ONCE, .shared = true,
                    .cleanup = CLEANUP_TABLE},
    [TRIALS_TOLD] = {.name = "trials",
                     .delivery = DELIVERY_AT_ONCE,
                     .shared = true,
                     .contracts = {&trial_record_contract}},
    [SERVED] = {.name = "served",
                .delivery = DELIVERY_AT_ONCE,
                .shared = true,
                .contracts = {&served_place_contract}},
};

/* Weights that a task has sent are read from `models` again within this time. */
enum { ARENA_BYTES = 1 << 16, WEIGHTS_ARRIVE_MS = 10000, LISTS_IN_A_ROW = 32 };
_Static_assert((uint64_t)LIST_ITEMS_MAX * (ID_BYTES_MAX * 2 + 32) +
                       (uint64_t)LIST_PLACES_MAX * 2 * (ID_BYTES_MAX + RULE_NAME_BYTES_MAX + 32) <
                   LIST_BYTES_MAX - LIST_GROWTH_MAX,
               "the longest list fits its message, and can be written again");

static void stop(struct run *run)
{
    struct scorer *scorer = run_state(run);
    if (!scorer) { return; }
    lists_free(scorer->lists);
    scorer_searches_close(scorer);
    brought_changes_free(scorer->brought_changes);
    brought_items_free(scorer->brought);
    user_profiles_free(scorer->profiles);
    cluster_table_free(scorer->clusters);
    changed_users_free(scorer->changed_users);
    steering_release(&scorer->steering);
    served_places_free(scorer->served);
    vectors_free(scorer->vectors);
    content_scores_free(scorer->content_scores);
    item_features_free(scorer->item_features);
    mixture_trainer_release(&scorer->trainer);
    search_trials_release(&scorer->search_trials);
    cutover_release(&scorer->cutover);
    trial_release(&scorer->trial);
    row_completeness_release(&scorer->completeness);
    table_offsets_release(&scorer->row_offsets);
    table_offsets_release(&scorer->item_offsets);
    table_offsets_release(&scorer->vector_offsets);
    table_offsets_release(&scorer->model_offsets);
    table_offsets_release(&scorer->content_offsets);
    table_offsets_release(&scorer->candidate_offsets);
    table_offsets_release(&scorer->profile_offsets);
    table_offsets_release(&scorer->group_offsets);
    tables_release(&scorer->tables);
    codec_free(scorer->history_codec);
    codec_free(scorer->row_codec);
    codec_free(scorer->item_codec);
    codec_free(scorer->list_codec);
    codec_free(scorer->quality_codec);
    codec_free(scorer->vector_codec);
    codec_free(scorer->weights_codec);
    codec_free(scorer->content_codec);
    codec_free(scorer->profile_codec);
    codec_free(scorer->group_codec);
    arena_free(scorer->arena);
    buf_release(&scorer->message);
    free(scorer);
    run_set_state(run, NULL);
}

static bool uses_output(struct run *run, int output)
{
    const struct scorer_settings *settings = run_settings(run);
    if (output == SERVED) { return settings->explore_logged; }
    return output != JSON_LISTS || settings->lists_json;
}

static char *check(const void *settings, struct buf *notes _unused_)
{
    return scorer_searches_fault(&((const struct scorer_settings *)settings)->lists);
}

/* What is known of users beside their histories. */
static void make_user_tables(struct run *run, struct scorer *scorer)
{
    const struct scorer_settings *settings = run_settings(run);
    if (settings->lists.profiles_used) {
        scorer->profiles = user_profiles_new((size_t)settings->lists.profiles_memory_max);
        lists_set_profiles(scorer->lists, scorer->profiles);
    }
    if (settings->lists.clusters_used) {
        scorer->clusters = cluster_table_new((size_t)settings->lists.clusters_table_memory_max,
                                             settings->lists.users_used);
        lists_set_clusters(scorer->lists, scorer->clusters);
    }
    if (settings->lists.brought_used) {
        scorer->brought = brought_items_new((size_t)settings->lists.brought_memory_max);
        scorer->brought_changes = brought_changes_new(run, scorer->brought,
                                                      scorer->changed_users);
        lists_set_brought(scorer->lists, scorer->brought, settings->lists.brought_weight);
    }
}

static int start(struct run *run)
{
    const struct scorer_settings *settings = run_settings(run);
    int result = run_check_partitions(run, LISTS, RECOMMENDATIONS);
    if (result < 0) { return result; }
    struct scorer *scorer = xcalloc(1, sizeof(*scorer));
    struct schema_cache *schemas = run_schemas(run);
    run_set_state(run, scorer);
    tables_init(&scorer->tables, &settings->lists);
    if (settings->lists.vectors_used) {
        scorer->vectors = vectors_new((size_t)admission_numbers(settings->lists.items_max));
        vectors_index_from(scorer->vectors, (size_t)settings->lists.vectors_index_from);
    }
    if (settings->lists.content_used) {
        scorer->content_scores =
            content_scores_new(admission_numbers(settings->lists.items_max),
                               (size_t)settings->lists.recent_items, scorer->tables.ids);
        content_rows_map(scorer->content_scores, run_state_path(run));
        scorer->item_features = item_features_new();
    }
    scorer->lists = lists_new(&settings->lists, &scorer->tables, scorer->vectors,
                              scorer->content_scores, run_generation(run));
    scorer->changed_users = changed_users_new();
    make_user_tables(run, scorer);
    mixture_trainer_init(&scorer->trainer, run, (size_t)settings->blend_memory_max, BLENDS);
    scorer->cutover = (struct cutover){.steps_input = STEPS,
                                       .steps_output = STEPS_TAKEN,
                                       .lists_output = LISTS,
                                       .recommendations_output = RECOMMENDATIONS,
                                       .withholds = trial_withholds};
    cutover_init(&scorer->cutover, run);
    scorer->trial.output = TRIALS_TOLD;
    trial_init(&scorer->trial, run, run_output_partitions(run, RECOMMENDATIONS));
    scorer->history_codec = codec_new(&user_history_contract, schemas);
    scorer->row_codec = codec_new(&serving_row_contract, schemas);
    scorer->item_codec = codec_new(&item_contract, schemas);
    scorer->list_codec = codec_new(&recommendation_list_contract, schemas);
    scorer->quality_codec = codec_new(&list_quality_contract, schemas);
    scorer->vector_codec = codec_new(&item_vector_contract, schemas);
    scorer->weights_codec = codec_new(&model_weights_contract, schemas);
    scorer->content_codec = codec_new(&content_vectors_contract, schemas);
    scorer->profile_codec = codec_new(&user_profile_contract, schemas);
    scorer->group_codec = codec_new(&group_profile_contract, schemas);
    steering_init(&scorer->steering, run, (size_t)settings->lists.list_length);
    if (settings->explore_logged) { scorer->served = served_places_new(run, SERVED); }
    scorer->arena = arena_new(ARENA_BYTES);
    buf_init(&scorer->message, LIST_BYTES_MAX);
    scorer_metrics_start(scorer, run_metrics(run));
    result = scorer_searches_open(run, scorer);
    if (result < 0) { return result; }
    if (!settings->lists_json) { return 0; }
    scorer->cutover.json = json_lists_new(run, JSON_LISTS);
    return run_check_partitions(run, JSON_LISTS, RECOMMENDATIONS);
}

/* Items with dates, and what is brought until a date. */
static void set_clocks(struct scorer *scorer, int64_t now_ms)
{
    tables_set_clock(&scorer->tables, now_ms);
    if (scorer->brought) { brought_items_set_clock(scorer->brought, now_ms); }
}

/* ---- Histories: the lists ---- */

static void keep_mixtures(struct mixture *mixtures, const struct partition_state *state)
{
    mixtures[0] = state->mixture;
    mixtures[1] = state->published;
}

/* Takes back what was learned since the commit: the actions come again. */
static void undo_mixtures(struct scorer *scorer, struct partition_state *state)
{
    bool other = strcmp(state->published.version, state->committed_mixtures[1].version) != 0;
    /* `models` may have the later ones. */
    state->mixture = state->committed_mixtures[0];
    state->published = state->committed_mixtures[1];
    state->mixture_changed = other;
    keep_mixtures(state->flushed_mixtures, state);
    if (other) { state->mixture_published = tables_change(&scorer->tables); }
}

static int open_partition(struct task *task)
{
    struct partition_state *state = xcalloc(1, sizeof(*state));
    struct scorer *scorer = run_state(task_run(task));
    pending_histories_init(&state->pending);
    quality_counters_init(&state->counters);
    published_mixtures_get(&scorer->trainer.known, task_partition(task), &state->mixture);
    state->published = state->mixture;
    keep_mixtures(state->flushed_mixtures, state);
    keep_mixtures(state->committed_mixtures, state);
    state->live = cutover_is_live(&scorer->cutover, task);
    output_watch_begin(&state->watch, task, RECOMMENDATIONS);
    task_set_state(task, state);
    state->changed_seen = changed_users_now(scorer->changed_users);
    remake_open(task);
    trial_open(task);
    return 0;
}

static void close_partition(struct task *task)
{
    struct partition_state *state = task_state(task);
    pending_histories_release(&state->pending);
    quality_counters_release(&state->counters);
    gone_users_release(&state->gone);
    remake_close(task);
    trial_close(task);
    free(state);
    task_set_state(task, NULL);
}

static enum verdict process(struct task *task, const struct record *rec)
{
    struct scorer *scorer = run_state(task_run(task));
    struct partition_state *state = task_state(task);
    quality_range_begin(task);
    trial_poll(task, rec->offset);
    if (!rec->key.data || rec->key.size > ID_BYTES_MAX) {
        return task_refuse(task, "bad_key", "want a user id of at most %d bytes", ID_BYTES_MAX);
    }
    if (!rec->value.data) {
        pending_histories_put(&state->pending, rec->key, NULL, rec->value);
        return VERDICT_DONE;
    }
    struct user_history hist;
    struct codec_error error;
    if (codec_decode(scorer->history_codec, rec->value, task_arena(task), &hist, &error) < 0) {
        return task_refuse_undecoded(task, &error);
    }
    const char *reason = history_fault(&hist);
    if (reason) { return task_refuse(task, reason, "history of user %.*s", SLICE_ARGS(rec->key)); }
    if (!slice_equal(hist.user_id, rec->key)) {
        return task_refuse(task, "key_mismatch", "record of user %.*s under the key %.*s",
                           SLICE_ARGS(hist.user_id), SLICE_ARGS(rec->key));
    }
    if (!pending_histories_put(&state->pending, rec->key, &hist, rec->value)) {
        metric_add(scorer->stale, 1);
    }
    return VERDICT_DONE;
}

/* again: from the history that the list before it was made of, so in hindsight. */
static void publish(struct task *task, const struct user_history *hist, bool counts, bool again)
{
    struct scorer *scorer = run_state(task_run(task));
    struct partition_state *state = task_state(task);
    struct recommendation_list list;
    scorer_make_list(task, hist, again ? CAUSE_ROWS : CAUSE_ACTION, &list);
    const struct prediction *prediction = lists_prediction(scorer->lists);
    /* Without a range (lists.evaluated=false) nothing is evaluated or trained: in a replay, the
     * counts already contain the next action. So they may in a list that is made in hindsight. */
    bool learns = prediction && state->range_begun && !again;
    if (learns) { mixture_trainer_keep(&scorer->trainer, prediction); }
    if (state->range_begun && !again) {
        search_trials_keep(&scorer->search_trials, hist, lists_searched_tops(scorer->lists));
    }
    if (counts) {
        quality_counters_list(&state->counters, scorer->tables.items, lists_numbers(scorer->lists),
                              list.items.count);
    }
    metric_add(scorer->blended, !slice_equal(list.made_by, slice_str(leader_name(0))));
    scorer_put_list(task, hist->user_id, scorer_encode_list(scorer, &list));
    served_places_send(scorer->served, task, scorer->lists, &list);
    scorer_record_list(task, &list, 0);
    metric_add(scorer->published, 1);
    if (hist->received_ms <= 0 || again) { return; }
    int64_t age_ms = clock_wall_ms() - hist->received_ms;
    metric_observe(scorer->freshness, (double)MAX_OF(age_ms, (int64_t)0) / 1000.0);
}

/* Finds the list to evaluate: the one of the user's last action. False: it was replaced, and is not
 * known any more. */
static bool find_first(struct task *task, struct slice user_id, struct recommendation_list *list)
{
    int64_t offset = list->input_offset;
    if (list->cause == CAUSE_ACTION) { return true; }
    return scorer_read_first_list(task, user_id, list) && list->input_offset == offset;
}

/* Evaluates the list that the user had, trains the mixture on it, and makes a new one. A list that
 * was made from this very history says nothing; it is made again, from the rows of today. */
static void update_list(struct task *task, const struct user_history *hist, struct slice value)
{
    struct scorer *scorer = run_state(task_run(task));
    struct partition_state *state = task_state(task);
    struct recommendation_list old;
    bool had = scorer_read_list(task, hist->user_id, task_arena(task), &old);
    if (had && history_older(hist, old.input_partition, old.input_offset)) {
        metric_add(scorer->stale, 1);
        state->range_again = true;
        return;
    }
    bool again = had && hist->input_partition == old.input_partition &&
                 hist->input_offset == old.input_offset;
    bool counts = state->range_begun && !again;
    bool acted = had && old.cause == CAUSE_ACTION;
    if (again) { scorer_keep_first(task, hist->user_id, &old); }
    bool known = !had || find_first(task, hist->user_id, &old);
    state->range_again |= again;
    state->range_new |= counts;
    if (counts && known) { quality_range_count(task, had ? &old : NULL, hist); }
    if (had && counts && known) { scorer_learn(task, &old, hist); }
    scorer_keep_history(task, hist->user_id, value, acted || again);
    publish(task, hist, counts, again);
    state->range.lists += counts;
}

/* Encodes the histories of the next entries together. */
static void encode_ahead(struct scorer *scorer, const struct pending_histories *pending,
                         size_t from)
{
    const struct user_history *histories[CANDIDATES_AHEAD];
    size_t count = 0;
    size_t end = MIN_OF(pending->count, from + CANDIDATES_AHEAD);
    for (size_t i = from; i < end; i++) {
        if (!pending->entries[i].tombstone) { histories[count++] = &pending->entries[i].history; }
    }
    lists_encode_ahead(scorer->lists, histories, count);
}

static void end_poll(struct task *task)
{
    struct scorer *scorer = run_state(task_run(task));
    struct partition_state *state = task_state(task);
    set_clocks(scorer, run_wall_ms(task_run(task)));
    if (state->pending.count) { scorer->acted_ms = run_now_ms(task_run(task)); }
    int64_t begun_us = run_work_us(task_run(task));
    for (size_t i = 0; i < state->pending.count; i++) {
        if (i % LISTS_IN_A_ROW == 0) { barred_items_in_poll(task); }
        if (i % CANDIDATES_AHEAD == 0) { encode_ahead(scorer, &state->pending, i); }
        const struct pending_history *entry = &state->pending.entries[i];
        if (entry->tombstone) {
            scorer_put_list(task, entry->user_id, slice_of(NULL, 0));
            scorer_keep_history(task, entry->user_id, slice_of(NULL, 0), /* first= */ false);
            gone_users_put(&state->gone, entry->user_id, run_now_ms(task_run(task)));
        } else {
            update_list(task, &entry->history, entry->value);
        }
    }
    barred_items_polled(task, run_work_us(task_run(task)) - begun_us);
    pending_histories_clear(&state->pending);
}

static void flush(struct task *task)
{
    struct scorer *scorer = run_state(task_run(task));
    struct partition_state *state = task_state(task);
    if (scorer->vectors) { scorer_update_vector_metrics(scorer); } /* an index has its own thread */
    if (state->mixture_changed) {
        mixture_trainer_publish(&scorer->trainer, task, &state->mixture, &state->published);
        state->weights_sent = true;
        state->mixture_published = tables_change(&scorer->tables);
        mixture_trainer_tell(task, &state->mixture);
        state->mixture_changed = false;
    }
    keep_mixtures(state->flushed_mixtures, state);
    state->flushed = tables_change(&scorer->tables); /* later lists are made after that */
    trial_flush(task);
    if (!state->range_begun) { return; }
    state->range_begun = false;
    if (state->range_again && !state->range_new) { return; }
    quality_range_send(task);
}

static void roll_back(struct task *task)
{
    struct partition_state *state = task_state(task);
    pending_histories_clear(&state->pending);
    remake_roll_back(task);
    state->range_begun = false;
    trial_roll_back(task);
    undo_mixtures(run_state(task_run(task)), state);
}

static void committed(struct task *task)
{
    struct partition_state *state = task_state(task);
    state->committed = state->flushed;
    state->deleted_commits -= state->deleted_commits > 0;
    trial_committed(task);
    memcpy(state->committed_mixtures, state->flushed_mixtures, sizeof(state->flushed_mixtures));
}

/* Sends the tombstones of users again who have no list any more: a former owner's may be behind. */
static void send_gone(struct task *task)
{
    const struct scorer *scorer = run_state(task_run(task));
    struct partition_state *state = task_state(task);
    const struct slice none = slice_of(NULL, 0);
    struct slice value;
    for (size_t i = 0; i < state->gone.count; i++) {
        struct slice user_id = gone_users_id(&state->gone, i);
        if (task_get(task, user_id, &value) != -ENOENT) { continue; }
        task_emit(task, RECOMMENDATIONS, task_partition(task), user_id, none);
        if (scorer->cutover.json) { json_lists_send(scorer->cutover.json, task, user_id, none); }
    }
}

static void watch_lists(struct task *task)
{
    const struct scorer *scorer = run_state(task_run(task));
    struct partition_state *state = task_state(task);
    bool live = cutover_is_live(&scorer->cutover, task);
    if (live && !state->live) { output_watch_begin(&state->watch, task, RECOMMENDATIONS); }
    state->live = live;
    state->late = live && (output_watch_check(&state->watch, task) || state->late);
    if (!state->late || !cutover_send_lists(&scorer->cutover, task)) { return; }
    state->late = false;
    send_gone(task);
    trial_copy_again(task);
    foreign_lists_again(task);
}

/* A former owner's weights may have arrived behind the task's own, or these were removed: then they
 * are sent again, so that lists name what `models` has. A task that has sent none took its own from
 * `models` before it had read that owner's last ones: it takes those. */
static void watch_weights(struct task *task)
{
    struct scorer *scorer = run_state(task_run(task));
    struct partition_state *state = task_state(task);
    int64_t now_ms = run_now_ms(task_run(task));
    struct mixture known, sent = state->published;
    published_mixtures_get(&scorer->trainer.known, task_partition(task), &known);
    if (!state->published.version[0] || strcmp(known.version, state->published.version) == 0) {
        state->weights_differ_ms = 0;
        return;
    }
    if (!state->weights_differ_ms) { state->weights_differ_ms = now_ms; }
    if (now_ms - state->weights_differ_ms < WEIGHTS_ARRIVE_MS) { return; }
    state->weights_differ_ms = now_ms;
    if (!state->weights_sent && known.version[0]) {
        state->mixture = state->published = known;
        keep_mixtures(state->flushed_mixtures, state);
        keep_mixtures(state->committed_mixtures, state);
        state->mixture_changed = false;
        state->mixture_published = tables_change(&scorer->tables);
        return;
    }
    mixture_trainer_publish(&scorer->trainer, task, &state->published, &sent);
    state->published = sent;
}

static void tick(struct task *task, int64_t wall_ms _unused_)
{
    struct scorer *scorer = run_state(task_run(task));
    cutover_step(&scorer->cutover, task);
    set_clocks(scorer, run_wall_ms(task_run(task)));
    if (task_state(task)) { watch_lists(task); }
    steering_tick(&scorer->steering, run_wall_ms(task_run(task)), &scorer->tables, scorer->lists);
    if (!task_state(task)) { return; }
    scorer_metrics_tell(scorer);
    watch_weights(task);
    remake_tell(task);
    trial_evaluate(task);
    trial_copy(task);
    foreign_lists_look(task);
}

static bool at_rest(struct task *task)
{
    return remake_at_rest(task) && trial_at_rest(task);
}

static int choose_changelog(struct run *run, int32_t partition)
{
    struct scorer *scorer = run_state(run);
    if (!run_input_current(run, TRIALS)) { return -EAGAIN; } /* another copy may have counted */
    return cutover_changelog(&scorer->cutover, run, partition);
}

static bool ready(struct run *run)
{
    struct scorer *scorer = run_state(run);
    return row_completeness_reached(&scorer->completeness, run);
}

const struct worker scorer_worker = {
    .name = "scorer",
    .about =
        "Ranks the items for each user who acts, publishes the list and evaluates the one before.",
    .inputs = inputs,
    .inputs_count = ARRAY_COUNT(inputs),
    .outputs = outputs,
    .outputs_count = ARRAY_COUNT(outputs),
    .changelog = RECOMMENDATIONS,
    .choose_changelog = choose_changelog,
    .uses_output = uses_output,
    .options = scorer_options,
    .options_count = SCORER_OPTIONS_COUNT,
    .settings_size = sizeof(struct scorer_settings),
    .check = check,
    .start = start,
    .stop = stop,
    .open = open_partition,
    .close = close_partition,
    .process = process,
    .end_poll = end_poll,
    .flush = flush,
    .committed = committed,
    .at_rest = at_rest,
    .roll_back = roll_back,
    .broadcast = scorer_broadcast,
    .ready = ready,
    .spare_in_ms = remake_in_ms,
    .spare = remake_step,
    .tick = tick,
};
