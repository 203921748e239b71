/* Both selecting and sorting divide the entries by a pivot (Hoare, "Find" and "Quicksort", CACM 4,
 * 1961). Which entry is better than the pivot cannot be foreseen, so divide() has no branch for it:
 * it copies the better ones to the front of a spare array and the others to its back, so that no
 * entry waits for the one before. Runs of few entries are sorted by counting for each how many are
 * better, also without a branch. Pivots are drawn, so no order of the candidates makes it slow.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "model/topk.h"

enum { GATHERED = 32, RUN = 12 }; /* RUN: so few entries are sorted by counting */

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
        top->entries = xreallocarray(top->entries, 2 * top->room, sizeof(*top->entries));
        top->capacity = top->room;
    }
    top->spare = top->entries + top->capacity;
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

/* Draws three entries and returns the place of their median. */
static size_t draw_pivot(struct topk *top, size_t from, size_t end)
{
    const struct topk_entry *at = top->entries;
    size_t of[3];
    for (size_t k = 0; k < ARRAY_COUNT(of); k++) {
        top->draw = top->draw * 1664525U + 1013904223U; /* Numerical Recipes */
        of[k] = from + (size_t)((uint64_t)top->draw * (end - from) >> 32);
    }
    const bool first = better(top, at[of[0]], at[of[1]]);
    const bool second = better(top, at[of[1]], at[of[2]]);
    const bool across = better(top, at[of[0]], at[of[2]]);
    const size_t end_median = first == across ? of[2] : of[0];
    return first == second ? of[1] : end_median;
}

/* Divides the entries from..end-1 by one of them: returns its place, before which the better ones
 * are. */
static size_t divide(struct topk *top, size_t from, size_t end)
{
    struct topk_entry *at = top->entries, *front = top->spare, *back = front + (end - from - 1);
    const size_t place = draw_pivot(top, from, end);
    const struct topk_entry pivot = at[place];
    at[place] = at[from];
    for (size_t k = from + 1; k < end; k++) {
        const struct topk_entry entry = {.score = at[k].score, .item = at[k].item};
        const bool is = better(top, entry, pivot);
        put(front, entry.score, entry.item);
        put(back, entry.score, entry.item);
        front += is;
        back -= !is;
    }
    *front = pivot;
    memcpy(at + from, top->spare, (end - from) * sizeof(*at));
    return from + (size_t)(front - top->spare);
}

/* Sorts at most RUN entries: each one's place is the number of better ones. */
static void sort_run(struct topk *top, size_t from, size_t end)
{
    struct topk_entry *at = top->entries + from;
    const size_t count = end - from;
    size_t places[RUN] = {0};
    assert(count <= RUN);
    for (size_t k = 1; k < count; k++) {
        size_t place = 0;
        for (size_t other = 0; other < k; other++) {
            const bool is = better(top, at[k], at[other]);
            places[other] += is;
            place += !is;
        }
        places[k] = place;
    }
    for (size_t k = 0; k < count; k++) { put(&top->spare[places[k]], at[k].score, at[k].item); }
    memcpy(at, top->spare, count * sizeof(*at));
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
    sort_run(top, from, end);
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

/* Offers scores with their items, or with first, first + 1, ... */
static inline void push_many(struct topk *top, const float *scores, const int32_t *items,
                             int32_t first, size_t count)
{
    for (size_t k = 0; k < count;) {
        size_t end = MIN_OF(count, k + (top->room - top->count)), at = top->count;
        for (; k < end; k++) {
            const double score = (double)scores[k];
            put(&top->entries[at], score, items ? items[k] : first + (int32_t)k);
            at += score >= top->least;
        }
        top->count = at;
        if (at == top->room) { topk_make_room(top); }
    }
}

void topk_push_range(struct topk *top, const float *scores, size_t count, int32_t first)
{
    push_many(top, scores, /* items= */ NULL, first, count);
}

void topk_push_items(struct topk *top, const float *scores, const int32_t *items, size_t count)
{
    push_many(top, scores, items, /* first= */ 0, count);
}

/* Orders the entries from..end-1 as far as the first K go. */
static void order(struct topk *top, size_t from, size_t end)
{
    while (end - from > RUN && from < top->length) {
        size_t place = divide(top, from, end);
        if (place - from < end - place) {
            order(top, from, place);
            from = place + 1;
        } else {
            order(top, place + 1, end);
            end = place;
        }
    }
    if (from < top->length) { sort_run(top, from, end); }
}

void topk_sort(struct topk *top)
{
    order(top, 0, top->count);
    top->count = MIN_OF(top->count, top->length);
}
