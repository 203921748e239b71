/* Each item is a candidate once: a stamp by item number says whether it is one already. Candidates
 * of one origin stand in the order in which they come.
 */
#include "base/base.h"
#include "base/array.h"
#include "scorer/lists/placement_lists.h"
#include "scorer/lists/suiting_items.h"

enum { NAME_BYTES = 2 * RULE_NAME_BYTES_MAX, RULES_COUNTED = PLACEMENT_RULES_MAX + CUT_IMPLIED };

_Static_assert((int)NEWEST_ITEMS <= (int)SUITING_ITEMS_MAX, "they can be ordered");
_Static_assert((int)SERVED_ITEMS_MAX == (int)DRAW_CANDIDATES_MAX, "a message has all candidates");

struct placement_lists {
    struct tables *tables;
    struct list_cut *cut;
    struct newest_items newest;
    struct cut_candidate *candidates;
    size_t count, capacity;
    size_t wide_count; /* with those that only widen() adds */
    uint32_t *stamps; /* by item number */
    size_t stamps_capacity;
    uint32_t stamp;
    int32_t history_items[HISTORY_ACTIONS_MAX];
    bool wide;
    int32_t shown_items[HISTORY_SHOWN_MAX];
    /* Columns of the message. */
    struct slice placements[PLACEMENTS_MAX];
    int32_t placement_counts[PLACEMENTS_MAX], removal_counts[PLACEMENTS_MAX];
    int32_t numbers[PLACEMENT_PLACES_MAX];
    uint32_t sources[PLACEMENT_PLACES_MAX]; /* places among the candidates */
    struct again again[PLACEMENT_PLACES_MAX];
    int64_t due_ms;
    struct slice items[PLACEMENT_PLACES_MAX], rules[PLACEMENT_PLACES_MAX];
    float scores[PLACEMENT_PLACES_MAX];
    int32_t ranks[PLACEMENT_PLACES_MAX];
    struct slice removal_items[PLACEMENT_PLACES_MAX], removal_rules[PLACEMENT_PLACES_MAX];
    int32_t removal_ranks[PLACEMENT_PLACES_MAX];
    size_t places_count, removals_count;
    float probabilities[PLACEMENT_PLACES_MAX];
    bool drawn;                             /* some place of them was */
    struct list_draw draws[PLACEMENTS_MAX]; /* of each placement */
    struct slice served_items[SERVED_ITEMS_MAX]; /* columns of placement_lists_served() */
    float served_scores[SERVED_ITEMS_MAX], served_probabilities[SERVED_ITEMS_MAX];
    char names[PLACEMENTS_MAX][RULES_COUNTED][NAME_BYTES]; /* of rules; "": not asked for yet */
    uint64_t moved[PLACEMENTS_MAX][RULES_COUNTED], removed[PLACEMENTS_MAX][RULES_COUNTED];
};

struct placement_lists *placement_lists_new(struct tables *tables)
{
    struct placement_lists *lists = xcalloc(1, sizeof(*lists));
    lists->tables = tables;
    lists->cut = list_cut_new(&tables->columns, tables->ids);
    newest_items_init(&lists->newest, tables->ids);
    return lists;
}

struct placement_lists *placement_lists_free(struct placement_lists *lists)
{
    if (!lists) { return NULL; }
    list_cut_free(lists->cut);
    newest_items_release(&lists->newest);
    free(lists->candidates);
    free(lists->stamps);
    free(lists);
    return NULL;
}

void placement_lists_reset(struct placement_lists *lists)
{
    memset(lists->moved, 0, sizeof(lists->moved));
    memset(lists->removed, 0, sizeof(lists->removed));
    memset(lists->names, 0, sizeof(lists->names));
}

