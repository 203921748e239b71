#include "base/base.h"
#include "base/xalloc.h"
#include "trainer/sequence/learner.h"
#include "tests/unit/walkers.h"

#include <setjmp.h>
#include <cmocka.h>

enum { STEPS_MAX = 100000, BYTES_MAX = 64 << 20 };

static struct training_set *everybody(int order)
{
    struct training_set *training_set = walk_training_set(order);
    for (int32_t user = 0; user < WALKERS; user++) {
        /* whoever comes first, the training_set says the same */
        walk(training_set, order, order > 0 ? user : WALKERS - 1 - user, WALK_LENGTH);
    }
    return training_set;
}

/* Learns until nothing is left to do; the caller frees what it would publish. */
static struct model_snapshot *settle(struct learner *learner)
{
    struct model_snapshot *snapshot = NULL;
    for (int step = 0; learner_step(learner); step++) {
        assert_true(step < STEPS_MAX);
        if (learner_news(learner) != NEWS_FINISHED) { continue; }
        model_snapshot_free(snapshot);
        snapshot = learner_snapshot(learner);
    }
    assert_non_null(snapshot);
    return snapshot;
}

static void test_learns_the_walk(void **state)
{
    struct training_set *training_set = everybody(1);
    struct learner *learner = learner_new(&walk_settings, training_set);
    struct model_snapshot *snapshot = settle(learner);
    struct learner_report report = learner_report(learner);
    assert_int_equal(report.training_runs, 1);
    assert_true(report.ndcg10 > 0.9);
    assert_int_equal(snapshot->rows, WALK_ITEMS);
    assert_true(snapshot->ndcg10 == report.ndcg10);
    model_snapshot_free(snapshot);
    learner_free(learner);
    training_set_free(training_set);
}

/* The same users and items in another order are the same to it. */
static void test_order_does_not_matter(void **state)
{
    struct model_snapshot *graduates[2];
    for (int i = 0; i < 2; i++) {
        struct training_set *training_set = everybody(i ? -1 : 1);
        struct learner *learner = learner_new(&walk_settings, training_set);
        graduates[i] = settle(learner);
        learner_free(learner);
        training_set_free(training_set);
    }
    assert_string_equal(graduates[0]->name, graduates[1]->name);
    model_snapshot_free(graduates[0]);
    model_snapshot_free(graduates[1]);
}

/* Dies between any two epochs and goes on from the checkpoint with a training_set that is made
 * anew: the same weights to the bit. */
static void test_goes_on_from_a_checkpoint(void **state)
{
    struct training_set *training_set = everybody(1);
    struct learner *learner = learner_new(&walk_settings, training_set);
    struct model_snapshot *want = settle(learner);
    learner_free(learner);
    training_set_free(training_set);
    for (int die = 1; die <= 13; die += 4) {
        training_set = everybody(1);
        learner = learner_new(&walk_settings, training_set);
        for (int betweens = 0; betweens < die;) {
            assert_true(learner_step(learner));
            betweens += learner_between(learner);
        }
        struct buf bytes;
        const char *why = "";
        buf_init(&bytes, BYTES_MAX);
        learner_save(learner, &bytes);
        learner_free(learner);
        training_set_free(training_set);
        training_set = everybody(-1);
        learner = learner_new(&walk_settings, training_set);
        assert_true(learner_load(learner, buf_slice(&bytes), &why));
        struct model_snapshot *snapshot = settle(learner);
        assert_string_equal(snapshot->name, want->name);
        model_snapshot_free(snapshot);
        buf_release(&bytes);
        learner_free(learner);
        training_set_free(training_set);
    }
    model_snapshot_free(want);
}

static void test_refuses_a_bad_checkpoint(void **state)
{
    struct training_set *training_set = everybody(1);
    struct learner *learner = learner_new(&walk_settings, training_set);
    model_snapshot_free(settle(learner));
    struct buf bytes;
    const char *why = NULL;
    buf_init(&bytes, BYTES_MAX);
    learner_save(learner, &bytes);
    struct learner *other = learner_new(&walk_settings, training_set);
    for (size_t cut = 0; cut < bytes.size; cut += 997) {
        assert_false(learner_load(other, slice_of(bytes.data, cut), &why));
        char *at = &bytes.data[cut];
        *at = (char)(*at ^ 1);
        assert_false(learner_load(other, buf_slice(&bytes), &why));
        *at = (char)(*at ^ 1);
    }
    struct learner_settings wider = walk_settings;
    wider.d = 32;
    struct learner *third = learner_new(&wider, training_set);
    assert_false(learner_load(third, buf_slice(&bytes), &why));
    assert_string_equal(why, "of other settings");
    learner_free(third);
    assert_true(learner_load(other, buf_slice(&bytes), &why));
    learner_free(other);
    learner_free(learner);
    buf_release(&bytes);
    training_set_free(training_set);
}

/* New actions and new items are learned in a refresh; many more begin a new season. */
static void test_goes_on_learning(void **state)
{
    struct training_set *training_set = everybody(1);
    struct learner *learner = learner_new(&walk_settings, training_set);
    model_snapshot_free(settle(learner));
    uint64_t steps = learner_report(learner).steps;
    training_set_add_item(training_set, walk_hash(999));
    const int32_t items[] = {1, 6, 11, WALK_ITEMS};
    for (uint64_t user = 0; user < 12; user++) {
        training_set_put(training_set, 5000 + user, items, 4, 4);
    }
    struct model_snapshot *snapshot = settle(learner);
    assert_int_equal(snapshot->rows, WALK_ITEMS + 1);
    assert_int_equal(learner_report(learner).training_runs, 1);
    assert_true(learner_report(learner).steps > steps);
    model_snapshot_free(snapshot);
    for (int32_t user = 0; user < WALKERS; user++) { walk(training_set, 1, user, WALK_LENGTH + 8); }
    model_snapshot_free(settle(learner));
    assert_int_equal(learner_report(learner).training_runs, 2);
    learner_free(learner);
    training_set_free(training_set);
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
