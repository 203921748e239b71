/* Disks of any age and of any log: the state is that of the changelog, or the worker ends. */
#include "base/base.h"
#include "tests/topology/halfway.h"

static const int64_t LATER_MS = DELETE_RETENTION_DEFAULT_MS;

/* ---- Disks ---- */

static void keep_disk(struct scene *scene, const struct copy *copy, const char *name)
{
    _cleanup_(xfreep) char *kept = xprintf("%s/%s", scene->rig.dir, name);
    rig_duplicate(copy->state_path, kept);
}

static void put_disk(struct scene *scene, const struct copy *copy, const char *name)
{
    _cleanup_(xfreep) char *kept = xprintf("%s/%s", scene->rig.dir, name);
    rig_delete(copy->state_path);
    rig_duplicate(kept, copy->state_path);
}

static const char *changelog_of(const struct copy *copy)
{
    return copy->worker->outputs[copy->worker->changelog].name;
}

/* Appends a position to a changelog. */
static void append_position(struct scene *scene, const char *topic,
                            const struct position *position)
{
    struct position_text text;
    struct wire *wire = memlog_wire(scene->rig.log, NULL, NULL, NULL);
    const struct message message = position_message(position, topic, 0, &text);
    assert_int_equal(wire_produce(wire, &message, 1), 0);
    wire_close(wire);
}

static struct position newest_position(struct scene *scene, const struct copy *copy)
{
    struct record rec;
    struct position position = {.from = -1};
    const char *topic = changelog_of(copy);
    for (int64_t at = 0; memlog_read(scene->rig.log, topic, 0, at, &rec) == 0;
         at = rec.offset + 1) {
        struct slice id;
        if (!position_has_key(rec.key)) { continue; }
        assert_int_equal(memlog_header(scene->rig.log, topic, 0, rec.offset, "position.log", &id),
                         0);
        int64_t next = offset_of(scene, copy);
        position = (struct position){
            .next = next, .newest = next - 1, .newest_ms = feed_time_ms(), .from = rec.offset};
        memcpy(position.log_id, id.data, id.size);
        (void)snprintf(position.topic, sizeof(position.topic), "%s", copy->worker->inputs[0].name);
    }
    assert_true(position.from >= 0);
    return position;
}

/* A disk comes back after so long, to a changelog whose tombstones have gone. A user, or the row of
 * an item, was deleted in between: is there anything of it in the store? */
static bool comes_back(bool of_trainer, int64_t after_ms)
{
    struct scene scene;
    halfway(&scene, pairs);
    struct copy *copy = of_trainer ? scene.trainer : scene.features;
    const char *topic = changelog_of(copy);
    const struct slice key = slice_str(of_trainer ? "i00" : "u00");
    keep_disk(&scene, copy, "away");
    struct record rec;
    assert_int_equal(memlog_newest(scene.rig.log, topic, key, &rec), 0);
    memlog_append(scene.rig.log, topic, 0, key, slice_of(NULL, 0), 1);
    const struct position position = newest_position(&scene, copy);
    append_position(&scene, topic, &position);
    memlog_compact(scene.rig.log, topic);
    memlog_expire_tombstones(scene.rig.log, topic);
    put_disk(&scene, copy, "away");
    scene.rig.wall_ms += after_ms;
    assert_true(rig_launch(&scene.rig, copy));
    for (int i = 0; i < 50; i++) { rig_round(&scene.rig, false); }
    bool wiped = count(copy, "freshet_store_wipes_total") > 0;
    struct slice value;
    struct task *task = task_list_find(&copy->run->tasks, NULL, 0);
    bool is_back = store_get(task->local.store, key, &value) == 0;
    assert_true(wiped == !is_back);
    if (wiped) { assert_non_null(strstr(scene.rig.warned, "tombstones are kept")); }
    rig_release(&scene.rig);
    return is_back;
}

static void test_disk_older_than_tombstones(void **state)
{
    for (int of_trainer = 0; of_trainer < 2; of_trainer++) {
        assert_false(comes_back(of_trainer, LATER_MS));
        assert_false(comes_back(of_trainer, 365 * LATER_MS));
        assert_false(comes_back(of_trainer, -365 * LATER_MS)); /* a clock was wrong */
        assert_true(comes_back(of_trainer, LATER_MS / 2)); /* Kafka would still have it */
    }
}

/* State that has all of the changelog is trusted at any age. */
static void test_old_disk_that_has_all(void **state)
{
    struct scene scene;
    halfway(&scene, pairs);
    scene.rig.wall_ms += 365 * LATER_MS;
    go_on(&scene);
    assert_true(count(scene.features, "freshet_store_wipes_total") == 0);
    assert_true(count(scene.trainer, "freshet_store_wipes_total") == 0);
    check_whole(&scene);
    rig_release(&scene.rig);
}

/* The disk is of another log: another cluster, or a topic that was deleted and made again. */
static void check_foreign_disk(int events)
{
    struct scene other, scene;
    rig_init(&other.rig, 1);
    other.features = rig_start(&other.rig, &features_worker, 0, pairs);
    feed_events(&other.rig, 2, 0, events);
    rig_until_idle(&other.rig);
    rig_finish(other.features);
    halfway(&scene, pairs);
    rig_delete(scene.features->state_path);
    rig_duplicate(other.features->state_path, scene.features->state_path);
    rig_release(&other.rig);
    go_on(&scene);
    assert_true(count(scene.features, "freshet_store_wipes_total") == 1);
    check_whole(&scene);
    rig_release(&scene.rig);
}

static void test_disk_of_another_log(void **state)
{
    check_foreign_disk(20);
    check_foreign_disk(HALF - 1);
    check_foreign_disk(HALF);
}

/* ---- The changelog ---- */

/* It is deleted and made again while the worker runs: the worker ends, and no other copy takes what
 * is there for the whole state. */
static void test_changelog_recreated_while_running(void **state)
{
    struct scene scene;
    halfway(&scene, pairs);
    keep_disk(&scene, scene.features, "whole");
    memlog_remake(scene.rig.log, "features-changelog", 1);
    struct position position = {.next = HALF, .newest = HALF - 1, .from = 500};
    position_make_id(position.log_id);
    (void)snprintf(position.topic, sizeof(position.topic), "events");
    append_position(&scene, "features-changelog", &position);
    rig_empty(scene.features);
    check_end(&scene, scene.features,
              (const char *const[]){"recreated or cut", "features-changelog",
                                    "freshet reset base --yes", NULL});
    put_disk(&scene, scene.features, "whole");
    check_end(&scene, scene.features, (const char *const[]){"state is lost", NULL});
    rig_release(&scene.rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_disk_older_than_tombstones),
        cmocka_unit_test(test_old_disk_that_has_all),
        cmocka_unit_test(test_disk_of_another_log),
        cmocka_unit_test(test_changelog_recreated_while_running),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