bool placement_lists_served(struct placement_lists *lists, size_t placement,
                            const struct recommendation_list *list, struct served_place *ret_place)
{
    const struct list_draw *draw = &lists->draws[placement];
    const struct draw_candidate *drawn = &draw->candidates[draw->chosen];
    if (!draw->place) { return false; }
    for (size_t k = 0; k < draw->count; k++) {
        lists->served_items[k] = ids_text(lists->tables->ids, draw->candidates[k].item);
        lists->served_scores[k] = (float)draw->candidates[k].value;
        lists->served_probabilities[k] = (float)draw->candidates[k].probability;
    }
    *ret_place = (struct served_place){
        .list_id = list->list_id,
        .placement = lists->placements[placement],
        .generation = list->generation,
        .place = (int32_t)draw->place,
        .item_id = ids_text(lists->tables->ids, drawn->item),
        .probability = drawn->probability,
        .temperature = draw->temperature,
        .items = {lists->served_items, draw->count},
        .scores = {lists->served_scores, draw->count},
        .probabilities = {lists->served_probabilities, draw->count},
        .as_of_ms = list->as_of_ms,
    };
    return true;
}

const int32_t *placement_lists_numbers(const struct placement_lists *lists)
{
    return lists->numbers;
}

const uint32_t *placement_lists_candidates(const struct placement_lists *lists)
{
    return lists->sources;
}

const struct again *placement_lists_again(const struct placement_lists *lists)
{
    return lists->again;
}

int64_t placement_lists_due_ms(const struct placement_lists *lists)
{
    return lists->due_ms;
}

uint64_t placement_lists_moved(const struct placement_lists *lists, size_t placement, size_t rule)
{
    return lists->moved[placement][rule];
}

uint64_t placement_lists_removed(const struct placement_lists *lists, size_t placement,
                                 size_t rule)
{
    return lists->removed[placement][rule];
}

/* ---- Candidates ---- */

static void begin(struct placement_lists *lists)
{
    size_t items = (size_t)ids_count(lists->tables->ids);
    item_columns_reach(&lists->tables->columns, (int32_t)items);
    ARRAY_RESERVE_ZEROS(lists->stamps, lists->stamps_capacity, items, 1024);
    if (++lists->stamp == 0) {
        memset(lists->stamps, 0, lists->stamps_capacity * sizeof(*lists->stamps));
        lists->stamp = 1;
    }
    lists->count = 0;
    lists->wide = false;
}

static void add(struct placement_lists *lists, int32_t item, float score, enum cut_origin origin)
{
    if (lists->stamps[item] == lists->stamp) { return; }
    lists->stamps[item] = lists->stamp;
    ARRAY_RESERVE(lists->candidates, lists->capacity, lists->count + 1, 512);
    lists->candidates[lists->count++] =
        (struct cut_candidate){.item = item, .score = score, .origin = origin};
}

static void add_ranked(struct placement_lists *lists, const struct placement_scoring *scoring)
{
    for (size_t k = 0; k < scoring->ranked_count; k++) {
        const struct ranked *ranked = &scoring->ranked[k];
        bool fills = k >= scoring->scored_count;
        add(lists, ranked->item, ranked->score, fills ? CUT_FILLED : CUT_RANKED);
    }
}

/* Says whether an item that the user has had may be listed again: its newest action is known, and
 * no dislike. */
static bool may_repeat(const struct placement_lists *lists, const struct user_history *history,
                       int32_t item)
{
    for (size_t k = history->items.count; k-- > 0;) {
        if (lists->history_items[k] == item) { return history->weights.at[k] > 0.0F; }
    }
    return false;
}

/* Adds what a request names, and nothing else. */
static void add_given(struct placement_lists *lists, const struct placement_scoring *scoring,
                      const struct user_history *history)
{
    for (size_t k = 0; k < scoring->ranked_count; k++) {
        const struct ranked *ranked = &scoring->ranked[k];
        bool new = scoring->searched ||
                   ranking_allows(scoring->ranking, &scoring->request->flags, ranked->item);
        if (!new && !may_repeat(lists, history, ranked->item)) { continue; }
        add(lists, ranked->item, ranked->score, new ? CUT_RANKED : CUT_REPEAT);
    }
}

/* Adds what the user has had and liked. Counting's scores are brought to the scale of the ranked
 * ones by its best. Items that are older than the history stay out: what was done to them is not
 * known. */
