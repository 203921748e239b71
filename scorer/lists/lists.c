/* Steps of a list:
 *
 *   1. Counting ranks its candidates; if there is a mixture, as many as each member provides.
 *   2. candidates.h adds those of the other members and the z-scores of all members for each.
 *   3. The scores are kept as a prediction: the mixture is trained on them with the next action.
 *   4. The leader of the user's segment orders the candidates. If counting leads, its ranking from
 *      step 1 stays as it is, to the bit.
 *   5. Each item has the reason of the member that adds most to its score (reasons.h).
 *   6. What segments, the platform and the context of a request say is mixed in (lists_segments.c,
 *      lists_brought.c, lists_context.c).
 *   7. The result is written into the columns of the message.
 * For given candidates, the steps are the same, but only they are scored and ordered in step 4.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "scorer/lists/had_items.h"
#include "scorer/lists/leader.h"
#include "scorer/lists/lists_internal.h"
#include "scorer/lists/shown_weights.h"

static size_t candidates_each(const struct list_settings *settings)
{
    return MAX_OF((size_t)settings->list_length, (size_t)CANDIDATES_LEAST);
}

static void begin_blending(struct lists *lists)
{
    lists->candidates = candidates_new(lists->tables, lists->vectors, lists->content_scores,
                                       candidates_each(lists->settings));
    lists->ahead_numbers =
        xcalloc((size_t)CANDIDATES_AHEAD * HISTORY_ACTIONS_MAX, sizeof(*lists->ahead_numbers));
}

struct lists *lists_new(const struct list_settings *settings, struct tables *tables,
                        const struct vectors *vectors, struct content_scores *content_scores,
                        const char *generation)
{
    assert(settings->list_length <= LIST_ITEMS_MAX);
    struct lists *lists = xcalloc(1, sizeof(*lists));
    struct ranking_settings set = list_ranking_settings(settings);
    lists->settings = settings;
    lists->tables = tables;
    lists->vectors = vectors;
    lists->content_scores = content_scores;
    lists->generation = generation;
    lists->own_weights = ranking_settings_weights(&set);
    lists->ranking = ranking_new(&set, tables->ids, tables->items);
    ranking_use_cross(lists->ranking, tables->cross);
    if (tables->search && settings->search_weight > 0.0) { lists_begin_brought(lists); }
    if (vectors || content_scores) { begin_blending(lists); }
    return lists;
}

void lists_use_alike(struct lists *lists, struct cluster_table *clusters)
{
    assert(!lists->alike);
    if (!lists->candidates) { begin_blending(lists); }
    lists->clusters = clusters;
    lists->alike = alike_users_new(clusters->space, lists->tables->ids);
    candidates_use_alike(lists->candidates, lists->alike);
}

struct lists *lists_free(struct lists *lists)
{
    if (!lists) { return NULL; }
    ranking_free(lists->ranking);
    candidates_free(lists->candidates);
    alike_users_free(lists->alike);
    guessed_factors_free(lists->guessed);
    placement_lists_free(lists->placements);
    lists_free_brought(lists);
    lists_free_segments(lists);
    lists_free_context(lists);
    free(lists->ahead_numbers);
    free(lists);
    return NULL;
}

void lists_set_mixture(struct lists *lists, const struct mixture *mixture)
{
    lists->mixture = mixture;
}

void lists_set_rules(struct lists *lists, const struct rule_set *rules)
{
    lists->rules = rules;
    if (!lists->placements && rules) { lists->placements = placement_lists_new(lists->tables); }
    if (lists->placements) { placement_lists_reset(lists->placements); }
}

void lists_set_profiles(struct lists *lists, struct user_profiles *profiles)
{
    lists->profiles = profiles;
}

struct placement_lists *lists_placements(const struct lists *lists)
{
    return lists->placements;
}

const int32_t *lists_numbers(const struct lists *lists)
{
    return lists->columns.numbers;
}

const struct prediction *lists_prediction(const struct lists *lists)
{
    return lists->prediction.best.count ? &lists->prediction : NULL;
}

/* Says whether there are users of whom one may act alike. */
static bool knows_users(const struct lists *lists)
{
    return lists->alike && cluster_space_sample(lists->clusters->space);
}

