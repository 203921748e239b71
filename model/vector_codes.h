/* Vector codes: vectors in 64 bytes each, whatever their width, so that comparing all with one is a
 * matter of a cache line each.
 *
 * A code has the first 64 principal components of a vector made length 1, each of the same mean
 * square (whitening; Su et al., "Whitening Sentence Representations", arXiv 2103.15316), as bytes.
 * The components are those of a sample of vectors X, a row each, about the origin: with the
 * greatest eigenvalues L and eigenvectors U of X X',
 *
 *     code = (X' U / L)' x
 *
 * where a component is 0 that is below 1e-6 of the first, or that the rounding of numbers to bytes
 * may have made alone: with s^2 the mean square of its error, the greatest eigenvalue of as many
 * random errors is about s^2 (sqrt(rows) + sqrt(width))^2 (Marchenko and Pastur 1967), of which it
 * must be twice as much. Vectors of few dimensions, however wide, would have codes of noise
 * otherwise. Codes are the same on every processor. On Toys, with sentence vectors of 384 numbers,
 * neighbours by codes find more of users' next items than those by the vectors do: docs/embed.md.
 *
 * One thread. */
#ifndef FRESHET_MODEL_VECTOR_CODES_H
#define FRESHET_MODEL_VECTOR_CODES_H

#include "base/base.h"

enum { CODE_BYTES = 64, CODES_SAMPLE = 256, VECTOR_WIDTH_MAX = 4096 };

struct vector_codes;

/* Finds the components of CODES_SAMPLE vectors of 1 to VECTOR_WIDTH_MAX bytes; NULL: they have
 * none. Free with vector_codes_free(). */
struct vector_codes *vector_codes_new(const int8_t *const *sample, size_t width);
/* Frees it; takes NULL; returns NULL. */
struct vector_codes *vector_codes_free(struct vector_codes *codes);
/* Writes the code of a vector: CODE_BYTES. */
void vector_codes_make(const struct vector_codes *codes, const int8_t *vector, int8_t *ret_code);

#endif
