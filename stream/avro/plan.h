/* A plan turns one writer's records into one contract's struct.
 *
 * The writer's schema and the contract's shape are resolved by name once, into a flat list of steps
 * in the writer's order. Running the plan looks at the schema only to skip fields. Resolution is
 * Avro's ("Schema Resolution"), with one extension: where the writer has `["null", X]` and the
 * reader X, a null is accepted for a field that has a default, and becomes the default.
 *
 *     writer's record:   a: int      b: map      c: ["null", string]     d: array<float>
 *                        |           |           |                       |
 *     steps:             INT->LONG   SKIP        UNION{NULL, STRING}     COLUMN{FLOAT->DOUBLE}
 *                        |                       |                       |
 *     struct:            member x (alias a)      member c                member d;  e: default
 */
#ifndef FRESHET_STREAM_AVRO_PLAN_H
#define FRESHET_STREAM_AVRO_PLAN_H

#include "base/arena.h"
#include "base/base.h"
#include "stream/avro/codec_error.h"
#include "stream/avro/cursor.h"
#include "stream/avro/schema.h"
#include "stream/avro/shape.h"

/* Most bytes of one element of a string column. */
enum { COLUMN_STRING_BYTES_MAX = 65536 };

struct plan;

/* Resolves the writer's schema against the contract's; NULL with ret_error filled
 * ("schema_mismatch") when the writer's records cannot become the contract's. Both arguments must
 * outlive the plan. Free with plan_free(). */
struct plan *plan_new(const struct schema_node *writer, const struct shape *shape,
                      struct codec_error *ret_error);
/* Frees the plan; takes NULL; returns NULL. */
struct plan *plan_free(struct plan *plan);
/* Decodes one record's body into object, which must hold the defaults already. False when the
 * cursor refuses the bytes; ret_error then has the field and the reason, and the object holds
 * garbage. */
bool plan_run(const struct plan *plan, struct cursor *cursor, struct arena *arena, void *object,
              struct codec_error *ret_error);

/* True when all count numbers are finite: none is infinite or NaN. */
bool floats_finite(const float *at, size_t count);
bool doubles_finite(const double *at, size_t count);

#endif
