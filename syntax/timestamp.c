#include "base/base.h"
#include "base/calendar.h"
#include "syntax/timestamp.h"

enum { MS_PER_S = 1000, US_PER_MS = 1000, NS_PER_MS = 1000000, S_PER_DAY = 86400 };
#define MS_PER_DAY INT64_C(86400000)

static int within_calendar(int64_t ms, int64_t *ret_ms)
{
    if (ms < TIMESTAMP_FIRST_MS || ms > TIMESTAMP_LAST_MS) { return -EINVAL; }
    *ret_ms = ms;
    return 0;
}

static int times(int64_t count, int64_t unit_ms, int64_t *ret_ms)
{
    int64_t ms;
    if (__builtin_mul_overflow(count, unit_ms, &ms)) { return -EINVAL; }
    return within_calendar(ms, ret_ms);
}

static int divided(int64_t count, int64_t per_ms, int64_t *ret_ms)
{
    return within_calendar(count / per_ms - (count % per_ms < 0), ret_ms);
}

int timestamp_from_integer(enum time_format format, int64_t count, int64_t *ret_ms)
{
    assert(!time_format_is_text(format));
    switch (format) {
    case TIME_FORMAT_S:
        return times(count, MS_PER_S, ret_ms);
    case TIME_FORMAT_DAYS:
        return times(count, MS_PER_DAY, ret_ms);
    case TIME_FORMAT_US:
        return divided(count, US_PER_MS, ret_ms);
    case TIME_FORMAT_NS:
        return divided(count, NS_PER_MS, ret_ms);
    default:
        return within_calendar(count, ret_ms);
    }
}

int timestamp_from_real(enum time_format format, double count, int64_t *ret_ms)
{
    assert(!time_format_is_text(format));
    double ms = count;
    if (format == TIME_FORMAT_S) { ms = count * MS_PER_S; }
    if (format == TIME_FORMAT_DAYS) { ms = count * (double)MS_PER_DAY; }
    if (format == TIME_FORMAT_US) { ms = count / US_PER_MS; }
    if (format == TIME_FORMAT_NS) { ms = count / NS_PER_MS; }
    /* The comparison also refuses NaN. */
    if (!(ms >= (double)TIMESTAMP_FIRST_MS && ms <= (double)TIMESTAMP_LAST_MS)) { return -EINVAL; }
    return within_calendar((int64_t)floor(ms), ret_ms);
}

int timestamp_from_size(double count, int64_t *ret_ms)
{
    /* 1990-01-01 to 2100-01-01 in seconds. */
    const double first_s = 631152000, last_s = 4102444800;
    static const struct {
        enum time_format format;
        double per_s;
    } units[] = {{TIME_FORMAT_S, 1},
                 {TIME_FORMAT_MS, MS_PER_S},
                 {TIME_FORMAT_US, (double)MS_PER_S * US_PER_MS},
                 {TIME_FORMAT_NS, (double)MS_PER_S * NS_PER_MS}};
    for (size_t i = 0; i < ARRAY_COUNT(units); i++) {
        double seconds = count / units[i].per_s;
        if (seconds >= first_s && seconds < last_s) {
            return timestamp_from_real(units[i].format, count, ret_ms);
        }
    }
    return -EINVAL;
}

int timestamp_of(int year, int month, int day, int64_t second_of_day, int ms, int64_t *ret_ms)
{
    if (year < 0 || year > 9999 || month < 1 || month > 12) { return -EINVAL; }
    if (day < 1 || day > calendar_month_days(year, month)) { return -EINVAL; }
    int64_t seconds = calendar_days(year, month, day) * S_PER_DAY + second_of_day;
    return within_calendar(seconds * MS_PER_S + ms, ret_ms);
}

/* ---- Names of formats ---- */

int time_layout_parse(struct slice text, struct time_layout *ret_layout)
{
    static const char *const names[] = {
        [TIME_FORMAT_MS] = "ms",     [TIME_FORMAT_S] = "s",       [TIME_FORMAT_US] = "us",
        [TIME_FORMAT_ISO8601] = "iso8601", [TIME_FORMAT_NS] = "ns", [TIME_FORMAT_DAYS] = "days",
        [TIME_FORMAT_AVRO] = "avro", [TIME_FORMAT_AUTO] = "auto",
    };
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        if (slice_equal(text, slice_str(names[i]))) {
            *ret_layout = (struct time_layout){.format = (enum time_format)i};
            return 0;
        }
    }
    if (!timestamp_is_pattern(text)) { return -EINVAL; }
    *ret_layout = (struct time_layout){.format = TIME_FORMAT_PATTERN, .pattern = text};
    return 0;
}

int time_layouts_parse(struct slice text, struct time_layouts *ret_layouts, const char **ret_why)
{
    struct time_layouts layouts = {.count = 0};
    for (;;) {
        const char *bar = text.size ? memchr(text.data, '|', text.size) : NULL;
        size_t size = bar ? (size_t)(bar - text.data) : text.size;
        if (layouts.count == TIME_LAYOUTS_MAX) {
            *ret_why = "at most 8 formats, with | between them";
            return -EINVAL;
        }
        if (time_layout_parse(slice_of(text.data, size), &layouts.at[layouts.count++])) {
            *ret_why = "a format is ms, s, us, ns, days, iso8601, auto, avro, or a pattern with a "
                       "date such as %d.%m.%Y %H:%M:%S";
            return -EINVAL;
        }
        if (!bar) { break; }
        text = slice_of(bar + 1, text.size - size - 1);
    }
    *ret_layouts = layouts;
    return 0;
}

struct time_layouts time_layouts_of(struct time_layout layout)
{
    return (struct time_layouts){.at = {layout}, .count = 1};
}

bool time_layouts_read_text(const struct time_layouts *layouts)
{
    for (size_t i = 0; i < layouts->count; i++) {
        if (time_format_is_text(layouts->at[i].format)) { return true; }
    }
    return false;
}
