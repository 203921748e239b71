/* Whatever the group's offset says, each event counts once, or the worker ends and says what to do.
 */
#include "base/base.h"
#include "tests/topology/halfway.h"

static const char *const at_least[] = {"batch.records.max=40", "poll.records.max=15",
                                       "delivery=at_least_once", NULL};

/* ---- The group's offsets ---- */

/* Set back to the beginning, or expired; with the local state or without. */
static void check_offsets(const char *const *settings, int64_t offset, bool empty)
{
    struct scene scene;
    halfway(&scene, settings);
    int64_t ends[] = {offset_of(&scene, scene.features), offset_of(&scene, scene.trainer)};
    set_offset(&scene, scene.features, offset);
    set_offset(&scene, scene.trainer, MIN_OF(offset, (int64_t)2));
    if (empty) {
        rig_empty(scene.features);
        rig_empty(scene.trainer);
    }
    assert_true(rig_launch(&scene.rig, scene.features));
    assert_true(rig_launch(&scene.rig, scene.trainer));
    rig_until_idle(&scene.rig); /* without any input: the group's offset is mended, too */
    assert_int_equal(offset_of(&scene, scene.features), ends[0]);
    assert_int_equal(offset_of(&scene, scene.trainer), ends[1]);
    assert_true(skipped(scene.features) == (double)(ends[0] - MAX_OF(offset, (int64_t)0)));
    assert_true(skipped(scene.trainer) > 0);
    assert_non_null(strstr(scene.rig.warned, "input goes on where the changelog ends"));
    feed_events(&scene.rig, 1, HALF, EVENTS);
    rig_until_idle(&scene.rig);
    check_whole(&scene);
    rig_release(&scene.rig);
}

static void test_offsets_set_back(void **state)
{
    check_offsets(pairs, 0, false);
    check_offsets(pairs, 0, true);
    check_offsets(pairs, 7, false);
    check_offsets(at_least, 0, false);
    check_offsets(at_least, 7, true);
}

static void test_offsets_expired(void **state)
{
    check_offsets(pairs, OFFSET_NONE, false);
    check_offsets(pairs, OFFSET_NONE, true);
    check_offsets(at_least, OFFSET_NONE, true);
}

/* Nothing is written; after the command that the line names, nothing is missing. */
static void check_ahead(bool of_trainer, bool empty)
{
    struct scene scene;
    halfway(&scene, pairs);
    struct copy *copy = of_trainer ? scene.trainer : scene.features;
    const char *changelog = copy->worker->outputs[copy->worker->changelog].name;
    int64_t counted = offset_of(&scene, copy);
    feed_events(&scene.rig, 1, HALF, EVENTS);
    if (of_trainer) {
        assert_true(rig_launch(&scene.rig, scene.features));
        rig_until_idle(&scene.rig);
    }
    if (empty) { rig_empty(copy); }
    set_offset(&scene, copy, counted + 2);
    _cleanup_(xfreep) char *back =
        xprintf("--group freshet-%s --topic %s:0 --reset-offsets --to-offset %" PRId64
                " --execute", copy->worker->name, copy->worker->inputs[0].name, counted);
    int64_t end = memlog_end(scene.rig.log, changelog, 0);
    check_end(&scene, copy,
              (const char *const[]){back, "freshet reset base --yes", "would never be counted",
                                    NULL});
    assert_int_equal(memlog_end(scene.rig.log, changelog, 0), end);
    set_offset(&scene, copy, counted);
    assert_true(rig_launch(&scene.rig, copy));
    if (!of_trainer) { assert_true(rig_launch(&scene.rig, scene.trainer)); }
    rig_until_idle(&scene.rig);
    check_whole(&scene);
    rig_release(&scene.rig);
}

static void test_offsets_ahead(void **state)
{
    for (int of_trainer = 0; of_trainer < 2; of_trainer++) {
        check_ahead(of_trainer, false);
        check_ahead(of_trainer, true);
    }
}

