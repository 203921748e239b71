#include "base/base.h"
#include "model/ids.h"
#include "scorer/list_outcome.h"

#include <setjmp.h>

#include <cmocka.h>

enum { ACTIONS = 4, LISTED = 12 };

/* A list of items "a" to "l", built from partition 2 up to offset 100; and a history. */
struct scene {
    struct recommendation_list list;
    struct user_history history;
    struct slice listed[LISTED];
    struct slice items[ACTIONS];
    float weights[ACTIONS];
    int64_t offsets[ACTIONS];
};

static void scene_init(struct scene *scene, const char *items, const int64_t *offsets)
{
    static const char letters[] = "abcdefghijkl";
    *scene = (struct scene){0};
    for (size_t k = 0; k < LISTED; k++) { scene->listed[k] = slice_of(&letters[k], 1); }
    for (size_t k = 0; k < ACTIONS; k++) {
        scene->items[k] = slice_of(&items[k], 1);
        scene->weights[k] = 1.0F;
        scene->offsets[k] = offsets[k];
    }
    scene->list = (struct recommendation_list){
        .items = {scene->listed, LISTED},
        .model = slice_str("m"),
        .input_partition = 2,
        .input_offset = 100,
    };
    scene->history = (struct user_history){
        .items = {scene->items, ACTIONS},
        .weights = {scene->weights, ACTIONS},
        .offsets = {scene->offsets, ACTIONS},
        .events_total = ACTIONS,
        .input_partition = 2,
        .input_offset = 200,
        .event_time_ms = 5000,
    };
}

static enum list_outcome outcome_of(const struct scene *scene, int *ret_rank)
{
    return list_outcome_of(&scene->list, &scene->history, slice_str("m"), ret_rank);
}

/* Only the action that arrived first is evaluated, whatever its event time. */
static void test_first_new_action(void **state)
{
    struct scene scene;
    int rank = 0;
    scene_init(&scene, "zcba", (const int64_t[]){100, 101, 105, 103});
    assert_int_equal(outcome_of(&scene, &rank), OUTCOME_HIT);
    assert_int_equal(rank, 3);
    scene_init(&scene, "zabz", (const int64_t[]){50, 105, 103, 101});
    assert_int_equal(outcome_of(&scene, &rank), OUTCOME_MISS);
    scene_init(&scene, "abcd", (const int64_t[]){97, 98, 99, 100});
    assert_int_equal(outcome_of(&scene, &rank), OUTCOME_NOTHING);
}

static void test_ranks(void **state)
{
    struct scene scene;
    int rank = 0;
    scene_init(&scene, "zzzj", (const int64_t[]){1, 2, 3, 101});
    assert_int_equal(outcome_of(&scene, &rank), OUTCOME_HIT);
    assert_int_equal(rank, 10);
    scene_init(&scene, "zzzk", (const int64_t[]){1, 2, 3, 101});
    assert_int_equal(outcome_of(&scene, &rank), OUTCOME_MISS);
    /* A short list. */
    scene.list.items.count = 0;
    assert_int_equal(outcome_of(&scene, &rank), OUTCOME_MISS);
    /* A dislike is not a hit. */
    scene_init(&scene, "zzza", (const int64_t[]){1, 2, 3, 101});
    scene.weights[3] = 0.0F;
    assert_int_equal(outcome_of(&scene, &rank), OUTCOME_MISS);
}

