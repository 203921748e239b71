#include "base/base.h"
#include "base/xalloc.h"
#include "scorer/lists.h"
#include "scorer/tally.h"

void tally_init(struct tally *tally)
{
    *tally = (struct tally){.stamp = 1};
}

void tally_release(struct tally *tally)
{
    free(tally->stamps);
    *tally = (struct tally){0};
}

void tally_begin(struct tally *tally)
{
    memset(tally->parts, 0, sizeof(tally->parts));
    tally->places = tally->items_listed = 0;
    tally->novelty_bits = tally->actions = 0.0;
    if (++tally->stamp) { return; }
    memset(tally->stamps, 0, (size_t)tally->stamps_count * sizeof(*tally->stamps));
    tally->stamp = 1;
}

void tally_judged(struct tally *tally, struct slice made_by, int64_t actions,
                  enum judgement judgement, int rank)
{
    int contender = MIXTURE_CONTENDERS - 1;
    while (contender > 0 && !slice_equal(made_by, slice_str(lists_contender(contender)))) {
        contender--;
    }
    struct tally_part *part = &tally->parts[contender][mixture_segment(actions)];
    part->judged += judgement == JUDGED_MISS || judgement == JUDGED_HIT;
    if (judgement != JUDGED_HIT) { return; }
    part->hits++;
    part->ndcg += 1.0 / log2((double)rank + 1.0);
}

static double all_actions(const struct item_table *table)
{
    double sum = 0.0;
    int32_t end = item_table_end(table);
    for (int32_t item = 0; item < end; item++) { sum += item_table_actions(table, item); }
    return MAX_OF(sum, 1.0);
}

static void reach(struct tally *tally, int32_t item)
{
    if (item < tally->stamps_count) { return; }
    int32_t count = (int32_t)MIN_OF(2 * (int64_t)item + 1024, (int64_t)INT32_MAX);
    tally->stamps = xreallocarray(tally->stamps, (size_t)count, sizeof(*tally->stamps));
    memset(tally->stamps + tally->stamps_count, 0,
           (size_t)(count - tally->stamps_count) * sizeof(*tally->stamps));
    tally->stamps_count = count;
}

void tally_listed(struct tally *tally, const struct item_table *table, const int32_t *items,
                  size_t count)
{
    if (!(tally->actions > 0.0)) { tally->actions = all_actions(table); }
    int32_t end = item_table_end(table);
    for (size_t k = 0; k < count; k++) {
        int32_t item = items[k];
        reach(tally, item);
        tally->items_listed += tally->stamps[item] != tally->stamp;
        tally->stamps[item] = tally->stamp;
        double actions = item < end ? item_table_actions(table, item) : 0.0;
        tally->novelty_bits += log2(MAX_OF(tally->actions / MAX_OF(actions, 1.0), 1.0));
    }
    tally->places += (int64_t)count;
}

void tally_write(struct tally *tally, int64_t items_known, struct list_quality *ret_range)
{
    size_t count = 0;
    for (int c = 0; c < MIXTURE_CONTENDERS; c++) {
        for (int s = 0; s < MIXTURE_SEGMENTS; s++) {
            const struct tally_part *part = &tally->parts[c][s];
            if (!part->judged) { continue; }
            tally->made_by[count] = slice_str(lists_contender(c));
            tally->segments[count] = s;
            tally->judged_by[count] = part->judged;
            tally->hits_by[count] = part->hits;
            tally->ndcg_by[count++] = part->ndcg;
        }
    }
    ret_range->made_by = (struct slices){tally->made_by, count};
    ret_range->segments = (struct ints){tally->segments, count};
    ret_range->judged_by = (struct longs){tally->judged_by, count};
    ret_range->hits_by = (struct longs){tally->hits_by, count};
    ret_range->ndcg_by = (struct doubles){tally->ndcg_by, count};
    ret_range->places = tally->places;
    ret_range->novelty_bits = tally->novelty_bits;
    ret_range->items_listed = tally->items_listed;
    ret_range->items_known = items_known;
}
