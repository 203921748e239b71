/* The cache of users: eviction, batches, flushes, rollback. */
#include "base/base.h"
#include "features/users.h"

#include <setjmp.h>
#include <cmocka.h>

enum { MANY = 20000 };

static struct slice name_of(int n)
{
    static char text[16];
    (void)snprintf(text, sizeof(text), "u%d", n);
    return slice_str(text);
}

static void finds_by_task_and_id(void **state)
{
    struct users *users = users_new(SIZE_MAX);
    struct changed_users a = {0}, b = {0};
    for (int i = 0; i < MANY; i++) { (void)users_add(users, i % 2 ? &a : &b, name_of(i)); }
    assert_int_equal(users_count(users), MANY);
    for (int i = 0; i < MANY; i++) {
        struct user *user = users_find(users, i % 2 ? &a : &b, name_of(i));
        assert_non_null(user);
        assert_true(slice_equal(user_id(user), name_of(i)));
        assert_null(users_find(users, i % 2 ? &b : &a, name_of(i)));
    }
    users_drop(users, users_find(users, &b, name_of(0)));
    assert_null(users_find(users, &b, name_of(0)));
    users_forget(users, &b);
    assert_int_equal(users_count(users), MANY / 2);
    users_free(users);
    changed_users_release(&a);
    changed_users_release(&b);
    assert_null(users_free(NULL));
}

static void evicts_committed_users_oldest_first(void **state)
{
    struct users *users = users_new(0);
    struct changed_users changed = {0};
    for (int i = 0; i < 4; i++) {
        users_changed(users, users_add(users, &changed, name_of(i)), 10);
    }
    users_trim(users);
    assert_int_equal(users_count(users), 4); /* touched and dirty */
    assert_int_equal(changed.touched_count, 4);
    changed_users_emitted(&changed);
    users_trim(users);
    assert_int_equal(users_count(users), 4); /* dirty */
    changed_users_flushed(&changed);
    assert_int_equal(changed.dirty_count, 0);
    users_trim(users);
    assert_int_equal(users_count(users), 4); /* staged, not committed */
    users_changed(users, users_find(users, &changed, name_of(1)), 10);
    users_changed(users, users_find(users, &changed, name_of(1)), 10);
    assert_int_equal(changed.dirty_count, 1);
    changed_users_committed(&changed);
    users_trim(users);
    assert_int_equal(users_count(users), 1); /* changed meanwhile */
    assert_non_null(users_find(users, &changed, name_of(1)));
    users_forget(users, &changed);
    assert_int_equal(users_count(users), 0);
    assert_int_equal(changed.dirty_count + changed.touched_count, 0);
    users_free(users);
    changed_users_release(&changed);
}

static void the_limit_counts_bytes(void **state)
{
    struct users *users = users_new(3 * (sizeof(struct user) + 2));
    struct changed_users changed = {0};
    for (int i = 0; i < 5; i++) { (void)users_add(users, &changed, name_of(i)); }
    (void)users_find(users, &changed, name_of(0));
    users_trim(users);
    assert_int_equal(users_count(users), 3);
    assert_non_null(users_find(users, &changed, name_of(0))); /* used last */
    assert_null(users_find(users, &changed, name_of(1)));
    assert_null(users_find(users, &changed, name_of(2)));
    users_free(users);
    changed_users_release(&changed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_by_task_and_id),
        cmocka_unit_test(evicts_committed_users_oldest_first),
        cmocka_unit_test(the_limit_counts_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
