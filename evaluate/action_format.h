/* How a file of actions is to be read: what the user says of it. Plain data. */
#ifndef FRESHET_EVALUATE_ACTION_FORMAT_H
#define FRESHET_EVALUATE_ACTION_FORMAT_H

#include "base/slice.h"

/* How a file is to be read; zeros: by its first rows. */
struct action_format {
    const char *columns; /* NULL: as the file says */
    char separator;      /* NUL: the one that is found */
    /* Reads a time of a unit as milliseconds since 1970; 0, or -EINVAL: it is none, or there is no
     * such unit. */
    int (*read_time)(const char *unit, struct slice text, int64_t *ret_ms);
};

#endif
