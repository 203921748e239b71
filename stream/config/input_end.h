/* Where an input ends for a run that shall stop there: `PARTITION:OFFSET,...`, the first offset
 * that is no longer processed. A partition that is not named has no end.
 */
#ifndef FRESHET_STREAM_CONFIG_INPUT_END_H
#define FRESHET_STREAM_CONFIG_INPUT_END_H

#include "base/base.h"

/* Says whether a text (perhaps empty) is a list of ends. */
bool input_end_valid(const char *text);
/* Tells a partition's end in a valid text; INT64_MAX when it has none. */
int64_t input_end_of(const char *text, int32_t partition);

#endif