static void add_repeats(struct placement_lists *lists, const struct placement_scoring *scoring,
                        const struct user_history *history)
{
    const struct item_flags *flags = &scoring->request->flags;
    float most = 0.0F, best = 0.0F;
    for (size_t k = 0; k < scoring->ranked_count; k++) {
        most = MAX_OF(most, ranking_score(scoring->ranking, scoring->ranked[k].item));
        best = MAX_OF(best, scoring->ranked[k].score);
    }
    for (size_t k = history->items.count; k-- > 0;) {
        int32_t item = lists->history_items[k];
        if (item == ID_NONE || item_flags_barred(flags, item)) { continue; }
        bool disliked = history->weights.at[k] <= 0.0F;
        if (disliked) { lists->stamps[item] = lists->stamp; } /* by its newest action */
        float score = most > 0.0F ? ranking_score(scoring->ranking, item) / most * best : 0.0F;
        add(lists, item, score, CUT_REPEAT);
    }
}

static bool any_share(const struct rule_set *rules)
{
    for (size_t p = 0; p < rules->count; p++) {
        const struct placement *placement = &rules->placements[p];
        if (placement->fallbacks & FALLBACK_NEW) { return true; }
        for (size_t r = 0; r < placement->rules_count; r++) {
            if (placement->rules[r].kind == RULE_SHARE) { return true; }
        }
    }
    return false;
}

/* Adds the newest items: those first that suit the user most, equal ones as they were created. */
static void add_newest(struct placement_lists *lists, const struct placement_scoring *scoring,
                       const struct user_history *history)
{
    const struct topk_entry *newest;
    struct topk_entry suiting[NEWEST_ITEMS];
    int32_t items[NEWEST_ITEMS];
    size_t found = newest_items_find(&lists->newest, &lists->tables->columns, &newest), count = 0;
    for (size_t k = 0; k < found; k++) {
        if (ranking_allows(scoring->ranking, &scoring->request->flags, newest[k].item)) {
            items[count++] = newest[k].item;
        }
    }
    bool guesses = scoring->guessed &&
                   guessed_factors_begin(scoring->guessed, lists->history_items,
                                         history->weights.at, history->items.count);
    suiting_items_order(scoring->content, guesses ? scoring->guessed : NULL, items, count,
                        suiting);
    for (size_t k = 0; k < count; k++) { add(lists, suiting[k].item, 0.0F, CUT_NEW); }
}

static void add_named(struct placement_lists *lists, const struct placement_scoring *scoring,
                      const struct placement *placement)
{
    for (size_t r = 0; r < placement->rules_count; r++) {
        size_t count;
        if (placement->rules[r].kind != RULE_PIN) { continue; }
        const uint64_t *ids = condition_ids(placement->rules[r].condition, &count);
        for (size_t k = 0; k < count; k++) {
            int32_t item = ids_find_hash(lists->tables->ids, ids[k]);
            if (item == ID_NONE) { continue; }
            if (!ranking_allows(scoring->ranking, &scoring->request->flags, item)) { continue; }
            add(lists, item, 0.0F, CUT_NAMED);
        }
    }
}

/* Counting ranks many more; they fill up. False: there are no more. */
static bool widen(struct placement_lists *lists, const struct placement_scoring *scoring)
{
    struct ranking_request request = *scoring->request;
    const struct ranked *ranked;
    size_t before = lists->count;
    if (!lists->wide) {
        request.length = PLACEMENT_CANDIDATES_WIDE;
        size_t count = ranking_list(scoring->ranking, &request, &ranked);
        for (size_t k = 0; k < count; k++) { add(lists, ranked[k].item, 0.0F, CUT_FILLED); }
        lists->wide = true;
        lists->wide_count = lists->count;
    }
    lists->count = lists->wide_count;
    return lists->count > before;
}

/* ---- Columns ---- */

/* Names are made once: they are borrowed by the columns. */
static struct slice rule_name(struct placement_lists *lists, const struct placement *placement,
                              size_t p, int32_t rule)
{
    if (rule == CUT_NO_RULE) { return slice_str(""); }
    char *name = lists->names[p][rule];
    if (!name[0]) { (void)list_cut_rule_name(placement, rule, name, NAME_BYTES); }
    return slice_str(name);
}

