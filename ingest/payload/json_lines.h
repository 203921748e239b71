/* Finds where one JSON value ends and the next begins in a text that holds one on each line. */
#ifndef FRESHET_INGEST_PAYLOAD_JSON_LINES_H
#define FRESHET_INGEST_PAYLOAD_JSON_LINES_H

#include "base/slice.h"

/* Takes the first value off *rest: up to a line's end outside of quotes, objects and arrays. A
 * value may be written over several lines. The values need not be valid. Data NULL: only blanks are
 * left. */
struct slice json_lines_next(struct slice *rest);

#endif
