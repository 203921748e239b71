/* Item kNN: items by the company they keep, in the four classical measures.
 *
 *   score_i = sum over the history, r = 1 the newest, of decay^(r-1) s(j_r, i),
 *             i among the `neighbours` items most similar to j_r
 *   rate_ui = b_ui + sum of s(j, i) (r_uj - b_uj) / sum of s(j, i),
 *             j the `raters` items of the user most similar to i, s above 0; b: bias.h
 *
 * s is a measure of similarity.h on what co_ratings.h counts: an item had twice counts once.
 * Sarwar, Karypis, Konstan, Riedl, WWW 2001; Koren, TKDD 4(1), 2010, formula (3).
 *
 * A row of neighbours is kept and computed again when its item has gained the share `refresh` of
 * ratings since: 0 computes it for every query. One thread.
 */
#ifndef FRESHET_EVALUATE_MODELS_ITEM_KNN_H
#define FRESHET_EVALUATE_MODELS_ITEM_KNN_H

#include "base/base.h"
#include "evaluate/models/recommender.h"

enum item_knn_measure { ITEM_KNN_COSINE, ITEM_KNN_JACCARD, ITEM_KNN_LLR, ITEM_KNN_PEARSON };

struct item_knn_settings {
    double measure; /* enum item_knn_measure */
    double window;  /* the newest items of a user that count as together with a new one */
    double neighbours;
    double raters;
    double shrink; /* of Pearson, in users */
    double recency_decay;
    double refresh;
};

/* Presets: `cosine`, `jaccard`, `llr`, `pearson`. */
extern const struct recommender item_knn_recommender;

#endif
