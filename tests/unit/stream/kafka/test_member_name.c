#include "base/base.h"
#include "stream/kafka/member_name.h"

#include <setjmp.h>
#include <cmocka.h>

#define NAME(...)                                                                                  \
    member_name("g-host-1", (const char *const[]){__VA_ARGS__},                                    \
                ARRAY_COUNT(((const char *const[]){__VA_ARGS__})))

static void check(char *one, char *other, bool same)
{
    assert_int_equal(strcmp(one, other) == 0, same);
    assert_true(member_name_is_of(one, "g-host-1") && member_name_is_of(other, "g-host-1"));
    free(one);
    free(other);
}

static void test_it_is_of_the_topics(void **state)
{
    check(NAME("a"), NAME("a"), true);
    check(NAME("a", "b"), NAME("b", "a"), true);
    check(NAME("a"), NAME("b"), false);
    check(NAME("a"), NAME("a", "b"), false);
    check(NAME("a", "a"), NAME("b", "b"), false);
    check(NAME("ab"), NAME("a", "b"), false);
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
        cmocka_unit_test(test_it_is_of_one_copy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
