/* Topics that another tool made: with a wrong number of partitions, with settings by which rows go.
 * Each worker ends at its start and says what to do; no state is deleted for a changelog that has
 * less. */
#include "base/base.h"
#include "ingest/ingest.h"
#include "scorer/scorer.h"
#include "tests/topology/halfway.h"
#include "trainer/sequence/sequence.h"

enum { PARTITIONS = 2 };

/* A start that is refused with 78, for a reason with all of these words. */
static void check_refused(struct rig *rig, const struct worker *worker, const char *const *settings,
                          const char *const *words)
{
    struct copy *copy = rig_add(rig, worker, 0, settings);
    bool going = rig_launch(rig, copy);
    for (int i = 0; going && i < 300; i++) {
        going = rig_step(rig, copy);
        rig->now_ms += ROUND_MS;
    }
    assert_false(going);
    assert_int_equal(copy->exit_code, EXIT_CONFIG);
    for (; *words; words++) {
        if (!strstr(copy->why, *words)) { fail_msg("no \"%s\" in: %s", *words, copy->why); }
    }
}

/* ---- Partitions ---- */

static const struct {
    const struct worker *worker;
    const char *topic;
    int32_t partitions;
    const char *words[4];
} uneven[] = {
    {&features_worker, "features-changelog", 3, {"events has 2", "features-changelog", "has 3"}},
    {&trainer_worker, "neighbours", 3, {"pair-deltas has 2", "neighbours", "has 3"}},
    {&trainer_worker,
     "serving-rows",
     3,
     {"serving-rows has 3", "neighbours has 2",
      "kafka-topics.sh --bootstrap-server nowhere:1 --delete --topic serving-rows"}},
    {&trainer_worker, "pair-deltas", 4, {"pair-deltas has 4", "neighbours", "has 2"}},
    {&scorer_worker, "histories", 4, {"histories has 4", "recommendations", "has 2"}},
    {&scorer_worker, "recommendations", 1, {"histories has 2", "recommendations", "has 1"}},
    {&scorer_worker,
     "lists",
     1,
     {"lists has 1", "recommendations has 2",
      "kafka-topics.sh --bootstrap-server nowhere:1 --delete --topic lists"}},
    {&sequence_worker, "models", 2, {"models has 2", "--delete --topic models"}},
};

static void test_partitions(void **state)
{
    for (size_t i = 0; i < ARRAY_COUNT(uneven); i++) {
        struct rig rig;
        rig_init(&rig, PARTITIONS);
        memlog_remake(rig.log, uneven[i].topic, uneven[i].partitions);
        const char *words[] = {uneven[i].words[0], uneven[i].words[1], uneven[i].words[2],
                               "deploy/topics apply", NULL};
        if (!words[2]) { words[2] = "hint: "; }
        check_refused(&rig, uneven[i].worker, NULL, words);
        rig_release(&rig);
    }
}

/* Serving rows in a topic that was made again are sent again. */
static void test_serving_rows_made_again(void **state)
{
    struct scene scene;
    halfway(&scene, pairs);
    memlog_remake(scene.rig.log, "serving-rows", 2);
    assert_false(rig_launch(&scene.rig, scene.trainer));
    assert_non_null(strstr(scene.trainer->why, "serving-rows has 2"));
    memlog_remake(scene.rig.log, "serving-rows", 1);
    go_on(&scene);
    check_whole(&scene);
    rig_release(&scene.rig);
}

/* ---- Settings ---- */

static void check_policy(const struct worker *worker, const char *topic, bool compacts,
                         const char *want)
{
    static const char *const sources[] = {"action.click=CLICK:1", NULL};
    struct rig rig;
    rig_init(&rig, PARTITIONS);
    memlog_settings(rig.log, topic,
                    &(struct topic_settings){.known = true,
                                             .compacts = compacts,
                                             .deletes = !compacts,
                                             .retention_ms = 604800000,
                                             .retention_bytes = -1});
    _cleanup_(xfreep) char *command =
        xprintf("--entity-name %s --add-config cleanup.policy=%s", topic, want);
    check_refused(&rig, worker, worker == &ingest_worker ? sources : NULL,
                  (const char *const[]){"kafka-configs.sh", command, NULL});
    rig_release(&rig);
}

static void test_tables_of_the_sequence_trainer(void **state)
{
    static const char *const tables[] = {"histories", "items", "models", "item-vectors"};
    for (size_t i = 0; i < ARRAY_COUNT(tables); i++) {
        check_policy(&sequence_worker, tables[i], /* compacts= */ false, "compact");
    }
}

/* Compaction would keep one dead letter of each key, and refuse those without one. */
static void test_dead_letters_are_a_log(void **state)
{
    static const struct worker *const all[] = {&ingest_worker, &features_worker, &trainer_worker,
                                               &scorer_worker, &sequence_worker};
    for (size_t i = 0; i < ARRAY_COUNT(all); i++) {
        check_policy(all[i], "dead-letters", /* compacts= */ true, "delete");
    }
}

