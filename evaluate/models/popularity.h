/* Popularity: how often an item was acted on, all actions alike or the newest more.
 *
 * An action's weight falls by the factor `decay` with every POPULARITY_STEP actions of anybody
 * after it; time is counted in actions, so that an answer depends on nothing else.
 */
#ifndef FRESHET_EVALUATE_MODELS_POPULARITY_H
#define FRESHET_EVALUATE_MODELS_POPULARITY_H

#include "base/base.h"
#include "evaluate/models/recommender.h"

enum { POPULARITY_STEP = 500 };

struct popularity_settings {
    double decay; /* 1: never forgets */
};

/* Presets: `all`, `recent` (.9), `now` (.6), `instant` (.2), `flash` (.04). */
extern const struct recommender popularity_recommender;

#endif
