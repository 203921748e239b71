/* From Avro bytes to a plain struct and back, by a contract's field table.
 *
 * A *contract* is one message of ours: the text of its .avsc, a C struct, and a table that says
 * which field of the one is which member of the other. Records are flat: scalars, strings, and
 * columns (arrays of scalars); hot messages are columnar. One interpreter serves all contracts.
 *
 * Writing: the frame of the contract's schema, as the schema schemas says (framing.h), and the
 * body. Reading: the frame, of either kind, names the writer's schema in the schema schemas; the
 * bytes are decoded with the *writer's* schema, bounds checked at every step, and projected by name
 * onto the struct: fields the writer did not have take the reader's default, aliases are honoured,
 * int -> long -> float -> double and string <-> bytes are promoted, fields the reader does not have
 * are skipped, `["null", X]` unions unfold (null = slice with data NULL where our field is text and
 * nullable, else the field's default; refused where it has none; an element of a column may not be
 * null). The plan for a writer's schema is made once and kept. An element of a string column has at
 * most 64 KiB.
 *
 * A struct's slices borrow from the message's bytes, those of defaults from the codec; columns live
 * in the arena given.
 * A codec belongs to one thread.
 */
#ifndef FRESHET_STREAM_AVRO_CODEC_H
#define FRESHET_STREAM_AVRO_CODEC_H

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/slice.h"
#include "stream/avro/schema_cache.h"

/* What a member of a contract's struct is; the C type stands behind each. */
enum field_kind {
    FIELD_STRING,  /* struct slice, valid UTF-8 */
    FIELD_BYTES,   /* struct slice */
    FIELD_INT,     /* int32_t */
    FIELD_LONG,    /* int64_t */
    FIELD_FLOAT,   /* float */
    FIELD_DOUBLE,  /* double */
    FIELD_BOOL,    /* bool */
    FIELD_ENUM,    /* int32_t: index of the symbol in *our* schema */
    FIELD_STRINGS, /* struct slices */
    FIELD_INTS,    /* struct ints */
    FIELD_LONGS,   /* struct longs */
    FIELD_FLOATS,  /* struct floats */
    FIELD_DOUBLES, /* struct doubles */
    FIELD_ENUMS,   /* struct ints */
};

struct contract_field {
    const char *name; /* as in the .avsc */
    enum field_kind kind;
    size_t offset; /* of the member */
    size_t limit;  /* most bytes of a string, most elements of a column; 0 for numbers */
};

struct contract {
    const char *name;   /* full name of the record: "freshet.UserEvent" */
    const char *schema; /* the text of the .avsc */
    const char *const *older; /* texts of its earlier versions, then NULL; NULL: it has had none */
    const struct contract_field *fields;
    size_t fields_count;
    size_t size; /* of the struct */
};

/* One row of a contract's table. */
#define CONTRACT_FIELD(type, kind, member, limit)                                                  \
    {                                                                                              \
        #member, kind, offsetof(struct type, member), limit                                        \
    }

/* The CRC-64-AVRO fingerprint of the schema's Parsing Canonical Form (Avro 1.11 specification,
 * "Schema Fingerprints"); 0 or -EINVAL. */
int schema_fingerprint(const char *json, uint64_t *ret_fingerprint);

/* Adds a contract's schema and its earlier ones to the schemas; 0, or -EINVAL with ret_error told.
 * */
int codec_know(const struct contract *contract, struct schema_cache *schemas,
               struct codec_error *ret_error);

/* ---- One contract's reader and writer. ---- */

struct codec;

/* Makes the codec of a contract and adds its schema and its earlier ones to the schemas. The table
 * must name every field of the schema and nothing else, with fitting kinds: anything else is a
 * programmer's error (assert). The contract and the schemas must outlive the codec. Free with
 * codec_free(). */
struct codec *codec_new(const struct contract *contract, struct schema_cache *schemas);
/* Frees the codec; takes NULL; returns NULL. */
struct codec *codec_free(struct codec *codec);

/* Appends the framed message to out. 0, or -EMSGSIZE when a limit of the table or out's maximum is
 * exceeded, or -EINVAL for what codec_decode() would refuse: a number that is not finite, a string
 * that is not UTF-8, a symbol that is none. On failure out holds what it held. */
int codec_encode(struct codec *codec, const void *object, struct buf *out);

/* Decodes one framed message. ret_object is untouched on failure. 0 or -EBADMSG with the error told
 * (ret_error may be NULL); reasons: "empty", "bad_magic", "unknown_fingerprint",
 * "unknown_schema_id" (the same message may be read once the cache has learned the id),
 * "truncated", "bad_length" (also a number too large for its type), "over_limit", "bad_utf8",
 * "bad_union", "bad_enum" (also a boolean neither 0 nor 1), "not_finite", "trailing_bytes",
 * "schema_mismatch". */
int codec_decode(struct codec *codec, struct slice message, struct arena *arena, void *ret_object,
                 struct codec_error *ret_error);

/* Says whether the writer's schema names its record as the contract does (without regard to the
 * namespace): where a topic holds records of several contracts. */
bool codec_names(struct codec *codec, struct slice message);

/* Fills a struct with the defaults of the contract's schema (empty strings, zeros without one). */
void codec_defaults(struct codec *codec, void *ret_object);

/* ---- Generic reading, for people and for foreign messages. ---- */

/* Renders one framed message whose schema is in the schemas as one line of JSON (bytes as Avro's
 * JSON encoding does); ret_name, when asked for, is the record's name (borrowed from the schemas).
 * The nesting is limited, every length is checked. 0 or -EBADMSG with the error told. */
int codec_json(struct schema_cache *schemas, struct slice message, struct buf *out,
               const char **ret_name, struct codec_error *ret_error);
/* The same, with dates and timestamps (logical types of the writer's schema) as ISO 8601 texts. */
int codec_json_times(struct schema_cache *schemas, struct slice message, struct buf *out,
                     struct codec_error *ret_error);

#endif
