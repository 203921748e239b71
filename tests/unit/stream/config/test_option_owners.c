#include "base/base.h"
#include "stream/config/option_owners.h"

#include <setjmp.h>
#include <cmocka.h>

/* An exact name wins over a prefix of another worker; what all workers have is nobody's. */
static void test_owners(void **state _unused_)
{
    assert_string_equal(option_owners("query.cache"), "scorer and serve");
    assert_string_equal(option_owners("source.power"), "scorer and serve");
    assert_string_equal(option_owners("source.orders.topic"), "ingest");
    assert_null(option_owners("source."));
    assert_null(option_owners("commit.interval.ms"));
    assert_null(option_owners("query.cach"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_owners)};
    return cmocka_run_group_tests_name("option_owners", tests, NULL, NULL);
}
