/* Avro bytes as JSON for people, straight from the cursor.
 *
 * As Avro's JSON encoding has it (bytes and fixed are strings whose characters U+0000..U+00FF stand
 * for the bytes, enums are their symbols), but unions are shown plainly: null or the value. Reals
 * have as few of 15 to 17 digits (floats: 6 to 9) as read back the same; those that JSON has not
 * are the texts "NaN", "Infinity" and "-Infinity", as Java writes them. With the cursor's
 * `times_as_text`, dates and timestamps (logical types) are ISO 8601 texts in UTC; those outside
 * the years 0 to 9999 stay numbers.
 */
#ifndef FRESHET_STREAM_AVRO_RENDER_H
#define FRESHET_STREAM_AVRO_RENDER_H

#include "base/base.h"
#include "base/buf.h"
#include "stream/avro/cursor.h"

/* Appends one value of that type; depth is its nesting (0 for a message). False when the cursor
 * refuses or out is full ("over_limit"); out then holds half of it. */
bool render_value(struct cursor *cursor, const struct schema_node *node, int depth,
                  struct buf *out);

#endif