/* Says whether the catalogue says anything by which items are alike. */
static bool knows_content(const struct lists *lists)
{
    return lists->content_scores && !content_scores_empty(lists->content_scores);
}

/* Says whether a member beside counting may have scores. */
static bool is_blended(const struct lists *lists)
{
    return (lists->vectors && vectors_served(lists->vectors)) || knows_content(lists) ||
           knows_users(lists);
}

void lists_weights(const struct lists *lists, int64_t actions, struct list_weights *ret_weights)
{
    enum mixture_segment segment = mixture_segment(actions);
    *ret_weights = (struct list_weights){
        .weights.counting = lists->own_weights,
        .present[MEMBER_COUNTING] = true,
        .present[MEMBER_SEQUENCE] = lists->vectors && vectors_served(lists->vectors),
        .present[MEMBER_CONTENT] = knows_content(lists),
        .present[MEMBER_USERS] = knows_users(lists),
        .crossing = !cross_table_empty(lists->tables->cross),
    };
    bool blending = lists->mixture && is_blended(lists);
    int leader = blending ? leader_choose(lists->settings, lists->mixture, segment)
                          : MEMBER_COUNTING;
    tried_weights_of(lists->mixture, segment, leader, ret_weights->weights.inputs);
    for (int a = 0; lists->content_scores && a < ASPECTS; a++) {
        ret_weights->present[MIXTURE_MEMBERS + a] =
            content_scores_knows(lists->content_scores, (enum content_aspect)a);
    }
}

uint64_t lists_looked(const struct lists *lists)
{
    return ranking_looked(lists->ranking);
}

void lists_write_columns(struct lists *lists, const struct ranked *ranked, size_t count)
{
    for (size_t k = 0; k < count; k++) {
        ranked_columns_write(&lists->columns, k, lists->tables->ids, &ranked[k]);
    }
}

/* ---- The mixture ---- */

/* The number of an item that the user does not like, which the model takes for none; and back. */
static int32_t disliked(int32_t number)
{
    return number == ID_NONE ? ID_NONE : ID_NONE - 1 - number;
}

/* The numbers of a history's items. */
static void write_numbers(const struct lists *lists, const struct user_history *history,
                          int32_t *to)
{
    ids_find_many(lists->tables->ids, history->items.at, history->items.count, to);
    for (size_t k = 0; k < history->items.count; k++) {
        if (!(history->weights.at[k] > 0.0F)) { to[k] = disliked(to[k]); }
    }
}

void lists_encode_ahead(struct lists *lists, const struct user_history *const *histories,
                        size_t count)
{
    struct history_tokens tokens[CANDIDATES_AHEAD];
    assert(count <= CANDIDATES_AHEAD);
    lists->ahead_count = lists->ahead_at = 0;
    if (!lists->vectors || !vectors_served(lists->vectors)) { return; }
    int32_t *at = lists->ahead_numbers;
    lists->ahead_ids = ids_count(lists->tables->ids);
    for (size_t h = 0; h < count; h++) {
        const struct user_history *history = histories[h];
        lists->ahead[h] = history;
        write_numbers(lists, history, at);
        tokens[h] = (struct history_tokens){.items = at, .count = history->items.count};
        lists_place_search(lists, history, h, &tokens[h]);
        at += history->items.count;
        lists->ahead_from[h + 1] = (size_t)(at - lists->ahead_numbers);
    }
    lists->ahead_count = count;
    candidates_encode(lists->candidates, tokens, count);
}

/* Finds the numbers of the history's items, which are known where it was encoded ahead, unless ids
 * have come since. */
static void find_numbers(struct lists *lists, const struct user_history *history)
{
    const struct ids *ids = lists->tables->ids;
    size_t h = lists->ahead_at;
    while (h < lists->ahead_count && lists->ahead[h] != history) { h++; }
    bool known = h < lists->ahead_count && lists->ahead_ids == ids_count(ids);
    const int32_t *numbers = lists->ahead_numbers + (known ? lists->ahead_from[h] : 0);
    for (size_t k = 0; k < history->items.count; k++) {
        int32_t number = known ? numbers[k] : ids_find(ids, history->items.at[k]);
        lists->numbers[k] = number < ID_NONE ? disliked(number) : number;
        lists->strengths[k] = history_strength(history, k);
    }
}

