/* What platforms bring (brought_items.h), and what a user's newest search has found
 * (lists_found.c), is ranked beside the others:
 *
 *     score + weight * prior * (best - least)
 *
 * with the leading member's score, which is the least for an item that it does not know, and the
 * best and the least of the ranking; counting's least is 0. So the first of a source gains `weight`
 * of what lies between the worst and the best, and an item that the members like as well is before
 * one that they do not. Where being brought adds more to a score than the members do, it is the
 * item's reason, which names the source; so it is where the ranking would not have the item at all.
 * The same holds of a match of the search, with its relevance as the prior and a weight of its own.
 * What is both counts as brought. A pure function of the ranking and the tables.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "scorer/lists/leader.h"
#include "scorer/lists/lists_internal.h"

enum { MIXED_MAX = BROUGHT_MAX + SEARCHED_ITEMS_MAX, BY_SEARCH = -1 };

struct brought_mix {
    struct brought_items *items; /* NULL: nothing is brought */
    double weight;
    struct brought_item found[MIXED_MAX]; /* source BY_SEARCH: the search found it */
    int32_t numbers[MIXED_MAX];           /* of these */
    float own[MIXED_MAX];                 /* their scores by the leader */
    size_t count;
    int64_t until_ms; /* when one of them expires */
    bool searched; /* of these, some by a search */
    struct searched_tops tops;
    struct ranked mixed[LIST_ITEMS_MAX + MIXED_MAX];
};

void lists_begin_brought(struct lists *lists)
{
    if (lists->brought) { return; }
    lists->brought = xcalloc(1, sizeof(*lists->brought));
    lists->brought->until_ms = INT64_MAX;
}

void lists_set_brought(struct lists *lists, struct brought_items *items, double weight)
{
    lists_begin_brought(lists);
    lists->brought->items = items;
    lists->brought->weight = weight;
    lists->columns.brought = lists->placed.brought = items;
}

int64_t lists_brought_until_ms(const struct lists *lists)
{
    return lists->brought ? lists->brought->until_ms : INT64_MAX;
}

/* Adds what the user's newest search has found. */
static void add_searched(struct lists *lists, const struct user_history *history,
                         const struct ranking_request *request)
{
    struct brought_mix *mix = lists->brought;
    const struct found_item *found;
    size_t brought = mix->count, added = 0;
    size_t count = lists_find_searched(lists, history, &request->flags, &found);
    for (size_t k = 0; k < count && added < SEARCHED_ITEMS_MAX; k++) {
        int32_t item = found[k].item;
        bool there = !ranking_allows(lists->ranking, &request->flags, item);
        for (size_t i = 0; i < brought && !there; i++) { there = mix->numbers[i] == item; }
        if (there) { continue; }
        mix->found[mix->count] = (struct brought_item){item, BY_SEARCH, found[k].relevance};
        mix->numbers[mix->count++] = item;
        added++;
    }
    mix->searched = added > 0;
}

const struct searched_tops *lists_searched_tops(const struct lists *lists)
{
    return lists->brought && lists->brought->searched ? &lists->brought->tops : NULL;
}

size_t lists_find_brought(struct lists *lists, const struct user_history *history,
                          const struct ranking_request *request, const int32_t **ret_items)
{
    struct brought_mix *mix = lists->brought;
    size_t count = 0;
    *ret_items = NULL;
    if (!mix) { return 0; }
    mix->count = 0;
    mix->searched = false;
    if (mix->items) {
        count = brought_items_find(mix->items, history->user_id, lists->tables->ids, mix->found,
                                   &mix->until_ms);
    }
    for (size_t k = 0; k < count; k++) {
        int32_t item = mix->found[k].item;
        if (!tables_know(lists->tables, item)) { continue; }
        if (!ranking_allows(lists->ranking, &request->flags, item)) { continue; }
        mix->found[mix->count] = mix->found[k];
        mix->numbers[mix->count++] = mix->found[k].item;
    }
    add_searched(lists, history, request);
    *ret_items = mix->numbers;
    return mix->count;
}

/* Returns a set's score of an item; the least, if it is not in it. */
static float score_in(const struct candidate_set *set, int32_t item, float least)
{
    for (size_t k = 0; k < set->zscores.count; k++) {
        if (set->items[k] == item) { return set->scores[k]; }
    }
    return least;
}

static int by_score(const void *a, const void *b, void *ids)
{
    const struct ranked *x = a, *y = b;
    if (x->score != y->score) { return x->score < y->score ? 1 : -1; }
    return ids_before(ids, x->item, y->item) ? -1 : 1;
}

