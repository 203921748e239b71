#include "base/base.h"
#include "evaluate/models/bias.h"

void bias_add(struct bias *bias, float rating)
{
    bias->sum += (double)rating;
    bias->count++;
}

double bias_mean(const struct bias *bias)
{
    return bias->count ? bias->sum / (double)bias->count : 0.0;
}

double bias_item(const struct bias *bias, int32_t item)
{
    size_t count;
    (void)interaction_lists_of(bias->by_item, item, &count);
    double over = interaction_lists_sum(bias->by_item, item) - (double)count * bias_mean(bias);
    return over / (BIAS_ITEM_PULL + (double)count);
}

double bias_user(const struct bias *bias, int32_t user)
{
    size_t count;
    const struct interaction *entries = interaction_lists_of(bias->by_user, user, &count);
    double over = interaction_lists_sum(bias->by_user, user) - (double)count * bias_mean(bias);
    for (size_t at = 0; at < count; at++) { over -= bias_item(bias, entries[at].other); }
    return over / (BIAS_USER_PULL + (double)count);
}
