/* A plan: how one writer's records become one contract's struct.
 *
 * The writer's schema and the contract's shape are resolved by name once, into a flat list of steps
 * in the writer's order; running it touches no schema but to skip. Resolution is Avro's ("Schema
 * Resolution"), and beyond it: where the writer has `["null", X]` and the reader X, a null is
 * accepted for a field that has a default, and becomes that.
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
#include "stream/avro/cursor.h"
#include "stream/avro/schema.h"
#include "stream/avro/shape.h"

/* Most bytes of one element of a string column. */
enum { COLUMN_STRING_BYTES_MAX = 65536 };

struct plan;

/* Resolves; NULL with "schema_mismatch" told when the writer's records cannot become the
 * contract's. Both must outlive the plan. Free with plan_free(). */
struct plan *plan_new(const struct schema_node *writer, const struct shape *shape,
                      struct codec_error *ret_error);
/* Frees the plan; takes NULL; returns NULL. */
struct plan *plan_free(struct plan *plan);
/* Decodes one record's body into object, which holds the defaults already. False when the cursor
 * refuses; ret_error then tells where and why, and the object holds garbage. */
bool plan_run(const struct plan *plan, struct cursor *cursor, struct arena *arena, void *object,
              struct codec_error *ret_error);

/* Says whether none of count numbers is infinite or not a number. */
bool floats_finite(const float *at, size_t count);
bool doubles_finite(const double *at, size_t count);

#endif
