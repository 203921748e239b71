/* Imputed scores: what a member of the mixture that knows items by users' actions alone would say
 * of an item that few have acted on.
 *
 * Counting, and users who act alike, score an item by the actions on it. Of a new item their
 * z-score is about 0, as of one that users have passed over, though nobody has been asked yet. Next
 * to items with evidence it would stand on no list. In place of the missing evidence, the mixture
 * takes what the member says of other items that the other members like as much, and the less of it
 * the more actions there are:
 *
 *   o_i    = mean of z over the members that need no actions (sequence, content)
 *   b      = sum of z o / sum of o^2, at least 0 and at most 1, over items with evidence
 *   lift_i = K / (K + n_i) * max(b o_i - z_i, 0)
 *
 * z is the member's z-score, n_i the actions on the item, K = IMPUTED_ACTIONS; an item with
 * IMPUTED_EVIDENCE actions or more is one with evidence. This is regression imputation (Little and
 * Rubin, "Statistical Analysis with Missing Data", 2002, 4.2). The items of the sums must not be
 * chosen by the member itself, or b would be too large: they are those that other members found. As
 * a member agrees with the others in part only, b is well below 1, and a new item stands behind one
 * of which all members think as highly. Pure.
 */
#ifndef FRESHET_MODEL_IMPUTED_SCORES_H
#define FRESHET_MODEL_IMPUTED_SCORES_H

#include "base/base.h"
#include "model/mixture.h"

/* Actions at which half of the missing evidence is imputed; items with evidence that it takes. */
enum { IMPUTED_ACTIONS = 2, IMPUTED_EVIDENCE = 5, IMPUTED_ITEMS_LEAST = 10 };

/* What is known of the candidates beside their z-scores. */
struct imputed_evidence {
    const float *actions; /* on each candidate */
    const bool *found;    /* by a member that needs no actions */
    const bool *by_actions; /* MIXTURE_MEMBERS: those that know items by actions alone */
};

/* Computes by how much the z-scores of such a member are to be raised, for all candidates. */
void imputed_scores_find(const struct mixture_candidates *candidates,
                         const struct imputed_evidence *evidence, size_t member, float *ret_lifts);

#endif
