/* Removed models: tombstones in `item-vectors` and `models`, by their keys.
 *
 * A program that starts now does not know a model that was removed, so lists are not made with it
 * any more. */
#ifndef FRESHET_SCORER_LISTS_REMOVED_MODELS_H
#define FRESHET_SCORER_LISTS_REMOVED_MODELS_H

#include "scorer/lists/published_mixtures.h"
#include "scorer/lists/vectors.h"

/* Takes back the row of this key ("slot/item"); any other key is passed over. */
void removed_models_row(struct vectors *vectors, const struct tables *tables, struct slice key);
/* Takes back the weights of this key ("sequence/slot/part", "blend/partition"); any other key is
 * passed over. vectors NULL: there are none. */
void removed_models_weights(struct vectors *vectors, struct published_mixtures *mixtures,
                            struct slice key);

#endif
