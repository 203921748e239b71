/* Lists of placements, cut from the scoring of the list that was made last (lists.c). */
#include "base/base.h"
#include "scorer/lists/lists_internal.h"

/* Returns an entry of the ranking with its reason, which is looked for once. */
struct ranked lists_ranked_entry(struct lists *lists, size_t k)
{
    struct ranked *ranked = &lists->merged[k];
    if (lists->behind_of[k] >= 0) {
        float score = ranked->score;
        *ranked = reasons_find(&lists->behind, ranked->item, lists->behind_of[k],
                               lists->counted_of[k] ? ranked : NULL);
        ranked->score = score;
        lists->behind_of[k] = -1;
    }
    return *ranked;
}

/* Returns the entry of an item that the ranking does not have: one without an action is there
 * because of what it is like. */
static struct ranked unranked_item(const struct lists *lists, int32_t item)
{
    float actions = (float)item_table_actions(lists->tables->items, item);
    struct ranked ranked = {.item = item,
                            .because = ID_NONE,
                            .evidence = actions,
                            .reason = actions > 0.0F ? RANKED_POPULAR : RANKED_NEW};
    if (actions > 0.0F || !lists->behind.content_scores) { return ranked; }
    struct content_likeness like = content_scores_compare(lists->behind.content_scores, item);
    if (like.because == ID_NONE) { return ranked; }
    ranked.because = like.because;
    ranked.share = like.share;
    ranked.reason = RANKED_ALIKE;
    return ranked;
}

/* Finds a candidate in the ranking (keep_scoring()), or what there is to say of one that rules
 * brought. */
static struct ranked ranked_item(struct lists *lists, size_t candidate, int32_t item,
                                 const struct again *again)
{
    size_t k = candidate;
    if (again->count) {
        return (struct ranked){.item = item,
                               .because = item,
                               .evidence = (float)again->count,
                               .share = 1.0F,
                               .reason = RANKED_AGAIN};
    }
    if (lists->scope.given_count) { /* candidates leave some out */
        for (k = 0; k < lists->ranked_count && lists->merged[k].item != item; k++) {}
    }
    if (k < lists->ranked_count) {
        assert(lists->merged[k].item == item);
        return lists_ranked_entry(lists, k);
    }
    return unranked_item(lists, item);
}

/* Writes the reasons of the places of all placements. */
static void reason_places(struct lists *lists, struct recommendation_list *list)
{
    const int32_t *numbers = placement_lists_numbers(lists->placements);
    const uint32_t *candidates = placement_lists_candidates(lists->placements);
    const struct again *again = placement_lists_again(lists->placements);
    size_t count = list->placement_items.count;
    bool some = false;
    assert(count <= LIST_PLACES_MAX);
    for (size_t k = 0; k < count; k++) {
        lists->places[k] = ranked_item(lists, candidates[k], numbers[k], &again[k]);
        lists->last_ms[k] = again[k].count ? again[k].last_ms : 0;
        some |= again[k].count > 0;
        lists->places[k].score = list->placement_scores.at[k];
        ranked_columns_write(&lists->placed, k, lists->tables->ids, &lists->places[k]);
    }
    list->placement_reasons = (struct ints){lists->placed.reasons, count};
    list->placement_because = (struct slices){lists->placed.because, count};
    list->placement_evidence = (struct floats){lists->placed.evidence, count};
    list->placement_shares = (struct floats){lists->placed.shares, count};
    list->placement_last_ms = (struct longs){lists->last_ms, some ? count : 0};
}

/* Makes `count` places from one on the list itself. */
static void take_places(struct lists *lists, size_t from, size_t count,
                        struct recommendation_list *list)
{
    lists_write_columns(lists, lists->places + from, count);
    lists_set_length(list, count);
    size_t dated = list->placement_last_ms.count ? count : 0;
    list->last_ms = (struct longs){lists->last_ms + from, dated};
}

