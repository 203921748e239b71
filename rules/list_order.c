#include "base/base.h"
#include "base/xalloc.h"
#include "rules/list_order.h"

/* Bounds of the relevance of each origin. */
#define RELEVANCE_RANKED 0.01
#define RELEVANCE_FILLED 0.005

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

void list_relevance(const struct cut_candidate *candidates, size_t count, double *ret_relevance)
{
    double low = 0.0, high = -INFINITY;
    size_t counts[CUT_ORIGINS] = {0}, at[CUT_ORIGINS] = {0};
    for (size_t k = 0; k < count; k++) {
        const struct cut_candidate *one = &candidates[k];
        counts[one->origin]++;
        if (one->origin != CUT_RANKED) { continue; }
        low = MIN_OF(low, (double)one->score);
        high = MAX_OF(high, (double)one->score);
    }
    for (size_t k = 0; k < count; k++) {
        const struct cut_candidate *one = &candidates[k];
        double place = 1.0 - (double)at[one->origin]++ / (double)(counts[one->origin] + 1);
        double part = high > low ? ((double)one->score - low) / (high - low) : 1.0;
        switch (one->origin) {
        case CUT_RANKED: case CUT_REPEAT:
            part = MIN_OF(MAX_OF(part, 0.0), 1.0);
            ret_relevance[k] = RELEVANCE_RANKED + (1.0 - RELEVANCE_RANKED) * part;
            break;
        case CUT_FILLED:
            ret_relevance[k] = RELEVANCE_FILLED + (RELEVANCE_RANKED - RELEVANCE_FILLED) * place;
            break;
        case CUT_NEW: ret_relevance[k] = RELEVANCE_FILLED * place; break;
        case CUT_NAMED: case CUT_ORIGINS: ret_relevance[k] = 0.0;
        }
    }
}