/* `lists` is a table once it is the changelog; `recommendations` is one of the base. */
static void test_lists_of_a_generation(void **state)
{
    static const char *const own[] = {"dead-letters", "histories",    "serving-rows", "lists",
                                      "quality",      "item-vectors", "models"};
    static const char *const g2[] = {"generation=g2", NULL};
    const struct topic_settings deleting = {
        .known = true, .deletes = true, .retention_ms = 604800000, .retention_bytes = -1};
    struct rig rig;
    rig_init(&rig, 1);
    for (size_t i = 0; i < ARRAY_COUNT(own); i++) {
        _cleanup_(xfreep) char *name = generation_name(own[i], "g2");
        memlog_topic(rig.log, name, 1);
    }
    memlog_settings(rig.log, "lists.g2", &deleting);
    check_refused(&rig, &scorer_worker, g2,
                  (const char *const[]){"lists.g2 has cleanup.policy=delete", "kafka-configs.sh",
                                        NULL});
    rig_release(&rig);
    rig_init(&rig, 1);
    memlog_settings(rig.log, "lists", &deleting);
    rig_start(&rig, &scorer_worker, 0, NULL);
    rig_until_idle(&rig);
    rig_release(&rig);
    rig_init(&rig, 1);
    memlog_settings(rig.log, "recommendations", &deleting);
    check_refused(&rig, &scorer_worker, NULL,
                  (const char *const[]){"recommendations has cleanup.policy=delete",
                                        "kafka-configs.sh", NULL});
    rig_release(&rig);
}

/* ---- Retention has passed a changelog ---- */

static char *serving_of(const struct rig *rig)
{
    struct answers answers;
    answers_init(&answers, rig);
    answers_sums(&answers);
    answers_serving_rows(&answers);
    char *text = answers_take(&answers);
    answers_release(&answers);
    return text;
}

/* Deletes all records of a changelog, or leaves the newest. */
static void expire(struct scene *scene, const char *topic, int64_t left)
{
    memlog_trim(scene->rig.log, topic, 0, memlog_end(scene->rig.log, topic, 0) - left);
}

/* The state that has all of it goes on; the same state on an empty disk cannot. */
static void check_expired(int64_t left)
{
    struct scene scene, plain;
    halfway(&plain, pairs);
    go_on(&plain);
    _cleanup_(xfreep) char *want = serving_of(&plain.rig);
    rig_release(&plain.rig);
    halfway(&scene, pairs);
    expire(&scene, "features-changelog", left);
    expire(&scene, "neighbours", left);
    go_on(&scene);
    assert_true(count(scene.features, "freshet_store_wipes_total") == 0);
    assert_true(count(scene.trainer, "freshet_store_wipes_total") == 0);
    _cleanup_(xfreep) char *is = serving_of(&scene.rig);
    assert_true(answers_agree(want, is));
    rig_finish(scene.features);
    rig_finish(scene.trainer);
    rig_empty(scene.features);
    rig_empty(scene.trainer);
    const char *const words[] = {"cannot be made whole", "first records were deleted",
                                 "freshet reset base --yes", NULL};
    check_end(&scene, scene.features, words);
    check_end(&scene, scene.trainer, words);
    rig_release(&scene.rig);
}

static void test_expired_changelog(void **state)
{
    check_expired(0);
    check_expired(1); /* the marker of the last transaction */
    check_expired(2); /* the position before it */
    check_expired(3);
}

/* A scorer that starts after the tombstone of an item has gone takes the item for one that was
 * never listed: whoever starts it is told. */
static void test_removed_items_that_are_forgotten(void **state)
{
    const struct topic_settings week = {.known = true,
                                        .compacts = true,
                                        .retention_ms = -1,
                                        .retention_bytes = -1,
                                        .delete_retention_ms = 604800000};
    for (int told = 0; told < 2; told++) {
        struct rig rig;
        rig_init(&rig, PARTITIONS);
        if (told) { memlog_settings(rig.log, "items", &week); }
        rig_start(&rig, &scorer_worker, 0, NULL);
        assert_true((strstr(rig.warned, "topic=items") != NULL) == told);
        if (told) { assert_non_null(strstr(rig.warned, "deploy/topics apply")); }
        rig_release(&rig);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_partitions),
        cmocka_unit_test(test_removed_items_that_are_forgotten),
        cmocka_unit_test(test_serving_rows_made_again),
        cmocka_unit_test(test_tables_of_the_sequence_trainer),
        cmocka_unit_test(test_dead_letters_are_a_log),
        cmocka_unit_test(test_lists_of_a_generation),
        cmocka_unit_test(test_expired_changelog),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
