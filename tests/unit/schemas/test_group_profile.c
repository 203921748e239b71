/* Records of groups as a foreign hand may write them: what is refused. */
#include "base/base.h"
#include "schemas/group_profile.h"

#include <setjmp.h>
#include <cmocka.h>

static struct slice item = {"a", 1};
static int32_t one = 1;

/* A cluster of one item, with one number each of its vector and of the gains. */
static const char *fault_of(float *number, float *gain)
{
    const struct group_profile group = {
        .kind = GROUP_CLUSTER,
        .name = slice_str("1"),
        .users = 1,
        .all_users = 1,
        .items = {&item, 1},
        .item_users = {&one, 1},
        .item_all_users = {&one, 1},
        .gains = {gain, 1},
        .vectors = {number, 1},
        .version = 1,
        .clusters = 1,
        .parts = 1,
    };
    return group_profile_fault(&group, slice_str("cluster/1"));
}

/* A vector of them would be near to nobody, at a distance that no answer in JSON can name. */
static void test_numbers_that_are_none(void **state _unused_)
{
    float wrong[] = {NAN, INFINITY, -INFINITY, 1e9F, -3e38F}, fine[] = {0.0F, -0.5F, 9e8F};
    float gains[] = {NAN, INFINITY, -INFINITY}, plain = 0.5F;
    for (size_t k = 0; k < ARRAY_COUNT(wrong); k++) {
        assert_string_equal(fault_of(&wrong[k], &plain), "over_limit");
    }
    for (size_t k = 0; k < ARRAY_COUNT(gains); k++) {
        assert_string_equal(fault_of(&plain, &gains[k]), "over_limit");
    }
    for (size_t k = 0; k < ARRAY_COUNT(fine); k++) { assert_null(fault_of(&fine[k], &plain)); }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_that_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
