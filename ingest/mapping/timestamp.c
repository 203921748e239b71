#include "base/base.h"
#include "ingest/mapping/timestamp.h"

enum { MS_PER_S = 1000, US_PER_MS = 1000, NS_PER_MS = 1000000, S_PER_DAY = 86400 };
#define MS_PER_DAY INT64_C(86400000)

/* A place in a text that is read from left to right; a failed read leaves `failed` set. */
struct reading {
    const char *at;
    const char *end;
    bool failed;
};

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

static int digits(struct reading *reading, int count)
{
    int value = 0;
    for (int i = 0; i < count; i++) {
        if (reading->at == reading->end || *reading->at < '0' || *reading->at > '9') {
            reading->failed = true;
            return 0;
        }
        value = value * 10 + (*reading->at++ - '0');
    }
    return value;
}

static bool take(struct reading *reading, const char *any_of)
{
    if (reading->at == reading->end || *reading->at == '\0') { return false; }
    if (!strchr(any_of, *reading->at)) { return false; }
    reading->at++;
    return true;
}

static void expect(struct reading *reading, const char *any_of)
{
    if (!take(reading, any_of)) { reading->failed = true; }
}

static int fraction_ms(struct reading *reading)
{
    if (!take(reading, ".,")) { return 0; }
    int value = digits(reading, 1) * 100;
    for (int scale = 10; reading->at != reading->end && *reading->at >= '0' && *reading->at <= '9';
         scale /= 10) {
        value += (*reading->at++ - '0') * scale;
    }
    return value;
}

static int zone_minutes(struct reading *reading)
{
    if (reading->at == reading->end || take(reading, "Zz")) { return 0; }
    int sign = *reading->at == '-' ? -1 : 1;
    expect(reading, "+-");
    int hours = digits(reading, 2);
    int minutes = 0;
    if (reading->at != reading->end) {
        (void)take(reading, ":");
        minutes = digits(reading, 2);
    }
    if (hours > 23 || minutes > 59) { reading->failed = true; }
    return sign * (hours * 60 + minutes);
}

static int days_of_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

/* Days since 1970-01-01 in the proleptic Gregorian calendar. Years are counted from March, so that
 * the leap day is the last of its year; a month's first day then is (153 m + 2) / 5. */
static int64_t days_since_1970(int year, int month, int day)
{
    int64_t shifted = year - (month <= 2) + 400;
    int64_t march_month = (month + 9) % 12;
    int64_t leap_days = shifted / 4 - shifted / 100 + shifted / 400;
    int64_t day_of_era = shifted * 365 + leap_days + (153 * march_month + 2) / 5 + day - 1;
    return day_of_era - 146097 - 719468;
}

static bool is_date(int year, int month, int day)
{
    return month >= 1 && month <= 12 && day >= 1 && day <= days_of_month(year, month);
}

static int first_moment(int year, int month, int day, int64_t *ret_ms)
{
    if (!is_date(year, month, day)) { return -EINVAL; }
    return within_calendar(days_since_1970(year, month, day) * MS_PER_DAY, ret_ms);
}

int timestamp_from_iso8601(struct slice text, int64_t *ret_ms)
{
    if (!text.data) { return -EINVAL; }
    struct reading reading = {.at = text.data, .end = text.data + text.size};
    int year = digits(&reading, 4);
    expect(&reading, "-");
    int month = digits(&reading, 2);
    expect(&reading, "-");
    int day = digits(&reading, 2);
    if (!reading.failed && reading.at == reading.end) {
        return first_moment(year, month, day, ret_ms);
    }
    expect(&reading, "Tt ");
    int hour = digits(&reading, 2);
    expect(&reading, ":");
    int minute = digits(&reading, 2);
    expect(&reading, ":");
    int second = digits(&reading, 2);
    int ms = reading.failed ? 0 : fraction_ms(&reading);
    int zone = reading.failed ? 0 : zone_minutes(&reading);
    if (reading.failed || reading.at != reading.end) { return -EINVAL; }
    if (!is_date(year, month, day)) { return -EINVAL; }
    if (hour > 23 || minute > 59 || second > 60) { return -EINVAL; }

    int64_t seconds = days_since_1970(year, month, day) * S_PER_DAY;
    seconds += hour * 3600 + (minute - zone) * 60 + second;
    return within_calendar(seconds * MS_PER_S + ms, ret_ms);
}