/* Finds the history among those that were encoded ahead, or encodes it alone. */
static size_t find_ahead(struct lists *lists, const struct user_history *history)
{
    for (size_t h = lists->ahead_at; h < lists->ahead_count; h++) {
        if (lists->ahead[h] != history) { continue; }
        lists->ahead_at = h + 1;
        return h;
    }
    lists_encode_ahead(lists, &history, 1);
    lists->ahead_count = 0; /* the caller's next history may have the same address */
    return 0;
}

static int choose_leader(const struct lists *lists, enum mixture_segment segment)
{
    const struct tried_weights *tried = lists->scope.tried;
    return tried ? tried_weights_leader(tried)
                 : leader_choose(lists->settings, lists->mixture, segment);
}

/* Sets what the next list is ordered by. */
static void weigh(struct lists *lists, const struct tried_weights *tried)
{
    ranking_weigh(lists->ranking, tried ? &tried->counting : &lists->own_weights);
    lists->mixed_by = lists->mixture;
    if (!tried || !lists->mixture) { return; }
    tried_weights_mixture(tried, &lists->tried);
    lists->mixed_by = &lists->tried;
}

/* Keeps all members' scores for the first ten candidates of each. */
static void write_prediction(struct lists *lists, const struct user_history *history,
                             enum mixture_segment segment, struct candidate_set *candidates)
{
    lists->prediction = (struct prediction){
        .user = ids_fingerprint(history->user_id),
        .partition = history->input_partition,
        .offset = history->input_offset,
        .segment = (uint8_t)segment,
    };
    candidate_set_best(candidates, &lists->prediction.best);
}

/* Orders all candidates by the leader's scores; then appends the items with which counting filled
 * its list up. */
static size_t merge(struct lists *lists, const struct ranked *ranked, size_t ranked_count,
                    struct candidate_set *candidates, enum mixture_segment segment, size_t length)
{
    size_t count = 0;
    size_t own = MIN_OF(candidates_each(lists->settings), (size_t)CANDIDATES_MOST);
    const struct topk_entry *order;
    size_t ordered = candidate_set_rank(candidates, lists->mixed_by, segment, lists->leader, length,
                                        &order);
    for (; count < ordered; count++) {
        size_t k = (size_t)order[count].item;
        int32_t item = candidates->items[k];
        /* counting's own candidates come first, in its order */
        bool counted = k < ranked_count && ranked[k].item == item;
        int member = leader_behind(lists->leader, lists->mixed_by, segment, candidates, k);
        bool reasoned = count < lists->reasoned;
        lists->merged[count] =
            reasoned ? reasons_find(&lists->behind, item, member, counted ? &ranked[k] : NULL)
                     : counted ? ranked[k] : (struct ranked){.item = item, .because = ID_NONE};
        lists->behind_of[count] = reasoned ? -1 : (int8_t)member;
        lists->counted_of[count] = counted;
        lists->merged[count].score = candidates->scores[k];
    }
    lists->scored = count;
    for (size_t k = 0; k < ranked_count && count < length; k++) {
        bool present = k < own && ranked[k].score >= 0.0F;
        for (size_t c = 0; c < count && !present; c++) {
            present = lists->merged[c].item == ranked[k].item;
        }
        if (present) { continue; }
        float before = count ? lists->merged[count - 1].score : 0.0F;
        lists->merged[count] = ranked[k];
        lists->behind_of[count] = -1;
        lists->merged[count++].score = MIN_OF(before, 0.0F) - 1.0F;
    }
    return count;
}

/* ---- Given candidates ---- */

static int by_score(const void *a, const void *b, void *arg)
{
    const struct scored *x = a, *y = b;
    if (x->had != y->had) { return x->had - y->had; }
    if (x->score != y->score) { return x->score < y->score ? 1 : -1; }
    if (x->actions != y->actions) { return x->actions < y->actions ? 1 : -1; }
    return ids_before(arg, x->entry.item, y->entry.item) ? -1 : 1;
}

