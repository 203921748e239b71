/* Lists that stand are made again when what they are made of has changed, between polls:
 *
 *   barred items     are taken off all lists at once, whatever else there is to do; the places are
 *                    filled later
 *   the other lists  that are behind are made again from the histories that are kept: urgent ones
 *                    first, then those that were made the longest time ago, and only while the
 *                    partition has no lag
 *   foreign lists    of another generation are deleted, or replaced (foreign_lists.c)
 *
 * All but the first is done in a share of a core (lists.remake.share; without one, the last is done
 * all the same), which is the process's:
 * partitions take turns, and none makes an ordinary list while another has something more urgent to
 * do. While histories come, nearly every row changes all the time; an ordinary list then rests
 * until it is some seconds old, so that it is not made again and again.
 *
 * A list that is the same as before is not sent, unless it is older than list.age.max. A list that
 * was made again is not evaluated, and nothing is learned from it: by then, the counts may contain
 * the user's next action. So the list that was made when the user acted is kept for that, once it
 * is replaced.
 */
#include "base/base.h"
#include "scorer/lists/placement_columns.h"
#include "scorer/scorer_internal.h"

enum { PIECE_US = 1000, PIECE_LISTS = 64 };

/* By so much the clocks of machines may differ. */
enum { CLOCKS_DIFFER_MS = 3600000 };

/* Histories come as long as the newest came so lately; an ordinary list then rests for
 * lists.remake.rest.ms. When no list may be made yet, they are looked over again after a pause. */
enum { FLOW_MS = 4000, LOOK_AGAIN_MS = 1000 };

/* Scores and evidence of equal lists differ by at most this part. */
#define DRIFT_MAX 0.01F

/* ---- State ---- */

/* Lists of the state come from a topic: they are not trusted. What is decoded is written again, in
 * this program's schema, where a number may take more bytes: a list needs room for that. */
bool scorer_decode_list(const struct scorer *scorer, struct slice value, struct arena *arena,
                        struct recommendation_list *ret_list)
{
    struct codec_error error;
    return value.size <= LIST_BYTES_MAX - LIST_GROWTH_MAX &&
           codec_decode(scorer->list_codec, value, arena, ret_list, &error) == 0 &&
           list_columns_agree(ret_list);
}

bool scorer_read_list(struct task *task, struct slice user_id, struct arena *arena,
                      struct recommendation_list *ret_list)
{
    const struct scorer *scorer = run_state(task_run(task));
    struct slice value;
    return task_get(task, user_id, &value) == 0 &&
           scorer_decode_list(scorer, arena_copy(arena, value), arena, ret_list);
}

void scorer_put_list(struct task *task, struct slice user_id, struct slice value)
{
    struct scorer *scorer = run_state(task_run(task));
    bool live = cutover_is_live(&scorer->cutover, task);
    task_put(task, user_id, value);
    if (value.data && trial_withholds(task, user_id)) { return; }
    if (live && scorer->cutover.json) {
        json_lists_send(scorer->cutover.json, task, user_id, value);
    }
    if (task_changelog(task) == RECOMMENDATIONS || !live) { return; }
    task_emit(task, RECOMMENDATIONS, task_partition(task), user_id, value);
}

/* ---- Lists ---- */

/* Says whether a list has fewer items than it may have. */
static bool is_short(const struct scorer *scorer, const struct recommendation_list *list)
{
    return list->items.count < steering_length(&scorer->steering);
}

