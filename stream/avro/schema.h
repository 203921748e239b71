/* An Avro schema, parsed from its JSON text into a tree with names resolved.
 *
 * A named type (record, enum, fixed) exists once in memory and references point to it, so the tree
 * of a recursive type has cycles. Defaults, aliases and enum defaults are kept; libavro drops them.
 * Everything that a tree points to lives as long as its schema.
 *
 * Avro 1.11 specification: "Schema Declaration", "Names", "Parsing Canonical Form for Schemas",
 * "Schema Fingerprints".
 */
#ifndef FRESHET_STREAM_AVRO_SCHEMA_H
#define FRESHET_STREAM_AVRO_SCHEMA_H

#include "base/base.h"
#include "stream/avro/codec_error.h"

#include <jansson.h>

enum {
    SCHEMA_DEPTH_MAX = 64,       /* nesting of a schema, and of a value */
    SCHEMA_BYTES_MAX = 1 << 20,  /* of the JSON text */
    SCHEMA_VALUES_MAX = 1 << 16, /* JSON values in it: 2 bytes of text may take 100 of memory */
    SCHEMA_NAMES_MAX = 1024,     /* named types in one schema */
    SCHEMA_NAME_BYTES_MAX = 512, /* of a name, and of a namespace */
    SCHEMA_MEMBERS_MAX = 4096,   /* fields, symbols, branches of one type */
    SCHEMA_FIXED_MAX = 1 << 20,  /* bytes of a fixed */
    SCHEMA_SCALE_MAX = 255,      /* of a decimal; one of a larger scale is bytes */
};

enum schema_type {
    SCHEMA_NULL,
    SCHEMA_BOOLEAN,
    SCHEMA_INT,
    SCHEMA_LONG,
    SCHEMA_FLOAT,
    SCHEMA_DOUBLE,
    SCHEMA_BYTES,
    SCHEMA_STRING,
    SCHEMA_RECORD,
    SCHEMA_ENUM,
    SCHEMA_ARRAY,
    SCHEMA_MAP,
    SCHEMA_UNION,
    SCHEMA_FIXED,
};

/* Logical types: of int and long those that are times, of bytes and fixed numbers and UUIDs; others
 * are ignored. */
enum schema_logical {
    LOGICAL_NONE,
    LOGICAL_DATE,             /* int: days since 1970 */
    LOGICAL_TIMESTAMP_MILLIS, /* long, as the next two; local ones are read as UTC */
    LOGICAL_TIMESTAMP_MICROS,
    LOGICAL_TIMESTAMP_NANOS,
    LOGICAL_DECIMAL, /* bytes or fixed: an integer in two's complement, big endian; see scale */
    LOGICAL_UUID,    /* fixed of 16 bytes */
};

struct schema_names {
    const char **at;
    size_t count;
};

struct schema_node;

struct schema_field {
    const char *name;
    struct schema_names aliases;
    struct schema_node *type;
    const json_t *fallback; /* the JSON default; NULL without one */
};

struct schema_node {
    enum schema_type type;
    enum schema_logical logical;
    const char *name;            /* full name of record, enum, fixed; else NULL */
    struct schema_names aliases; /* full names */
    struct schema_field *fields; /* record: count of them */
    struct schema_node **branches; /* union: count of them */
    struct schema_node *items;     /* array's items, map's values */
    const char **symbols;          /* enum: count of them */
    const char *symbol_fallback;   /* enum's default; NULL without one */
    size_t count;
    size_t size;  /* of a fixed */
    int scale;    /* of a decimal: digits behind its point, 0 to SCHEMA_SCALE_MAX */
    bool written; /* the canonical form already holds the definition */
};

struct schema;

/* Parses a schema; NULL with ret_error filled when the text is no schema. Free with
 * schema_free(). */
struct schema *schema_parse(const char *json, struct codec_error *ret_error);
/* Frees the schema and its tree; takes NULL; returns NULL. */
struct schema *schema_free(struct schema *schema);
/* Returns the root of the tree. */
const struct schema_node *schema_root(const struct schema *schema);
/* Says whether a name is in it that the specification does not allow (`my-shop.views`, `Events$`).
 * Names are taken as they are, as long as they can stand in quotes. */
bool schema_has_odd_names(const struct schema *schema);
/* Returns the Parsing Canonical Form. */
const char *schema_canonical(const struct schema *schema);
/* True when the messages of two writers with these schemas mean the same: their canonical forms and
 * logical types are equal. */
bool schema_same_meaning(const struct schema *a, const struct schema *b);
/* Returns the CRC-64-AVRO of the canonical form. */
uint64_t schema_crc(const struct schema *schema);
/* Computes the CRC-64-AVRO fingerprint of a schema's text; 0 or -EINVAL. */
int schema_fingerprint(const char *json, uint64_t *ret_fingerprint);

/* Returns a type's name in JSON ("long"). */
const char *schema_type_name(enum schema_type type);
/* Returns the part of a full name after the last dot. */
const char *schema_short_name(const char *full_name);
/* Returns a symbol's index in an enum, -1 when the enum does not have it. */
int32_t schema_symbol(const struct schema_node *node, const char *symbol);
/* True when a writer's named type is the reader's: by unqualified name or by an alias of the
 * reader's. */
bool schema_same_name(const struct schema_node *reader, const struct schema_node *writer);

#endif
