/* Popularity: counts the actions on each item; newer actions may weigh more.
 *
 * An action's weight is multiplied by `decay` for every POPULARITY_STEP actions (of all users)
 * after it. Time is counted in actions, so that scores depend on the actions alone.
 */
#ifndef FRESHET_EVALUATE_MODELS_POPULARITY_H
#define FRESHET_EVALUATE_MODELS_POPULARITY_H

#include "base/base.h"
#include "evaluate/models/recommender.h"

enum { POPULARITY_STEP = 500 };

struct popularity_settings {
    double decay; /* 1: all actions weigh the same */
};

/* Presets: `all`, `recent` (.9), `now` (.6), `instant` (.2), `flash` (.04). */
extern const struct recommender popularity_recommender;

#endif
