/* Given vectors: similarity of items by the cosine of vectors from another model (of images, of
 * texts).
 *
 *   score_i = sum over the history, r = 1 the newest, of decay^(r-1) cos(v_j_r, v_i)
 *
 * An item without a vector scores 0 and adds nothing to other scores; an item with a vector can be
 * recommended before any user has had it. Vectors are kept at length 1, so that a cosine is a
 * product. One thread writes the vectors; then any thread may read them.
 */
#ifndef FRESHET_EVALUATE_MODELS_GIVEN_VECTORS_H
#define FRESHET_EVALUATE_MODELS_GIVEN_VECTORS_H

#include "base/base.h"
#include "evaluate/models/recommender.h"

enum { GIVEN_VECTORS_WIDTH_MAX = 8192 };

struct given_vectors;

/* Makes room for vectors of `width` numbers of items 0 .. items_max - 1; free with
 * given_vectors_free(). */
struct given_vectors *given_vectors_new(int32_t items_max, size_t width);
/* Frees it; takes NULL; returns NULL. */
struct given_vectors *given_vectors_free(struct given_vectors *vectors);
/* Returns how many numbers a vector has. */
size_t given_vectors_width(const struct given_vectors *vectors);
/* Sets or replaces an item's vector. Returns 0, or -EDOM when a number is not finite or all are
 * 0. */
int given_vectors_put(struct given_vectors *vectors, int32_t item, const float *vector);
/* Borrows an item's vector, of length 1; zeros where none was given. */
const float *given_vectors_of(const struct given_vectors *vectors, int32_t item);
/* Returns the cosine of two items; 0 when either has no vector. */
float given_vectors_cosine(const struct given_vectors *vectors, int32_t a, int32_t b);

struct given_vectors_settings {
    double recency_decay;
};

/* The model that uses the context's vectors. Presets: `recent`. */
extern const struct recommender given_vectors_recommender;

#endif