/* A state that is rolled back while it runs knows the position, too. */
static void test_offsets_deleted_while_running(void **state)
{
    struct scene scene;
    halfway(&scene, pairs);
    assert_true(rig_launch(&scene.rig, scene.features));
    rig_until_idle(&scene.rig);
    set_offset(&scene, scene.features, OFFSET_NONE);
    memlog_fail(scene.rig.log, MEMLOG_TXN_COMMIT, 1, WIRE_ABORTED);
    feed_events(&scene.rig, 1, HALF, EVENTS);
    rig_until_idle(&scene.rig);
    assert_true(rig_launch(&scene.rig, scene.trainer));
    rig_until_idle(&scene.rig);
    check_whole(&scene);
    rig_release(&scene.rig);
}

/* An input that was recreated is another one: its offsets are not those that were counted. */
static void test_other_input(void **state)
{
    struct scene scene;
    halfway(&scene, pairs);
    memlog_remake(scene.rig.log, "events", 1);
    for (int i = 0; i < EVENTS; i++) {
        memlog_append(scene.rig.log, "events", 0, slice_str("u"), slice_str("any"), 1);
    }
    set_offset(&scene, scene.features, 0);
    assert_true(rig_launch(&scene.rig, scene.features));
    rig_until_idle(&scene.rig);
    assert_true(skipped(scene.features) == 0);
    assert_int_equal(memlog_count(scene.rig.log, "dead-letters", MEMLOG_ALL), EVENTS);
    rig_release(&scene.rig);
}

/* ---- Logs without positions ---- */

/* Appends what a log holds, as a version wrote it that knew no positions. */
static void append_plain(struct rig *to, const struct rig *from, const char *topic)
{
    struct record rec;
    for (int64_t at = 0; memlog_read(from->log, topic, 0, at, &rec) == 0; at = rec.offset + 1) {
        if (position_has_key(rec.key)) { continue; }
        memlog_append(to->log, topic, 0, rec.key, rec.value, rec.time_ms);
    }
}

/* The group's offset is trusted, as before; from then on there are positions. */
static void test_log_without_positions(void **state)
{
    struct scene former, scene;
    halfway(&former, pairs);
    rig_init(&scene.rig, 1);
    feed_events(&scene.rig, 1, 0, EVENTS);
    append_plain(&scene.rig, &former.rig, "features-changelog");
    append_plain(&scene.rig, &former.rig, "pair-deltas");
    scene.features = rig_add(&scene.rig, &features_worker, 0, pairs);
    set_offset(&scene, scene.features, HALF);
    rig_release(&former.rig);
    assert_true(rig_launch(&scene.rig, scene.features));
    scene.trainer = rig_start(&scene.rig, &trainer_worker, 0, pairs);
    rig_until_idle(&scene.rig);
    check_whole(&scene);
    rig_finish(scene.features);
    set_offset(&scene, scene.features, 0);
    assert_true(rig_launch(&scene.rig, scene.features));
    rig_until_idle(&scene.rig);
    check_whole(&scene);
    rig_release(&scene.rig);
}

/* A version without positions went on with the log for a while. */
static void test_position_is_not_the_newest(void **state)
{
    struct scene scene;
    halfway(&scene, pairs);
    struct record rec;
    assert_int_equal(memlog_read(scene.rig.log, "features-changelog", 0, 0, &rec), 0);
    memlog_append(scene.rig.log, "features-changelog", 0, rec.key, rec.value, rec.time_ms);
    feed_events(&scene.rig, 1, HALF, EVENTS);
    set_offset(&scene, scene.features, HALF + 5);
    assert_true(rig_launch(&scene.rig, scene.features));
    rig_until_idle(&scene.rig);
    assert_true(skipped(scene.features) == 0);
    rig_finish(scene.features);
    rig_release(&scene.rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_offsets_set_back),
        cmocka_unit_test(test_offsets_expired),
        cmocka_unit_test(test_offsets_ahead),
        cmocka_unit_test(test_offsets_deleted_while_running),
        cmocka_unit_test(test_other_input),
        cmocka_unit_test(test_log_without_positions),
        cmocka_unit_test(test_position_is_not_the_newest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
