#include "base/base.h"
#include "scorer/inbox.h"

#include <setjmp.h>

#include <cmocka.h>

static bool put(struct inbox *inbox, const char *user, int32_t partition, int64_t offset)
{
    struct user_history history = {
        .user_id = slice_str(user),
        .input_partition = partition,
        .input_offset = offset,
    };
    return inbox_put(inbox, slice_str(user), &history);
}

static void check(const struct inbox *inbox, size_t at, const char *user, int64_t offset)
{
    assert_true(at < inbox->count);
    assert_true(slice_equal(inbox->letters[at].user_id, slice_str(user)));
    assert_false(inbox->letters[at].gone);
    assert_int_equal(inbox->letters[at].history.input_offset, offset);
}

static void test_newest_of_each(void **state)
{
    struct inbox inbox;
    inbox_init(&inbox);
    assert_true(put(&inbox, "b", 0, 5));
    assert_true(put(&inbox, "a", 0, 6));
    assert_true(put(&inbox, "b", 0, 7));
    assert_false(put(&inbox, "b", 0, 6)); /* older */
    assert_true(put(&inbox, "a", 0, 6));  /* the same again */
    assert_int_equal(inbox.count, 2);
    check(&inbox, 0, "b", 7);
    check(&inbox, 1, "a", 6);
    /* Of another partition: offsets say nothing, the later one is taken. */
    assert_true(put(&inbox, "b", 1, 2));
    check(&inbox, 0, "b", 2);
    inbox_clear(&inbox);
    assert_int_equal(inbox.count, 0);
    assert_true(put(&inbox, "b", 0, 1));
    check(&inbox, 0, "b", 1);
    inbox_release(&inbox);
}

static void test_tombstones(void **state)
{
    struct inbox inbox;
    inbox_init(&inbox);
    put(&inbox, "a", 0, 5);
    assert_true(inbox_put(&inbox, slice_str("a"), NULL));
    assert_int_equal(inbox.count, 1);
    assert_true(inbox.letters[0].gone);
    /* A user who comes back begins anew. */
    assert_true(put(&inbox, "a", 0, 3));
    check(&inbox, 0, "a", 3);
    inbox_release(&inbox);
}

static void test_many(void **state)
{
    enum { USERS = 1000 };
    static char names[USERS][8];
    struct inbox inbox;
    inbox_init(&inbox);
    for (int round = 0; round < 3; round++) {
        for (int k = 0; k < USERS; k++) {
            (void)snprintf(names[k], sizeof(names[k]), "u%d", k);
            assert_true(put(&inbox, names[k], 0, round * USERS + k));
        }
        assert_int_equal(inbox.count, USERS);
        for (size_t k = 0; k < USERS; k++) {
            check(&inbox, k, names[k], (int64_t)(round * USERS) + (int64_t)k);
        }
        if (round == 1) { inbox_clear(&inbox); }
    }
    inbox_release(&inbox);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_newest_of_each),
        cmocka_unit_test(test_tombstones),
        cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
