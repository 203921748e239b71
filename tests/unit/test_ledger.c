#include "base/base.h"
#include "model/ledger.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void test_lists(void **state)
{
    struct ledger *ledger = ledger_new(3);
    size_t count;
    for (int32_t at = 0; at < 100; at++) { ledger_add(ledger, at % 2, at, (float)at); }
    const struct ledger_entry *entries = ledger_of(ledger, 1, &count);
    assert_int_equal(count, 50);
    for (size_t k = 0; k < count; k++) {
        assert_int_equal(entries[k].other, 2 * k + 1);
        assert_true(entries[k].rating == (float)(2 * k + 1));
    }
    assert_true(ledger_sum(ledger, 1) == 2500.0);
    (void)ledger_of(ledger, 2, &count);
    assert_int_equal(count, 0);
    assert_true(ledger_sum(ledger, 2) == 0.0);
    const int32_t items[] = {4, 7};
    assert_true(ledger_had(items, 2, 7));
    assert_false(ledger_had(items, 1, 7));
    ledger_free(ledger);
    ledger_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lists)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
