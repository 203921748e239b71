#include "base/base.h"
#include "schemas/list_id.h"
#include "scorer/lists/placement_columns.h"
#include "serve/placed_list.h"

/* Finds an item on the list itself; its length: it is not on it. */
static size_t find_item(const struct recommendation_list *list, struct slice item)
{
    size_t at = 0;
    while (at < list->items.count && !slice_equal(list->items.at[at], item)) { at++; }
    return at;
}

/* Takes the reasons of a placement's places. */
static void take_reasons(struct recommendation_list *list, const struct placement_range *range)
{
    size_t from = range->from, count = range->count;
    list->because = (struct slices){list->placement_because.at + from, count};
    list->reasons = (struct ints){list->placement_reasons.at + from, count};
    list->evidence = (struct floats){list->placement_evidence.at + from, count};
    list->shares = (struct floats){list->placement_shares.at + from, count};
    bool dated = list->placement_last_ms.count > 0;
    list->last_ms = (struct longs){dated ? list->placement_last_ms.at + from : NULL,
                                   dated ? count : 0};
}

/* Finds the reasons of a list of an earlier release: those of the list itself. */
static void find_reasons(struct recommendation_list *list, const struct placement_range *range,
                        struct arena *arena)
{
    size_t count = range->count;
    struct slice *because = arena_alloc_array(arena, count + 1, sizeof(*because));
    int32_t *reasons = arena_alloc_array(arena, count + 1, sizeof(*reasons));
    float *evidence = arena_alloc_array(arena, count + 1, sizeof(*evidence));
    float *shares = arena_alloc_array(arena, count + 1, sizeof(*shares));
    for (size_t k = 0; k < count; k++) {
        size_t at = find_item(list, list->placement_items.at[range->from + k]);
        bool known = at < list->items.count;
        because[k] = known ? list->because.at[at] : slice_str("");
        reasons[k] = known ? list->reasons.at[at] : REASON_OTHER;
        evidence[k] = known ? list->evidence.at[at] : 0.0F;
        shares[k] = known ? list_share(list, at) : 0.0F;
    }
    list->because = (struct slices){because, count};
    list->reasons = (struct ints){reasons, count};
    list->evidence = (struct floats){evidence, count};
    list->shares = (struct floats){shares, count};
    list->last_ms.count = 0;
}

/* Writes the columns of a placement's list. */
static void write_items(struct recommendation_list *list, const struct placement_range *range,
                        struct arena *arena)
{
    if (list_placements_reasoned(list)) {
        take_reasons(list, range);
    } else {
        find_reasons(list, range, arena);
    }
    list->items = (struct slices){list->placement_items.at + range->from, range->count};
    list->scores = (struct floats){list->placement_scores.at + range->from, range->count};
}

bool placed_list_choose(struct recommendation_list *list, struct slice placement,
                        struct arena *arena)
{
    struct placement_range range;
    bool is_main = slice_equal(placement, slice_str(LIST_ID_MAIN));
    if (!placement_columns_find(list, placement, &range)) {
        list->placements.count = is_main ? 0 : list->placements.count;
        return is_main;
    }
    if (!is_main) { write_items(list, &range, arena); }
    bool named = list->placement_list_ids.count == list->placements.count;
    list->list_id = named ? list->placement_list_ids.at[range.placement] : slice_str("");
    list->placements.count = 1;
    list->placement_ranks = (struct ints){list->placement_ranks.at + range.from, range.count};
    list->placement_rules = (struct slices){list->placement_rules.at + range.from, range.count};
    if (list_placements_drawn(list)) {
        list->placement_probabilities =
            (struct floats){list->placement_probabilities.at + range.from, range.count};
    } else {
        list->placement_probabilities.count = 0;
    }
    list->removal_items = (struct slices){list->removal_items.at + range.removals_from,
                                          range.removals_count};
    list->removal_ranks = (struct ints){list->removal_ranks.at + range.removals_from,
                                        range.removals_count};
    list->removal_rules = (struct slices){list->removal_rules.at + range.removals_from,
                                          range.removals_count};
    return true;
}
