#include "base/base.h"
#include "base/number.h"
#include "cli/action_time.h"
#include "syntax/timestamp.h"

enum { TIME_BYTES_MAX = 63 };

static int read_pattern(const char *pattern, const char *text, int64_t *ret_ms)
{
    struct tm tm = {.tm_mday = 1};
    const char *end = strptime(text, pattern, &tm);
    long ahead = tm.tm_gmtoff; /* timegm() clears it */
    if (!end || *end) { return -EINVAL; }
    *ret_ms = ((int64_t)timegm(&tm) - ahead) * 1000;
    return 0;
}

static int read_count(enum time_format format, const char *text, int64_t *ret_ms)
{
    const char *at = text;
    char *end;
    int64_t whole;
    if (number_read(&at, &whole) && !*at) { return timestamp_from_integer(format, whole, ret_ms); }
    double real = strtod(text, &end);
    if (end == text || *end || !isfinite(real)) { return -EINVAL; }
    return timestamp_from_real(format, real, ret_ms);
}

int action_time_read(const char *unit, struct slice text, int64_t *ret_ms)
{
    static const struct {
        const char *unit;
        enum time_format format;
    } units[] = {{"s", TIME_FORMAT_S},   {"ms", TIME_FORMAT_MS}, {"us", TIME_FORMAT_US},
                 {"ns", TIME_FORMAT_NS}, {"days", TIME_FORMAT_DAYS}};
    char copy[TIME_BYTES_MAX + 1];
    if (!text.size || text.size > TIME_BYTES_MAX) { return -EINVAL; }
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    if (strcmp(unit, "iso8601") == 0) { return timestamp_from_text(text, ret_ms); }
    if (strchr(unit, '%')) { return read_pattern(unit, copy, ret_ms); }
    for (size_t i = 0; i < ARRAY_COUNT(units); i++) {
        if (strcmp(unit, units[i].unit) == 0) {
            return read_count(units[i].format, copy, ret_ms);
        }
    }
    return -EINVAL;
}
