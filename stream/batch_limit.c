#include "base/base.h"
#include "stream/batch_limit.h"

#define SHARE_LEAST 1e-5

enum {
    QUICK_PART = 4, /* a commit that takes less than this part of its time may be larger */
    SLOW_PART = 2,  /* one that takes more must be smaller */
};

void batch_limit_init(struct batch_limit *limit, int64_t delivery_ms)
{
    *limit = (struct batch_limit){.delivery_ms = delivery_ms, .share = 1.0, .opened = 1.0};
}

void batch_limit_begin(struct batch_limit *limit, double used)
{
    limit->opened = MIN_OF(used, 1.0);
}

void batch_limit_succeeded(struct batch_limit *limit, int64_t took_ms)
{
    if (took_ms < limit->delivery_ms / QUICK_PART) {
        limit->share = MIN_OF(limit->share * 2.0, 1.0);
    } else if (took_ms > limit->delivery_ms / SLOW_PART) {
        limit->share = MAX_OF(MIN_OF(limit->share, limit->opened) * 0.75, SHARE_LEAST);
    }
}

void batch_limit_failed(struct batch_limit *limit)
{
    limit->share = MAX_OF(MIN_OF(limit->share, limit->opened) / 4.0, SHARE_LEAST);
}

size_t batch_limit_of(const struct batch_limit *limit, int64_t configured)
{
    return (size_t)MAX_OF((double)configured * limit->share, 1.0);
}
