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

#include "base/base.h"

enum { FOLD_IN_NUMBERS_MAX = 64 };

/* Returns what actions on an item that count w together give. */
static inline float fold_in_value(double w)
{
    return (float)log1p(w);
}

/* Writes the vector (d numbers, at most FOLD_IN_NUMBERS_MAX) of a user with these items: rows of
 * the factors (`rows_end` x d); those from rows_end on do not count. False: it has no direction. */
static inline bool fold_in(const float *factors, size_t rows_end, size_t d, const int32_t *rows,
                           const float *values, size_t count, float *ret_vector)
{
    double sums[FOLD_IN_NUMBERS_MAX] = {0}, square = 0.0;
    assert(d <= FOLD_IN_NUMBERS_MAX);
    for (size_t k = 0; k < count; k++) {
        if ((size_t)rows[k] >= rows_end) { continue; }
        const float *factor = factors + (size_t)rows[k] * d;
        for (size_t i = 0; i < d; i++) { sums[i] += (double)values[k] * (double)factor[i]; }
    }
    for (size_t i = 0; i < d; i++) { square += sums[i] * sums[i]; }
    if (!(square > 0.0) || !isfinite(square)) { return false; }
    for (size_t i = 0; i < d; i++) { ret_vector[i] = (float)(sums[i] / sqrt(square)); }
    return true;
}

#endif
