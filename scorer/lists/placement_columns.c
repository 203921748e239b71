#include "base/base.h"
#include "scorer/lists/placement_columns.h"

size_t placement_columns_numbers(struct tables *tables, const struct recommendation_list *list,
                                 int32_t *ret_numbers)
{
    size_t count = 0;
    assert(list->items.count + list->placement_items.count <= PLACEMENT_NUMBERS_MAX);
    for (size_t k = 0; k < list->items.count; k++) {
        ret_numbers[count++] = tables_number(tables, list->items.at[k]);
    }
    for (size_t k = 0; k < list->placement_items.count; k++) {
        ret_numbers[count++] = tables_number(tables, list->placement_items.at[k]);
    }
    return count;
}

/* Says whether the columns fit each other: a message may come from anybody. */
static bool fits(const struct recommendation_list *list)
{
    size_t places = 0, items = list->placement_items.count;
    if (list->placement_counts.count != list->placements.count) { return false; }
    for (size_t p = 0; p < list->placement_counts.count; p++) {
        int32_t count = list->placement_counts.at[p];
        if (count < 0 || (size_t)count > items) { return false; }
        places += (size_t)count;
    }
    return places == items && list->placement_scores.count == items &&
           list->placement_ranks.count == items && list->placement_rules.count == items;
}

static void set_reasons(struct recommendation_list *list, size_t count)
{
    list->placement_reasons.count = list->placement_because.count = count;
    list->placement_evidence.count = list->placement_shares.count = count;
    if (list->placement_last_ms.count) { list->placement_last_ms.count = count; }
}

static void drop_all(struct recommendation_list *list)
{
    list->placements.count = list->placement_counts.count = list->removal_counts.count = 0;
    list->placement_items.count = list->placement_scores.count = 0;
    list->placement_ranks.count = list->placement_rules.count = 0;
    list->removal_items.count = list->removal_ranks.count = list->removal_rules.count = 0;
    list->placement_probabilities.count = 0;
    set_reasons(list, 0);
}

static void move_reason(struct recommendation_list *list, size_t from, size_t to)
{
    list->placement_reasons.at[to] = list->placement_reasons.at[from];
    list->placement_because.at[to] = list->placement_because.at[from];
    list->placement_evidence.at[to] = list->placement_evidence.at[from];
    list->placement_shares.at[to] = list->placement_shares.at[from];
    if (list->placement_last_ms.count) {
        list->placement_last_ms.at[to] = list->placement_last_ms.at[from];
    }
}

void placement_columns_strip(const struct tables *tables, struct recommendation_list *list)
{
    const struct item_flags flags = catalogue_flags(&tables->catalogue);
    bool reasoned = list_placements_reasoned(list), drawn = list_placements_drawn(list);
    size_t at = 0, kept = 0;
    if (!fits(list)) {
        drop_all(list);
        return;
    }
    for (size_t p = 0; p < list->placement_counts.count; p++) {
        size_t end = at + (size_t)list->placement_counts.at[p], before = kept;
        for (; at < end; at++) {
            int32_t item = ids_find(tables->ids, list->placement_items.at[at]);
            if (item != ID_NONE && item_flags_barred(&flags, item)) { continue; }
            list->placement_items.at[kept] = list->placement_items.at[at];
            list->placement_scores.at[kept] = list->placement_scores.at[at];
            list->placement_ranks.at[kept] = list->placement_ranks.at[at];
            list->placement_rules.at[kept] = list->placement_rules.at[at];
            if (reasoned) { move_reason(list, at, kept); }
            if (drawn) {
                list->placement_probabilities.at[kept] = list->placement_probabilities.at[at];
            }
            kept++;
        }
        list->placement_counts.at[p] = (int32_t)(kept - before);
    }
    list->placement_items.count = list->placement_scores.count = kept;
    list->placement_ranks.count = list->placement_rules.count = kept;
    list->placement_probabilities.count = drawn ? kept : 0;
    set_reasons(list, reasoned ? kept : 0);
}

bool placement_columns_same(const struct recommendation_list *a,
                            const struct recommendation_list *b)
{
    return a->rules_offset == b->rules_offset && slices_equal(&a->placements, &b->placements) &&
           ints_equal(&a->placement_counts, &b->placement_counts) &&
           slices_equal(&a->placement_items, &b->placement_items) &&
           slices_equal(&a->placement_rules, &b->placement_rules) &&
           ints_equal(&a->placement_reasons, &b->placement_reasons) &&
           slices_equal(&a->placement_because, &b->placement_because) &&
           longs_equal(&a->placement_last_ms, &b->placement_last_ms) &&
           ints_equal(&a->removal_counts, &b->removal_counts) &&
           slices_equal(&a->removal_items, &b->removal_items) &&
           slices_equal(&a->removal_rules, &b->removal_rules);
}

bool placement_columns_find(const struct recommendation_list *list, struct slice name,
                            struct placement_range *ret_range)
{
    struct placement_range range = {0};
    if (!fits(list) || list->removal_counts.count != list->placements.count ||
        list->removal_ranks.count != list->removal_items.count ||
        list->removal_rules.count != list->removal_items.count) {
        return false;
    }
    for (size_t p = 0; p < list->placements.count; p++) {
        int32_t removals = list->removal_counts.at[p];
        range.placement = p;
        range.count = (size_t)list->placement_counts.at[p];
        range.removals_count = removals > 0 ? (size_t)removals : 0;
        if (range.removals_count > list->removal_items.count - range.removals_from) {
            return false;
        }
        if (slice_equal(list->placements.at[p], name)) {
            *ret_range = range;
            return true;
        }
        range.from += range.count;
        range.removals_from += range.removals_count;
    }
    return false;
}

/* Moves the places that stay together. */
void lists_take_off_barred(const struct tables *tables, struct recommendation_list *list)
{
    const struct item_flags flags = catalogue_flags(&tables->catalogue);
    size_t kept = 0;
    assert(list_columns_agree(list));
    for (size_t k = 0; k < list->items.count; k++) {
        int32_t item = ids_find(tables->ids, list->items.at[k]);
        if (item != ID_NONE && item_flags_barred(&flags, item)) { continue; }
        list->items.at[kept] = list->items.at[k];
        list->scores.at[kept] = list->scores.at[k];
        list->reasons.at[kept] = list->reasons.at[k];
        list->because.at[kept] = list->because.at[k];
        list->evidence.at[kept] = list->evidence.at[k];
        if (list->shares.count) { list->shares.at[kept] = list->shares.at[k]; }
        if (list->last_ms.count) { list->last_ms.at[kept] = list->last_ms.at[k]; }
        kept++;
    }
    list->items.count = list->scores.count = list->reasons.count = kept;
    list->because.count = list->evidence.count = kept;
    if (list->shares.count) { list->shares.count = kept; }
    if (list->last_ms.count) { list->last_ms.count = kept; }
}
