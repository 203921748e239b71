/* The rules of placements: topic `rules`. See applied_rules.avsc. */
#ifndef FRESHET_SCHEMAS_APPLIED_RULES_H
#define FRESHET_SCHEMAS_APPLIED_RULES_H

#include "stream/avro/codec.h"

/* The one key of the topic. */
#define APPLIED_RULES_KEY "rules"

enum { RULES_BYTES_MAX = 64 << 10 };

struct applied_rules {
    struct slice text;
    int64_t applied_ms;
};

extern const struct contract applied_rules_contract;

#endif