void scorer_make_list(struct task *task, const struct user_history *hist, enum list_cause cause,
                      struct recommendation_list *ret_list)
{
    struct scorer *scorer = run_state(task_run(task));
    struct partition_state *state = task_state(task);
    lists_set_mixture(scorer->lists, &state->published);
    lists_make(scorer->lists, hist, ret_list);
    ret_list->as_of_ms = run_wall_ms(task_run(task));
    ret_list->cause = cause;
    ret_list->rules_offset = scorer->steering.offset;
    if (lists_prediction(scorer->lists) || lists_searched_tops(scorer->lists)) {
        ret_list->blend = slice_str(state->published.version);
    }
    lists_place(scorer->lists, hist, ret_list);
    ret_list->row_offsets = table_offsets_longs(&scorer->row_offsets);
    ret_list->item_offsets = table_offsets_longs(&scorer->item_offsets);
    ret_list->vector_offsets = table_offsets_longs(&scorer->vector_offsets);
    ret_list->model_offsets = table_offsets_longs(&scorer->model_offsets);
    ret_list->content_offsets = table_offsets_longs(&scorer->content_offsets);
    ret_list->candidate_offsets = table_offsets_longs(&scorer->candidate_offsets);
    if (scorer->steering.rules && rule_set_sees_profiles(scorer->steering.rules)) {
        ret_list->profile_offsets = table_offsets_longs(&scorer->profile_offsets);
    }
    ret_list->segment_offsets = table_offsets_longs(&scorer->group_offsets);
    ret_list->provisional = is_short(scorer, ret_list);
    list_ids_set(&scorer->list_ids, ret_list);
    /* Its age says nothing about freshness. */
    if (cause != CAUSE_ACTION) { ret_list->received_ms = 0; }
}

struct slice scorer_encode_list(struct scorer *scorer, const struct recommendation_list *list)
{
    buf_clear(&scorer->message);
    int rc = codec_encode(scorer->list_codec, list, &scorer->message);
    assert(rc == 0);
    return buf_slice(&scorer->message);
}

/* The clock that all lists of a partition must have reached. */
static void update_need(struct task *task)
{
    struct scorer *scorer = run_state(task_run(task));
    struct partition_state *state = task_state(task);
    const struct tables *tables = &scorer->tables;
    changed_users_mark(scorer->changed_users, &state->changed_seen, &state->standing,
                       &scorer->tables);
    uint64_t needed = MAX_OF(tables->rows_changed, tables->catalogue_changed);
    needed = MAX_OF(MAX_OF(needed, tables->model_changed), state->mixture_published);
    needed = MAX_OF(MAX_OF(needed, tables->rules_changed), tables->brought_changed);
    standing_lists_need(&state->standing, needed);
}

/* Makes room for lists with placements, at once for as many places as the rules have. */
static void make_room(struct task *task, size_t count)
{
    const struct scorer *scorer = run_state(task_run(task));
    const struct scorer_settings *settings = run_settings(task_run(task));
    struct partition_state *state = task_state(task);
    const struct rule_set *rules = scorer->steering.rules;
    size_t places = (size_t)settings->lists.list_length + (rules ? rule_set_places(rules) : 0);
    standing_lists_widen(&state->standing, MAX_OF(places, count));
}

void scorer_record_list(struct task *task, const struct recommendation_list *list, uint8_t flags)
{
    struct scorer *scorer = run_state(task_run(task));
    struct partition_state *state = task_state(task);
    bool urgent = list->cause == CAUSE_ACTION && is_short(scorer, list);
    const int32_t *numbers = lists_numbers(scorer->lists);
    size_t count = list->items.count;
    int32_t all[PLACEMENT_NUMBERS_MAX];
    if (list->placements.count) {
        count = placement_columns_numbers(&scorer->tables, list, all);
        make_room(task, count);
        numbers = all;
    }
    update_need(task);
    size_t at = standing_lists_put(&state->standing, list->user_id, numbers, count,
                                   scorer->tables.clock,
                                   (uint8_t)(flags | (urgent ? STANDING_URGENT : 0)));
    standing_lists_time(&state->standing, at, run_now_ms(task_run(task)));
    standing_lists_date(&state->standing, at, list->as_of_ms);
    standing_lists_due(&state->standing, at, lists_due_ms(scorer->lists));
}

void scorer_record_stored(struct task *task, struct slice user_id,
                          const struct recommendation_list *list, uint8_t flags)
{
    struct scorer *scorer = run_state(task_run(task));
    struct partition_state *state = task_state(task);
    int32_t numbers[PLACEMENT_NUMBERS_MAX];
    size_t count = placement_columns_numbers(&scorer->tables, list, numbers);
    make_room(task, count);
    size_t at =
        standing_lists_put(&state->standing, user_id, numbers, count, /* made= */ 0, flags);
    standing_lists_date(&state->standing, at, list->as_of_ms);
}