/* Finds counting's entry of an item; NULL: it did not rank the item. */
static const struct ranked *counted_entry(const struct ranked *ranked, size_t ranked_count,
                                          int32_t item)
{
    for (size_t k = 0; k < ranked_count; k++) {
        if (ranked[k].item == item) { return &ranked[k]; }
    }
    return NULL;
}

/* Orders the given candidates by counting's scores, or by those of the leader's set. */
static size_t order_given(struct lists *lists, const struct ranking_request *request,
                          const struct list_scope *scope, const struct candidate_set *set,
                          enum mixture_segment segment, const struct ranked **ranked,
                          size_t ranked_count)
{
    size_t count = 0;
    for (size_t k = 0; k < scope->given_count; k++) {
        int32_t item = scope->given[k];
        if (item_flags_barred(&request->flags, item)) { continue; }
        bool had = !ranking_allows(lists->ranking, &request->flags, item);
        int member = set ? leader_behind(lists->leader, lists->mixed_by, segment, set, k)
                         : MEMBER_COUNTING;
        float score = had ? 0.0F : ranking_score(lists->ranking, item);
        struct ranked entry = reasons_find(&lists->behind, item, member,
                                           counted_entry(*ranked, ranked_count, item));
        entry.score = set ? set->scores[k] : score;
        lists_give_context(lists, &entry, had);
        lists->given[count++] = (struct scored){
            .score = entry.score,
            .had = had,
            .actions = item_table_actions(lists->tables->items, item),
            .at = k,
            .entry = entry,
        };
    }
    qsort_r(lists->given, count, sizeof(*lists->given), by_score, lists->tables->ids);
    count = MIN_OF(count, scope->length);
    for (size_t k = 0; k < count; k++) {
        lists->merged[k] = lists->given[k].entry;
        lists->merged[k].score = lists->given[k].score;
        lists->behind_of[k] = -1;
    }
    lists->scored = count;
    *ranked = lists->merged;
    return count;
}

/* ---- The list ---- */

/* Finds the candidates of all members; NULL: only counting has scores. */
static struct candidate_set *find_candidates(struct lists *lists, size_t ahead,
                                             const struct ranking_request *request,
                                             const struct list_scope *scope,
                                             const struct ranked *ranked, size_t ranked_count)
{
    memcpy(lists->numbers + request->count, lists->had,
           request->seen_count * sizeof(*lists->had));
    const struct candidates_request wanted = {
        .ahead = ahead,
        .ranking = lists->ranking,
        .ranked = ranked,
        .ranked_count = ranked_count,
        .flags = &request->flags,
        .had = lists->numbers,
        .had_count = request->count + request->seen_count,
        .weights = request->weights,
        .strengths = request->strengths,
        .history_count = request->count,
        .given = scope->given,
        .given_count = scope->given_count,
        .brought = lists->beside,
        .brought_count = lists->beside_count,
    };
    struct candidate_set *found = candidates_find(lists->candidates, &wanted);
    if (found) { found->shown = lists->request.shown; }
    return found;
}

/* Replaces counting's ranking by the leader's, if another member leads. Returns the list's
 * length. */
static size_t blend(struct lists *lists, const struct user_history *history,
                    struct candidate_set *candidates, const struct ranked **ranked,
                    size_t ranked_count)
{
    enum mixture_segment segment = mixture_segment(history->events_total);
    write_prediction(lists, history, segment, candidates);
    lists->leader = choose_leader(lists, segment);
    if (lists->leader == MEMBER_COUNTING) {
        if (lists->request.shown.count) {
            ranked_count = ranking_list(lists->ranking, &lists->request, ranked);
        }
        return MIN_OF(ranked_count, lists->ranked_length);
    }
    size_t length = merge(lists, *ranked, ranked_count, candidates, segment,
                          lists->ranked_length);
    *ranked = lists->merged;
    return length;
}

