/* The option input.end: the end of the input for a run that stops there, as `PARTITION:OFFSET,...`.
 * The offset is the first one that is not processed. A partition that is not named has no end.
 */
#ifndef FRESHET_STREAM_CONFIG_INPUT_END_H
#define FRESHET_STREAM_CONFIG_INPUT_END_H

#include "base/base.h"

/* True when a text is a list of ends; an empty text is valid. */
bool input_end_valid(const char *text);
/* Returns a partition's end in a valid text; INT64_MAX when it has none. */
int64_t input_end_of(const char *text, int32_t partition);

#endif
