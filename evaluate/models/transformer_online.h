/* The Transformer trained online, for streams; transformer_recommender.h trains on whole sequences.
 *
 * Every `every` actions it takes one training step on `batch` users: those who acted since the last
 * step and others drawn at random, with the newest `length` actions of each. So it learns new
 * actions at once and does not forget old ones. In a long stream steps become rarer, and an action
 * costs less: one step each time the number of actions has grown by 1/TRANSFORMER_ONLINE_STEPS. The
 * catalogue grows as items come; an item that the model does not have yet gets the lowest score.
 * Scores are the logits of the softmax.
 *
 * Ratings, times and attributes are not used. Actions must come in order of time.
 */
#ifndef FRESHET_EVALUATE_MODELS_TRANSFORMER_ONLINE_H
#define FRESHET_EVALUATE_MODELS_TRANSFORMER_ONLINE_H

#include "base/base.h"
#include "evaluate/models/recommender.h"

enum { TRANSFORMER_ONLINE_STEPS = 4096 };

struct transformer_online_settings {
    double every; /* actions a step */
    double d;     /* width, made a multiple of 16 */
    double blocks;
    double heads;
    double length; /* newest actions of a user that are read */
    double dropout;
    double batch; /* users a step */
    double rate;  /* Adam's */
    double whole;     /* most items for a softmax over all items; above it, over sampled ones */
    double negatives; /* sampled items per step */
};

extern const struct recommender transformer_online_recommender;

#endif
