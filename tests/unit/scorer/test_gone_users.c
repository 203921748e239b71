#include "base/base.h"
#include "scorer/gone_users.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void put(struct gone_users *gone, int64_t number, int64_t now_ms)
{
    char id[32];
    (void)snprintf(id, sizeof(id), "u%" PRId64, number);
    gone_users_put(gone, slice_str(id), now_ms);
}

static void check(const struct gone_users *gone, size_t index, int64_t number)
{
    char id[32];
    (void)snprintf(id, sizeof(id), "u%" PRId64, number);
    assert_true(slice_equal(gone_users_id(gone, index), slice_str(id)));
}

/* As many as there may be, in the order in which they went, however often the ring has turned. */
static void test_many(void **state)
{
    struct gone_users gone = {0};
    for (int64_t n = 0; n < 3 * GONE_USERS_MAX + 7; n++) { put(&gone, n, 1000); }
    assert_int_equal(gone.count, GONE_USERS_MAX);
    for (size_t i = 0; i < gone.count; i++) {
        check(&gone, i, 2 * GONE_USERS_MAX + 7 + (int64_t)i);
    }
    gone_users_release(&gone);
}

static void test_old_ones_are_dropped(void **state)
{
    struct gone_users gone = {0};
    for (int64_t n = 0; n < 100; n++) { put(&gone, n, n); }
    put(&gone, 100, GONE_USERS_MS + 90);
    assert_int_equal(gone.count, 11);
    check(&gone, 0, 90);
    check(&gone, 10, 100);
    gone_users_release(&gone);
    gone_users_put(&gone, slice_of(NULL, 0), 0);
    assert_int_equal(gone_users_id(&gone, 0).size, 0);
    gone_users_release(&gone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_old_ones_are_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
