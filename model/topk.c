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

/* Says whether a is worse than b: a total order, as items differ. */
static bool worse(const struct topk *top, struct topk_entry a, struct topk_entry b)
{
    if (a.score != b.score) { return a.score < b.score; }
    return top->before(top->arg, b.item, a.item);
}

/* Moves the entry from `at` down to its place in a heap of `count`. */
static void sift_down(const struct topk *top, size_t at, size_t count, struct topk_entry entry)
{
    struct topk_entry *heap = top->entries;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= count) { break; }
        if (child + 1 < count && worse(top, heap[child + 1], heap[child])) { child++; }
        if (!worse(top, heap[child], entry)) { break; }
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = entry;
}

void topk_push_slow(struct topk *top, double score, int32_t item)
{
    struct topk_entry entry = {.score = score, .item = item};
    struct topk_entry *heap = top->entries;
    if (isnan(score)) { return; }
    if (top->count == top->length) {
        if (worse(top, heap[0], entry)) { sift_down(top, 0, top->count, entry); }
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
        sift_down(top, 0, left - 1, last);
    }
}
