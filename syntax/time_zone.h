/* Time zones: the clock on the wall where somebody is.
 *
 * A zone is a name of the tz database (Europe/Berlin), read from a file of the machine (TZif, RFC
 * 9636; Debian's package tzdata), or an offset: Z, UTC, +02:00, UTC+2, +0530. Files are read once,
 * when a name comes for the first time. A name is letters, digits and _ + - / alone, so that it
 * leads to no other file. One thread; memory is bounded by TIME_ZONES_MAX.
 */
#ifndef FRESHET_SYNTAX_TIME_ZONE_H
#define FRESHET_SYNTAX_TIME_ZONE_H

#include "base/slice.h"

enum {
    TIME_ZONES_MAX = 4000, /* that are kept, more than there are; further ones are not known */
    TIME_ZONE_NAME_BYTES_MAX = 64,
};

struct time_zones;

/* Makes an empty set that reads files of this directory; NULL: /usr/share/zoneinfo. Borrowed. Free
 * with time_zones_free(). */
struct time_zones *time_zones_new(const char *directory);
/* Frees it; takes NULL; returns NULL. */
struct time_zones *time_zones_free(struct time_zones *zones);

/* Finds how many seconds a zone is ahead of UTC at a time. False: the zone is not known. */
bool time_zones_offset(struct time_zones *zones, struct slice zone, int64_t time_ms,
                       int32_t *ret_seconds);

/* What a clock and a calendar show. */
struct wall_clock {
    int32_t hour;    /* 0 to 23 */
    int32_t weekday; /* 1 (Monday) to 7 */
};

/* Reads the clock of somebody who is so many seconds ahead of UTC. */
struct wall_clock time_zone_clock(int64_t time_ms, int32_t offset_seconds);

#endif
