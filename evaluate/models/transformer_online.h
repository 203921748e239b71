/* Following: the Transformer learned as actions come, for streams; foretelling.h has it learned as
 * a whole.
 *
 * After every `every` actions it takes one step, from the newest `length` actions of the users who
 * acted since the last one and of others drawn at random, `batch` of them together: what is new is
 * learned at once, and what was learned before is not forgotten. In a long stream steps become
 * rarer, so that what an action costs falls with the stream: one when the actions have grown by a
 * TRANSFORMER_ONLINE_STEPS-th. The catalogue grows as items come; an item scores the least of all
 * until the model knows it. Scores are the logits of the softmax.
 *
 * Ratings, times and attributes are not looked at. It wants actions in order of time.
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
    double length; /* actions looked back upon */
    double dropout;
    double batch; /* users a step */
    double rate;  /* Adam's */
    double whole;     /* the softmax is over all items up to so many, else over drawn ones */
    double negatives; /* how many are drawn */
};

extern const struct recommender transformer_online_recommender;

#endif
