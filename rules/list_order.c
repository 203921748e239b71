#include "base/base.h"
#include "base/xalloc.h"
#include "rules/list_order.h"

struct sorted {
    double relevance;
    uint32_t candidate;
};

static int compare_sorted(const void *a, const void *b)
{
    const struct sorted *one = a, *other = b;
    if (one->relevance != other->relevance) { return one->relevance > other->relevance ? -1 : 1; }
    return one->candidate < other->candidate ? -1 : one->candidate > other->candidate;
}

/* Candidates come nearly in order, so that insertion is fast; far moves are left to qsort(). */
void list_order(const double *relevance, size_t count, uint32_t *ret_order)
{
    size_t moves = 0;
    for (size_t k = 0; k < count; k++) {
        size_t at = k;
        for (; at > 0 && relevance[ret_order[at - 1]] < relevance[k]; at--, moves++) {
            ret_order[at] = ret_order[at - 1];
        }
        ret_order[at] = (uint32_t)k;
        if (moves > 64 * count) { break; }
    }
    if (moves <= 64 * count) { return; }
    struct sorted *sorted = xcalloc(count, sizeof(*sorted));
    for (size_t k = 0; k < count; k++) { sorted[k] = (struct sorted){relevance[k], (uint32_t)k}; }
    qsort(sorted, count, sizeof(*sorted), compare_sorted);
    for (size_t k = 0; k < count; k++) { ret_order[k] = sorted[k].candidate; }
    free(sorted);
}