void lists_own_ranking(struct lists *lists)
{
    assert(lists->ranked_count <= LIST_ITEMS_MAX);
    if (lists->ranked == lists->merged) { return; } /* else counting may rank again */
    memcpy(lists->merged, lists->ranked, lists->ranked_count * sizeof(*lists->ranked));
    memset(lists->behind_of, -1, lists->ranked_count);
    lists->ranked = lists->merged;
    size_t k = 0;
    while (k < lists->ranked_count && lists->merged[k].score >= 0.0F) { k++; }
    lists->scored = k;
}

void lists_take_ranking(struct lists *lists, size_t count)
{
    lists->ranked_count = count;
    lists_own_ranking(lists);
    for (size_t k = 0; k < count; k++) { (void)lists_ranked_entry(lists, k); }
}

size_t lists_place_of(const struct ranked *entries, size_t count, int32_t item)
{
    size_t k = 0;
    while (k < count && entries[k].item != item) { k++; }
    return k;
}

void lists_keep_fillers(struct lists *lists, size_t from, size_t to)
{
    lists->fillers_count = to - from;
    memcpy(lists->fillers, lists->merged + from, (to - from) * sizeof(*lists->fillers));
}

size_t lists_fill_up(struct lists *lists, size_t scored, size_t length)
{
    size_t count = lists->scored = scored;
    for (size_t k = 0; k < lists->fillers_count && count < length; k++) {
        if (lists_place_of(lists->merged, scored, lists->fillers[k].item) < scored) { continue; }
        float before = count ? lists->merged[count - 1].score : 0.0F;
        lists->merged[count] = lists->fillers[k];
        lists->merged[count++].score = MIN_OF(before, 0.0F) - 1.0F;
    }
    memset(lists->behind_of, -1, count);
    return count;
}

void lists_use_guesses(struct lists *lists, const struct cluster_table *clusters)
{
    assert(!lists->guessed);
    if (!lists->content_scores) { return; }
    lists->guessed =
        guessed_factors_new(lists->content_scores, clusters->space, lists->tables->ids);
}

/* Describes the scoring of the last list, from which any number of lists can be cut. */
static struct placement_scoring keep_scoring(struct lists *lists)
{
    const struct user_attributes *known = lists->attributes_known ? &lists->attributes : NULL;
    lists_own_ranking(lists);
    return (struct placement_scoring){.ranking = lists->ranking,
                                      .request = &lists->request,
                                      .ranked = lists->ranked,
                                      .ranked_count = lists->ranked_count,
                                      .scored_count = lists->scored,
                                      .given = lists->scope.given_count > 0,
                                      .searched = lists->scope.found != NULL,
                                      .context = lists->scope.context,
                                      .attributes = known,
                                      .content = lists->behind.content_scores,
                                      .guessed = lists->guessed,
                                      .sent = lists->scope.sent};
}

void lists_place(struct lists *lists, const struct user_history *history,
                 struct recommendation_list *list)
{
    if (!lists->rules) { return; }
    const struct placement_scoring scoring = keep_scoring(lists);
    placement_lists_make(lists->placements, lists->rules, &scoring, history, list);
    reason_places(lists, list);
    for (size_t p = 0, from = 0; p < list->placements.count; p++) {
        size_t count = (size_t)list->placement_counts.at[p];
        if (slice_equal(list->placements.at[p], slice_str(PLACEMENT_MAIN))) {
            take_places(lists, from, count, list);
        }
        from += count;
    }
}

void lists_place_one(struct lists *lists, const struct user_history *history, size_t placement,
                     size_t length, struct recommendation_list *list)
{
    const struct placement_scoring scoring = keep_scoring(lists);
    placement_lists_make_one(lists->placements, lists->rules, placement, length, &scoring, history,
                             list);
    reason_places(lists, list);
    take_places(lists, 0, list->placement_items.count, list);
}

int64_t lists_due_ms(const struct lists *lists)
{
    int64_t due_ms = lists->rules ? placement_lists_due_ms(lists->placements) : INT64_MAX;
    return MIN_OF(due_ms, lists_brought_until_ms(lists));
}
