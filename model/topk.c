#include "base/base.h"
#include "base/xalloc.h"
#include "model/topk.h"

void topk_init(struct topk *top, bool (*before)(const void *arg, int32_t a, int32_t b),
               const void *arg)
{
    *top = (struct topk){.before = before, .arg = arg};
}

void topk_release(struct topk *top)
{
    free(top->entries);
    *top = (struct topk){0};
}

void topk_clear(struct topk *top, size_t length)
{
    if (length > top->capacity) {
        top->entries = xreallocarray(top->entries, length, sizeof(*top->entries));
        top->capacity = length;
    }
    top->length = length;
    top->count = 0;
}

/* Says whether a is worse than b: a total order, as items differ. Which of two scores is greater
 * cannot be foreseen, so it costs no branch; that they are equal seldom happens. */
static inline bool worse(const struct topk *top, struct topk_entry a, struct topk_entry b)
{
    if (__builtin_expect(a.score == b.score, 0)) { return top->before(top->arg, b.item, a.item); }
    return a.score < b.score;
}

/* Puts an entry into a heap of `count` in which `from` is free: down along the worse children to
 * the bottom, then up again, because most entries belong near the bottom (bottom-up heapsort:
 * Wegener, Theoretical Computer Science 118, 1993). */
static void sift(const struct topk *top, size_t from, size_t count, struct topk_entry entry)
{
    struct topk_entry *heap = top->entries;
    size_t at = from, right = 2 * at + 2;
    for (; right < count; right = 2 * at + 2) {
        size_t child = right - worse(top, heap[right - 1], heap[right]);
        heap[at] = heap[child];
        at = child;
    }
    if (right == count) {
        heap[at] = heap[right - 1];
        at = right - 1;
    }
    while (at > from && worse(top, entry, heap[(at - 1) / 2])) {
        heap[at] = heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    heap[at] = entry;
}

void topk_push_slow(struct topk *top, double score, int32_t item)
{
    struct topk_entry entry = {.score = score, .item = item};
    struct topk_entry *heap = top->entries;
    if (isnan(score)) { return; }
    if (top->count == top->length) {
        if (worse(top, heap[0], entry)) { sift(top, 0, top->count, entry); }
        return;
    }
    size_t at = top->count++;
    while (at > 0 && worse(top, entry, heap[(at - 1) / 2])) {
        heap[at] = heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    heap[at] = entry;
}

void topk_sort(struct topk *top)
{
    /* Each pass moves the worst of the rest to its end. */
    for (size_t left = top->count; left > 1; left--) {
        struct topk_entry last = top->entries[left - 1];
        top->entries[left - 1] = top->entries[0];
        sift(top, 0, left - 1, last);
    }
}
