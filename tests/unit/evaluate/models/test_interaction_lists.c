#include "base/base.h"
#include "evaluate/models/interaction_lists.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void test_lists(void **state)
{
    struct interaction_lists *interactions = interaction_lists_new(3);
    size_t count;
    for (int32_t at = 0; at < 100; at++) {
        interaction_lists_add(interactions, at % 2, at, (float)at);
    }
    const struct interaction *entries = interaction_lists_of(interactions, 1, &count);
    assert_int_equal(count, 50);
    for (size_t k = 0; k < count; k++) {
        assert_int_equal(entries[k].other, 2 * k + 1);
        assert_true(entries[k].rating == (float)(2 * k + 1));
    }
    assert_true(interaction_lists_sum(interactions, 1) == 2500.0);
    (void)interaction_lists_of(interactions, 2, &count);
    assert_int_equal(count, 0);
    assert_true(interaction_lists_sum(interactions, 2) == 0.0);
    const int32_t items[] = {4, 7};
    assert_true(interaction_lists_had(items, 2, 7));
    assert_false(interaction_lists_had(items, 1, 7));
    interaction_lists_free(interactions);
    interaction_lists_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lists)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
