#include "base/base.h"
#include "base/xalloc.h"
#include "scorer/lists/lists.h"
#include "scorer/lists/leader.h"
#include "scorer/quality_counters.h"

void quality_counters_init(struct quality_counters *counters)
{
    *counters = (struct quality_counters){.stamp = 1};
}

void quality_counters_release(struct quality_counters *counters)
{
    free(counters->stamps);
    *counters = (struct quality_counters){0};
}

void quality_counters_begin(struct quality_counters *counters)
{
    memset(counters->parts, 0, sizeof(counters->parts));
    memset(counters->kinds, 0, sizeof(counters->kinds));
    counters->places = counters->items_listed = 0;
    counters->novelty_bits = counters->actions = 0.0;
    if (++counters->stamp) { return; }
    memset(counters->stamps, 0, (size_t)counters->stamps_count * sizeof(*counters->stamps));
    counters->stamp = 1;
}

void quality_counters_outcome(struct quality_counters *counters, struct slice made_by,
                              int64_t actions, enum list_outcome outcome, int rank)
{
    int contender = MIXTURE_CONTENDERS - 1;
    while (contender > 0 && !slice_equal(made_by, slice_str(leader_name(contender)))) {
        contender--;
    }
    struct quality_counters_part *part = &counters->parts[contender][mixture_segment(actions)];
    part->evaluated += list_outcome_is_judged(outcome);
    if (outcome != OUTCOME_HIT) { return; }
    part->hits++;
    part->ndcg += 1.0 / log2((double)rank + 1.0);
}

void quality_counters_kind(struct quality_counters *counters, int32_t kind,
                           enum list_outcome outcome)
{
    bool known = kind >= 0 && kind < ACTIONS_COUNT;
    struct quality_counters_kind *of = &counters->kinds[known ? kind : ACTION_OTHER];
    of->evaluated += list_outcome_is_judged(outcome);
    of->repeats += outcome == OUTCOME_REPEAT;
    of->hits += outcome == OUTCOME_HIT;
}

static double all_actions(const struct item_table *table)
{
    double sum = 0.0;
    int32_t end = item_table_end(table);
    for (int32_t item = 0; item < end; item++) { sum += item_table_actions(table, item); }
    return MAX_OF(sum, 1.0);
}

static void reserve_item(struct quality_counters *counters, int32_t item)
{
    if (item < counters->stamps_count) { return; }
    int32_t count = (int32_t)MIN_OF(2 * (int64_t)item + 1024, (int64_t)INT32_MAX);
    counters->stamps = xreallocarray(counters->stamps, (size_t)count, sizeof(*counters->stamps));
    memset(counters->stamps + counters->stamps_count, 0,
           (size_t)(count - counters->stamps_count) * sizeof(*counters->stamps));
    counters->stamps_count = count;
}

void quality_counters_list(struct quality_counters *counters, const struct item_table *table,
                           const int32_t *items, size_t count)
{
    if (!(counters->actions > 0.0)) { counters->actions = all_actions(table); }
    int32_t end = item_table_end(table);
    for (size_t k = 0; k < count; k++) {
        int32_t item = items[k];
        reserve_item(counters, item);
        counters->items_listed += counters->stamps[item] != counters->stamp;
        counters->stamps[item] = counters->stamp;
        double actions = item < end ? item_table_actions(table, item) : 0.0;
        counters->novelty_bits += log2(MAX_OF(counters->actions / MAX_OF(actions, 1.0), 1.0));
    }
    counters->places += (int64_t)count;
}

static void write_kinds(struct quality_counters *counters, struct list_quality *range)
{
    size_t count = 0;
    for (int32_t kind = 0; kind < ACTIONS_COUNT; kind++) {
        const struct quality_counters_kind *of = &counters->kinds[kind];
        if (!of->evaluated) { continue; }
        counters->kind_names[count] = kind;
        counters->evaluated_by_kind[count] = of->evaluated;
        counters->hits_by_kind[count] = of->hits;
        counters->repeats_by_kind[count++] = of->repeats;
    }
    range->kinds = (struct ints){counters->kind_names, count};
    range->judged_by_kind = (struct longs){counters->evaluated_by_kind, count};
    range->hits_by_kind = (struct longs){counters->hits_by_kind, count};
    range->repeats_by_kind = (struct longs){counters->repeats_by_kind, count};
}

void quality_counters_write(struct quality_counters *counters, int64_t items_known,
                            struct list_quality *ret_range)
{
    size_t count = 0;
    for (int c = 0; c < MIXTURE_CONTENDERS; c++) {
        for (int s = 0; s < MIXTURE_SEGMENTS; s++) {
            const struct quality_counters_part *part = &counters->parts[c][s];
            if (!part->evaluated) { continue; }
            counters->made_by[count] = slice_str(leader_name(c));
            counters->segments[count] = s;
            counters->evaluated_by[count] = part->evaluated;
            counters->hits_by[count] = part->hits;
            counters->ndcg_by[count++] = part->ndcg;
        }
    }
    ret_range->made_by = (struct slices){counters->made_by, count};
    ret_range->segments = (struct ints){counters->segments, count};
    ret_range->judged_by = (struct longs){counters->evaluated_by, count};
    ret_range->hits_by = (struct longs){counters->hits_by, count};
    ret_range->ndcg_by = (struct doubles){counters->ndcg_by, count};
    ret_range->places = counters->places;
    ret_range->novelty_bits = counters->novelty_bits;
    ret_range->items_listed = counters->items_listed;
    ret_range->items_known = items_known;
    write_kinds(counters, ret_range);
}