static int record_one(void *arg, struct slice key, struct slice value)
{
    struct task *task = arg;
    struct scorer *scorer = run_state(task_run(task));
    struct recommendation_list list;
    arena_reset(scorer->arena);
    bool valid =
        key.size <= ID_BYTES_MAX && scorer_decode_list(scorer, value, scorer->arena, &list);
    if (!valid) { return 0; }
    scorer_record_stored(task, key, &list, is_short(scorer, &list) ? STANDING_URGENT : 0);
    return 0;
}

/* A list that was deleted, and is in the store again: its history is looked for once more. */
static int record_returned(void *arg, struct slice key, struct slice value)
{
    struct task *task = arg;
    const struct partition_state *state = task_state(task);
    bool known = key.size > ID_BYTES_MAX ||
                 standing_lists_find(&state->standing, key) != HASH_INDEX_NONE;
    return known ? 0 : record_one(arg, key, value);
}

/* Counts what a partition would do. */
static void count_spare(struct scorer *scorer, struct partition_state *state, enum spare_work work)
{
    if (state->spare != SPARE_NONE) { scorer->spare[state->spare]--; }
    if (work != SPARE_NONE) { scorer->spare[work]++; }
    state->spare = work;
}

void remake_open(struct task *task)
{
    struct scorer *scorer = run_state(task_run(task));
    const struct scorer_settings *settings = run_settings(task_run(task));
    struct partition_state *state = task_state(task);
    struct metrics *metrics = run_metrics(task_run(task));
    char labels[64];
    (void)snprintf(labels, sizeof(labels), "partition=\"%d\"", task_partition(task));
    state->behind = metrics_gauge(metrics, "freshet_lists_behind", labels,
                                  "Lists made of tables that have changed since.");
    state->behind_seconds =
        metrics_gauge(metrics, "freshet_lists_behind_seconds", labels,
                      "For how long some list has been behind.");
    state->orphans = metrics_gauge(metrics, "freshet_lists_without_history", labels,
                                   "Lists that cannot be made again until their users act.");
    standing_lists_init(&state->standing, (size_t)settings->lists.list_length);
    state->flushed = state->committed = scorer->tables.clock;
    update_need(task);
    (void)task_scan(task, record_one, task);
    foreign_lists_look(task);
}

void remake_close(struct task *task)
{
    struct partition_state *state = task_state(task);
    struct metrics *metrics = run_metrics(task_run(task));
    count_spare(run_state(task_run(task)), state, SPARE_NONE);
    metrics_drop(metrics, state->behind);
    metrics_drop(metrics, state->behind_seconds);
    metrics_drop(metrics, state->orphans);
    standing_lists_release(&state->standing);
    foreign_lists_stop(task);
}

/* ---- Lists that are behind ---- */

static bool near(const struct floats *a, const struct floats *b)
{
    if (a->count != b->count) { return false; }
    for (size_t k = 0; k < a->count; k++) {
        float most = DRIFT_MAX * MAX_OF(fabsf(a->at[k]), fabsf(b->at[k]));
        if (fabsf(a->at[k] - b->at[k]) > most) { return false; }
    }
    return true;
}

/* Says whether a reader would see no difference between two lists of a user. */
static bool is_same(const struct recommendation_list *a, const struct recommendation_list *b)
{
    return slices_equal(&a->items, &b->items) && slices_equal(&a->because, &b->because) &&
           ints_equal(&a->reasons, &b->reasons) && longs_equal(&a->last_ms, &b->last_ms) &&
           near(&a->scores, &b->scores) && near(&a->evidence, &b->evidence) &&
           near(&a->shares, &b->shares) &&
           slice_equal(a->model, b->model) && slice_equal(a->made_by, b->made_by) &&
           slice_equal(a->generation, b->generation) && a->provisional == b->provisional &&
           placement_columns_same(a, b) &&
           near(&a->placement_scores, &b->placement_scores) &&
           near(&a->placement_evidence, &b->placement_evidence) &&
           near(&a->placement_shares, &b->placement_shares);
}

