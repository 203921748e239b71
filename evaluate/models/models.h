/* Models: all recommenders by name. */
#ifndef FRESHET_EVALUATE_MODELS_MODELS_H
#define FRESHET_EVALUATE_MODELS_MODELS_H

#include "base/base.h"
#include "evaluate/models/recommender.h"

/* All recommenders, in the order of the printed tables. */
extern const struct recommender *const models[];
extern const size_t models_count;

/* Finds a model; NULL when there is none of that name. */
const struct recommender *models_find(const char *name);

#endif