/* The same for given candidates: NULL when counting's scores order them. */
static const struct candidate_set *score_given(struct lists *lists,
                                               enum mixture_segment segment,
                                               const struct list_scope *scope,
                                               struct candidate_set *candidates)
{
    const struct topk_entry *order;
    lists->leader = choose_leader(lists, segment);
    if (lists->leader == MEMBER_COUNTING) { return NULL; }
    (void)candidate_set_rank(candidates, lists->mixed_by, segment, lists->leader,
                             scope->given_count, &order);
    return candidates;
}

static size_t find_shown(struct lists *lists, const struct user_history *history)
{
    const struct list_settings *settings = lists->settings;
    return shown_weights_find(history, lists->tables->ids, settings->shown_weight,
                              settings->shown_half_life_ms, lists->shown);
}

/* Gathers the candidates that no member finds: the platform's, then the context's. */
static void find_beside(struct lists *lists, const struct ranking_request *request)
{
    const int32_t *of_context;
    size_t room = ARRAY_COUNT(lists->beside), count = MIN_OF(lists->brought_count, room);
    if (count) { memcpy(lists->beside, lists->brought_numbers, count * sizeof(*lists->beside)); }
    size_t found = lists_find_context(lists, &request->flags, &of_context);
    for (size_t k = 0; k < found && count < room; k++) {
        bool there = false;
        for (size_t b = 0; b < lists->brought_count && !there; b++) {
            there = lists->brought_numbers[b] == of_context[k];
        }
        if (!there) { lists->beside[count++] = of_context[k]; }
    }
    lists->beside_count = count;
}

static size_t rank(struct lists *lists, const struct user_history *history,
                   const struct list_scope *scope, bool blending, const struct ranked **ret_ranked)
{
    const struct served *served = lists->vectors ? vectors_served(lists->vectors) : NULL;
    size_t ahead = served && blending ? find_ahead(lists, history) : 0;
    size_t length = scope->given_count ? (size_t)LIST_ITEMS_MAX : lists->ranked_length;
    struct ranking_request request = {
        .items = lists->numbers,
        .weights = history->weights.at,
        .kinds = history->actions.count == history->items.count ? history->actions.at : NULL,
        .strengths = lists->strengths,
        .count = history->items.count,
        .seen = lists->had,
        .seen_count = had_items_number(lists->tables->ids, history, lists->had, HAD_ITEMS_MAX),
        .length = blending ? MAX_OF(candidates_each(lists->settings), length) : length,
        .flags = catalogue_flags(&lists->tables->catalogue),
    };
    request.shown = (struct shown_items){lists->shown, find_shown(lists, history)};
    lists->request = request;
    if (blending) { request.shown.count = 0; } /* the members' own scores are compared */
    struct candidate_set *candidates = NULL;
    const struct candidate_set *leading = NULL;
    size_t count = ranking_list(lists->ranking, &request, ret_ranked);
    lists->prediction.best.count = 0;
    lists->leader = MEMBER_COUNTING;
    lists->brought_count = lists->beside_count = 0;
    if (!scope->given_count) {
        lists->brought_count = lists_find_brought(lists, history, &request,
                                                  &lists->brought_numbers);
        find_beside(lists, &request);
    }
    if (blending) {
        candidates = find_candidates(lists, ahead, &request, scope, *ret_ranked, count);
    }
    lists->behind = (struct reasons){
        .served = candidates ? served : NULL,
        .content_scores = candidates ? lists->content_scores : NULL,
        .alike = candidates ? lists->alike : NULL,
        .table = lists->tables->items,
        .items = request.items,
        .weights = request.weights,
        .count = request.count,
    };
    if (scope->given_count) {
        enum mixture_segment segment = mixture_segment(history->events_total);
        if (candidates) { leading = score_given(lists, segment, scope, candidates); }
        return order_given(lists, &request, scope, leading, segment, ret_ranked, count);
    }
    lists->set = candidates;
    if (candidates) { return blend(lists, history, candidates, ret_ranked, count); }
    if (blending && lists->request.shown.count) {
        count = ranking_list(lists->ranking, &lists->request, ret_ranked);
    }
    return MIN_OF(count, lists->ranked_length);
}

/* Finds what is known of a user: the profile, else what the request says. */
static void find_attributes(struct lists *lists, struct slice user)
{
    const struct user_attributes *sent = lists->scope.attributes;
    lists->attributes_known =
        lists->profiles && user_profiles_find(lists->profiles, user, &lists->attributes);
    if (lists->attributes_known || !sent) { return; }
    lists->attributes = *sent;
    lists->attributes_known = true;
}