/* Lists of before this time are sent again even when they are the same. */
static int64_t aged_before_ms(struct task *task)
{
    const struct scorer_settings *settings = run_settings(task_run(task));
    int64_t age_ms = settings->list_age_max_ms;
    return age_ms ? run_wall_ms(task_run(task)) - age_ms : INT64_MIN;
}

/* So are those of after this time: the clock was set back since, or is that of another machine. */
static int64_t dated_after_ms(struct task *task)
{
    return run_wall_ms(task_run(task)) + CLOCKS_DIFFER_MS;
}

static bool is_aged(struct task *task, const struct recommendation_list *list)
{
    return list->as_of_ms < aged_before_ms(task) || list->as_of_ms > dated_after_ms(task);
}

/* Compares two names; none is as good as an empty one. */
static bool is_renamed(struct slice a, struct slice b)
{
    return a.size != b.size || (a.size && memcmp(a.data, b.data, a.size) != 0);
}

/* Finds what has changed from what two lists say that they were made of: of a list that was made
 * before the start nothing else is known. Without a difference there, settings have changed. */
static enum list_cause difference(const struct recommendation_list *old,
                                  const struct recommendation_list *list)
{
    bool model = is_renamed(old->vectors, list->vectors) || is_renamed(old->blend, list->blend);
    if (model) { return CAUSE_MODEL; }
    if (old->rules_offset != list->rules_offset) { return CAUSE_RULES; }
    if (!longs_equal(&old->row_offsets, &list->row_offsets)) { return CAUSE_ROWS; }
    bool catalogue = !longs_equal(&old->item_offsets, &list->item_offsets) ||
                     !longs_equal(&old->content_offsets, &list->content_offsets) ||
                     !longs_equal(&old->candidate_offsets, &list->candidate_offsets) ||
                     !longs_equal(&old->profile_offsets, &list->profile_offsets);
    if (catalogue) { return CAUSE_CATALOGUE; }
    return longs_equal(&old->segment_offsets, &list->segment_offsets) ? CAUSE_AGE : CAUSE_MODEL;
}

/* Counts the places of items that the platform has brought. */
static size_t count_brought(const struct recommendation_list *list)
{
    size_t count = 0;
    for (size_t k = 0; k < list->reasons.count; k++) {
        count += list->reasons.at[k] == REASON_BROUGHT;
    }
    for (size_t k = 0; k < list->placement_reasons.count; k++) {
        count += list->placement_reasons.at[k] == REASON_BROUGHT;
    }
    return count;
}

/* A list is due when rules bring an item back, or what the platform has brought expires; it is
 * behind without being old when something was brought for its user. */
static enum list_cause cause_of(struct task *task, const struct standing *one,
                                const struct recommendation_list *old,
                                const struct recommendation_list *list)
{
    const struct scorer *scorer = run_state(task_run(task));
    const struct partition_state *state = task_state(task);
    const struct tables *tables = &scorer->tables;
    bool due = one->due_ms <= scorer->steering.seen_ms;
    bool expired = !scorer->steering.rules || count_brought(old) > count_brought(list);
    if (one->flags & STANDING_STRIPPED) { return CAUSE_BARRED; }
    if (one->flags & STANDING_URGENT) { return CAUSE_PROVISIONAL; }
    if (due) { return expired ? CAUSE_CATALOGUE : CAUSE_RULES; }
    if (one->flags & STANDING_AGED) { return is_aged(task, old) ? CAUSE_AGE : CAUSE_CATALOGUE; }
    if (!one->made) { return difference(old, list); }
    if (one->made < MAX_OF(tables->model_changed, state->mixture_published)) {
        return CAUSE_MODEL;
    }
    if (one->made < tables->rules_changed) { return CAUSE_RULES; }
    return one->made < tables->rows_changed ? CAUSE_ROWS : CAUSE_CATALOGUE;
}

