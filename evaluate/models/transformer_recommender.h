/* Foretelling: the Transformer as one of the recommenders.
 *
 * learn() only keeps the user's sequence; settle() trains on all of them, epoch by epoch. A user
 * with more than `length` actions is learned in `windows` pieces of that length, the newest ones.
 * Where the context has a validator, each epoch's model is judged and the best one stays. The rate
 * falls to 0 in a straight line over the last third of `epochs`; when none of `patience` epochs was
 * better, the fall begins at once, lasts a third of the epochs so far, and training ends with it.
 * Without a validator all `epochs` are run. Scores are the logits of the softmax over all items; an
 * empty history scores every item 0. Attributes are the features of the context's content, summed
 * into the item table (item_vectors.h); those that fewer than two items have are left out.
 *
 * Above `whole` items the softmax is over the wanted ones and `negatives` drawn ones a step: a
 * little worse, and its cost does not grow with the catalogue.
 *
 * Which preset: `long` where the mean sequence is long, else `attributes` where content is known,
 * else `sparse`: to train all of them for a heat would take longer than it is worth.
 */
#ifndef FRESHET_EVALUATE_MODELS_TRANSFORMER_RECOMMENDER_H
#define FRESHET_EVALUATE_MODELS_TRANSFORMER_RECOMMENDER_H

#include "base/base.h"
#include "evaluate/models/recommender.h"

/* Settings: struct transformer_preset (model/transformer/transformer_presets.h). */
extern const struct recommender transformer_recommender;

#endif
