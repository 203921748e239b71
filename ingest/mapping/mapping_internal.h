/* The struct of the mapping, shared by mapping.c (a record) and mapping_setup.c (configuration). */
#ifndef FRESHET_INGEST_MAPPING_MAPPING_INTERNAL_H
#define FRESHET_INGEST_MAPPING_MAPPING_INTERNAL_H

#include "ingest/mapping/action_names.h"
#include "ingest/mapping/documents.h"
#include "ingest/mapping/field_choice.h"
#include "ingest/mapping/mapping.h"
#include "ingest/mapping/named_headers.h"
#include "ingest/mapping/pseudonyms.h"
#include "ingest/mapping/record_kinds.h"
#include "ingest/mapping/tag_sources.h"
#include "ingest/mapping/timestamp.h"

enum { JSON_WHERE_MAX = 200 };

struct mapping {
    const struct mapping_settings *settings;
    struct schema_cache *schemas;
    struct pseudonyms *pseudonyms; /* NULL: users keep their ids; borrowed */
    struct rule_limits limits;
    struct json_rules json;
    struct field_choice *choices[MAPPED_COUNT]; /* NULL: not mapped; tags are in `tags` */
    struct tag_sources *tags;                   /* NULL: not mapped */
    struct named_headers *headers;              /* those that paths lead to */
    const struct field_path *spread; /* one of the paths that have a [*]; NULL: none has */
    bool own_ids;                    /* each element has its own id */
    bool numbers_as_text;
    bool whole_arrays;               /* paths lead into a document that is an array */
    bool by_logical_type;            /* Avro's times are rendered as text */
    enum time_format created_format;
    struct action_names *actions;
    struct record_kinds *kinds;
    struct payload *payload;
    char where[JSON_WHERE_MAX]; /* the codec's or parser's message; cleared for each record */
    uint64_t ids_made;
};

#endif
