#include "base/base.h"
#include "model/imputed_scores.h"

/* Says whether a member has scores: without, all of them are 0. */
static bool has_scores(const struct mixture_candidates *candidates, size_t member)
{
    for (size_t k = 0; k < candidates->count; k++) {
        if (candidates->z[member][k] != 0.0F) { return true; }
    }
    return false;
}

/* Computes the mean z-score of each candidate over the members that need no actions. */
static void mean_of_others(const struct mixture_candidates *candidates, const bool *by_actions,
                           float *ret_means)
{
    size_t members = 0;
    memset(ret_means, 0, candidates->count * sizeof(*ret_means));
    for (size_t m = 0; m < MIXTURE_MEMBERS; m++) {
        if (by_actions[m] || !has_scores(candidates, m)) { continue; }
        members++;
        for (size_t k = 0; k < candidates->count; k++) { ret_means[k] += candidates->z[m][k]; }
    }
    for (size_t k = 0; k < candidates->count && members; k++) { ret_means[k] /= (float)members; }
}

/* Which candidates have evidence cannot be foreseen, so there is no branch for it. */
static float slope(const float *z, const float *others, const struct imputed_evidence *evidence,
                   size_t count)
{
    float products = 0.0F, squares = 0.0F;
    size_t items = 0;
    for (size_t k = 0; k < count; k++) {
        const bool used = evidence->found[k] & (evidence->actions[k] >= (float)IMPUTED_EVIDENCE);
        items += used;
        products += used ? z[k] * others[k] : 0.0F;
        squares += used ? others[k] * others[k] : 0.0F;
    }
    if (items < IMPUTED_ITEMS_LEAST || !(squares > 0.0F)) { return 0.0F; }
    return MIN_OF(MAX_OF(products / squares, 0.0F), 1.0F);
}

void imputed_scores_find(const struct mixture_candidates *candidates,
                         const struct imputed_evidence *evidence, size_t member, float *ret_lifts)
{
    const float *z = candidates->z[member];
    float others[MIXTURE_CANDIDATES_MAX];
    mean_of_others(candidates, evidence->by_actions, others);
    const float b = slope(z, others, evidence, candidates->count);
    for (size_t k = 0; k < candidates->count; k++) {
        const float actions = MAX_OF(evidence->actions[k], 0.0F); /* a foreign row may say less */
        const float missing = (float)IMPUTED_ACTIONS / ((float)IMPUTED_ACTIONS + actions);
        ret_lifts[k] = b > 0.0F ? missing * MAX_OF(b * others[k] - z[k], 0.0F) : 0.0F;
    }
}
