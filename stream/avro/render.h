/* Renders Avro bytes as JSON for people, straight from the cursor.
 *
 * The output follows Avro's JSON encoding: bytes and fixed are strings whose characters
 * U+0000..U+00FF stand for the bytes, enums are their symbols. It differs in unions, which are
 * shown without their type: null or the value. A real has the fewest digits, from 15 to 17 (a
 * float: 6 to 9), that read back as the same number. Reals that JSON does not have are the texts
 * "NaN", "Infinity" and "-Infinity", as in Java; with the cursor's `bare_not_finite` without
 * quotes. A decimal (logical type of bytes and fixed; also Debezium's record of a scale and a
 * value) is a number, a UUID of 16 bytes its text; with the cursor's `fixed_as_hex`, any other
 * fixed is hex. With the cursor's `times_as_text`, dates and
 * timestamps (logical types) become ISO 8601 texts in UTC; those outside the years 0 to 9999 stay
 * numbers.
 */
#ifndef FRESHET_STREAM_AVRO_RENDER_H
#define FRESHET_STREAM_AVRO_RENDER_H

#include "base/base.h"
#include "base/buf.h"
#include "stream/avro/cursor.h"

/* Appends one value of the node's type; depth is its nesting (0 for a message). False when the
 * cursor refuses the bytes or out is full ("over_limit"); out then holds a part of the value. */
bool render_value(struct cursor *cursor, const struct schema_node *node, int depth,
                  struct buf *out);
/* Appends a count of the unit of a logical type since 1970 as an ISO 8601 text in quotes; false,
 * and nothing is appended, outside the years 0 to 9999. */
bool render_time(struct buf *out, enum schema_logical logical, int64_t count);

#endif
