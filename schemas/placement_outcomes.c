#include "base/base.h"
#include "schemas/placement_outcomes.h"

static const char schema[] =
#include "placement_outcomes.avsc.inc"
    ;

static const struct contract_field fields[] = {
    CONTRACT_FIELD(placement_outcomes, FIELD_STRING, placement, LIST_ID_BYTES_MAX),
    CONTRACT_FIELD(placement_outcomes, FIELD_STRING, generation, LIST_ID_BYTES_MAX),
    CONTRACT_FIELD(placement_outcomes, FIELD_STRING, rule, EVENT_RULE_BYTES_MAX),
    CONTRACT_FIELD(placement_outcomes, FIELD_INT, partition, 0),
    CONTRACT_FIELD(placement_outcomes, FIELD_LONG, from_ms, 0),
    CONTRACT_FIELD(placement_outcomes, FIELD_LONG, to_ms, 0),
    CONTRACT_FIELD(placement_outcomes, FIELD_LONG, impressions, 0),
    CONTRACT_FIELD(placement_outcomes, FIELD_LONG, clicks, 0),
    CONTRACT_FIELD(placement_outcomes, FIELD_LONG, actions, 0),
    CONTRACT_FIELD(placement_outcomes, FIELD_LONG, conversions, 0),
    CONTRACT_FIELD(placement_outcomes, FIELD_LONG, revenue_micros, 0),
};

const struct contract placement_outcomes_contract = {
    .name = "freshet.PlacementOutcomes",
    .schema = schema,
    .fields = fields,
    .fields_count = ARRAY_COUNT(fields),
    .size = sizeof(struct placement_outcomes),
};

static void add(int64_t *sum, int64_t number, int64_t sign)
{
    bool over = sign < 0 ? __builtin_sub_overflow(*sum, number, sum)
                         : __builtin_add_overflow(*sum, number, sum);
    if (over) { *sum = (number > 0) == (sign > 0) ? INT64_MAX : INT64_MIN; }
}

void outcome_counts_add(struct outcome_counts *counts, const struct outcome_counts *other,
                        int64_t sign)
{
    add(&counts->impressions, other->impressions, sign);
    add(&counts->clicks, other->clicks, sign);
    add(&counts->actions, other->actions, sign);
    add(&counts->conversions, other->conversions, sign);
    add(&counts->revenue_micros, other->revenue_micros, sign);
}

struct outcome_counts placement_outcomes_counts(const struct placement_outcomes *outcomes)
{
    return (struct outcome_counts){
        .impressions = outcomes->impressions,
        .clicks = outcomes->clicks,
        .actions = outcomes->actions,
        .conversions = outcomes->conversions,
        .revenue_micros = outcomes->revenue_micros,
    };
}
