/* User kNN: recommends what similar users had.
 *
 * Lists. a(v) and s(v) measure the similarity of user v to a history (r = 1 the newest):
 *
 *   a(v)    = sum over the items j_r that v had of decay^(r-1) / n_j^popular
 *   s(v)    = a(v) / n_v^(1/2),       the `neighbours` greatest
 *   score_i = sum of s(v) over the neighbours that had i
 *
 * where n_j is the number of an item's users and n_v the number of a user's items. Only the newest
 * `readers` users of an item are used, and the newest USER_KNN_RECENT items of the history.
 *
 * Ratings. With w(u, v) Pearson's correlation on the items that both rated, shrunk (similarity.h):
 *
 *   rate_ui = b_ui + sum of w(u, v) (r_vi - b_vi) / sum of w(u, v),
 *             v the `raters` users most like u among those who rated i, w above 0; b: bias.h
 *
 * Herlocker, Konstan, Borchers, Riedl, "An Algorithmic Framework for Performing Collaborative
 * Filtering", SIGIR 1999; recency and popularity as in Ludewig, Jannach, "Evaluation of
 * session-based recommendation algorithms", UMUAI 28, 2018. Learning an action appends it to two
 * lists.
 */
#ifndef FRESHET_EVALUATE_MODELS_USER_KNN_H
#define FRESHET_EVALUATE_MODELS_USER_KNN_H

#include "base/base.h"
#include "evaluate/models/recommender.h"

enum { USER_KNN_RECENT = 100 };

struct user_knn_settings {
    double neighbours;
    double readers;
    double raters;
    double shrink; /* of Pearson, in items */
    double recency_decay;
    double popular; /* how much an item's popularity reduces its weight */
};

/* Presets: `recent`, `whole` (all items of the history weigh the same). */
extern const struct recommender user_knn_recommender;

#endif
