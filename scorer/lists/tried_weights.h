/* Tried weights: what somebody sets who tries lists, instead of the weights of the settings and of
 * the mixture. Only a list that is made for a request has such. Pure.
 *
 * The inputs' weights are of their z-scores (model/mixture.h), as those of a mixture are. A member
 * that alone has a weight above 0 leads alone: items that it has no score for are then no better
 * than its worst.
 */
#ifndef FRESHET_SCORER_LISTS_TRIED_WEIGHTS_H
#define FRESHET_SCORER_LISTS_TRIED_WEIGHTS_H

#include "model/counting/ranking.h"
#include "model/mixture.h"

struct tried_weights {
    double inputs[MIXTURE_INPUTS];   /* members, then aspects: at least 0 */
    struct ranking_weights counting; /* of the terms of counting's scores: at least 0 */
};

/* Returns the contender that leads with these weights; counting, when all are 0. */
int tried_weights_leader(const struct tried_weights *tried);
/* Makes the mixture that has these weights in all segments. */
void tried_weights_mixture(const struct tried_weights *tried, struct mixture *ret_mixture);
/* Returns the weights by which a contender orders a segment's lists: its own 1 and no other, or
 * those of the mixture. */
void tried_weights_of(const struct mixture *mixture, enum mixture_segment segment, int contender,
                      double *ret_inputs);

#endif
