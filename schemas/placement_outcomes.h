/* What came of the lists of a placement: topic `outcomes`. See placement_outcomes.avsc. */
#ifndef FRESHET_SCHEMAS_PLACEMENT_OUTCOMES_H
#define FRESHET_SCHEMAS_PLACEMENT_OUTCOMES_H

#include "schemas/list_id.h"
#include "schemas/user_event.h"

/* The width of a window of event time. */
#define OUTCOMES_HOUR_MS INT64_C(3600000)

/* Revenue is in millionths, so that sums do not depend on the order of events. */
#define OUTCOMES_MICROS 1e6

struct outcome_counts {
    int64_t impressions;
    int64_t clicks;
    int64_t actions;
    int64_t conversions;
    int64_t revenue_micros;
};

struct placement_outcomes {
    struct slice placement;
    struct slice generation;
    struct slice rule;
    int32_t partition;
    int64_t from_ms;
    int64_t to_ms;
    int64_t impressions;
    int64_t clicks;
    int64_t actions;
    int64_t conversions;
    int64_t revenue_micros;
};

extern const struct contract placement_outcomes_contract;

/* Adds `sign` times what another one has; a sum stays in the range of its type. */
void outcome_counts_add(struct outcome_counts *counts, const struct outcome_counts *other,
                        int64_t sign);
/* Returns the counts of a record. */
struct outcome_counts placement_outcomes_counts(const struct placement_outcomes *outcomes);

#endif
