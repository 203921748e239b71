/* Candidates: the best items of all members of the mixture for a user, with all members' z-scores.
 *
 * Members: counting (model/counting/ranking.h); the sequence model (vectors.h), whose best rows are
 * found exactly, or approximately with an index (vector_index.h); content (model/content_scores.h);
 * what users chose who act alike (model/alike_users.h). The z-scores (model/candidate_set.h) are
 * relative to all items of the model version (without a version: all known items) that the user has
 * not had; with an index too.
 *
 * Histories are encoded several at a time and scored in tiles, as products of matrices. A pure
 * function of history, tables and model version; memory is reused. One thread.
 */
#ifndef FRESHET_SCORER_LISTS_CANDIDATES_H
#define FRESHET_SCORER_LISTS_CANDIDATES_H

#include "model/alike_users.h"
#include "model/candidate_set.h"
#include "model/content_scores.h"
#include "scorer/lists/vectors.h"

enum { CANDIDATES_AHEAD = 64 };

/* The request for one user, whose list counting has just ranked. */
struct candidates_request {
    size_t ahead; /* the history's index in the last candidates_encode() */
    const struct ranking *ranking;
    const struct ranked *ranked;  /* its result */
    size_t ranked_count;
    const struct item_flags *flags;
    const int32_t *had;           /* the user's items, first the history; may repeat */
    size_t had_count;
    const float *weights;         /* of the history's actions */
    const float *strengths;       /* what each counts (history_strength()) */
    size_t history_count;
    /* Candidates chosen elsewhere: only they are scored; none: the members find theirs. */
    const int32_t *given;
    size_t given_count; /* at most MIXTURE_CANDIDATES_MAX */
    /* Candidates that are scored beside those that the members find, as far as there is room. */
    const int32_t *brought;
    size_t brought_count;
};

struct candidates;

/* Makes an object that finds `each` candidates per member; borrows all arguments (vectors and
 * content_scores may be NULL) for its life. Free with candidates_free(). */
struct candidates *candidates_new(const struct tables *tables, const struct vectors *vectors,
                                  struct content_scores *content_scores, size_t each);
/* Lets users who act alike be a member; borrowed. */
void candidates_use_alike(struct candidates *candidates, struct alike_users *alike);
/* Frees it; takes NULL; returns NULL. */
struct candidates *candidates_free(struct candidates *candidates);
/* A history as the sequence model reads it. */
struct history_tokens {
    const int32_t *items; /* oldest first; ID_NONE is skipped */
    size_t count;
    const struct vector_query *search; /* what the user searched for; NULL: nothing that counts */
    size_t search_at;                  /* the item before which the search stands */
};

/* Encodes histories, at most CANDIDATES_AHEAD. A search is left out where the model reads none of
 * its width. */
void candidates_encode(struct candidates *candidates, const struct history_tokens *histories,
                       size_t count);
/* Finds a user's candidates, borrowed until the next call; NULL when only counting has scores for
 * the history. */
struct candidate_set *candidates_find(struct candidates *candidates,
                                      const struct candidates_request *request);

#endif
