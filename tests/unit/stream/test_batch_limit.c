#include "base/base.h"
#include "stream/batch_limit.h"

#include <setjmp.h>

#include <cmocka.h>

enum { LIMIT = 64 << 20, DELIVERY_MS = 10000 };

static void test_whole_at_first(void **state)
{
    struct batch_limit limit;
    batch_limit_init(&limit, DELIVERY_MS);
    assert_int_equal(batch_limit_of(&limit, LIMIT), LIMIT);
    batch_limit_begin(&limit, 0.5);
    batch_limit_succeeded(&limit, 10);
    assert_int_equal(batch_limit_of(&limit, LIMIT), LIMIT);
}

/* A link that carries so many bytes a second: within a few commits they fit, and stay near what it
 * carries in half of the time; when the link is fast again, they grow back. */
static void link_of(double bytes_per_second)
{
    struct batch_limit limit;
    int failures = 0, since = 0;
    batch_limit_init(&limit, DELIVERY_MS);
    for (int commit = 0; commit < 200; commit++) {
        double bytes = (double)batch_limit_of(&limit, LIMIT);
        double took_ms = bytes / bytes_per_second * 1000.0;
        batch_limit_begin(&limit, bytes / LIMIT);
        if (took_ms > DELIVERY_MS) {
            failures++;
            since = 0;
            batch_limit_failed(&limit);
        } else {
            since++;
            batch_limit_succeeded(&limit, (int64_t)took_ms);
        }
    }
    assert_true(failures <= 8);
    assert_true(since > 150);
    double reached = (double)batch_limit_of(&limit, LIMIT);
    assert_true(reached >= MIN_OF(bytes_per_second * 2.4, (double)LIMIT) || reached == 1.0);
    for (int commit = 0; commit < 20; commit++) { batch_limit_succeeded(&limit, 10); }
    assert_int_equal(batch_limit_of(&limit, LIMIT), LIMIT);
}

static void test_links(void **state)
{
    link_of(1e9);
    link_of(3e6);
    link_of(150e3);
    link_of(9e3);
}

/* A small batch that fails lowers the limit below its own size, not below that of the limit. */
static void test_small_batch_fails(void **state)
{
    struct batch_limit limit;
    batch_limit_init(&limit, DELIVERY_MS);
    batch_limit_begin(&limit, 0.01);
    batch_limit_failed(&limit);
    assert_true(batch_limit_of(&limit, LIMIT) < (size_t)(LIMIT / 100));
    for (int i = 0; i < 100; i++) { batch_limit_failed(&limit); }
    assert_int_equal(batch_limit_of(&limit, 1000), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_at_first),
        cmocka_unit_test(test_links),
        cmocka_unit_test(test_small_batch_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
