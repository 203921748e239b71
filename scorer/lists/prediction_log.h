/* Prediction log: each member's scores for a user's newest list, kept until the user acts.
 *
 * It keeps the scores of the time when the list was made, so that a mixture is trained on
 * predictions from before the action. A cache of fixed size with one place per hash: a user may
 * overwrite another one, whose prediction is then lost for training. One thread.
 */
#ifndef FRESHET_SCORER_LISTS_PREDICTION_LOG_H
#define FRESHET_SCORER_LISTS_PREDICTION_LOG_H

#include "model/candidate_set.h"

struct prediction {
    uint64_t user;     /* fingerprint */
    int32_t partition; /* partition and offset: of the input that the list was built from */
    int64_t offset;
    uint8_t segment; /* enum mixture_segment */
    struct best_candidates best; /* none: empty */
};

struct prediction_log {
    struct prediction *at;
    size_t count;
};

/* Prepares an empty cache of at most bytes_max. */
void prediction_log_init(struct prediction_log *predictions, size_t bytes_max);
/* Frees the memory. */
void prediction_log_release(struct prediction_log *predictions);
/* Keeps a prediction. */
void prediction_log_put(struct prediction_log *predictions, const struct prediction *prediction);
/* Finds the prediction of the list that was built from this input offset; NULL when it is gone. */
const struct prediction *prediction_log_find(const struct prediction_log *predictions,
                                             uint64_t user, int32_t partition, int64_t offset);
/* Trains a mixture: the user's next action was on this item. */
void prediction_learn(const struct prediction *prediction, struct mixture *mixture, int32_t item);

#endif
