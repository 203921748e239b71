#include "base/base.h"
#include "base/number.h"

#include <setjmp.h>
#include <cmocka.h>

static void test_whole(void **state)
{
    static const struct {
        const char *text;
        int64_t number;
    } good[] = {
        {"0", 0},
        {"-0", 0},
        {"007", 7},
        {"-12", -12},
        {"9223372036854775807", INT64_MAX},
        {"-9223372036854775808", INT64_MIN},
    };
    for (size_t i = 0; i < ARRAY_COUNT(good); i++) {
        int64_t number = 99;
        assert_true(number_parse(good[i].text, &number));
        assert_true(number == good[i].number);
    }
    static const char *const bad[] = {"",     "-",  "+1",   " 1", "1 ",  "\t1",
                                      "0x10", "1e3", "1.0", "--1", "abc", "9223372036854775808"};
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        int64_t number = 99;
        assert_false(number_parse(bad[i], &number));
        assert_int_equal(number, 99);
    }
}

static void test_read(void **state)
{
    const char *text = "-5:17,rest";
    int64_t number;
    assert_true(number_read(&text, &number));
    assert_int_equal(number, -5);
    assert_false(number_read(&text, &number));
    assert_string_equal(text, ":17,rest");
    text++;
    assert_true(number_read(&text, &number));
    assert_int_equal(number, 17);
    assert_string_equal(text, ",rest");
}

static void test_real(void **state)
{
    static const struct {
        const char *text;
        double number;
    } good[] = {{"0", 0}, {"-1.5", -1.5}, {"+.5", 0.5}, {"1e3", 1000}, {"2E-1", 0.2}};
    for (size_t i = 0; i < ARRAY_COUNT(good); i++) {
        double number = 99;
        assert_true(number_parse_real(good[i].text, &number));
        assert_true(number == good[i].number);
    }
    static const char *const bad[] = {"",    " 1",  "1 ",  "0x1",   "nan", "inf",
                                      "1e",  "1,5", "e5",  "1e999", "-",   "1.2.3"};
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        double number = 99;
        assert_false(number_parse_real(bad[i], &number));
        assert_true(number == 99);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_real),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