/* Makes a list again. One that is older than its user's history came late, from a former owner. */
static void remake(struct task *task, size_t at)
{
    struct scorer *scorer = run_state(task_run(task));
    struct partition_state *state = task_state(task);
    struct standing *one = &state->standing.at[at];
    struct recommendation_list old, list;
    struct user_history hist;
    struct slice user_id = arena_copy(task_arena(task), standing_id(one));
    if (!scorer_read_list(task, user_id, task_arena(task), &old)) {
        standing_lists_drop(&state->standing, user_id);
        return;
    }
    if (!scorer_read_history(task, user_id, &old, &hist)) {
        standing_lists_mark(&state->standing, at, one->made, one->flags | STANDING_LOST);
        return;
    }
    uint8_t found = one->flags & (STANDING_FOUND | STANDING_GONE);
    bool late = hist.input_offset != old.input_offset, aged = late || is_aged(task, &old);
    scorer_make_list(task, &hist, CAUSE_AGE, &list);
    metric_add(scorer->checked, 1);
    bool same = is_same(&old, &list);
    if (same && !aged && !(one->flags & STANDING_UNSURE)) {
        standing_lists_mark(&state->standing, at, scorer->tables.clock, found);
        standing_lists_time(&state->standing, at, run_now_ms(task_run(task)));
        standing_lists_due(&state->standing, at, lists_due_ms(scorer->lists));
        return;
    }
    bool old_alone = late || (same && aged);
    enum list_cause cause = old_alone ? CAUSE_AGE : cause_of(task, one, &old, &list);
    list.cause = (int32_t)cause;
    if (!late) { scorer_keep_first(task, user_id, &old); }
    scorer_put_list(task, user_id, scorer_encode_list(scorer, &list));
    served_places_send(scorer->served, task, scorer->lists, &list);
    scorer_record_list(task, &list, found);
    metric_add(scorer->remade[cause], 1);
}

static bool histories_come(const struct scorer *scorer, int64_t now_ms)
{
    return scorer->acted_ms && now_ms - scorer->acted_ms < FLOW_MS;
}

static void remake_lists(struct task *task)
{
    struct partition_state *state = task_state(task);
    struct run *run = task_run(task);
    int64_t until_us = run_work_us(run) + PIECE_US, now_ms = run_now_ms(run);
    const struct scorer_settings *settings = run_settings(run);
    bool rests = histories_come(run_state(run), now_ms);
    int64_t before_ms = rests ? now_ms - settings->remake_rest_ms : INT64_MAX;
    const struct tables *tables = &((struct scorer *)run_state(run))->tables;
    uint64_t below = MAX_OF(tables->model_changed, tables->rules_changed);
    below = MAX_OF(below, tables->brought_changed);
    for (int lists = 0; lists < PIECE_LISTS; lists++) {
        int32_t at = standing_lists_next(&state->standing, before_ms, below);
        state->rests_until_ms = at == HASH_INDEX_NONE ? now_ms + LOOK_AGAIN_MS : 0;
        if (at == HASH_INDEX_NONE) { return; }
        remake(task, (size_t)at);
        if (run_work_us(run) >= until_us) { return; }
    }
}

/* Says whether no list may be made again now, though some are behind. */
static bool lists_rest(struct task *task, int64_t now_ms)
{
    const struct partition_state *state = task_state(task);
    return !standing_lists_urgent(&state->standing) && now_ms < state->rests_until_ms &&
           histories_come(run_state(task_run(task)), now_ms);
}

/* Chooses what the next piece is of: lists, lost histories and foreign lists take turns. Without a
 * share there are only the last. */
static enum remake_work choose_work(struct task *task)
{
    const struct scorer *scorer = run_state(task_run(task));
    struct partition_state *state = task_state(task);
    bool share = scorer->budget.percent, rest = lists_rest(task, run_now_ms(task_run(task)));
    const bool work[REMAKE_WORKS] = {
        [WORK_LISTS] = share && standing_lists_workable(&state->standing) && !rest,
        [WORK_LOST_HISTORIES] = share && lost_histories_due(task),
        [WORK_FOREIGN_LISTS] = foreign_lists_workable(task),
    };
    for (int i = 1; i <= REMAKE_WORKS; i++) {
        enum remake_work next = (state->turn + i) % REMAKE_WORKS;
        if (work[next]) { return state->turn = next; }
    }
    return WORK_LISTS;
}

