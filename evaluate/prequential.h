/* Prequential: test, then train, over a stream in order of time.
 *
 * Each action is predicted before it is learned: if more than `skip` actions came before it, the
 * user has not had the item, and a random number picks it (one in `every`), all items known so far
 * but the user's own are ranked. An item that nobody has had is a miss; a user never seen counts
 * like any other, and also apart. Then every model learns the action. The blend and the served
 * mixture learn from these actions, and from one in `teach_every` of the others, whose predictions
 * are not counted.
 */
#ifndef FRESHET_EVALUATE_PREQUENTIAL_H
#define FRESHET_EVALUATE_PREQUENTIAL_H

#include "base/base.h"
#include "evaluate/models/blend.h"
#include "evaluate/served_mixture.h"
#include "model/ranking_metrics.h"
#include "evaluate/models/sequences.h"

struct prequential_settings {
    int32_t every;       /* 1: all are asked */
    int32_t teach_every; /* 1: all teach the blend; 0: only what is counted */
    int64_t skip;        /* 100 in the published protocol */
    uint32_t seed;       /* of which actions are counted; the published protocol's is 1 */
};

/* What the lists are made by. */
enum prequential_list { PREQUENTIAL_BLEND, PREQUENTIAL_MIXTURE, PREQUENTIAL_LISTS };

struct prequential;

/* Makes a run over users 0 .. users_max - 1; the items' numbers must rise in the order of their
 * first action. Borrows the blend and teaches its members, and the served mixture of two of them
 * (NULL: none); free with prequential_free(). */
struct prequential *prequential_new(const struct prequential_settings *settings, int32_t users_max,
                                    int32_t items_max, struct blend *blend,
                                    struct served_mixture *mixture);
/* Frees the run; takes NULL; returns NULL. */
struct prequential *prequential_free(struct prequential *prequential);
/* Asks the next action, if it is to be asked, and teaches the blend and the mixture; true when it
 * was scored. */
bool prequential_ask(struct prequential *prequential, const struct action *action);
/* Lets the members learn it; after prequential_ask() of the same. */
void prequential_learn(struct prequential *prequential, const struct action *action);
/* Tells the hits of the blend or the mixture so far; of users never seen before, when `fresh`. */
struct ranking_metrics prequential_metrics(const struct prequential *prequential,
                                           enum prequential_list list, bool fresh);
/* Tells the hits of one member. */
struct ranking_metrics prequential_member_metrics(const struct prequential *prequential,
                                                  size_t member);

#endif
