#include "base/base.h"
#include "syntax/timestamp.h"

#include <setjmp.h>
#include <cmocka.h>

static int64_t iso(const char *text)
{
    int64_t ms = -1;
    assert_int_equal(timestamp_from_text(slice_str(text), &ms), 0);
    return ms;
}

static void iso_refused(const char *text)
{
    int64_t ms = 42;
    if (timestamp_from_text(slice_str(text), &ms) == 0) { fail_msg("%s was accepted", text); }
    assert_int_equal(ms, 42);
}

static void reads_iso8601(void **state)
{
    assert_int_equal(iso("1970-01-01T00:00:00Z"), 0);
    assert_int_equal(iso("1997-09-20T03:05:10Z"), 874724710000);
    assert_int_equal(iso("2026-11-23T09:00:00.123Z"), 1795424400123);
    assert_int_equal(iso("2026-11-23t09:00:00,1z"), 1795424400100);
    assert_int_equal(iso("2026-11-23 09:00:00.1239999999999999999"), 1795424400123);
    assert_int_equal(iso("2026-11-23T10:00:00+01:00"), 1795424400000);
    assert_int_equal(iso("2026-11-23T10:00:00+01"), 1795424400000);
    assert_int_equal(iso("2026-11-23T03:30:00-0530"), 1795424400000);
    assert_int_equal(iso("2016-12-31T23:59:60Z"), 1483228800000);
    assert_int_equal(iso("2024-02-29T12:00:00Z"), 1709208000000);
    assert_int_equal(iso("1969-12-31T23:59:59.999Z"), -1);
    assert_int_equal(iso("2026-11-23"), 1795392000000);
    assert_int_equal(iso("1969-12-31"), -86400000);
    assert_int_equal(iso("0000-01-01T00:00:00Z"), TIMESTAMP_FIRST_MS);
    assert_int_equal(iso("9999-12-31T23:59:59.999Z"), TIMESTAMP_LAST_MS);
}

static void refuses_what_is_no_time(void **state)
{
    static const char *const texts[] = {
        "",
        "now",
        "1795424400123",
        "2026-11-",
        "2026-02-30",
        "2026-11-23T",
        "2026-11-23T09:00:0",
        "2026-11-23T09:00:00.",
        "2026-11-23T09:00:00.Z",
        "2026-11-23T09:00:00ZZ",
        "2026-11-23T09:00:00+1",
        "2026-11-23T09:00:00+24:00",
        "2026-11-23T09:00:00+01:60",
        "2026-11-23T09:00:00+01:",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2023-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2026-11-23T24:00:01Z",
        "2026-11-23T23:60:00Z",
        "2026-11-23T23:59:61Z",
        "+2026-11-23T23:59:00Z",
        "-026-11-23T23:59:00Z",
        "0000-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
    };
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) { iso_refused(texts[i]); }
    int64_t ms;
    assert_int_equal(timestamp_from_text(slice_of("2026\0-11-23T09:00:00", 20), &ms), -EINVAL);
    assert_int_equal(timestamp_from_text(slice_of("2026-11-23T09:00:00\0", 20), &ms), -EINVAL);
    assert_int_equal(timestamp_from_text((struct slice){0}, &ms), -EINVAL);
}

/* The oracle is libc's calendar, day by day over the Gregorian cycle. */
static void agrees_with_the_libc_calendar(void **state)
{
    for (int64_t day = -719528; day < 2932897; day += 13) {
        time_t seconds = (time_t)(day * 86400 + day % 86400);
        struct tm tm;
        assert_non_null(gmtime_r(&seconds, &tm));
        char text[64];
        (void)snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900,
                       tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
        if (seconds * 1000 < TIMESTAMP_FIRST_MS) { continue; }
        assert_int_equal(iso(text), seconds * 1000);
    }
}

static void converts_units(void **state)
{
    int64_t ms;
    assert_int_equal(timestamp_from_integer(TIME_FORMAT_MS, 1795424400123, &ms), 0);
    assert_int_equal(ms, 1795424400123);
    assert_int_equal(timestamp_from_integer(TIME_FORMAT_S, 1795424400, &ms), 0);
    assert_int_equal(ms, 1795424400000);
    assert_int_equal(timestamp_from_integer(TIME_FORMAT_US, 1795424400123999, &ms), 0);
    assert_int_equal(ms, 1795424400123);
    assert_int_equal(timestamp_from_integer(TIME_FORMAT_NS, 1795424400123999999, &ms), 0);
    assert_int_equal(ms, 1795424400123);
    assert_int_equal(timestamp_from_integer(TIME_FORMAT_NS, -1, &ms), 0);
    assert_int_equal(ms, -1);
    assert_int_equal(timestamp_from_integer(TIME_FORMAT_DAYS, 20780, &ms), 0);
    assert_int_equal(ms, 1795392000000);
    assert_int_equal(timestamp_from_integer(TIME_FORMAT_DAYS, INT64_MAX, &ms), -EINVAL);
    assert_int_equal(timestamp_from_real(TIME_FORMAT_DAYS, 0.5, &ms), 0);
    assert_int_equal(ms, 43200000);
    assert_int_equal(timestamp_from_integer(TIME_FORMAT_US, -1, &ms), 0);
    assert_int_equal(ms, -1);
    assert_int_equal(timestamp_from_real(TIME_FORMAT_S, 1795424400.5, &ms), 0);
    assert_int_equal(ms, 1795424400500);
    assert_int_equal(timestamp_from_real(TIME_FORMAT_MS, -0.5, &ms), 0);
    assert_int_equal(ms, -1);
    assert_int_equal(timestamp_from_real(TIME_FORMAT_US, 1.795424400123e15, &ms), 0);
    assert_int_equal(ms, 1795424400123);
}

static void refuses_absurd_numbers(void **state)
{
    int64_t ms = 42;
    static const enum time_format formats[] = {TIME_FORMAT_MS, TIME_FORMAT_S, TIME_FORMAT_US};
    for (size_t i = 0; i < ARRAY_COUNT(formats); i++) {
        assert_int_equal(timestamp_from_integer(formats[i], INT64_MAX, &ms), -EINVAL);
        assert_int_equal(timestamp_from_integer(formats[i], INT64_MIN, &ms), -EINVAL);
        assert_int_equal(timestamp_from_real(formats[i], NAN, &ms), -EINVAL);
        assert_int_equal(timestamp_from_real(formats[i], INFINITY, &ms), -EINVAL);
        assert_int_equal(timestamp_from_real(formats[i], -INFINITY, &ms), -EINVAL);
        assert_int_equal(timestamp_from_real(formats[i], 1e300, &ms), -EINVAL);
    }
    assert_int_equal(timestamp_from_integer(TIME_FORMAT_MS, TIMESTAMP_LAST_MS + 1, &ms), -EINVAL);
    assert_int_equal(timestamp_from_integer(TIME_FORMAT_MS, TIMESTAMP_FIRST_MS - 1, &ms), -EINVAL);
    assert_int_equal(ms, 42);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_iso8601),
        cmocka_unit_test(refuses_what_is_no_time),
        cmocka_unit_test(agrees_with_the_libc_calendar),
        cmocka_unit_test(converts_units),
        cmocka_unit_test(refuses_absurd_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
