#include "base/base.h"
#include "base/xalloc.h"
#include "sequence/learner.h"
#include "tests/unit/walkers.h"

#include <setjmp.h>
#include <cmocka.h>

enum { STEPS_MAX = 100000, BYTES_MAX = 64 << 20 };

static struct pool *everybody(int order)
{
    struct pool *pool = walk_pool(order);
    for (int32_t user = 0; user < WALKERS; user++) {
        /* whoever comes first, the pool says the same */
        walk(pool, order, order > 0 ? user : WALKERS - 1 - user, WALK_LENGTH);
    }
    return pool;
}

/* Learns until nothing is left to do; the caller frees what it would publish. */
static struct graduate *settle(struct learner *learner)
{
    struct graduate *graduate = NULL;
    for (int step = 0; learner_step(learner); step++) {
        assert_true(step < STEPS_MAX);
        if (learner_news(learner) != NEWS_SETTLED) { continue; }
        graduate_free(graduate);
        graduate = learner_graduate(learner);
    }
    assert_non_null(graduate);
    return graduate;
}

static void test_learns_the_walk(void **state)
{
    struct pool *pool = everybody(1);
    struct learner *learner = learner_new(&walk_settings, pool);
    struct graduate *graduate = settle(learner);
    struct learner_report report = learner_report(learner);
    assert_int_equal(report.seasons, 1);
    assert_true(report.ndcg10 > 0.9);
    assert_int_equal(graduate->rows, WALK_ITEMS);
    assert_true(graduate->ndcg10 == report.ndcg10);
    graduate_free(graduate);
    learner_free(learner);
    pool_free(pool);
}

/* The same users and items in another order are the same to it. */
static void test_order_does_not_matter(void **state)
{
    struct graduate *graduates[2];
    for (int i = 0; i < 2; i++) {
        struct pool *pool = everybody(i ? -1 : 1);
        struct learner *learner = learner_new(&walk_settings, pool);
        graduates[i] = settle(learner);
        learner_free(learner);
        pool_free(pool);
    }
    assert_string_equal(graduates[0]->name, graduates[1]->name);
    graduate_free(graduates[0]);
    graduate_free(graduates[1]);
}

/* Dies between any two rounds and goes on from the checkpoint with a pool that is made anew: the
 * same weights to the bit. */
static void test_goes_on_from_a_checkpoint(void **state)
{
    struct pool *pool = everybody(1);
    struct learner *learner = learner_new(&walk_settings, pool);
    struct graduate *want = settle(learner);
    learner_free(learner);
    pool_free(pool);
    for (int die = 1; die <= 13; die += 4) {
        pool = everybody(1);
        learner = learner_new(&walk_settings, pool);
        for (int betweens = 0; betweens < die;) {
            assert_true(learner_step(learner));
            betweens += learner_between(learner);
        }
        struct buf bytes;
        const char *why = "";
        buf_init(&bytes, BYTES_MAX);
        learner_save(learner, &bytes);
        learner_free(learner);
        pool_free(pool);
        pool = everybody(-1);
        learner = learner_new(&walk_settings, pool);
        assert_true(learner_load(learner, buf_slice(&bytes), &why));
        struct graduate *graduate = settle(learner);
        assert_string_equal(graduate->name, want->name);
        graduate_free(graduate);
        buf_release(&bytes);
        learner_free(learner);
        pool_free(pool);
    }
    graduate_free(want);
}

static void test_refuses_a_bad_checkpoint(void **state)
{
    struct pool *pool = everybody(1);
    struct learner *learner = learner_new(&walk_settings, pool);
    graduate_free(settle(learner));
    struct buf bytes;
    const char *why = NULL;
    buf_init(&bytes, BYTES_MAX);
    learner_save(learner, &bytes);
    struct learner *other = learner_new(&walk_settings, pool);
    for (size_t cut = 0; cut < bytes.size; cut += 997) {
        assert_false(learner_load(other, slice_of(bytes.data, cut), &why));
        char *at = &bytes.data[cut];
        *at = (char)(*at ^ 1);
        assert_false(learner_load(other, buf_slice(&bytes), &why));
        *at = (char)(*at ^ 1);
    }
    struct learner_settings wider = walk_settings;
    wider.d = 32;
    struct learner *third = learner_new(&wider, pool);
    assert_false(learner_load(third, buf_slice(&bytes), &why));
    assert_string_equal(why, "of other settings");
    learner_free(third);
    assert_true(learner_load(other, buf_slice(&bytes), &why));
    learner_free(other);
    learner_free(learner);
    buf_release(&bytes);
    pool_free(pool);
}

/* New actions and new items are learned in a refresh; many more begin a new season. */
static void test_goes_on_learning(void **state)
{
    struct pool *pool = everybody(1);
    struct learner *learner = learner_new(&walk_settings, pool);
    graduate_free(settle(learner));
    uint64_t steps = learner_report(learner).steps;
    pool_add_item(pool, walk_hash(999));
    const int32_t items[] = {1, 6, 11, WALK_ITEMS};
    for (uint64_t user = 0; user < 12; user++) { pool_put(pool, 5000 + user, items, 4, 4); }
    struct graduate *graduate = settle(learner);
    assert_int_equal(graduate->rows, WALK_ITEMS + 1);
    assert_int_equal(learner_report(learner).seasons, 1);
    assert_true(learner_report(learner).steps > steps);
    graduate_free(graduate);
    for (int32_t user = 0; user < WALKERS; user++) { walk(pool, 1, user, WALK_LENGTH + 8); }
    graduate_free(settle(learner));
    assert_int_equal(learner_report(learner).seasons, 2);
    learner_free(learner);
    pool_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_learns_the_walk),
        cmocka_unit_test(test_order_does_not_matter),
        cmocka_unit_test(test_goes_on_from_a_checkpoint),
        cmocka_unit_test(test_refuses_a_bad_checkpoint),
        cmocka_unit_test(test_goes_on_learning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