/* Had before: among the newest actions, or by the history that the list was made of. */
static void test_repeats(void **state)
{
    struct scene scene, before;
    const int64_t after[] = {50, 60, 101, 102};
    scene_init(&scene, "zyzy", after);
    assert_true(list_outcome_repeats(&scene.list, &scene.history, NULL));
    scene_init(&scene, "zyxx", after); /* twice since, but not before */
    assert_false(list_outcome_repeats(&scene.list, &scene.history, NULL));
    scene_init(&before, "wvut", (const int64_t[]){1, 2, 3, 4});
    assert_false(list_outcome_repeats(&scene.list, &scene.history, &before.history));
    scene_init(&before, "wxut", (const int64_t[]){1, 2, 3, 4});
    assert_true(list_outcome_repeats(&scene.list, &scene.history, &before.history));
    uint64_t seen[2] = {htole64(ids_fingerprint(slice_str("q"))), 0};
    scene_init(&before, "wvut", (const int64_t[]){1, 2, 3, 4});
    before.history.seen = slice_of(seen, sizeof(seen));
    assert_false(list_outcome_repeats(&scene.list, &scene.history, &before.history));
    seen[1] = htole64(ids_fingerprint(slice_str("x")));
    assert_true(list_outcome_repeats(&scene.list, &scene.history, &before.history));
    uint32_t had = ids_prefix(ids_fingerprint(slice_str("x"))), scratch;
    uint8_t bytes[PREFIX_SET_BYTES(1)];
    size_t size = prefix_set_write(&had, &scratch, 1, bytes);
    before.history.seen = (struct slice){.size = 0};
    assert_false(list_outcome_repeats(&scene.list, &scene.history, &before.history));
    before.history.had_prefixes = slice_of(bytes, size);
    assert_true(list_outcome_repeats(&scene.list, &scene.history, &before.history));
    scene_init(&scene, "zyxx", (const int64_t[]){50, 60, 70, 80}); /* no next action */
    assert_false(list_outcome_repeats(&scene.list, &scene.history, &before.history));
}

static void test_not_compared(void **state)
{
    struct scene scene;
    int rank = 0;
    scene_init(&scene, "zzza", (const int64_t[]){1, 2, 3, 101});
    assert_int_equal(list_outcome_of(NULL, &scene.history, slice_str("m"), &rank),
                     OUTCOME_UNLISTED);
    scene.list.model = slice_str("other");
    assert_int_equal(outcome_of(&scene, &rank), OUTCOME_NOTHING);
    scene.list.model = slice_str("m");
    scene.history.input_partition = 3;
    assert_int_equal(outcome_of(&scene, &rank), OUTCOME_NOTHING);
    scene.history.events_total = 0;
    assert_int_equal(list_outcome_of(NULL, &scene.history, slice_str("m"), &rank), OUTCOME_NOTHING);
}

static void test_counters(void **state)
{
    struct scene scene;
    struct list_quality range;
    scene_init(&scene, "zzza", (const int64_t[]){1, 2, 3, 101});
    list_outcome_begin(&range, slice_str("m"), 4, 70);
    list_outcome_count(&range, OUTCOME_HIT, 1, &scene.history);
    scene.history.event_time_ms = 3000;
    list_outcome_count(&range, OUTCOME_HIT, 3, &scene.history);
    scene.history.event_time_ms = 9000;
    list_outcome_count(&range, OUTCOME_MISS, 0, &scene.history);
    list_outcome_count(&range, OUTCOME_REPEAT, 0, &scene.history);
    list_outcome_count(&range, OUTCOME_UNLISTED, 0, &scene.history);
    list_outcome_count(&range, OUTCOME_NOTHING, 0, &scene.history);
    assert_int_equal(range.judged, 4);
    assert_int_equal(range.repeats, 1);
    assert_int_equal(range.hits_at_10, 2);
    assert_int_equal(range.unlisted, 1);
    assert_true(fabs(range.ndcg_at_10 - 1.5) < 1e-12);
    assert_int_equal(range.event_time_from_ms, 3000);
    assert_int_equal(range.event_time_to_ms, 9000);
    assert_int_equal(range.partition, 4);
    assert_int_equal(range.from_offset, 70);
    list_outcome_begin(&range, slice_str("m"), 4, 90);
    assert_int_equal(range.judged, 0);
    assert_true(range.ndcg_at_10 == 0.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_new_action),
        cmocka_unit_test(test_ranks),
        cmocka_unit_test(test_repeats),
        cmocka_unit_test(test_not_compared),
        cmocka_unit_test(test_counters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