static void write_cut(struct placement_lists *lists, const struct placement *placement, size_t p,
                      const struct cut_result *result)
{
    const struct ids *ids = lists->tables->ids;
    lists->placements[p] = slice_str(placement->name);
    lists->placement_counts[p] = (int32_t)result->count;
    lists->removal_counts[p] = (int32_t)result->removals_count;
    lists->draws[p] = *result->draw;
    lists->drawn |= result->draw->place > 0;
    for (size_t k = 0; k < result->count; k++) {
        const struct cut_place *place = &result->places[k];
        size_t at = lists->places_count++;
        lists->numbers[at] = place->item;
        lists->sources[at] = place->candidate;
        lists->again[at] = place->again;
        lists->items[at] = ids_text(ids, place->item);
        lists->scores[at] = place->relevance;
        lists->ranks[at] = place->rank;
        lists->probabilities[at] = place->probability;
        lists->rules[at] = rule_name(lists, placement, p, place->rule);
        if (place->rule != CUT_NO_RULE) { lists->moved[p][place->rule]++; }
    }
    for (size_t k = 0; k < result->removals_count; k++) {
        const struct cut_removal *removal = &result->removals[k];
        size_t at = lists->removals_count++;
        lists->removal_items[at] = ids_text(ids, removal->item);
        lists->removal_ranks[at] = removal->rank;
        lists->removal_rules[at] = rule_name(lists, placement, p, removal->rule);
        lists->removed[p][removal->rule]++;
    }
}

/* Gives the columns of `count` placements from one on. */
static void give_columns(struct placement_lists *lists, size_t from, size_t count,
                         struct recommendation_list *list)
{
    size_t places = lists->places_count, removals = lists->removals_count;
    list->placements = (struct slices){lists->placements + from, count};
    list->placement_counts = (struct ints){lists->placement_counts + from, count};
    list->removal_counts = (struct ints){lists->removal_counts + from, count};
    list->placement_items = (struct slices){lists->items, places};
    list->placement_scores = (struct floats){lists->scores, places};
    list->placement_ranks = (struct ints){lists->ranks, places};
    list->placement_rules = (struct slices){lists->rules, places};
    list->placement_probabilities =
        (struct floats){lists->probabilities, lists->drawn ? places : 0};
    list->removal_items = (struct slices){lists->removal_items, removals};
    list->removal_ranks = (struct ints){lists->removal_ranks, removals};
    list->removal_rules = (struct slices){lists->removal_rules, removals};
}

static void find_candidates(struct placement_lists *lists, const struct rule_set *rules,
                            const struct placement_scoring *scoring,
                            const struct user_history *history)
{
    bool repeats = false;
    begin(lists);
    for (size_t k = 0; k < history->items.count; k++) {
        lists->history_items[k] = scoring->request->items[k];
    }
    if (scoring->given) {
        add_given(lists, scoring, history);
        return;
    }
    add_ranked(lists, scoring);
    for (size_t p = 0; p < rules->count; p++) {
        const struct placement *placement = &rules->placements[p];
        repeats |= placement->repeats || placement_has(placement, RULE_AGAIN);
    }
    if (repeats) { add_repeats(lists, scoring, history); }
    if (any_share(rules)) { add_newest(lists, scoring, history); }
    for (size_t p = 0; p < rules->count; p++) {
        add_named(lists, scoring, &rules->placements[p]);
    }
}

static void number_shown(struct placement_lists *lists, const struct user_history *history,
                         struct cut_user *user)
{
    size_t count = history->shown_items.count;
    for (size_t k = 0; k < count; k++) {
        lists->shown_items[k] = ids_find(lists->tables->ids, history->shown_items.at[k]);
    }
    user->shown_items = lists->shown_items;
    user->shown_times_ms = history->shown_times_ms.at;
    user->shown_count = count;
}

static struct cut_request request_of(struct placement_lists *lists,
                                     const struct placement_scoring *scoring,
                                     const struct user_history *history, int64_t as_of_ms)
{
    size_t count = history->items.count;
    bool whole = history->actions.count == count && history->event_times_ms.count == count;
    struct cut_request request = {
        .candidates = lists->candidates,
        .count = lists->count,
        .as_of_ms = as_of_ms,
        .context = scoring->context,
        .user = {.attributes = scoring->attributes,
                 .items = lists->history_items,
                 .actions = history->actions.at,
                 .times_ms = history->event_times_ms.at,
                 .count = whole ? count : 0,
                 .hash = ids_fingerprint(history->user_id),
                 .draw_seed = list_draw_seed(history->user_id, history->input_partition,
                                             history->input_offset, scoring->sent),
                 .actions_total = history->events_total,
                 .newest_ms = history->event_time_ms}};
    number_shown(lists, history, &request.user);
    return request;
}

