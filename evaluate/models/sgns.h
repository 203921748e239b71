/* SGNS: item embeddings learned from neighbouring actions, action by action.
 *
 * Each item has two vectors, in and out. When `i` comes after the items j_1 .. j_w (the newest w of
 * the user), every pair takes `repeats` steps down the gradient of
 *
 *   -ln sigma(in_j . out_i) - sum over `negatives` drawn items n of ln sigma(-in_j . out_n)
 *   score_i = sum over the history, r = 1 the newest, of
 *             decay^(r-1) (in_j_r . out_i + 3/4 ln(n_i + 1))
 *
 * The product in_j . out_i estimates the logarithm of the ratio of how often i comes after j to how
 * often i is drawn as a negative, n^(3/4). The second term adds ln of the latter again, so that the
 * score is the logarithm of the chance of i; without it the rarest items would rank first.
 *
 * Mikolov, Sutskever, Chen, Corrado, Dean, "Distributed Representations of Words and Phrases and
 * their Compositionality", NIPS 2013, formula (4). Negatives are drawn with the counts so far to
 * the power 3/4, without a second pass over the data: from a table of T items, into which each
 * action writes its item at as many places as its share of the sum grew,
 *
 *   F = n^(3/4) - (n-1)^(3/4),  Z += F,  places = T F / Z   (while it fills: F, at its end)
 *
 * rounded up or down by the rng: Kaji, Kobayashi, "Incremental Skip-gram Model with Negative
 * Sampling", EMNLP 2017, section 4. Initial `in` vectors are normal with deviation .1, `out` 0.
 */
#ifndef FRESHET_EVALUATE_MODELS_SGNS_H
#define FRESHET_EVALUATE_MODELS_SGNS_H

#include "base/base.h"
#include "evaluate/models/recommender.h"

enum { SGNS_FACTORS_MAX = 256, SGNS_NEGATIVES_MAX = 64 };

struct sgns_settings {
    double factors; /* made a multiple of 8 */
    double window;
    double negatives;
    double repeats;
    double rate;
    double recency_decay;
    double table; /* T */
};

/* One pair and its negatives: outs[0] is of the item that came, the others of the drawn items. */
struct sgns_step {
    float *in;          /* k numbers, a multiple of 8 */
    float *const *outs; /* count of k */
    size_t count;
    size_t k;
};

/* Takes one gradient step; returns the loss before it, in nats. */
double sgns_step(const struct sgns_step *step, float rate);

/* Presets: `near`. */
extern const struct recommender sgns_recommender;

#endif
