/* List draw: one place of a list is drawn at random among the candidates that come next, and how
 * probable the draw was is known. So it can be judged from what users did there how other ways to
 * fill the place would do (evaluate/off_policy.h).
 *
 *     p_i = exp(v_i / T) / sum over the candidates of exp(v_j / T)
 *
 * v is the value by which places are filled (list_cut.h), T the temperature: near 0 the best
 * candidate is nearly always taken, a high one makes all equally probable.
 *
 * The draw is that of the largest v_i / T + g_i, with g_i = -log(-log(u_i)) and u_i uniform in
 * (0, 1), which has just these probabilities (Gumbel, 1954; Maddison, Tarlow, Minka, "A*
 * sampling", NIPS 2014). u_i is a hash of user, placement, input offset and item. So the same
 * history gives the same draw anywhere and as often as one likes; and when a candidate comes or
 * goes, or a value moves a little, the place mostly keeps its item. Pure.
 */
#ifndef FRESHET_RULES_LIST_DRAW_H
#define FRESHET_RULES_LIST_DRAW_H

#include "base/slice.h"

enum { DRAW_CANDIDATES_MAX = 50 };

struct draw_candidate {
    uint32_t candidate; /* its place among the candidates of the cut */
    int32_t item;
    uint64_t hash; /* XXH3-64 of the item's id */
    double value;
    double probability;
};

struct list_draw {
    size_t place; /* of the list, from 1; 0: none was drawn */
    double temperature;
    struct draw_candidate candidates[DRAW_CANDIDATES_MAX]; /* best first */
    size_t count;
    size_t chosen; /* of the candidates */
};

/* Returns the seed of a user's draws: a hash of the user's id, of the partition and offset of the
 * input, and of what a request sends along (0: nothing). */
uint64_t list_draw_seed(struct slice user_id, int32_t partition, int64_t offset, uint64_t sent);
/* Finds the probabilities and draws, for a placement of this name; there is a candidate. */
void list_draw_make(struct list_draw *draw, uint64_t seed, struct slice placement);

#endif
