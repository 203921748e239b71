#include "base/base.h"
#include "scorer/pending_histories.h"

#include <setjmp.h>

#include <cmocka.h>

static bool put(struct pending_histories *pending, const char *user, int32_t partition,
                int64_t offset)
{
    struct user_history history = {
        .user_id = slice_str(user),
        .input_partition = partition,
        .input_offset = offset,
    };
    return pending_histories_put(pending, slice_str(user), &history, slice_of(NULL, 0));
}

static void check(const struct pending_histories *pending, size_t at, const char *user,
                  int64_t offset)
{
    assert_true(at < pending->count);
    assert_true(slice_equal(pending->entries[at].user_id, slice_str(user)));
    assert_false(pending->entries[at].tombstone);
    assert_int_equal(pending->entries[at].history.input_offset, offset);
}

static void test_newest_of_each(void **state)
{
    struct pending_histories pending;
    pending_histories_init(&pending);
    assert_true(put(&pending, "b", 0, 5));
    assert_true(put(&pending, "a", 0, 6));
    assert_true(put(&pending, "b", 0, 7));
    assert_false(put(&pending, "b", 0, 6)); /* older */
    assert_true(put(&pending, "a", 0, 6));  /* the same again */
    assert_int_equal(pending.count, 2);
    check(&pending, 0, "b", 7);
    check(&pending, 1, "a", 6);
    /* Of another partition: offsets cannot be compared, the later one is taken. */
    assert_true(put(&pending, "b", 1, 2));
    check(&pending, 0, "b", 2);
    pending_histories_clear(&pending);
    assert_int_equal(pending.count, 0);
    assert_true(put(&pending, "b", 0, 1));
    check(&pending, 0, "b", 1);
    pending_histories_release(&pending);
}

/* A program that writes the largest offset there is does not end a user's lists. */
static void test_no_offset_is_the_last(void **state)
{
    struct pending_histories pending;
    pending_histories_init(&pending);
    assert_true(put(&pending, "b", 0, INT64_MAX));
    assert_true(put(&pending, "b", 0, 7));
    check(&pending, 0, "b", 7);
    assert_false(put(&pending, "b", 0, 6));
    assert_true(put(&pending, "b", 0, INT64_MIN));
    assert_true(put(&pending, "b", 0, 8));
    check(&pending, 0, "b", 8);
    pending_histories_release(&pending);
}

static void test_tombstones(void **state)
{
    struct pending_histories pending;
    pending_histories_init(&pending);
    put(&pending, "a", 0, 5);
    assert_true(pending_histories_put(&pending, slice_str("a"), NULL, slice_of(NULL, 0)));
    assert_int_equal(pending.count, 1);
    assert_true(pending.entries[0].tombstone);
    /* A history after a tombstone is taken, whatever its offset. */
    assert_true(put(&pending, "a", 0, 3));
    check(&pending, 0, "a", 3);
    pending_histories_release(&pending);
}

static void test_many(void **state)
{
    enum { USERS = 1000 };
    static char names[USERS][8];
    struct pending_histories pending;
    pending_histories_init(&pending);
    for (int round = 0; round < 3; round++) {
        for (int k = 0; k < USERS; k++) {
            (void)snprintf(names[k], sizeof(names[k]), "u%d", k);
            assert_true(put(&pending, names[k], 0, round * USERS + k));
        }
        assert_int_equal(pending.count, USERS);
        for (size_t k = 0; k < USERS; k++) {
            check(&pending, k, names[k], (int64_t)(round * USERS) + (int64_t)k);
        }
        if (round == 1) { pending_histories_clear(&pending); }
    }
    pending_histories_release(&pending);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_newest_of_each),
        cmocka_unit_test(test_no_offset_is_the_last),
        cmocka_unit_test(test_tombstones),
        cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
