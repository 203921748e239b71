/* Paths in the notations of other programs: JSONPath ($.lines[*].sku), JSON Pointer (/lines/0/sku),
 * jq (.lines[].sku), and how they are written here. */
#ifndef FRESHET_INGEST_MAPPING_PATH_HINT_H
#define FRESHET_INGEST_MAPPING_PATH_HINT_H

#include "base/buf.h"

/* Says whether a path is in another notation. A key that looks so is written in quotes: ["/a"]. */
bool path_hint_is_foreign(struct slice path);
/* Returns how many bytes of a path stand before a part that is outside of quotes and brackets; the
 * size of the path: there is no such part. */
size_t path_hint_plain_size(struct slice path, const char *part);
/* Says whether it begins or ends with a blank. */
bool path_hint_is_blank_at_end(struct slice path);
/* Appends how the paths of an option (a|b, or NAME=a,b for tags) are written here; nothing when
 * none of them is foreign or one cannot be written here. */
void path_hint_write(struct slice paths, struct buf *out);

#endif
