/* Limits that an operator turns while workers run: each is used from the next step on. */
#include "base/base.h"
#include "features/features.h"
#include "scorer/scorer.h"
#include "stream/reload.h"
#include "stream/run_internal.h"
#include "tests/topology/resting.h"
#include "trainer/similarity/trainer.h"

enum { PARTITIONS = 2, EVENTS = 800, LIST = 5, NAMES_MAX = 1 << 10 };

/* Takes over another value of an option, as SIGHUP does. */
static void turn(struct copy *copy, const struct option *options, size_t count, void *used,
                 size_t size, const char *pair)
{
    const struct option_group group = {"it", options, count, xcalloc(1, size)};
    const char *const pairs[] = {"list.length=5", pair};
    bool list = strncmp(pair, "list", 4) == 0;
    struct options *loaded;
    struct buf taken, kept;
    buf_init(&taken, NAMES_MAX);
    buf_init(&kept, NAMES_MAX);
    assert_int_equal(options_fill(&group, 1, &pairs[!list], list ? 2 : 1, stderr, &loaded), 0);
    reload_options(options, count, used, group.settings, copy->worker->reloads, &taken, &kept);
    assert_true(taken.size > 0);
    assert_null(run_reload(copy->run));
    buf_release(&taken);
    buf_release(&kept);
    free(group.settings);
    options_free(loaded); /* no text is among the settings that are turned */
}

static void turn_worker(struct copy *copy, const char *pair)
{
    turn(copy, copy->worker->options, copy->worker->options_count, copy->worker_settings,
         copy->worker->settings_size, pair);
}

static double behind(struct copy *scorer)
{
    double sum = 0;
    for (int p = 0; p < PARTITIONS; p++) {
        _cleanup_(xfreep) char *labels = xprintf("partition=\"%d\"", p);
        sum += metric_value(metrics_gauge(scorer->metrics, "freshet_lists_behind", labels, "."));
    }
    return sum;
}

/* Lists wait while there is no time for them, are made when there is, and wait again. */
static void lists_are_made_again_when_they_may(void **state _unused_)
{
    static const char *const idle[] = {"list.length=5", "lists.remake.share=0", NULL};
    struct rig rig;
    rig_init(&rig, PARTITIONS);
    rig_start(&rig, &features_worker, 0, NULL);
    rig_start(&rig, &trainer_worker, 0, NULL);
    struct copy *scorer = rig_start(&rig, &scorer_worker, 0, idle);
    feed_events(&rig, 1, 0, EVENTS);
    rest(&rig);
    pass(&rig, 20);
    assert_true(behind(scorer) > 0);
    turn_worker(scorer, "lists.remake.share=20");
    rest(&rig);
    assert_true(behind(scorer) == 0);
    assert_true_lists(&rig, scorer);
    turn_worker(scorer, "lists.remake.share=0");
    feed_events(&rig, 1, EVENTS, EVENTS + 100);
    rest(&rig);
    pass(&rig, 20);
    assert_true(behind(scorer) > 0);
    rig_release(&rig);
}

/* The runtime's limits are the run's own copy: a turn reaches it, and what may not turn stays. */
static void a_batch_becomes_smaller(void **state _unused_)
{
    struct rig rig;
    rig_init(&rig, PARTITIONS);
    struct copy *copy = rig_start(&rig, &features_worker, 0, NULL);
    struct run_settings fresh = copy->settings;
    fresh.batch_records_max = 7;
    fresh.commit_interval_ms = 250;
    fresh.record_bytes_max = 1 << 10;
    fresh.standby_copies++;
    run_take_settings(copy->run, &fresh);
    const struct run_settings *used = copy->run->env.settings;
    assert_int_equal(used->batch_records_max, 7);
    assert_int_equal(used->commit_interval_ms, 250);
    assert_int_equal(used->standby_copies, copy->settings.standby_copies);
    static char large[2 << 10];
    memset(large, 'x', sizeof(large));
    memlog_append(rig.log, "events", 0, slice_str("u"), slice_of(large, sizeof(large)),
                  RIG_WALL_MS);
    rig_until_quiet(&rig);
    assert_int_equal(memlog_count(rig.log, "dead-letters", MEMLOG_ALL), 1);
    rig_release(&rig);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_are_made_again_when_they_may),
        cmocka_unit_test(a_batch_becomes_smaller),
    };
    return cmocka_run_group_tests_name("quota_reload", tests, NULL, NULL);
}
