/* Converts times as platforms write them to milliseconds since 1970, UTC.
 *
 * The format is configured, never guessed: 1,700,000,000 is a plausible number of seconds and of
 * milliseconds. Every input gives a time or -EINVAL, never a wrapped number.
 */
#ifndef FRESHET_INGEST_MAPPING_TIMESTAMP_H
#define FRESHET_INGEST_MAPPING_TIMESTAMP_H

#include "base/slice.h"

/* Order of the choices of the option `time.format`. */
enum time_format {
    TIME_FORMAT_MS,
    TIME_FORMAT_S,
    TIME_FORMAT_US,
    TIME_FORMAT_ISO8601,
    TIME_FORMAT_NS,
    TIME_FORMAT_DAYS,
    TIME_FORMAT_AVRO, /* by the logical type in the writer's schema: text as ISO 8601 has it */
};

/* Says whether a format is text and not a number. */
static inline bool time_format_is_text(enum time_format format)
{
    return format == TIME_FORMAT_ISO8601 || format == TIME_FORMAT_AVRO;
}

/* The last millisecond of the year 9999 and the first of the year 0: no time is outside. */
#define TIMESTAMP_LAST_MS INT64_C(253402300799999)
#define TIMESTAMP_FIRST_MS INT64_C(-62167219200000)

/* Converts an integer of the given unit (no format of text), rounding down; 0, or -EINVAL
 * outside the years 0 to 9999. */
int timestamp_from_integer(enum time_format format, int64_t count, int64_t *ret_ms);
/* Converts a number with a fraction, rounding down to the millisecond; 0 or -EINVAL. */
int timestamp_from_real(enum time_format format, double count, int64_t *ret_ms);
/* Reads an ISO 8601 time, extended format: 2026-11-23T09:00:00, then optionally a fraction (digits
 * past the millisecond are cut), then Z, +hh, +hhmm, +hh:mm or nothing (UTC). A blank may stand for
 * the T, a comma for the point; second 60 is the next minute's 0. A date alone is its first
 * moment. 0 or -EINVAL. */
int timestamp_from_iso8601(struct slice text, int64_t *ret_ms);

#endif
