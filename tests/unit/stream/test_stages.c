/* The stages of the pipeline: each worker once, those that every installation has first. */
#include "base/base.h"
#include "stream/stages.h"

#include <setjmp.h>
#include <cmocka.h>

static void test_table(void **state)
{
    bool optional = false;
    for (int i = 0; i < STAGES_COUNT; i++) {
        assert_non_null(stages[i].worker);
        assert_true(stages[i].input[0]);
        for (int k = 0; k < i; k++) {
            assert_string_not_equal(stages[i].worker, stages[k].worker);
        }
        assert_true(stages[i].optional || !optional);
        optional = stages[i].optional;
        /* One worker for all generations cannot read what each of them has. */
        assert_true(stages[i].input_shared || !stages[i].of_all);
        /* Its group has the generation's name. */
        assert_true(strcmp(stages[i].worker, "serve") != 0 || !stages[i].of_all);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_table)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
