/* Slips: what each member had said when a user's list was made, until the user acts.
 *
 * A cache of fixed size in which one user may push another out: what is gone is not learned from.
 * It holds scores as they were, so that what is learned from the next action was said before it.
 */
#ifndef FRESHET_SCORER_PREDICTION_LOG_H
#define FRESHET_SCORER_PREDICTION_LOG_H

#include "model/mixture.h"

enum { PREDICTION_CANDIDATES = 30 };

struct prediction {
    uint64_t user;     /* fingerprint */
    int32_t partition; /* the list's input */
    int64_t offset;
    uint8_t segment; /* enum mixture_segment */
    uint8_t count;   /* 0: empty */
    int32_t items[PREDICTION_CANDIDATES];
    float z[MIXTURE_MEMBERS][PREDICTION_CANDIDATES];
};

struct prediction_log {
    struct prediction *at;
    size_t count;
};

/* Prepares an empty cache of at most so many bytes. */
void prediction_log_init(struct prediction_log *predictions, size_t bytes_max);
/* Frees the memory. */
void prediction_log_release(struct prediction_log *predictions);
/* Keeps a prediction. */
void prediction_log_put(struct prediction_log *predictions, const struct prediction *prediction);
/* Finds the prediction of a user's list by what the list was built from; NULL when it is gone. */
const struct prediction *prediction_log_find(const struct prediction_log *predictions,
                                             uint64_t user, int32_t partition, int64_t offset);
/* Teaches a mixture that this item came next. */
void prediction_learn(const struct prediction *prediction, struct mixture *mixture, int32_t item);

#endif
