/* Batch limit: how much of the configured limits a batch may use, so that a commit is as large as
 * can be delivered in its time. Pure arithmetic; worker's thread.
 *
 * Under a produce quota or on a slow link, a batch of the full size would be rolled back after the
 * transaction's time-out, read again, and rolled back again, for ever. So a commit that fails
 * divides the share by four, a slow one lowers it a little, and a quick one doubles it.
 */
#ifndef FRESHET_STREAM_BATCH_LIMIT_H
#define FRESHET_STREAM_BATCH_LIMIT_H

#include "base/base.h"

struct batch_limit {
    int64_t delivery_ms; /* in which a commit must be delivered: transaction.timeout.ms */
    double share;  /* of the configured limits; 1: all */
    double opened; /* share of the limits that the commit in flight uses */
};

/* Begins with the whole limits. */
void batch_limit_init(struct batch_limit *limit, int64_t delivery_ms);
/* Call when a commit begins: so much of the configured limits does its batch use, 0 to 1. */
void batch_limit_begin(struct batch_limit *limit, double used);
/* Call when it has succeeded: so long after the batch was closed. */
void batch_limit_succeeded(struct batch_limit *limit, int64_t took_ms);
/* Call when it was rolled back. */
void batch_limit_failed(struct batch_limit *limit);
/* Returns the share of a configured limit, at least 1. */
size_t batch_limit_of(const struct batch_limit *limit, int64_t configured);

#endif