/* Finds the leader's scores of what was brought, and the range of all scores. */
static void find_range(struct lists *lists, const struct candidate_set *set, float *ret_least,
                       float *ret_best)
{
    struct brought_mix *mix = lists->brought;
    float least = 0.0F, best = 0.0F;
    for (size_t k = 0; set && k < set->zscores.count; k++) {
        least = k ? MIN_OF(least, set->scores[k]) : set->scores[k];
    }
    for (size_t k = 0; k < lists->scored; k++) {
        best = MAX_OF(best, lists->merged[k].score);
    }
    for (size_t k = 0; k < mix->count; k++) {
        int32_t item = mix->found[k].item;
        mix->own[k] = set ? score_in(set, item, least) : ranking_score(lists->ranking, item);
        best = MAX_OF(best, mix->own[k]);
    }
    *ret_least = least;
    *ret_best = best > least ? best : least + 1.0F;
}

/* Adds what was brought to the scored entries, with or without what a search has found; returns how
 * many there are. */
static size_t add_brought(struct lists *lists, float least, float best, bool with_search)
{
    struct brought_mix *mix = lists->brought;
    size_t scored = lists->scored, count = scored;
    memcpy(mix->mixed, lists->merged, scored * sizeof(*mix->mixed));
    for (size_t k = 0; k < mix->count; k++) {
        const struct brought_item *one = &mix->found[k];
        bool searched = one->source == BY_SEARCH;
        if (searched && !with_search) { continue; }
        double weight = searched ? lists->settings->search_weight : mix->weight;
        float more = (float)weight * one->prior * (best - least);
        size_t at = lists_place_of(mix->mixed, scored, one->item);
        bool ranked = at < scored;
        struct ranked *entry = &mix->mixed[ranked ? at : count];
        if (!ranked) { mix->mixed[count++] = (struct ranked){.score = mix->own[k]}; }
        if (!ranked || more > entry->score - least) {
            float whole = MAX_OF(entry->score - least, 0.0F) + more;
            float actions = (float)item_table_actions(lists->tables->items, one->item);
            *entry = (struct ranked){.item = one->item,
                                     .because = searched ? ID_NONE : one->source,
                                     .evidence = actions,
                                     .score = entry->score,
                                     .share = searched && whole > 0.0F ? more / whole : 0.0F,
                                     .reason = searched ? RANKED_QUERY : RANKED_BROUGHT};
        }
        entry->score += more;
    }
    return count;
}

/* The same in the order of the scores. */
static size_t mix_ordered(struct lists *lists, float least, float best, bool with_search)
{
    struct brought_mix *mix = lists->brought;
    size_t count = add_brought(lists, least, best, with_search);
    qsort_r(mix->mixed, count, sizeof(*mix->mixed), by_score, lists->tables->ids);
    if (!mix->searched) { return count; }
    size_t top = MIN_OF(count, (size_t)SEARCHED_TOP_ITEMS);
    mix->tops.counts[with_search] = top;
    for (size_t k = 0; k < top; k++) { mix->tops.items[with_search][k] = mix->mixed[k].item; }
    return count;
}

/* Where a search has found something, the list is made both ways, so that it can be learned which
 * one is better; what has been learned says which one stands. */
static size_t mix_search(struct lists *lists, float least, float best)
{
    const struct brought_mix *mix = lists->brought;
    bool counts = !lists->mixture || mixture_search_counts(lists->mixture);
    if (mix->searched) { (void)mix_ordered(lists, least, best, !counts); }
    return mix_ordered(lists, least, best, counts);
}

size_t lists_mix_brought(struct lists *lists, size_t count, size_t length)
{
    struct brought_mix *mix = lists->brought;
    const struct candidate_set *set = lists->leader == MEMBER_COUNTING ? NULL : lists->set;
    float least, best;
    if (!mix || !mix->count) { return count; }
    lists_take_ranking(lists, count);
    find_range(lists, set, &least, &best);
    lists_keep_fillers(lists, MIN_OF(lists->scored, count), count);
    size_t mixed = mix_search(lists, least, best);
    size_t kept = MIN_OF(mixed, length);
    memcpy(lists->merged, mix->mixed, kept * sizeof(*lists->merged));
    return lists_fill_up(lists, kept, length);
}

void lists_free_brought(struct lists *lists)
{
    free(lists->brought);
}
