/* Both selecting and sorting divide the entries by a pivot (Hoare, "Find" and "Quicksort", CACM 4,
 * 1961). Which entry is better than the pivot cannot be foreseen, so divide() has no branch for it:
 * it swaps each entry, and moves the border by 0 or 1. Pivots are drawn, so no order of the
 * candidates makes it slow.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "model/topk.h"

enum { GATHERED = 32, RUN = 8 }; /* RUN: so few entries are sorted by insertion */

void topk_init(struct topk *top, bool (*before)(const void *arg, int32_t a, int32_t b),
               const void *arg)
{
    *top = (struct topk){.before = before, .arg = arg, .draw = 1};
}

void topk_release(struct topk *top)
{
    free(top->entries);
    *top = (struct topk){0};
}

void topk_clear(struct topk *top, size_t length)
{
    top->room = 2 * length + GATHERED;
    if (top->room > top->capacity) {
        top->entries = xreallocarray(top->entries, top->room, sizeof(*top->entries));
        top->capacity = top->room;
    }
    top->length = length;
    top->count = 0;
    top->least = length ? -INFINITY : INFINITY;
}

/* Says whether a is better than b: a total order, as items differ. */
static inline bool better(const struct topk *top, struct topk_entry a, struct topk_entry b)
{
    if (__builtin_expect(a.score == b.score, 0)) { return top->before(top->arg, a.item, b.item); }
    return a.score > b.score;
}

/* Copies member by member: what is stored so and fetched whole, soon after, waits for the cache. */
static inline void put(struct topk_entry *to, double score, int32_t item)
{
    to->score = score;
    to->item = item;
}

static inline void swap(struct topk_entry *a, struct topk_entry *b)
{
    const double score = a->score;
    const int32_t item = a->item;
    put(a, b->score, b->item);
    put(b, score, item);
}

/* Puts the median of three entries at `from`. */
static void draw_pivot(struct topk *top, size_t from, size_t end)
{
    struct topk_entry *at = top->entries;
    size_t of[3];
    for (size_t k = 0; k < ARRAY_COUNT(of); k++) {
        top->draw = top->draw * 1664525U + 1013904223U; /* Numerical Recipes */
        of[k] = from + (size_t)((uint64_t)top->draw * (end - from) >> 32);
    }
    bool first = better(top, at[of[0]], at[of[1]]);
    size_t high = of[!first], low = of[first];
    size_t median = better(top, at[of[2]], at[high])  ? high
                    : better(top, at[of[2]], at[low]) ? of[2]
                                                      : low;
    swap(&at[from], &at[median]);
}

/* Divides the entries from..end-1 by one of them: returns its place, before which the better ones
 * are. */
static size_t divide(struct topk *top, size_t from, size_t end)
{
    struct topk_entry *at = top->entries;
    draw_pivot(top, from, end);
    const struct topk_entry pivot = at[from];
    size_t border = from + 1;
    for (size_t k = from + 1; k < end; k++) {
        const struct topk_entry entry = {.score = at[k].score, .item = at[k].item};
        put(&at[k], at[border].score, at[border].item);
        put(&at[border], entry.score, entry.item);
        border += better(top, entry, pivot);
    }
    swap(&at[from], &at[border - 1]);
    return border - 1;
}

/* Sorts by insertion: for few entries, or where each one is near its place. */
static void insert_each(struct topk *top, size_t from, size_t end)
{
    struct topk_entry *at = top->entries;
    for (size_t k = from + 1; k < end; k++) {
        const struct topk_entry entry = {.score = at[k].score, .item = at[k].item};
        size_t to = k;
        for (; to > from && better(top, entry, at[to - 1]); to--) {
            put(&at[to], at[to - 1].score, at[to - 1].item);
        }
        put(&at[to], entry.score, entry.item);
    }
}

/* Keeps the best K of more, or some less than `more` beside them where that comes cheaper. */
static void keep(struct topk *top, size_t more)
{
    size_t from = 0, end = top->count, last = top->length - 1;
    while (end - from > RUN) {
        size_t place = divide(top, from, end);
        if (place > last && place < top->length + more) {
            top->least = top->entries[place].score;
            top->count = place;
            return;
        }
        if (place < last) {
            from = place + 1;
        } else if (place > last) {
            end = place;
        } else {
            from = end = last;
        }
    }
    insert_each(top, from, end);
    top->least = top->entries[last].score;
    top->count = top->length;
}

void topk_make_room(struct topk *top)
{
    if (top->length) {
        keep(top, top->length / 2);
    } else {
        top->count = 0;
    }
}

void topk_shrink(struct topk *top)
{
    if (top->count > top->length && top->length) { keep(top, 0); }
    top->count = MIN_OF(top->count, top->length);
}

void topk_push_range(struct topk *top, const float *scores, size_t count, int32_t first)
{
    for (size_t k = 0; k < count;) {
        size_t end = MIN_OF(count, k + (top->room - top->count)), at = top->count;
        for (; k < end; k++) {
            const double score = (double)scores[k];
            put(&top->entries[at], score, first + (int32_t)k);
            at += score >= top->least;
        }
        top->count = at;
        if (at == top->room) { topk_make_room(top); }
    }
}

/* Orders runs of entries, of which the first K will be read. */
static void order_runs(struct topk *top, size_t from, size_t end)
{
    while (end - from > RUN && from < top->length) {
        size_t place = divide(top, from, end);
        if (place - from < end - place) {
            order_runs(top, from, place);
            from = place + 1;
        } else {
            order_runs(top, place + 1, end);
            end = place;
        }
    }
}

void topk_sort(struct topk *top)
{
    order_runs(top, 0, top->count);
    insert_each(top, 0, MIN_OF(top->count, top->length + RUN));
    top->count = MIN_OF(top->count, top->length);
}
