#include "base/base.h"
#include "ingest/mapping/nobody.h"

#include <setjmp.h>
#include <cmocka.h>

static void test_words(void **state _unused_)
{
    static const char *const nobody[] = {"0", "-1", "NULL", "Guest", "(not set)", "undefined",
                                         "00000000-0000-0000-0000-000000000000"};
    static const char *const people[] = {"", "1", "00", "10", "nobody", "guest-1", "Noah", "--"};
    for (size_t i = 0; i < ARRAY_COUNT(nobody); i++) {
        assert_true(nobody_is(slice_str(nobody[i])));
    }
    for (size_t i = 0; i < ARRAY_COUNT(people); i++) {
        assert_false(nobody_is(slice_str(people[i])));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
