#include "base/base.h"
#include "evaluate/models/recommender.h"

const struct hyperparameter *recommender_hyperparameter(const struct recommender *recommender,
                                                        const char *name)
{
    for (size_t at = 0; at < recommender->hyperparameters_count; at++) {
        if (strcmp(recommender->hyperparameters[at].name, name) == 0) {
            return &recommender->hyperparameters[at];
        }
    }
    return NULL;
}

int recommender_set(const struct recommender *recommender, void *settings, const char *name,
                    double value)
{
    const struct hyperparameter *hyperparameter = recommender_hyperparameter(recommender, name);
    if (!hyperparameter) { return -ENOENT; }
    if (!(value >= hyperparameter->min && value <= hyperparameter->max)) { return -ERANGE; }
    memcpy((char *)settings + hyperparameter->offset, &value, sizeof(value));
    return 0;
}
