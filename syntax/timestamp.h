/* Converts times as platforms write them to milliseconds since 1970, UTC.
 *
 * The format is configured, never guessed, unless it is `auto`: 1,700,000,000 is a plausible number
 * of seconds and of milliseconds. Every input gives a time or -EINVAL, never a wrapped number.
 */
#ifndef FRESHET_SYNTAX_TIMESTAMP_H
#define FRESHET_SYNTAX_TIMESTAMP_H

#include "base/slice.h"

enum time_format {
    TIME_FORMAT_MS,
    TIME_FORMAT_S,
    TIME_FORMAT_US,
    TIME_FORMAT_ISO8601, /* a text whose day and month cannot be taken for each other */
    TIME_FORMAT_NS,
    TIME_FORMAT_DAYS,
    TIME_FORMAT_AVRO,    /* by the logical type in the writer's schema: text as ISO 8601 has it */
    TIME_FORMAT_AUTO,    /* text as ISO 8601, or a number whose size tells its unit */
    TIME_FORMAT_PATTERN, /* text as a pattern says */
};

/* A format, and the pattern if it has one. */
struct time_layout {
    enum time_format format;
    struct slice pattern; /* borrowed */
};

enum { TIME_LAYOUTS_MAX = 8 };

/* Formats that are tried one after the other. */
struct time_layouts {
    struct time_layout at[TIME_LAYOUTS_MAX];
    size_t count;
};

/* Reads the name of a format (ms, iso8601 ...), or a pattern, which has a %: 0 or -EINVAL. The
 * pattern is borrowed. */
int time_layout_parse(struct slice text, struct time_layout *ret_layout);
/* Reads several with bars between them: `iso8601|%d.%m.%Y|s`. 0, or -EINVAL with ret_why. */
int time_layouts_parse(struct slice text, struct time_layouts *ret_layouts, const char **ret_why);
/* Returns one format as a list. */
struct time_layouts time_layouts_of(struct time_layout layout);
/* Says whether texts are read by one of the formats. */
bool time_layouts_read_text(const struct time_layouts *layouts);

/* Says whether a format is text and not a number. */
static inline bool time_format_is_text(enum time_format format)
{
    return format == TIME_FORMAT_ISO8601 || format == TIME_FORMAT_AVRO ||
           format == TIME_FORMAT_PATTERN || format == TIME_FORMAT_AUTO;
}

/* The last millisecond of the year 9999 and the first of the year 0: no time is outside. */
#define TIMESTAMP_LAST_MS INT64_C(253402300799999)
#define TIMESTAMP_FIRST_MS INT64_C(-62167219200000)

/* Converts an integer of the given unit (no format of text), rounding down; 0, or -EINVAL
 * outside the years 0 to 9999. */
int timestamp_from_integer(enum time_format format, int64_t count, int64_t *ret_ms);
/* Converts a number with a fraction, rounding down to the millisecond; 0 or -EINVAL. */
int timestamp_from_real(enum time_format format, double count, int64_t *ret_ms);
/* Converts a number whose size tells its unit: of the years 1990 to 2099, seconds, milliseconds,
 * microseconds and nanoseconds are numbers of different size. 0 or -EINVAL. */
int timestamp_from_size(double count, int64_t *ret_ms);
/* Reads a time that is written as text. 0 or -EINVAL. All that can be taken in one way only:
 *
 *   2026-11-23T09:00:00.123Z   a blank for the T, a comma for the point, no seconds, digits past
 *                              the millisecond (cut); 24:00 and second 60; a date alone is its
 *                              first moment; 2026-328, 2026-W48-1; 2026/11/23
 *   20261123T090000Z           the same without hyphens and colons
 *   Mon, 23 Nov 2026 09:00:00 GMT; 23/Nov/2026:09:00:00 +0000; Nov 23, 2026 9:00:00 AM
 *   Mon Nov 23 09:00:00 2026; Mon Nov 23 2026 09:00:00 GMT+0000 (UTC)
 *
 * The zone: Z, UTC, GMT, +hh, +hhmm, +hh:mm, EST and others of RFC 822, or nothing: UTC. A region
 * in brackets ([Europe/Paris]) does not count, but must stand behind an offset. */
int timestamp_from_text(struct slice text, int64_t *ret_ms);
/* Reads a time as a pattern says, which is strptime's without what depends on a language: %Y %y %m
 * %d %e %j %H %k %I %l %M %S %f (a fraction of any length) %p %b %B %a %A %z %Z %T %D %F %R %s %L
 * %%; a blank stands for any number of blanks. Without a zone it is UTC. 0 or -EINVAL. */
int timestamp_from_pattern(struct slice text, struct slice pattern, int64_t *ret_ms);
/* Says whether a text is a pattern that timestamp_from_pattern() can read times with: a date, or a
 * count of seconds (%s). */
bool timestamp_is_pattern(struct slice text);
/* Converts a date and time of day in the proleptic Gregorian calendar, UTC: 0 or -EINVAL when there
 * is no such moment. Hour 24 is the next day's 0, second 60 the next minute's. */
int timestamp_of(int year, int month, int day, int64_t second_of_day, int ms, int64_t *ret_ms);

#endif