static void remake_piece(struct task *task)
{
    struct run *run = task_run(task);
    struct scorer *scorer = run_state(run);
    int64_t begun_us = run_work_us(run);
    switch (choose_work(task)) {
    case WORK_LOST_HISTORIES:
        lost_histories_step(task);
        break;
    case WORK_FOREIGN_LISTS:
        foreign_lists_step(task);
        break;
    default:
        remake_lists(task);
    }
    remake_budget_spend(&scorer->budget, run_work_us(run) - begun_us);
}

/* ---- Callbacks ---- */

static enum spare_work find_spare(struct task *task)
{
    const struct scorer *scorer = run_state(task_run(task));
    const struct partition_state *state = task_state(task);
    if (barred_items_left(task)) { return SPARE_BARRED; }
    bool share = scorer->budget.percent;
    bool left = share && (standing_lists_behind(&state->standing) || task_rereads(task));
    if (!(left || foreign_lists_workable(task)) || !task_caught_up(task)) { return SPARE_NONE; }
    return standing_lists_urgent(&state->standing) ? SPARE_URGENT : SPARE_REMAKE;
}

int64_t remake_in_ms(struct task *task)
{
    struct scorer *scorer = run_state(task_run(task));
    const struct scorer_settings *settings = run_settings(task_run(task));
    struct partition_state *state = task_state(task);
    scorer->budget.percent = settings->remake_share; /* SIGHUP may have changed it */
    update_need(task);
    enum spare_work work = find_spare(task);
    count_spare(scorer, state, work);
    if (work == SPARE_BARRED) { return 0; }
    if (work == SPARE_NONE) { return -1; }
    int64_t now_ms = run_now_ms(task_run(task));
    bool share = scorer->budget.percent;
    int64_t in_ms = share ? remake_budget_in_ms(&scorer->budget, now_ms) : 0;
    bool more = lost_histories_due(task) || foreign_lists_workable(task);
    if (work == SPARE_REMAKE && lists_rest(task, now_ms) && !more) {
        in_ms = MAX_OF(in_ms, state->rests_until_ms - now_ms);
    }
    for (int other = work + 1; other < SPARE_WORKS; other++) {
        if (scorer->spare[other]) { return MAX_OF(in_ms, (int64_t)1); }
    }
    return in_ms;
}

void remake_roll_back(struct task *task)
{
    struct partition_state *state = task_state(task);
    count_spare(run_state(task_run(task)), state, SPARE_NONE);
    standing_lists_distrust(&state->standing, state->committed);
    if (state->deleted_commits) { (void)task_scan(task, record_returned, task); }
    barred_items_roll_back(task);
    foreign_lists_again(task);
}

void remake_step(struct task *task)
{
    if (barred_items_left(task)) {
        barred_items_step(task);
    } else {
        remake_piece(task);
    }
}

bool remake_at_rest(struct task *task)
{
    const struct scorer_settings *settings = run_settings(task_run(task));
    const struct partition_state *state = task_state(task);
    update_need(task);
    if (barred_items_left(task) || foreign_lists_left(task)) { return false; }
    return !settings->remake_share ||
           (standing_lists_behind(&state->standing) == 0 && !task_rereads(task));
}

void remake_tell(struct task *task)
{
    const struct scorer_settings *settings = run_settings(task_run(task));
    struct partition_state *state = task_state(task);
    int64_t now_ms = run_now_ms(task_run(task));
    update_need(task);
    if (settings->remake_share) {
        standing_lists_age(&state->standing, aged_before_ms(task), dated_after_ms(task),
                           run_wall_ms(task_run(task)));
    }
    size_t behind = standing_lists_behind(&state->standing);
    if (!behind) { state->behind_since_ms = 0; }
    if (behind && !state->behind_since_ms) { state->behind_since_ms = now_ms; }
    metric_set(state->behind, (double)behind);
    metric_set(state->behind_seconds,
               behind ? (double)(now_ms - state->behind_since_ms) / 1000.0 : 0.0);
    metric_set(state->orphans, (double)state->standing.orphans);
}
