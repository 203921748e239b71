/* A contract describes one message of ours: the text of its .avsc, a C struct, and a table that
 * joins each field of the schema to a member of the struct.
 *
 * Records are flat: scalars, strings and columns (arrays of scalars). A contract is constant data;
 * codec.h reads and writes messages by it.
 */
#ifndef FRESHET_STREAM_AVRO_CONTRACT_H
#define FRESHET_STREAM_AVRO_CONTRACT_H

#include "base/base.h"
#include "base/slice.h"

/* The kind of a struct's member; its C type is in the comment. */
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
    const char *name;         /* full name of the record: "freshet.UserEvent" */
    const char *schema;       /* the text of the .avsc */
    const char *const *older; /* texts of its earlier versions, ended by NULL; NULL: none */
    const struct contract_field *fields;
    size_t fields_count;
    size_t size; /* of the struct */
};

/* One row of a contract's table. */
#define CONTRACT_FIELD(type, kind, member, limit)                                                  \
    {                                                                                              \
        #member, kind, offsetof(struct type, member), limit                                        \
    }

#endif
