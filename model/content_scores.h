/* Content scores: how similar items are to the user's newest items, by their features and vectors.
 *
 *   B_i = sum over r of 0.6^(r-1) * (S[j_r][i]^0.75 + sum over v of V[j_r][i]^2)
 *
 * j_1 the newest item; S the cosine of features (feature_neighbours.h), V that of the vectors of
 * one kind (vector_neighbours.h), both 0 but for the 100 items most like j_r; items that nothing is
 * known of are none of the j_r. Sums run from the newest item to the oldest, features before
 * vectors, and those in the order of their kinds' names behind `text` and `given`, in 32 bits. What
 * an item is like may be changed at any time, and the scores follow from what it is now.
 *
 * Vectors of any number of names may come, of which some are held and some are used
 * (vector_kinds.h).
 *
 * Of thousands that are like j_r, the 100 are like it in all, which a new item need not be. Where a
 * few items are compared with one another, and not with all, each is compared with every j_r:
 *
 *   N_i = sum over r of 0.85^(r-1) * (S[j_r][i]^0.75 + sum over v of max(V[j_r][i], 0)^2)
 *
 * which falls more slowly: without the others, older items of a history still tell two apart.
 *
 * By each aspect a (content_aspects.h) by itself, an item is like the recent ones by
 *
 *   A_i = sum over r of 0.85^(r-1) * cosine of a of j_r and i
 *
 * as a product with one profile, so that it costs the same for each item, however long the history.
 *
 * Memory is reused from call to call. One thread.
 */
#ifndef FRESHET_MODEL_CONTENT_SCORES_H
#define FRESHET_MODEL_CONTENT_SCORES_H

#include "base/base.h"
#include "model/content_aspects.h"
#include "model/ids.h"
#include "model/nearest_rows.h"
#include "model/vector_kinds.h"

struct content_scores;

/* Makes an empty index for item numbers below items_max, whose ids order equal items (NULL: their
 * numbers do) and are borrowed for its life; the newest `recent` items of a history are used. Free
 * with content_scores_free(). */
struct content_scores *content_scores_new(int32_t items_max, size_t recent,
                                          const struct ids *ids);
/* Keeps vectors, of which there are none yet, in mapped files below a directory
 * (vector_neighbours_map()), which is borrowed. */
void content_scores_map(struct content_scores *content_scores, const char *directory);
/* Frees it; takes NULL; returns NULL. */
struct content_scores *content_scores_free(struct content_scores *content_scores);
/* Sets an item's features (feature_neighbours_put()); none: it has none any more. Returns whether
 * anything has changed. */
bool content_scores_describe(struct content_scores *content_scores, int32_t number,
                             const uint32_t *features, size_t count);
/* Sets the aspect of a feature: one of the first FEATURE_ASPECTS; the tags', otherwise. */
void content_scores_set_aspect(struct content_scores *content_scores, uint32_t feature,
                               enum content_aspect aspect);
/* Says whether any item has a feature; returns how many features items have. */
bool content_scores_uses(const struct content_scores *content_scores, uint32_t feature);
size_t content_scores_used(const struct content_scores *content_scores);
/* Finds the kind of a name, or gives it a number; below 0: there are as many as may be. Borrows
 * nothing. */
int content_scores_kind(struct content_scores *content_scores, struct slice name);
/* Returns a number that those of all kinds are below, and the name of one; empty: there is none. */
int content_scores_kinds(const struct content_scores *content_scores);
struct slice content_scores_kind_name(const struct content_scores *content_scores, int kind);
/* Sets an item's vector of a kind (vector_neighbours_put()); NULL: it has none. A kind that no item
 * has any more is gone, but for the first two. Returns whether anything has changed. */
bool content_scores_set_vector(struct content_scores *content_scores, int32_t number,
                               int kind, const int8_t *numbers, size_t width);
/* Returns the vectors of a kind. */
struct vector_neighbours *content_scores_vectors(struct content_scores *content_scores,
                                                 int kind);
/* Says whether nothing is known of any item. */
bool content_scores_empty(const struct content_scores *content_scores);
/* Computes the scores for a history (item numbers, oldest first; ID_NONE is skipped; weight 0: a
 * dislike). Returns the items with a score above 0, in no order; borrowed until the next call. */
size_t content_scores_find(struct content_scores *content_scores, const int32_t *items,
                           const float *weights, size_t count, const int32_t **ret_items);
/* Returns the scores of these items, in the same order; borrowed as well. */
const float *content_scores_found(const struct content_scores *content_scores);
/* Returns the recent item that adds most to an item's score of the last content_scores_find(), and
 * its part of the score, 0 to 1; ID_NONE when the item has no score. */
int32_t content_scores_because(const struct content_scores *content_scores, int32_t item,
                               float *ret_share);
/* Returns an item's score of the last content_scores_find(); 0 when it has none. */
float content_scores_of(const struct content_scores *content_scores, int32_t item);

/* How an item is like those of the last content_scores_find(). */
struct content_likeness {
    float score;     /* N_i */
    int32_t because; /* the recent item that adds most to it; ID_NONE: none adds anything */
    float share;     /* its part */
};

/* Compares an item with each of them. */
struct content_likeness content_scores_compare(const struct content_scores *content_scores,
                                               int32_t item);
/* Computes the scores (N_i) of many items, as content_scores_compare() does, for less time. */
void content_scores_compare_all(const struct content_scores *content_scores, const int32_t *items,
                                size_t count, float *ret_scores);

/* Returns by how many kinds of rows an item has others that are like it: the first by features, the
 * others by vectors, in the order of the sums. */
int content_scores_rows(const struct content_scores *content_scores);
/* Borrows the items that are most like an item by one of them, best first, until the next call. */
const struct alike *content_scores_row(struct content_scores *content_scores, int by,
                                       int32_t item, size_t *ret_count);

/* Says whether any item has something of an aspect, as far as is known. */
bool content_scores_knows(const struct content_scores *content_scores, enum content_aspect aspect);
/* Scores these items by each aspect (A_i), for the recent items of the last content_scores_find():
 * ASPECTS rows of `stride` numbers, of which `count` are filled in. */
void content_scores_by_aspect(struct content_scores *content_scores, const int32_t *items,
                              size_t count, float *ret_scores, size_t stride);

#endif
