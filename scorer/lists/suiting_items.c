#include "base/base.h"
#include "model/candidate_set.h"
#include "scorer/lists/suiting_items.h"

/* Adds the z-scores of those that are known, times a weight; the others' are 0. */
static void add_scaled(const float *scores, const bool *known, size_t count, float weight,
                       float *sums)
{
    double sum = 0.0, squares = 0.0, n = 0.0;
    for (size_t k = 0; k < count; k++) {
        sum += known[k] ? (double)scores[k] : 0.0;
        squares += known[k] ? (double)scores[k] * (double)scores[k] : 0.0;
        n += known[k];
    }
    const struct member_moments moments = member_moments(sum, squares, n);
    const float mean = (float)moments.mean, scale = weight * (float)moments.scale;
    for (size_t k = 0; k < count; k++) { sums[k] += known[k] ? scale * (scores[k] - mean) : 0.0F; }
}

static void score(const struct content_scores *content, struct guessed_factors *guessed,
                  const int32_t *items, size_t count, float *ret_scores)
{
    float like[SUITING_ITEMS_MAX] = {0}, guesses[SUITING_ITEMS_MAX] = {0};
    bool known[SUITING_ITEMS_MAX] = {false};
    for (size_t k = 0; k < count; k++) { known[k] = true; }
    if (content) { content_scores_compare_all(content, items, count, like); }
    memcpy(ret_scores, like, count * sizeof(*ret_scores));
    if (!guessed) { return; }
    memset(ret_scores, 0, count * sizeof(*ret_scores));
    add_scaled(like, known, count, 1.0F, ret_scores);
    for (size_t k = 0; k < count; k++) {
        known[k] = guessed_factors_score(guessed, items[k], &guesses[k]);
    }
    add_scaled(guesses, known, count, SUITING_GUESS, ret_scores);
}

void suiting_items_order(const struct content_scores *content, struct guessed_factors *guessed,
                         const int32_t *items, size_t count, struct topk_entry *ret_entries)
{
    float scores[SUITING_ITEMS_MAX] = {0};
    assert(count <= SUITING_ITEMS_MAX);
    score(content, guessed, items, count, scores);
    for (size_t k = 0; k < count; k++) {
        size_t at = k;
        for (; at > 0 && ret_entries[at - 1].score < (double)scores[k]; at--) {
            ret_entries[at] = ret_entries[at - 1];
        }
        ret_entries[at] = (struct topk_entry){(double)scores[k], items[k]};
    }
}
