/* A copy that stands by holds what the owner holds, and takes over by reading the tail only. */
#include "base/base.h"
#include "features/features.h"
#include "stream/state/store.h"
#include "stream/state/store_directory.h"
#include "tests/topology/answers.h"
#include "trainer/similarity/trainer.h"

#include <setjmp.h>
#include <cmocka.h>

enum { EVENTS = 600, HALF = 300, PARTITIONS = 4, CATCH_UP_ROUNDS = 400 };

static const char *const pairs[] = {"batch.records.max=40", "poll.records.max=15",
                                    "standby.copies=1", NULL};
static const char *const plain[] = {"batch.records.max=40", "poll.records.max=15", NULL};

static double metric(const struct copy *copy, const char *name)
{
    return metric_value(metrics_counter(copy->metrics, name, "", "Known already."));
}

static double ready(const struct copy *copy)
{
    return metric_value(metrics_gauge(copy->metrics, "freshet_standby_ready", "", "Known."));
}

/* Goes on until all is processed and each copy is warm for what the other serves. */
static void settle(struct rig *rig, struct copy *a, struct copy *b)
{
    rig_until_idle(rig);
    int rounds = 0;
    double last_a = -1, last_b = -1;
    for (int same = 0; same < CATCH_UP_ROUNDS; same++) {
        rig_round(rig, false);
        double now_a = ready(a), now_b = ready(b);
        if (now_a != last_a || now_b != last_b) { same = 0; }
        last_a = now_a;
        last_b = now_b;
        assert_true(++rounds < ROUNDS_MAX);
    }
    assert_true(ready(a) == PARTITIONS / 2 && ready(b) == PARTITIONS / 2);
}

/* Two copies of features, each warm for the other, with so many events behind them. */
static void start_two(struct rig *rig, int events, struct copy **ret_a, struct copy **ret_b)
{
    rig_init(rig, PARTITIONS);
    feed_events(rig, 1, 0, events);
    *ret_a = rig_start(rig, &features_worker, 0, pairs);
    *ret_b = rig_start(rig, &features_worker, 1, pairs);
    settle(rig, *ret_a, *ret_b);
}

static int add_pair(void *arg, struct slice key, struct slice value)
{
    struct buf *all = arg;
    buf_printf(all, "%.*s=", SLICE_ARGS(key));
    buf_append(all, value.data, value.size);
    buf_printf(all, "\n");
    return 0;
}

/* All that a stopped copy's store of a partition holds. */
static void dump(const struct copy *copy, int32_t partition, struct buf *all)
{
    const struct store_limits limits = {1 << 20, 1 << 20, 0};
    struct store *store = NULL;
    char *why = NULL;
    _cleanup_(xfreep) char *path =
        xprintf("%s/%s/%d", copy->state_path, copy->worker->name, partition);
    assert_int_equal(store_open(path, &limits, &store, &why), 0);
    buf_init(all, 1 << 24);
    assert_int_equal(store_scan(store, add_pair, all), 0);
    store_close(store);
}

static void assert_same_stores(const struct copy *a, const struct copy *b)
{
    for (int32_t p = 0; p < PARTITIONS; p++) {
        struct buf of_a, of_b;
        dump(a, p, &of_a);
        dump(b, p, &of_b);
        assert_true(of_a.size > 0);
        assert_true(slice_equal(buf_slice(&of_a), buf_slice(&of_b)));
        buf_release(&of_a);
        buf_release(&of_b);
    }
}

static void test_the_copy_equals_the_owners(void **state)
{
    struct rig rig;
    struct copy *a, *b;
    start_two(&rig, HALF, &a, &b);
    feed_events(&rig, 1, HALF, EVENTS);
    settle(&rig, a, b);
    memlog_static_stay(rig.log, true); /* nobody takes over while both end */
    rig_finish(a);
    rig_finish(b);
    assert_same_stores(a, b);
    rig_release(&rig);
}

static void test_the_trainers_too(void **state)
{
    struct rig rig;
    rig_init(&rig, PARTITIONS);
    feed_events(&rig, 1, 0, EVENTS);
    rig_start(&rig, &features_worker, 0, plain);
    struct copy *a = rig_start(&rig, &trainer_worker, 0, pairs);
    struct copy *b = rig_start(&rig, &trainer_worker, 1, pairs);
    settle(&rig, a, b);
    memlog_static_stay(rig.log, true);
    rig_finish(a);
    rig_finish(b);
    assert_same_stores(a, b);
    rig_release(&rig);
}

static char *answers_of(const struct rig *rig)
{
    struct answers answers;
    answers_init(&answers, rig);
    answers_states(&answers);
    answers_sums(&answers);
    char *text = answers_take(&answers);
    answers_release(&answers);
    return text;
}

