/* Times in files of actions. */
#ifndef FRESHET_CLI_ACTION_TIME_H
#define FRESHET_CLI_ACTION_TIME_H

#include "base/slice.h"

/* Reads a time of a unit as milliseconds since 1970: s, ms, us, ns, days, iso8601, or a pattern of
 * strptime() (%d.%m.%Y %H:%M; UTC if it has no zone). 0, or -EINVAL: the text is no such time, or
 * there is no such unit. */
int action_time_read(const char *unit, struct slice text, int64_t *ret_ms);

#endif