/* Cuts again with more candidates, if there are some. Late ones change nothing of what the others
 * take. */
static void cut_wide(struct placement_lists *lists, const struct placement *placement, bool late,
                     const struct placement_scoring *scoring, struct cut_request *request,
                     struct cut_result *result)
{
    size_t narrow = lists->count;
    if (!(placement->fallbacks & FALLBACK_POPULAR) || !widen(lists, scoring)) { return; }
    request->candidates = lists->candidates;
    request->count = lists->count;
    request->late = late ? lists->count - narrow : 0;
    list_cut_begin(lists->cut, request);
    list_cut_make(lists->cut, placement, result);
}

static bool is_wanting(const struct placement *placement, const struct placement_scoring *scoring,
                       const struct cut_result *result)
{
    return result->count < placement->length && !scoring->given && !placement->only_again;
}

/* Cuts the list of a placement, whose number is p, and writes its columns. Candidates that only
 * this one needs are no other's: so its list is the same alone, as requests have it. */
static void cut_one(struct placement_lists *lists, const struct placement *placement, size_t p,
                    const struct placement_scoring *scoring, struct cut_request *request)
{
    struct cut_result result;
    size_t narrow = lists->count;
    list_cut_make(lists->cut, placement, &result);
    if (is_wanting(placement, scoring, &result)) {
        cut_wide(lists, placement, /* late= */ false, scoring, request, &result);
    }
    lists->due_ms = MIN_OF(lists->due_ms, result.due_ms);
    write_cut(lists, placement, p, &result);
    if (lists->count == narrow) { return; }
    lists->count = request->count = narrow;
    list_cut_begin(lists->cut, request);
}

static void begin_lists(struct placement_lists *lists)
{
    lists->places_count = lists->removals_count = 0;
    lists->due_ms = INT64_MAX;
    lists->drawn = false;
}

void placement_lists_make(struct placement_lists *lists, const struct rule_set *rules,
                          const struct placement_scoring *scoring,
                          const struct user_history *history, struct recommendation_list *list)
{
    begin_lists(lists);
    find_candidates(lists, rules, scoring, history);
    struct cut_request request = request_of(lists, scoring, history, list->as_of_ms);
    list_cut_begin(lists->cut, &request);
    for (size_t p = 0; p < rules->count; p++) {
        cut_one(lists, &rules->placements[p], p, scoring, &request);
    }
    give_columns(lists, 0, rules->count, list);
}

/* Cuts the list of a placement alone, with another length than its own. Its own decides which
 * candidates there are at first: so a list is the beginning of each longer one, and the one that
 * stands is among them. */
static void cut_alone(struct placement_lists *lists, const struct placement *placement, size_t p,
                      size_t length, const struct placement_scoring *scoring,
                      struct cut_request *request)
{
    struct placement other = *placement;
    struct cut_result result;
    other.length = length;
    list_cut_make(lists->cut, placement, &result);
    if (is_wanting(placement, scoring, &result)) {
        cut_wide(lists, placement, /* late= */ false, scoring, request, &result);
    }
    list_cut_make(lists->cut, &other, &result);
    if (is_wanting(&other, scoring, &result)) {
        cut_wide(lists, &other, /* late= */ true, scoring, request, &result);
    }
    write_cut(lists, placement, p, &result); /* which has the names */
}

void placement_lists_make_one(struct placement_lists *lists, const struct rule_set *rules,
                              size_t placement, size_t length,
                              const struct placement_scoring *scoring,
                              const struct user_history *history, struct recommendation_list *list)
{
    const struct placement *one = &rules->placements[placement];
    assert(length <= PLACEMENT_PLACES_MAX);
    begin_lists(lists);
    find_candidates(lists, rules, scoring, history);
    struct cut_request request = request_of(lists, scoring, history, list->as_of_ms);
    list_cut_begin(lists->cut, &request);
    cut_alone(lists, one, placement, length, scoring, &request);
    give_columns(lists, placement, 1, list);
}
