#include "base/base.h"
#include "scorer/lists/user_profiles.h"

#include <setjmp.h>

#include <cmocka.h>

enum { USERS = 500, ROUNDS = 20000 };

static const char *put(struct user_profiles *profiles, const char *user, const char *country,
                       const char *tag, int32_t born, bool *ret_other)
{
    struct slice tags[2] = {slice_str("all"), slice_str(tag)};
    const struct user_profile profile = {.user_id = slice_str(user),
                                         .country = slice_str(country),
                                         .tags = {tags, tag[0] ? 2 : 0},
                                         .birth_year = born};
    return user_profiles_put(profiles, &profile, ret_other);
}

static void check(struct user_profiles *profiles, const char *user, const char *country,
                  const char *tag, int32_t born)
{
    struct user_attributes found;
    assert_true(user_profiles_find(profiles, slice_str(user), &found));
    assert_true(slice_equal(found.country, slice_str(country)));
    assert_int_equal(found.born, born);
    assert_int_equal(found.tags.count, tag[0] ? 2 : 0);
    if (tag[0]) { assert_true(slice_equal(found.tags.at[1], slice_str(tag))); }
}

static void test_put(void **state _unused_)
{
    struct user_profiles *profiles = user_profiles_new(1 << 20);
    struct user_attributes found;
    bool other;
    assert_false(user_profiles_find(profiles, slice_str("ann"), &found));
    assert_null(put(profiles, "ann", "DE", "vip", 1980, &other));
    assert_true(other);
    check(profiles, "ann", "DE", "vip", 1980);
    assert_null(put(profiles, "ann", "DE", "vip", 1980, &other));
    assert_false(other);
    assert_null(put(profiles, "ann", "DE", "", 1980, &other));
    assert_true(other);
    check(profiles, "ann", "DE", "", 1980);
    assert_null(put(profiles, "湧き水", "", "", 2000, &other));
    check(profiles, "湧き水", "", "", 2000);
    assert_int_equal(user_profiles_count(profiles), 2);
    /* A profile that says nothing takes no memory. */
    assert_null(put(profiles, "ann", "", "", -5, &other));
    assert_true(other);
    assert_false(user_profiles_find(profiles, slice_str("ann"), &found));
    assert_true(user_profiles_remove(profiles, slice_str("湧き水")));
    assert_false(user_profiles_remove(profiles, slice_str("湧き水")));
    assert_int_equal(user_profiles_count(profiles), 0);
    assert_int_equal(user_profiles_bytes(profiles), 0);
    user_profiles_free(profiles);
}

static void test_memory(void **state _unused_)
{
    struct user_profiles *profiles = user_profiles_new(300);
    struct user_attributes found;
    char user[16];
    bool other;
    size_t count = 0;
    const char *reason = NULL;
    for (; !reason; count++) {
        (void)snprintf(user, sizeof(user), "u%zu", count);
        reason = put(profiles, user, "DE", "vip", 1980, &other);
        assert_true(user_profiles_bytes(profiles) <= 300);
    }
    assert_string_equal(reason, "over_memory");
    assert_true(count > 2);
    assert_false(user_profiles_find(profiles, slice_str(user), &found));
    check(profiles, "u0", "DE", "vip", 1980);
    /* One that has no room any more is gone. */
    static char country[201];
    memset(country, 'x', 200);
    assert_string_equal(put(profiles, "u0", country, "vip", 0, &other), "over_memory");
    assert_true(other);
    assert_false(user_profiles_find(profiles, slice_str("u0"), &found));
    assert_null(put(profiles, user, "DE", "vip", 1980, &other));
    user_profiles_free(profiles);
}

/* Against an array. */
static void test_many(void **state _unused_)
{
    static int32_t born[USERS];
    struct user_profiles *profiles = user_profiles_new(1 << 20);
    uint64_t random = 7;
    size_t count = 0;
    for (int round = 0; round < ROUNDS; round++) {
        struct user_attributes found;
        char user[16];
        bool other;
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
        size_t u = random >> 33 & 0xffff;
        int32_t year = (int32_t)(random >> 55) % 3;
        u %= USERS;
        (void)snprintf(user, sizeof(user), "u%zu", u);
        assert_null(put(profiles, user, "", "", year, &other));
        assert_int_equal(other, year != born[u]);
        born[u] = year;
        u = (u * 31 + 5) % USERS;
        (void)snprintf(user, sizeof(user), "u%zu", u);
        assert_int_equal(user_profiles_find(profiles, slice_str(user), &found), born[u] > 0);
        if (born[u]) { assert_int_equal(found.born, born[u]); }
    }
    for (size_t u = 0; u < USERS; u++) { count += born[u] > 0; }
    assert_int_equal(user_profiles_count(profiles), count);
    user_profiles_free(profiles);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_put),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
