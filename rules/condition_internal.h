/* A parsed condition: condition.c parses, condition_evaluate.c evaluates. */
#ifndef FRESHET_RULES_CONDITION_INTERNAL_H
#define FRESHET_RULES_CONDITION_INTERNAL_H

#include "rules/condition.h"

enum attribute {
    ATTRIBUTE_PRICE,
    ATTRIBUTE_STOCK,
    ATTRIBUTE_AGE,
    ATTRIBUTE_ID,
    ATTRIBUTE_BRAND,
    ATTRIBUTE_KIND,
    ATTRIBUTE_GROUP,
    ATTRIBUTE_TAGS,
    ATTRIBUTE_CATEGORY,
    ATTRIBUTE_USER_ACTIONS,
    ATTRIBUTE_USER_IDLE,
    ATTRIBUTE_USER_BUCKET,
    ATTRIBUTE_USER_COUNTRY,
    ATTRIBUTE_USER_TAGS,
    ATTRIBUTE_USER_BORN,
    ATTRIBUTE_DEVICE,
    ATTRIBUTE_CHANNEL,
    ATTRIBUTE_COUNTRY,
    ATTRIBUTE_HOUR,
    ATTRIBUTE_WEEKDAY,
    ATTRIBUTES_COUNT,
};

enum operation {
    OPERATION_AND,
    OPERATION_OR,
    OPERATION_NOT,
    OPERATION_EQUAL,
    OPERATION_DIFFERENT,
    OPERATION_LESS,
    OPERATION_AT_MOST,
    OPERATION_MORE,
    OPERATION_AT_LEAST,
    OPERATION_IN, /* also "has" */
    OPERATION_KNOWN,
    OPERATION_UNKNOWN,
};

struct condition_node {
    enum operation operation;
    enum attribute attribute;
    double number;
    size_t values, values_count; /* of OPERATION_IN, and of texts: symbols or fingerprints */
};

struct condition {
    struct condition_node nodes[CONDITION_NODES_MAX];
    size_t nodes_count;
    int32_t *symbols;
    uint64_t *ids; /* fingerprints */
    double *numbers;
    size_t symbols_count, ids_count, numbers_count;
};

#endif
