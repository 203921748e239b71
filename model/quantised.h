/* Quantised vectors: a quarter of the memory, for serving and for sending.
 *
 * Each row of d numbers becomes d bytes and a scale: x is about scale * byte, with scale = max|x| /
 * 127, so that no number is off by more than half a scale. Queries stay whole floats: a score is
 * off by at most (sum of |query|) * scale / 2. d is a multiple of 16.
 */
#ifndef FRESHET_MODEL_QUANTISED_H
#define FRESHET_MODEL_QUANTISED_H

#include "base/base.h"

/* Quantises rows x d vectors of finite numbers to bytes (rows x d) and scales (rows). */
void quantised_from(const float *vectors, size_t rows, size_t d, int8_t *bytes, float *scales);
/* Scores the rows for one query (d numbers): scores[i] = query . row i. */
void quantised_scores(const int8_t *bytes, const float *scales, size_t rows, size_t d,
                      const float *query, float *scores);

#endif
