#include "base/base.h"
#include "syntax/timestamp.h"

#include <setjmp.h>
#include <cmocka.h>

static void patterns_read_times(void **state)
{
    static const struct {
        const char *pattern, *text;
        int64_t ms;
    } samples[] = {
        {"%d.%m.%Y %H:%M", "07.04.2014 10:51", 1396867860000},
        {"%d.%m.%Y %H:%M", "7.4.2014   10:51", 1396867860000},
        {"%m/%d/%Y %I:%M:%S %p", "4/7/2014 10:51:09 AM", 1396867869000},
        {"%m/%d/%Y %I:%M:%S %p", "4/7/2014 12:51:09 PM", 1396875069000},
        {"%m/%d/%Y %H:%M", "12/1/2010 8:26", 1291191960000},
        {"%Y%m%d-%H%M%S.%f", "20140407-105109.277", 1396867869277},
        {"%d %b %y", "07 Apr 14", 1396828800000},
        {"%A, %e. %B %Y", "Monday,  7. April 2014", 1396828800000},
        {"%Y/%j", "2014/97", 1396828800000},
        {"%s", "1396867869", 1396867869000},
        {"%s.%f", "1396867869.277", 1396867869277},
        {"%FT%T%z", "2014-04-07T12:51:09+0200", 1396867869000},
        {"%D %R", "04/07/14 10:51", 1396867860000},
        {"%Y", "2014", 1388534400000},
        {"100%% %Y", "100% 2014", 1388534400000},
    };
    for (size_t i = 0; i < ARRAY_COUNT(samples); i++) {
        int64_t ms = 0;
        int rc = timestamp_from_pattern(slice_str(samples[i].text), slice_str(samples[i].pattern),
                                        &ms);
        if (rc || ms != samples[i].ms) {
            fail_msg("%s as %s: %" PRId64, samples[i].text, samples[i].pattern, ms);
        }
        assert_true(timestamp_is_pattern(slice_str(samples[i].pattern)));
    }
}

static void what_does_not_fit_is_refused(void **state)
{
    static const struct {
        const char *pattern, *text;
    } samples[] = {
        {"%d.%m.%Y", "07/04/2014"}, {"%d.%m.%Y", "31.02.2014"},     {"%d.%m.%Y", "07.04.2014 "},
        {"%d.%m.%Y", ""},           {"%I %p %Y", "13 PM 2014"},     {"%H %Y", "25 2014"},
        {"%Y/%j", "2014/367"},      {"%s", "99999999999999999999"}, {"%s", "-"},
        {"%b %Y", "Foo 2014"},      {"%Y %p", "2014"},
        {"%H:%M:%S %Y", "24:00:01 2014"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(samples); i++) {
        int64_t ms = 7;
        int rc = timestamp_from_pattern(slice_str(samples[i].text), slice_str(samples[i].pattern),
                                        &ms);
        if (!rc) { fail_msg("%s as %s", samples[i].text, samples[i].pattern); }
    }
    static const char *const none[] = {"", "ms", "%", "%q", "%H:%M", "%Y %"};
    for (size_t i = 0; i < ARRAY_COUNT(none); i++) {
        assert_false(timestamp_is_pattern(slice_str(none[i])));
    }
}

static void a_size_tells_the_unit(void **state)
{
    int64_t ms;
    static const double counts[] = {1396867869.277, 1396867869277, 1396867869277000,
                                    1396867869277000000};
    for (size_t i = 0; i < ARRAY_COUNT(counts); i++) {
        assert_int_equal(timestamp_from_size(counts[i], &ms), 0);
        assert_int_equal(ms, 1396867869277);
    }
    static const double none[] = {0, -1, 17000, 5e9, 1e300, NAN};
    for (size_t i = 0; i < ARRAY_COUNT(none); i++) {
        assert_int_equal(timestamp_from_size(none[i], &ms), -EINVAL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_read_times),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(a_size_tells_the_unit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
