/* `key=value` pairs, as log lines have them, written as members of a JSON object. */
#ifndef FRESHET_BASE_PAIRS_JSON_H
#define FRESHET_BASE_PAIRS_JSON_H

#include "base/buf.h"

/* Appends `,"key":value` for each pair of the text, whose values are plain or quoted as by
 * quote_value() (base/quote.h). A value that is a JSON number stays one; all else is a string.
 * Words that are no pair are one member `text`. A key of `reserved` (names with a comma between)
 * gets `field_` before it. Pairs that would make `out` larger than `most` bytes are left out, and
 * `,"cut":true` says so; it needs 11 bytes more. */
void pairs_json_put(const char *pairs, const char *reserved, size_t most, struct buf *out);

#endif