void lists_make_scoped(struct lists *lists, const struct user_history *history,
                       const struct list_scope *scope, struct recommendation_list *ret_list)
{
    assert(!history_fault(history));
    assert(history->items.count <= HISTORY_ACTIONS_MAX);
    assert(scope->length <= LIST_ITEMS_MAX && scope->given_count <= LIST_GIVEN_MAX);
    assert(!scope->found || scope->given_count);
    ids_rank_often(lists->tables->ids); /* equal scores are ordered by ids */
    find_numbers(lists, history);
    const struct served *served = lists->vectors ? vectors_served(lists->vectors) : NULL;
    bool blending = is_blended(lists) && lists->mixture;
    lists->scope = *scope;
    lists_name_query(lists, scope->query);
    weigh(lists, scope->tried);
    bool of_user = scope->group_kind == GROUP_OTHER && !scope->given_count;
    bool begins = of_user && lists_use_segments(lists) && !history->items.count;
    struct list_scope wide = *scope;
    if (scope->found) { wide.length = LIST_GIVEN_MAX; }
    if (lists->rules || begins) { find_attributes(lists, history->user_id); }
    const struct ranked *ranked;
    lists->set = NULL;
    lists->made_by = NULL;
    size_t length = lists->ranked_length = lists_begin_context(lists, scope->length);
    lists->reasoned = lists_reasoned(lists);
    size_t count = rank(lists, history, &wide, blending, &ranked);
    lists->ranked = ranked;
    if (scope->found) {
        count = lists_rank_found(lists, scope, count, scope->length);
    } else if (scope->group_kind != GROUP_OTHER) {
        count = lists_rank_group(lists, count, length);
    } else if (begins && lists->attributes_known) {
        count = lists_rank_segments(lists, count, length);
    } else if (of_user && history->items.count) {
        count = lists_fill_by_cluster(lists, history, count, length);
    }
    if (lists->brought_count) { count = lists_mix_brought(lists, count, length); }
    if (!scope->given_count) { count = lists_mix_context(lists, count, scope->length); }
    ranked = lists->ranked;
    lists->ranked_count = count;
    lists_write_columns(lists, ranked, count);
    *ret_list = (struct recommendation_list){
        .user_id = history->user_id,
        .items = {lists->columns.items, count},
        .scores = {lists->columns.scores, count},
        .reasons = {lists->columns.reasons, count},
        .because = {lists->columns.because, count},
        .evidence = {lists->columns.evidence, count},
        .shares = {lists->columns.shares, count},
        .model = slice_str(lists->settings->model_name),
        .made_by = slice_str(lists->made_by ? lists->made_by : leader_name(lists->leader)),
        .vectors = slice_str(blending && served ? served->version : ""),
        .actions = history->events_total,
        .generation = slice_str(lists->generation),
        .event_time_ms = history->event_time_ms,
        .input_partition = history->input_partition,
        .input_offset = history->input_offset,
        .received_ms = history->received_ms,
        .rules_offset = -1,
    };
}

void lists_set_length(struct recommendation_list *list, size_t count)
{
    list->items.count = list->scores.count = list->reasons.count = count;
    list->because.count = list->evidence.count = list->shares.count = count;
    if (list->last_ms.count) { list->last_ms.count = count; }
}

size_t lists_ranked_for_rules(const struct lists *lists)
{
    return MAX_OF((size_t)lists->settings->list_length, (size_t)PLACEMENT_CANDIDATES);
}

/* With rules, more is ranked than the list has places. */
void lists_make(struct lists *lists, const struct user_history *history,
                struct recommendation_list *ret_list)
{
    size_t length = (size_t)lists->settings->list_length;
    size_t ranked = lists->rules ? lists_ranked_for_rules(lists) : length;
    const struct list_scope scope = {.length = ranked, .reasoned = length};
    lists_make_scoped(lists, history, &scope, ret_list);
    lists_set_length(ret_list, MIN_OF(ret_list->items.count, length));
}