static char *undisturbed(void)
{
    struct rig rig;
    rig_init(&rig, PARTITIONS);
    feed_events(&rig, 1, 0, EVENTS);
    rig_start(&rig, &features_worker, 0, plain);
    rig_until_idle(&rig);
    char *text = answers_of(&rig);
    rig_release(&rig);
    return text;
}

static void lose(struct rig *rig, struct copy *copy)
{
    _cleanup_(xfreep) char *member = xprintf("freshet-features-%d", copy->slot);
    rig_kill(rig, copy);
    memlog_expire_member(rig->log, "freshet-features", member);
}

static int64_t changelog_ends(const struct rig *rig)
{
    int64_t ends = 0;
    for (int32_t p = 0; p < PARTITIONS; p++) {
        ends += memlog_end(rig->log, "features-changelog", p);
    }
    return ends;
}

static void test_takeover_reads_the_tail(void **state)
{
    struct rig rig;
    struct copy *a, *b;
    start_two(&rig, HALF, &a, &b);
    double restored = metric(b, "freshet_restored_records_total");
    int64_t before = changelog_ends(&rig);
    feed_events(&rig, 1, HALF, EVENTS);
    for (int i = 0; i < 200; i++) { assert_true(rig_step(&rig, a)); } /* b sees nothing of it */
    int64_t tail = changelog_ends(&rig) - before;
    assert_true(tail > 0 && before > 2 * tail / 3);
    lose(&rig, a);
    rig_until_idle(&rig);
    double read = metric(b, "freshet_restored_records_total") - restored;
    assert_true(read > 0 && read <= (double)tail);
    assert_true(metric(b, "freshet_store_wipes_total") == 0);
    _cleanup_(xfreep) char *want = undisturbed();
    _cleanup_(xfreep) char *is = answers_of(&rig);
    assert_true(answers_agree(want, is));
    rig_release(&rig);
}

/* It comes and goes: each time the other is warm, also for what it gave away before. */
static void test_there_and_back(void **state)
{
    struct rig rig;
    struct copy *a, *b;
    start_two(&rig, 0, &a, &b);
    for (int part = 0; part < 6; part++) {
        feed_events(&rig, 1, part * EVENTS / 6, (part + 1) * EVENTS / 6);
        settle(&rig, a, b);
        struct copy *lost = part % 2 ? b : a;
        lose(&rig, lost);
        rig_until_idle(&rig);
        assert_true(rig_launch(&rig, lost));
    }
    settle(&rig, a, b);
    assert_true(metric(a, "freshet_store_wipes_total") == 0);
    assert_true(metric(b, "freshet_store_wipes_total") == 0);
    _cleanup_(xfreep) char *want = undisturbed();
    _cleanup_(xfreep) char *is = answers_of(&rig);
    assert_true(answers_agree(want, is));
    rig_release(&rig);
}

static void test_cut_changelog_keeps_the_copy(void **state)
{
    struct rig rig;
    struct copy *a, *b;
    start_two(&rig, HALF, &a, &b);
    feed_events(&rig, 1, HALF, EVENTS);
    for (int i = 0; i < 200; i++) { assert_true(rig_step(&rig, a)); }
    for (int32_t p = 0; p < PARTITIONS / 2; p++) {
        memlog_trim(rig.log, "features-changelog", p,
                    memlog_end(rig.log, "features-changelog", p) - 2);
    }
    for (int i = 0; i < 200; i++) { rig_round(&rig, false); }
    assert_true(metric(b, "freshet_store_wipes_total") == 0);
    assert_true(ready(b) == 0);
    rig_release(&rig);
}

/* A copy that was away for longer than tombstones stay may lack deletions: it is made anew. */
static void test_old_copy_is_distrusted(void **state)
{
    struct rig rig;
    struct copy *a, *b;
    start_two(&rig, HALF, &a, &b);
    rig_finish(b);
    feed_events(&rig, 1, HALF, EVENTS);
    rig_until_idle(&rig);
    rig.wall_ms += DELETE_RETENTION_DEFAULT_MS;
    assert_true(rig_launch(&rig, b));
    settle(&rig, a, b);
    assert_true(metric(b, "freshet_store_wipes_total") == PARTITIONS);
    _cleanup_(xfreep) char *want = undisturbed();
    _cleanup_(xfreep) char *is = answers_of(&rig);
    assert_true(answers_agree(want, is));
    rig_release(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_copy_equals_the_owners),
        cmocka_unit_test(test_the_trainers_too),
        cmocka_unit_test(test_takeover_reads_the_tail),
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_cut_changelog_keeps_the_copy),
        cmocka_unit_test(test_old_copy_is_distrusted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
