#include "base/base.h"
#include "base/xalloc.h"
#include "scorer/lists/prediction_log.h"

void prediction_log_init(struct prediction_log *predictions, size_t bytes_max)
{
    predictions->count = MAX_OF(bytes_max / sizeof(struct prediction), (size_t)1);
    predictions->at = xcalloc(predictions->count, sizeof(*predictions->at));
}

void prediction_log_release(struct prediction_log *predictions)
{
    free(predictions->at);
    *predictions = (struct prediction_log){0};
}

void prediction_log_put(struct prediction_log *predictions, const struct prediction *prediction)
{
    predictions->at[prediction->user % predictions->count] = *prediction;
}

const struct prediction *prediction_log_find(const struct prediction_log *predictions,
                                             uint64_t user, int32_t partition, int64_t offset)
{
    const struct prediction *prediction = &predictions->at[user % predictions->count];
    bool same = prediction->best.count && prediction->user == user &&
                prediction->partition == partition && prediction->offset == offset;
    return same ? prediction : NULL;
}

void prediction_learn(const struct prediction *prediction, struct mixture *mixture, int32_t item)
{
    best_candidates_learn(&prediction->best, mixture, (enum mixture_segment)prediction->segment,
                          item);
}
