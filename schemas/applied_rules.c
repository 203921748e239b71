#include "base/base.h"
#include "schemas/applied_rules.h"

static const char schema[] =
#include "applied_rules.avsc.inc"
    ;

static const struct contract_field fields[] = {
    CONTRACT_FIELD(applied_rules, FIELD_STRING, text, RULES_BYTES_MAX),
    CONTRACT_FIELD(applied_rules, FIELD_LONG, applied_ms, 0),
};

const struct contract applied_rules_contract = {
    .name = "freshet.AppliedRules",
    .schema = schema,
    .fields = fields,
    .fields_count = ARRAY_COUNT(fields),
    .size = sizeof(struct applied_rules),
};
