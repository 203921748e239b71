/* Local state goes when its partition has been elsewhere for a while, and not before. */
#include "base/base.h"
#include "features/features.h"
#include "tests/topology/answers.h"

#include <setjmp.h>
#include <cmocka.h>

enum { EVENTS = 300, PARTITIONS = 4 };

static const char *const pairs[] = {"batch.records.max=40", "poll.records.max=15",
                                    "state.cleanup.delay.ms=60s", NULL};

static bool has_state(const struct copy *copy, int32_t partition)
{
    _cleanup_(xfreep) char *path =
        xprintf("%s/%s/%d", copy->state_path, copy->worker->name, partition);
    return access(path, F_OK) == 0;
}

static void pass_time(struct rig *rig, int64_t ms)
{
    int64_t until_ms = rig->now_ms + ms;
    while (rig->now_ms < until_ms) { rig_round(rig, false); }
}

static void test_state_given_away_goes(void **state)
{
    struct rig rig;
    rig_init(&rig, PARTITIONS);
    feed_events(&rig, 1, 0, EVENTS);
    struct copy *a = rig_start(&rig, &features_worker, 0, pairs);
    rig_until_idle(&rig);
    rig_start(&rig, &features_worker, 1, pairs);
    rig_until_idle(&rig);
    pass_time(&rig, 50000);
    for (int32_t p = 0; p < PARTITIONS; p++) { assert_true(has_state(a, p)); }
    pass_time(&rig, 40000);
    for (int32_t p = 0; p < PARTITIONS; p++) {
        assert_true(has_state(a, p) == (p < PARTITIONS / 2));
    }
    rig_release(&rig);
}

/* It came back in time: the clock begins anew when it goes again. */
static void test_state_that_comes_back_stays(void **state)
{
    struct rig rig;
    rig_init(&rig, PARTITIONS);
    feed_events(&rig, 1, 0, EVENTS);
    struct copy *a = rig_start(&rig, &features_worker, 0, pairs);
    rig_until_idle(&rig);
    struct copy *b = rig_start(&rig, &features_worker, 1, pairs);
    for (int i = 0; i < 3; i++) {
        rig_until_idle(&rig);
        pass_time(&rig, 45000);
        rig_finish(b);
        rig_until_idle(&rig);
        pass_time(&rig, 15000);
        assert_true(rig_launch(&rig, b));
    }
    rig_until_idle(&rig);
    for (int32_t p = 0; p < PARTITIONS; p++) { assert_true(has_state(a, p)); }
    rig_release(&rig);
}

/* What a standby holds is held. */
static void test_standby_keeps_its_copies(void **state)
{
    static const char *const standing[] = {"batch.records.max=40", "poll.records.max=15",
                                           "state.cleanup.delay.ms=60s", "standby.copies=1", NULL};
    struct rig rig;
    rig_init(&rig, PARTITIONS);
    feed_events(&rig, 1, 0, EVENTS);
    struct copy *a = rig_start(&rig, &features_worker, 0, standing);
    struct copy *b = rig_start(&rig, &features_worker, 1, standing);
    rig_until_idle(&rig);
    pass_time(&rig, 150000);
    for (int32_t p = 0; p < PARTITIONS; p++) { assert_true(has_state(a, p) && has_state(b, p)); }
    rig_release(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_state_given_away_goes),
        cmocka_unit_test(test_state_that_comes_back_stays),
        cmocka_unit_test(test_standby_keeps_its_copies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
