/* Fold-in: the vector of a user in the space of a truncated SVD (Deerwester and others, "Indexing
 * by latent semantic analysis", JASIS 41, 1990), of length 1:
 *
 *     u = sum over the user's items i of log(1 + w_i) f_i,   then u / |u|
 *
 * w_i is what the user's actions on the item count together, f_i the item's factor: its right
 * singular vectors' numbers times the scale of its column. It takes d multiplications an item.
 */
#ifndef FRESHET_MODEL_FOLD_IN_H
#define FRESHET_MODEL_FOLD_IN_H

#include "model/lanes.h"

enum { FOLD_IN_NUMBERS_MAX = 64, FOLD_IN_AHEAD = 4 /* factors on their way to the cache */ };

/* Returns what actions on an item that count w together give. */
static inline float fold_in_value(double w)
{
    return (float)log1p(w);
}

/* Adds a factor, times what it counts. */
static inline __attribute__((always_inline)) void fold_in_add(double *sums, const float *factor,
                                                              double value, size_t d)
{
    size_t at = 0;
    for (; at + LANES <= d; at += LANES) {
        for (size_t lane = 0; lane < LANES; lane++) {
            sums[at + lane] += value * (double)factor[at + lane];
        }
    }
    for (; at < d; at++) { sums[at] += value * (double)factor[at]; }
}

/* Writes the vector (d numbers, at most FOLD_IN_NUMBERS_MAX) of a user with these items: rows of
 * the factors (`rows_end` x d); those from rows_end on do not count. False: it has no direction. */
static inline __attribute__((always_inline)) bool
fold_in(const float *factors, size_t rows_end, size_t d, const int32_t *rows,
        const float *values, size_t count, float *ret_vector)
{
    double sums[FOLD_IN_NUMBERS_MAX] = {0}, square = 0.0;
    assert(d <= FOLD_IN_NUMBERS_MAX);
    for (size_t k = 0; k < count; k++) {
        size_t ahead = k + FOLD_IN_AHEAD;
        bool more = ahead < count && (size_t)rows[ahead] < rows_end;
        if (more) { __builtin_prefetch(factors + (size_t)rows[ahead] * d); }
        if ((size_t)rows[k] >= rows_end) { continue; }
        fold_in_add(sums, factors + (size_t)rows[k] * d, (double)values[k], d);
    }
    for (size_t i = 0; i < d; i++) { square += sums[i] * sums[i]; }
    if (!(square > 0.0) || !isfinite(square)) { return false; }
    for (size_t i = 0; i < d; i++) { ret_vector[i] = (float)(sums[i] / sqrt(square)); }
    return true;
}

#endif
