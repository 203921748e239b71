/* EASE: a linear autoencoder over items, in closed form.
 *
 *   P = (X^T X + lambda I)^-1,  B[j][i] = -P[j][i] / P[i][i],  B[i][i] = 0
 *   score_i = sum over the history, r = 1 the newest, of decay^(r-1) B[j_r][i]
 *
 * Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", WWW 2019, with recency added. X is
 * users x items, 1 where the user had the item; X^T X is updated action by action. settle() inverts
 * it in time proportional to items^3 and overwrites the counts: a settled model learns no more.
 * Memory: items^2 floats.
 */
#ifndef FRESHET_EVALUATE_MODELS_EASE_H
#define FRESHET_EVALUATE_MODELS_EASE_H

#include "base/base.h"
#include "evaluate/models/recommender.h"

enum { EASE_ITEMS_MAX = 6000 };

struct ease_settings {
    double lambda;
    double recency_decay; /* 1: all items of the history weigh the same, as published */
};

/* Presets: `recent`, `published`. */
extern const struct recommender ease_recommender;

#endif
