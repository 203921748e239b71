/* Similarity: symmetric measures of two items, from counts, at read time.
 *
 * All take the co-rating of the two items (by the min rule: the sum over users of the smaller of
 * the user's two ratings) and each item's mass (the sum over users of the rating), on one common
 * scale. The result is finite, at least 0 (but for Pearson), and 0 when nothing is known, even if
 * rounding or pruning has changed the counts.
 *
 *   cosine   co / sqrt(mass_a * mass_b)
 *            TencentRec's item-CF similarity: Huang et al., "TencentRec: Real-time Stream
 *            Recommendation in Practice", SIGMOD 2015, doi 10.1145/2723372.2742785.
 *   Jaccard  co / (mass_a + mass_b - co)
 *            in its weighted form (Ruzicka): sum of minima over sum of maxima, and
 *            max(a,b) = a + b - min(a,b).
 *   LLR      2 * sum over the cells of k * ln(k * n / (row sum * column sum))
 *            Dunning, "Accurate Methods for the Statistics of Surprise and Coincidence",
 *            Computational Linguistics 19(1), 1993; cells  k11 = co, k12 = mass_a - co,
 *            k21 = mass_b - co, k22 = users - mass_a - mass_b + co, each at least 0.
 *            Taken as a similarity it is 0 where the two come together less often than chance.
 *   Pearson  covariance / (deviation * deviation) of the ratings by users who rated both, times
 *            n / (n + shrink), which reduces correlations of few ratings
 *            Sarwar, Karypis, Konstan, Riedl, "Item-based Collaborative Filtering Recommendation
 *            Algorithms", WWW 2001, section 3.1.2; the shrinkage is Koren's, TKDD 4(1), 2010.
 *            Only this measure may be negative.
 */
#ifndef FRESHET_MODEL_COUNTING_SIMILARITY_H
#define FRESHET_MODEL_COUNTING_SIMILARITY_H

#include "base/base.h"

/* In the order of the option `similarity.measure`. */
enum similarity_measure {
    SIMILARITY_COSINE,
    SIMILARITY_JACCARD,
    SIMILARITY_LLR,
};

/* The sums from which a correlation is computed, over the users who rated both items. */
struct similarity_moments {
    float n, x, y, xx, yy, xy;
};

/* Counts a user who rated one item x and the other y. */
static inline void similarity_moments_add(struct similarity_moments *moments, float x, float y)
{
    moments->n += 1.0F;
    moments->x += x;
    moments->y += y;
    moments->xx += x * x;
    moments->yy += y * y;
    moments->xy += x * y;
}

/* Computes the cosine. */
double similarity_cosine(double co, double mass_a, double mass_b);
/* Computes the weighted Jaccard coefficient. */
double similarity_jaccard(double co, double mass_a, double mass_b);
/* Computes the log-likelihood ratio of a positive association; `users` is the number of all. */
double similarity_llr(double co, double mass_a, double mass_b, double users);
/* Computes the shrunk correlation; 0 when fewer than two rated both or either is constant. */
double similarity_pearson(const struct similarity_moments *moments, double shrink);
/* Computes Dunning's statistic of a 2 x 2 table of non-negative counts; the sign of the association
 * does not matter. */
double similarity_llr_table(double k11, double k12, double k21, double k22);

#endif
