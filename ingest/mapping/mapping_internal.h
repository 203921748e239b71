/* The structs of the mapping, shared by mapping.c (a record), mapping_fields.c (its values),
 * mapping_context.c (those of a context) and mapping_setup.c (configuration). */
#ifndef FRESHET_INGEST_MAPPING_MAPPING_INTERNAL_H
#define FRESHET_INGEST_MAPPING_MAPPING_INTERNAL_H

#include "ingest/mapping/action_names.h"
#include "ingest/mapping/documents.h"
#include "ingest/mapping/field_set.h"
#include "ingest/mapping/mapping.h"
#include "pseudonyms/pseudonyms.h"
#include "ingest/mapping/record_kinds.h"
#include "syntax/time_zone.h"

enum { JSON_WHERE_MAX = 200, FOUND_TEXT_MAX = 400 };

struct mapping {
    const struct mapping_settings *settings;
    struct schema_cache *schemas;
    struct pseudonyms *pseudonyms; /* NULL: users keep their ids; borrowed */
    const char *source;            /* put before its ids; NULL: not; borrowed */
    struct rule_limits limits;
    struct json_rules json;
    struct field_formats formats;
    struct field_set *sets; /* of the source, then of the kinds that have their own */
    size_t sets_count;
    struct named_headers *headers; /* those that paths lead to */
    bool hides_values;             /* no values in messages */
    bool whole_arrays;             /* paths lead into a document that is an array */
    bool by_logical_type;          /* Avro's times are rendered as text */
    struct action_names *actions;
    struct record_kinds *kinds;
    struct time_zones *zones;
    struct payload *payload;
    char where[JSON_WHERE_MAX]; /* the codec's or parser's message; cleared for each record */
    char found[FOUND_TEXT_MAX]; /* the value at fault, for the message; cleared for each record */
    uint64_t ids_made;
};

/* A mapping at work on one record. */
struct work {
    struct mapping *mapping;
    const struct record *rec;
    struct arena *arena;
    bool rendered; /* the value is the text of a message already */
    struct documents documents;
    json_t *document;
    const struct field_set *fields; /* of the source, or of the record's kind */
    bool forgets;                   /* a request to forget its user */
    json_t *key;                    /* of $key, after its first use */
    struct codec_error key_error;   /* of its message */
    json_t *timestamp;
    bool key_read;
    bool unknown_id; /* of the schema of an Avro message */
    uint32_t schema_id;
    const char *schema_name; /* of the writer's record; NULL: none */
    json_t *schema;          /* of $schema, after its first use */
    json_t *joined;          /* an array that keeps the texts of joined paths */

    /* Elements, where [*] spreads the document. */
    json_t *elements[SPREAD_ARRAYS_MAX]; /* the current one of each array; NULL: none */
    int innermost;     /* the array whose element is mapped, or PATH_NO_ARRAY */
    size_t document_index;
    size_t index;      /* of the element in the document */
    size_t ordinal;    /* of the element in the record */
    size_t skipped;    /* elements of the record without an id */
    size_t unnamed;    /* elements of the document whose id is not there at all, or is empty */
    size_t empty;      /* those whose id is empty */
    const struct field_path *id_path; /* the one that found the id */
    bool sequence_of_element;         /* the sequence stands in the element */

    struct candidate candidate;
    struct outcome outcome;
    size_t outcome_capacity;
};

/* mapping_fields.c: reads the fields of the current element (or document) into the candidate.
 * False: it becomes nothing. */
bool work_read_fields(struct work *work);
/* Reads the kind of the document. */
enum value_state work_read_kind(struct work *work, struct slice *ret_kind);
/* Says whether the main field is null in the current element, or stands for none. */
bool work_finds_null(struct work *work);
/* Reads a text, or a number, of the current element. */
enum value_state work_read_text(struct work *work, enum mapped field, struct slice *ret_text);
enum value_state work_read_number(struct work *work, enum mapped field, double *ret_number);
/* mapping_context.c: reads the context of an action, whose time is read. */
void work_read_context(struct work *work, struct user_event *ev);
/* Writes what a field's paths have found into mapping->found, for a message. */
void work_describe(struct work *work, enum mapped field);

#endif
