/* Prospects: the candidates of all members for a user, with each member's z-scores.
 *
 * Members: counting (model/counting/ranking.h); the sequence trainer's generation (vectors.h),
 * which names its best over all its rows, exactly, or nearly where it has an index
 * (vector_index.h); content (content_scores.h). A z-score is, with an index too, over all items of
 * the generation (without one: all items known) that the user has not had; what a member knows
 * nothing of counts 0, its mean. Those of counting and content, which are sums with a long tail,
 * are made sign(z) log(1 + |z|), so that the mixture is log-linear.
 *
 * Histories are encoded some at a time and scored by tiles, so that the products are of matrices.
 * A pure function of history, tables and generation; memory is kept. One thread.
 */
#ifndef FRESHET_SCORER_CANDIDATES_H
#define FRESHET_SCORER_CANDIDATES_H

#include "model/mixture.h"
#include "scorer/content_scores.h"
#include "scorer/vectors.h"

enum { CANDIDATES_AHEAD = 64 };

/* Members of the mixture, in its order. */
enum { MEMBER_COUNTING, MEMBER_SEQUENCE, MEMBER_CONTENT };

/* What is asked for one user, on top of a list that was ranked just now. */
struct candidates_request {
    size_t ahead; /* the history's place in the last candidates_encode() */
    const struct ranking *ranking;
    const struct ranked *ranked;  /* its list */
    size_t ranked_count;
    const struct item_flags *flags;
    const int32_t *had;           /* the user's items, repeats as they please: first the history */
    size_t had_count;
    const float *weights;         /* of the history's actions */
    size_t history_count;
};

struct candidates;

/* Makes a finder of so many candidates a member; borrows all (vectors and content_scores may be
 * NULL) for its life. Free with candidates_free(). */
struct candidates *candidates_new(const struct tables *tables, const struct vectors *vectors,
                                  struct content_scores *content_scores, size_t each);
/* Frees it; takes NULL; returns NULL. */
struct candidates *candidates_free(struct candidates *candidates);
/* Encodes histories of item numbers (oldest first; ID_NONE is left out), at most
 * CANDIDATES_AHEAD. */
void candidates_encode(struct candidates *candidates, const int32_t *const *items,
                       const size_t *counts, size_t count);
/* Finds a user's candidates; false when nobody but counting knows anything of the history.
 * Items and scores are borrowed until the next call. */
bool candidates_find(struct candidates *candidates, const struct candidates_request *request,
                     const int32_t **ret_items, const struct mixture_candidates **ret_candidates);

#endif
