#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "stream/marks.h"

static void test_counts_by_mark(void **state _unused_)
{
    struct marks marks = {0};
    assert_int_equal(marks_count(&marks, 1), 1);
    assert_int_equal(marks_count(&marks, 1), 1);
    assert_int_equal(marks_count(&marks, 2), 2);
    assert_int_equal(marks_outstanding(&marks, 1), 2);
    assert_int_equal(marks_outstanding(&marks, 2), 3);
    marks_acknowledge(&marks, 1);
    assert_int_equal(marks_outstanding(&marks, 1), 1);
    marks_acknowledge(&marks, 1);
    marks_acknowledge(&marks, 2);
    assert_int_equal(marks_outstanding(&marks, 9), 0);
}

/* When every place is taken, a message is counted under an older mark: somebody waits longer, but
 * nothing is forgotten. */
static void test_full_table_forgets_nothing(void **state _unused_)
{
    struct marks marks = {0};
    uint64_t under[MARKS_MAX * 2];
    for (uint64_t i = 0; i < MARKS_MAX * 2; i++) { under[i] = marks_count(&marks, i + 1); }
    assert_int_equal(marks.count, MARKS_MAX);
    assert_int_equal(marks_outstanding(&marks, MARKS_MAX * 2), MARKS_MAX * 2);
    for (size_t i = 0; i < MARKS_MAX * 2; i++) {
        assert_true(under[i] <= i + 1);
        marks_acknowledge(&marks, under[i]);
    }
    assert_int_equal(marks_outstanding(&marks, MARKS_MAX * 2), 0);
    assert_int_equal(marks_count(&marks, 100), 100);
}

static void test_failures_are_told_by_mark(void **state)
{
    struct marks marks = {0};
    for (uint64_t mark = 1; mark <= 3; mark++) {
        assert_int_equal(marks_count(&marks, mark), mark);
    }
    marks_fail(&marks, 2);
    assert_int_equal(marks_outstanding(&marks, 3), 2);
    assert_false(marks_take_failed(&marks, 1));
    assert_true(marks_take_failed(&marks, 2));
    assert_false(marks_take_failed(&marks, 3));
    marks_fail(&marks, 1);
    marks_fail(&marks, 3);
    assert_true(marks_take_failed(&marks, 2));
    assert_false(marks_take_failed(&marks, 2));
    assert_true(marks_take_failed(&marks, 3));
    assert_false(marks_take_failed(&marks, 9));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_failures_are_told_by_mark),
        cmocka_unit_test(test_counts_by_mark),
        cmocka_unit_test(test_full_table_forgets_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
