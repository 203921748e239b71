/* Prequential: test, then train, over a stream in order of time.
 *
 * An action is predicted before it is learned. It is predicted when more than `skip` actions came
 * before it, the user has not had the item, and a random number picks it (one in `every`). All
 * items known so far are ranked, but those that the user has had. An item without an earlier action
 * is a miss. A user never seen counts like any other, and is also counted separately. Then every
 * model learns the action. The blend and the served mixture learn from the predicted actions, and
 * from one in `learn_every` of the others, whose predictions are not counted.
 */
#ifndef FRESHET_EVALUATE_PREQUENTIAL_H
#define FRESHET_EVALUATE_PREQUENTIAL_H

#include "base/base.h"
#include "evaluate/models/blend.h"
#include "evaluate/served_mixture.h"
#include "model/ranking_metrics.h"
#include "evaluate/models/sequences.h"

struct prequential_settings {
    int32_t every;       /* 1: all are predicted */
    int32_t learn_every; /* 1: the blend learns from all; 0: only from those that are counted */
    int64_t skip;        /* 100 in the published protocol */
    uint32_t seed;       /* for picking actions; 1 in the published protocol */
};

/* What makes the lists. */
enum prequential_list { PREQUENTIAL_BLEND, PREQUENTIAL_MIXTURE, PREQUENTIAL_LISTS };

struct prequential;

/* Makes a run over users 0 .. users_max - 1; the items' numbers must rise in the order of their
 * first action. Borrows the blend, whose members learn every action, and the served mixture of two
 * of the members (NULL: none); free with prequential_free(). */
struct prequential *prequential_new(const struct prequential_settings *settings, int32_t users_max,
                                    int32_t items_max, struct blend *blend,
                                    struct served_mixture *mixture);
/* Frees the run; takes NULL; returns NULL. */
struct prequential *prequential_free(struct prequential *prequential);
/* Predicts the next action, if it is to be predicted; the blend and the mixture learn from it.
 * Returns true when items were scored. */
bool prequential_predict(struct prequential *prequential, const struct user_action *action);
/* Lets the members learn the action; call after prequential_predict() with the same action. */
void prequential_learn(struct prequential *prequential, const struct user_action *action);
/* Returns the metrics of the blend or the mixture so far; with `fresh`, of users never seen. */
struct ranking_metrics prequential_metrics(const struct prequential *prequential,
                                           enum prequential_list list, bool fresh);
/* Returns the metrics of one member. */
struct ranking_metrics prequential_member_metrics(const struct prequential *prequential,
                                                  size_t member);

#endif
