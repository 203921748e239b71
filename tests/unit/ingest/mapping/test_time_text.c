#include "base/base.h"
#include "syntax/timestamp.h"

#include <setjmp.h>
#include <cmocka.h>

static void is(const char *text, int64_t expected)
{
    int64_t ms = 7;
    if (timestamp_from_text(slice_str(text), &ms) || ms != expected) {
        fail_msg("%s: %" PRId64 ", expected %" PRId64, text, ms, expected);
    }
}

static void each_form_is_one_moment(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } samples[] = {
        {"2019-10-01 00:00:00 UTC", 1569888000000},
        {"2015-05-20 21:34:02.123456 UTC", 1432157642123},
        {"2014-04-07 10:51:09 +0000", 1396867869000},
        {"2014-04-07 12:51:09.5 +02:00", 1396867869500},
        {"2014-04-07 10:51:09.123456789 +0000 UTC", 1396867869123},
        {"2014-04-07 12:51:09 +0200 CEST", 1396867869000},
        {"2014-04-07T10:51Z", 1396867860000},
        {"2014-04-07T12:51+02:00", 1396867860000},
        {"2014-04-07T10:51", 1396867860000},
        {"2014-04-07T10Z", 1396864800000},
        {"2014-04-07T12:51:09+02:00[Europe/Paris]", 1396867869000},
        {"2014-04-07T10:51:09Z[UTC]", 1396867869000},
        {"2014-04-07T10:51:09[UTC]", 1396867869000},
        {"20140407T105109Z", 1396867869000},
        {"20140407T105109.277+0000", 1396867869277},
        {"20140407105109", 1396867869000},
        {"201404071051", 1396867860000},
        {"20140407", 1396828800000},
        {"2014-W15-1T10:51:09Z", 1396867869000},
        {"2014W151T105109Z", 1396867869000},
        {"2014-W15", 1396828800000},
        {"2015-W01-1", 1419811200000}, /* 2014-12-29 */
        {"2020-W53-7", 1609632000000}, /* 2021-01-03 */
        {"2014-097T10:51:09Z", 1396867869000},
        {"2014097", 1396828800000},
        {"2012-366", 1356912000000},
        {"2014-04-07T24:00:00Z", 1396915200000},
        {"2014/04/07 10:51:09", 1396867869000},
        {"Mon, 07 Apr 2014 10:51:09 GMT", 1396867869000},
        {"Mon, 7 Apr 2014 06:51:09 EDT", 1396867869000},
        {"07 Apr 2014 10:51 +0000", 1396867860000},
        {"07/Apr/2014:10:51:09 +0000", 1396867869000},
        {"07-Apr-2014 10:51:09", 1396867869000},
        {"Apr 7, 2014 10:51:09 AM", 1396867869000},
        {"April 7, 2014, 10:51:09 PM", 1396911069000},
        {"April 7, 2014 at 12:00 AM", 1396828800000},
        {"Mon Apr  7 10:51:09 2014", 1396867869000},
        {"Mon Apr 07 2014 12:51:09 GMT+0200 (Central European Summer Time)", 1396867869000},
        {"Monday, 7 April 2014 10:51:09 UTC", 1396867869000},
        {"Mon Apr 07 10:51:09 UTC 2014", 1396867869000},
        {"Mon Apr 07 10:51:09 +0000 2014", 1396867869000},
        {"Mon Apr 7 06:51:09 EDT 2014", 1396867869000},
        {"Mon Apr  7 10:51:09 2014 +0000", 1396867869000},
        {"/Date(1396867869277)/", 1396867869277},
        {"/Date(1396867869277+0200)/", 1396867869277},
        {"/Date(-1000)/", -1000},
    };
    for (size_t i = 0; i < ARRAY_COUNT(samples); i++) { is(samples[i].text, samples[i].ms); }
}

/* What can be taken in two ways, or in none. */
static void nothing_is_guessed(void **state)
{
    static const char *const texts[] = {
        "4/7/2014",
        "4/7/2014 10:51:09 AM",
        "07.04.2014",
        "12/1/2010 8:26",
        "1396867869",
        "1396867869277",
        "2014-04-07T12:51:09[Europe/Paris]",
        "2014-04-07 12:51:09 CEST",
        "2014-04-07 12:51:09 +0200 CE",
        "2014-04-07 12:51:09 +0200 CEST x",
        "2014-04-07T12:51:09 XYZ",
        "2014-04-07T13:51:09 PM",
        "2014-04-07T24:00:01Z",
        "2014-04-07T12:51:09Z tomorrow",
        "2014-366",
        "2014-000",
        "2014-W54-1",
        "2014-W00-1",
        "2014-W15-8",
        "2014-4-7",
        "2014-04/07",
        "Foo, 07 Apr 2014 10:51:09 GMT",
        "31 Feb 2014",
        "Apr 7",
        "Mon",
        "[UTC]",
        "2014-04-07T12:51:09[",
        "0",
        "",
    };
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        int64_t ms = 7;
        if (!timestamp_from_text(slice_str(texts[i]), &ms)) { fail_msg("took %s", texts[i]); }
        assert_int_equal(ms, 7);
    }
}

/* Each day of 28 years by week, as libc counts weeks. */
static void weeks_agree_with_libc(void **state)
{
    for (time_t day = 10957; day < 10957 + 28 * 366; day++) {
        time_t second = day * 86400;
        struct tm tm;
        char text[32];
        assert_non_null(gmtime_r(&second, &tm));
        assert_true(strftime(text, sizeof(text), "%G-W%V-%u", &tm) > 0);
        is(text, second * 1000);
        assert_true(strftime(text, sizeof(text), "%Y-%j", &tm) > 0);
        is(text, second * 1000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_form_is_one_moment),
        cmocka_unit_test(nothing_is_guessed),
        cmocka_unit_test(weeks_agree_with_libc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
