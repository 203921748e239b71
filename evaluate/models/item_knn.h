/* Item kNN: items that share users, by one of four similarity measures.
 *
 *   score_i = sum over the history, r = 1 the newest, of decay^(r-1) s(j_r, i),
 *             i among the `neighbours` items most similar to j_r
 *   rate_ui = b_ui + sum of s(j, i) (r_uj - b_uj) / sum of s(j, i),
 *             j the `raters` items of the user most similar to i, s above 0; b: bias.h
 *
 * s is a measure of similarity.h on the counts of co_ratings.h; a repeated item counts once.
 * Sarwar, Karypis, Konstan, Riedl, WWW 2001; Koren, TKDD 4(1), 2010, formula (3).
 *
 * A row of neighbours is kept until its item's ratings have grown by the share `refresh`; then it
 * is computed again. With 0 it is computed for every query. One thread.
 */
#ifndef FRESHET_EVALUATE_MODELS_ITEM_KNN_H
#define FRESHET_EVALUATE_MODELS_ITEM_KNN_H

#include "base/base.h"
#include "evaluate/models/recommender.h"

enum item_knn_measure { ITEM_KNN_COSINE, ITEM_KNN_JACCARD, ITEM_KNN_LLR, ITEM_KNN_PEARSON };

struct item_knn_settings {
    double measure; /* enum item_knn_measure */
    double window;  /* the newest items of a user that are paired with a new one */
    double neighbours;
    double raters;
    double shrink; /* of Pearson, in users */
    double recency_decay;
    double refresh;
};

/* Presets: `cosine`, `jaccard`, `llr`, `pearson`. */
extern const struct recommender item_knn_recommender;

#endif
