/* A contract's shape: its schema and its table joined field by field, and its defaults.
 *
 * The two must agree; otherwise it is a programmer's error (assert). Every field of the schema has
 * a row, every row has a field, and the kinds fit. A field of the schema may be `["null", X]` or
 * `[X, "null"]`; an element of a column may not.
 */
#ifndef FRESHET_STREAM_AVRO_SHAPE_H
#define FRESHET_STREAM_AVRO_SHAPE_H

#include "base/base.h"
#include "stream/avro/contract.h"
#include "stream/avro/schema.h"

/* One field, in the order of the schema. */
struct shape_field {
    const struct contract_field *row;
    const struct schema_field *field;
    const struct schema_node *value; /* the field's type; of ["null", X]: X */
    int null_branch;                 /* index in the union; -1 when the type is no union */
    int value_branch;
};

struct shape {
    const struct contract *contract;
    struct schema *schema;
    struct arena *arena; /* holds the defaults' bytes and columns */
    struct shape_field *fields;
    size_t fields_count;
    void *defaults; /* a struct of the contract, filled with the defaults */
};

/* Joins a contract's table and schema; free with shape_free(). */
struct shape *shape_new(const struct contract *contract);
/* Frees the shape; takes NULL; returns NULL. */
struct shape *shape_free(struct shape *shape);

/* True when a member of this kind is a column. */
bool shape_is_column(enum field_kind kind);
/* Returns the kind of a column's elements; for a plain field the kind itself. */
enum field_kind shape_element(enum field_kind kind);
/* Returns the size of a member; given shape_element() of a column, that of its elements. */
size_t shape_member_bytes(enum field_kind kind);

#endif
