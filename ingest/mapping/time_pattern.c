/* A pattern is walked beside the text, a conversion at a time, without compiling it first: patterns
 * are short, and most sources need none.
 */
#include "base/base.h"
#include "ingest/mapping/time_text.h"
#include "syntax/timestamp.h"

enum { PATTERN_BYTES_MAX = 128, EPOCH_DIGITS_MAX = 18 };

struct parts {
    int year, month, day, day_of_year;
    int hour, minute, second, ms;
    int half; /* 0, 12, or -1: none */
    int zone_minutes;
    int64_t epoch_s;
    bool has_epoch, has_year, has_month, has_day, has_day_of_year;
};

static const char conversions[] = "YymdejHkIlMSfpPbBhaAzZTDFRsL%nt";

static bool walk(struct time_reading *reading, struct slice pattern, struct parts *parts);

static bool nested(struct time_reading *reading, const char *pattern, struct parts *parts)
{
    return walk(reading, slice_str(pattern), parts);
}

static void read_year(struct time_reading *reading, bool full, struct parts *parts)
{
    int year = time_digits(reading, full ? 4 : 2);
    parts->year = full ? year : year + (year < 69 ? 2000 : 1900);
    parts->has_year = true;
}

static void read_epoch(struct time_reading *reading, struct parts *parts)
{
    bool negative = time_take(reading, "-");
    size_t count = time_digits_ahead(reading);
    reading->failed |= count == 0 || count > EPOCH_DIGITS_MAX;
    for (; !reading->failed && count > 0; count--) {
        parts->epoch_s = parts->epoch_s * 10 + time_digits(reading, 1);
    }
    if (negative) { parts->epoch_s = -parts->epoch_s; }
    parts->has_epoch = true;
}

static bool read_date_part(struct time_reading *reading, char conversion, struct parts *parts)
{
    switch (conversion) {
    case 'Y':
    case 'y':
        read_year(reading, conversion == 'Y', parts);
        return true;
    case 'm':
        parts->month = time_number(reading, 2);
        parts->has_month = true;
        return true;
    case 'd':
    case 'e':
        time_skip_blanks(reading);
        parts->day = time_number(reading, 2);
        parts->has_day = true;
        return true;
    case 'j':
        parts->day_of_year = time_number(reading, 3);
        parts->has_day_of_year = true;
        return true;
    case 'b':
    case 'B':
    case 'h':
        parts->month = time_month_name(reading);
        parts->has_month = true;
        return parts->month > 0;
    case 'a':
    case 'A':
        return time_weekday_name(reading);
    default:
        return false;
    }
}

static bool read_time_part(struct time_reading *reading, char conversion, struct parts *parts)
{
    switch (conversion) {
    case 'H':
    case 'k':
    case 'I':
    case 'l':
        time_skip_blanks(reading);
        parts->hour = time_number(reading, 2);
        return true;
    case 'M':
        parts->minute = time_number(reading, 2);
        return true;
    case 'S':
        parts->second = time_number(reading, 2);
        return true;
    case 'f':
    case 'L':
        parts->ms = time_fraction(reading);
        return true;
    case 'p':
    case 'P':
        parts->half = time_half_day(reading);
        return parts->half >= 0;
    case 'z':
    case 'Z':
        parts->zone_minutes = time_zone(reading);
        return true;
    case 's':
        read_epoch(reading, parts);
        return true;
    default:
        return false;
    }
}

static bool convert(struct time_reading *reading, char conversion, struct parts *parts)
{
    switch (conversion) {
    case 'T':
        return nested(reading, "%H:%M:%S", parts);
    case 'R':
        return nested(reading, "%H:%M", parts);
    case 'D':
        return nested(reading, "%m/%d/%y", parts);
    case 'F':
        return nested(reading, "%Y-%m-%d", parts);
    case 'n':
    case 't':
        time_skip_blanks(reading);
        return true;
    case '%':
        return time_take(reading, "%");
    default:
        return read_date_part(reading, conversion, parts) ||
               read_time_part(reading, conversion, parts);
    }
}

static bool walk(struct time_reading *reading, struct slice pattern, struct parts *parts)
{
    for (size_t i = 0; i < pattern.size && !reading->failed; i++) {
        char c = pattern.data[i];
        if (c == '%' && i + 1 < pattern.size) {
            if (!convert(reading, pattern.data[++i], parts)) { return false; }
        } else if (c == ' ') {
            time_skip_blanks(reading);
        } else {
            const char literal[] = {c, '\0'};
            if (!time_take(reading, literal)) { return false; }
        }
    }
    return !reading->failed;
}

static int of_day(const struct parts *parts, int64_t second, int64_t *ret_ms)
{
    if (!parts->has_day_of_year) {
        int month = parts->has_month ? parts->month : 1, day = parts->has_day ? parts->day : 1;
        return timestamp_of(parts->year, month, day, second, parts->ms, ret_ms);
    }
    if (parts->day_of_year < 1 || parts->day_of_year > 366) { return -EINVAL; }
    second += (int64_t)(parts->day_of_year - 1) * 86400;
    return timestamp_of(parts->year, 1, 1, second, parts->ms, ret_ms);
}

int timestamp_from_pattern(struct slice text, struct slice pattern, int64_t *ret_ms)
{
    struct parts parts = {.half = -1};
    struct time_reading reading = {.at = text.data, .end = text.data + text.size};
    if (!text.data || !walk(&reading, pattern, &parts) || reading.at != reading.end) {
        return -EINVAL;
    }
    if (parts.has_epoch) {
        int rc = timestamp_from_integer(TIME_FORMAT_S, parts.epoch_s, ret_ms);
        if (!rc) { *ret_ms += parts.ms; }
        return rc;
    }
    if (parts.half >= 0) {
        if (parts.hour < 1 || parts.hour > 12) { return -EINVAL; }
        parts.hour = parts.hour % 12 + parts.half;
    }
    if (parts.hour > 24 || parts.minute > 59 || parts.second > 60) { return -EINVAL; }
    if (parts.hour == 24 && (parts.minute || parts.second || parts.ms)) { return -EINVAL; }
    int64_t second = parts.hour * 3600 + (parts.minute - parts.zone_minutes) * 60 + parts.second;
    return of_day(&parts, second, ret_ms);
}

bool timestamp_is_pattern(struct slice text)
{
    bool year = false;
    if (!text.size || text.size > PATTERN_BYTES_MAX) { return false; }
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] != '%') { continue; }
        if (++i == text.size || !text.data[i] || !strchr(conversions, text.data[i])) {
            return false;
        }
        year |= strchr("YysDF", text.data[i]) != NULL;
    }
    return year;
}
