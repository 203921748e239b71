#include "base/base.h"
#include "stream/kafka/member_name.h"

#include <setjmp.h>
#include <cmocka.h>

static char *name(const char *first, int32_t first_count, const char *second, int32_t second_count)
{
    const char *const topics[] = {first, second};
    const int32_t partitions[] = {first_count, second_count};
    return member_name("g-host-1", topics, partitions, second ? 2 : 1);
}

static void check(char *one, char *other, bool same)
{
    assert_int_equal(strcmp(one, other) == 0, same);
    assert_true(member_name_is_of(one, "g-host-1") && member_name_is_of(other, "g-host-1"));
    free(one);
    free(other);
}

static void test_it_is_of_the_topics(void **state)
{
    check(name("a", 1, NULL, 0), name("a", 1, NULL, 0), true);
    check(name("a", 1, "b", 2), name("b", 2, "a", 1), true);
    check(name("a", 1, NULL, 0), name("b", 1, NULL, 0), false);
    check(name("a", 1, NULL, 0), name("a", 1, "b", 1), false);
    check(name("a", 1, "a", 1), name("b", 1, "b", 1), false);
    check(name("ab", 1, NULL, 0), name("a", 1, "b", 1), false);
}

static void test_it_is_of_their_partitions(void **state)
{
    check(name("a", 1, NULL, 0), name("a", 2, NULL, 0), false);
    check(name("a", 1, "b", 2), name("a", 2, "b", 1), false);
}

static void test_it_is_of_one_copy(void **state)
{
    assert_true(member_name_is_of("g-host-1", "g-host-1"));
    assert_false(member_name_is_of("g-host-10", "g-host-1"));
    assert_false(member_name_is_of("g-host-1-2", "g-host-1"));
    assert_false(member_name_is_of("g-host-1-0123456x", "g-host-1"));
    assert_false(member_name_is_of("g", "g-host-1"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_is_of_the_topics),
        cmocka_unit_test(test_it_is_of_their_partitions),
        cmocka_unit_test(test_it_is_of_one_copy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
