/* Quantised vectors: a quarter of the memory, for serving and for messages.
 *
 * Each row of d numbers becomes d bytes and a scale: x is about scale * byte, with scale = max|x| /
 * 127, so that no number is off by more than half a scale. Queries stay whole floats: a score is
 * off by at most (sum of |query|) * scale / 2. d is a multiple of 16.
 *
 * Bytes lie in words of four: of each 64 numbers, byte k of word l is number 16 k + l, so that a
 * shift of sixteen words yields sixteen numbers in a row. A row takes quantised_stride() bytes.
 */
#ifndef FRESHET_MODEL_TRANSFORMER_QUANTISED_H
#define FRESHET_MODEL_TRANSFORMER_QUANTISED_H

#include "base/base.h"

/* Counts the bytes of a row: d, rounded up to 64. */
static inline size_t quantised_stride(size_t d)
{
    return (d + 63) / 64 * 64;
}

/* Tells at which byte of a row number i is. */
static inline size_t quantised_place(size_t i)
{
    return i / 64 * 64 + i % 16 * 4 + i % 64 / 16;
}

/* Quantises rows x d vectors of finite numbers to bytes (rows x stride) and scales (rows). */
void quantised_from(const float *vectors, size_t rows, size_t d, int8_t *bytes, float *scales);
/* Scores the rows for one query (d numbers): scores[i] = query . row i. */
void quantised_scores(const int8_t *bytes, const float *scales, size_t rows, size_t d,
                      const float *query, float *scores);

#endif
