#include "base/base.h"
#include "cli/progress.h"

#include <setjmp.h>
#include <cmocka.h>

/* The part is that of what ends first: the file, or --limit; --skip is no part of it. */
static void test_part(void **state)
{
    struct progress progress = {.what = "clicks", .total = 1000};
    assert_true(progress_part(&progress, 250, 10) == 0.25);
    progress.records_max = 20;
    assert_true(progress_part(&progress, 250, 10) == 0.5);
    assert_true(progress_part(&progress, 990, 1) == 0.99);
    progress.done_first = 800;
    assert_true(progress_part(&progress, 850, 2) == 0.25);
    assert_true(progress_part(&progress, 850, 10) == 0.5);
    progress = (struct progress){.records_max = 4};
    assert_true(progress_part(&progress, 123, 1) == 0.25);
    assert_true(progress_part(&progress, 123, 9) == 1);
    progress.records_max = 0;
    assert_true(progress_part(&progress, 123, 9) == 0);
}

static void test_a_line_fits(void **state)
{
    const struct progress progress = {.what = "a.topic.with.a.long.name.of.its.own"};
    static const size_t widths[] = {200, 79, 60, 20, 1};
    char line[300];
    for (size_t i = 0; i < ARRAY_COUNT(widths); i++) {
        size_t length =
            progress_write(&progress, 0.5, 123456789, 100, widths[i], line, sizeof(line));
        assert_int_equal(length, strlen(line));
        assert_true(length <= widths[i]);
        assert_int_equal(strchr(line, '[') != NULL, widths[i] == 200);
    }
    (void)progress_write(&progress, 0.5, 1000, 100, 79, line, sizeof(line));
    assert_string_equal(line, "a.topic.with.a.long.name.of.its.own  50 %  1000 records, 10/s, "
                              "100 s left");
    const struct progress short_name = {.what = "clicks"};
    (void)progress_write(&short_name, 0.5, 1000, 100, 79, line, sizeof(line));
    assert_string_equal(line, "clicks [###############...............]  50 %  1000 records, 10/s, "
                              "100 s left");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_part),
        cmocka_unit_test(test_a_line_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
