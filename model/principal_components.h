/* Principal components: the directions in which vectors differ most, and vectors by these alone.
 *
 * Of rows x_r of `width` numbers the greatest eigenvalues and eigenvectors of G = sum x_r x_r' are
 * found (truncated_svd.h), about the origin, not about the mean, so that making a vector shorter
 * is linear. Component k of a vector is
 *
 *     y_k = (v_k . x) sqrt(rows / (rank lambda_k))
 *
 * so that each has the same mean square over the rows (whitening; Su et al., "Whitening Sentence
 * Representations", arXiv 2103.15316), and a vector's mean square length is 1. One thread.
 */
#ifndef FRESHET_MODEL_PRINCIPAL_COMPONENTS_H
#define FRESHET_MODEL_PRINCIPAL_COMPONENTS_H

#include "base/base.h"

struct principal_components;

/* Begins for rows of `width` numbers; free with principal_components_free(). */
struct principal_components *principal_components_new(size_t width);
/* Takes NULL; returns NULL. */
struct principal_components *principal_components_free(struct principal_components *of);
/* Adds a row. */
void principal_components_add(struct principal_components *of, const float *row);
/* Finds at most `rank` components when all rows have been added; no more can be. Returns how many
 * there are: fewer where the rows have no more directions. */
size_t principal_components_find(struct principal_components *of, size_t rank);
/* Borrows what makes them of a row, width x rank as asked for; a component that was not found has
 * zeros. */
const float *principal_components_matrix(const struct principal_components *of);

#endif
