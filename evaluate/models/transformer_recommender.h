/* The Transformer as a recommender.
 *
 * learn() only keeps the user's sequence; settle() trains on all sequences, epoch by epoch. Of a
 * user with more than `length` actions, the newest `windows` pieces of that length are trained on.
 * When the context has a validator, the model of each epoch is validated and the best one is kept.
 * The learning rate falls linearly to 0 over the last third of `epochs`. After `patience` epochs
 * without gain the fall begins at once, lasts a third of the epochs so far, and ends the training.
 * Without a validator all `epochs` are run. Scores are the logits of the softmax over all items;
 * with an empty history every item scores 0. Attributes are the features of the context's content,
 * summed into the item table (item_vectors.h); features of a single item are left out.
 *
 * With more than `whole` items the softmax is over the targets and `negatives` sampled items in
 * each step: a little less accurate, but its cost does not grow with the catalogue.
 *
 * The preset is `long` when the mean sequence is long, else `attributes` when content is known,
 * else `sparse`. Comparing the presets would mean training all of them, which takes too long.
 */
#ifndef FRESHET_EVALUATE_MODELS_TRANSFORMER_RECOMMENDER_H
#define FRESHET_EVALUATE_MODELS_TRANSFORMER_RECOMMENDER_H

#include "base/base.h"
#include "evaluate/models/recommender.h"

/* Settings: struct transformer_preset (model/transformer/transformer_presets.h). */
extern const struct recommender transformer_recommender;

#endif
