/* Lists as JSON: `recommendations-json` says what `recommendations` says. */
#include "base/base.h"
#include "features/features.h"
#include "scorer/scorer.h"
#include "tests/topology/answers.h"
#include "tests/topology/feed.h"
#include "trainer/similarity/trainer.h"

#include <jansson.h>
#include <setjmp.h>
#include <cmocka.h>

enum { PARTITIONS = 2, HALF = FEED_EVENTS / 2 };

static void work(struct rig *rig, const struct worker *worker, const char *const *pairs)
{
    struct copy *copy = rig_start(rig, worker, 0, pairs);
    rig_until_idle(rig);
    rig_finish(copy);
}

static void work_all(struct rig *rig, const char *const *scorer_pairs)
{
    static const char *const none[] = {NULL};
    work(rig, &features_worker, none);
    work(rig, &trainer_worker, none);
    work(rig, &scorer_worker, scorer_pairs);
}

static struct slice text_of(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    assert_true(json_is_string(value));
    return slice_of(json_string_value(value), json_string_length(value));
}

static void compare(const struct recommendation_list *list, struct slice value)
{
    json_error_t error;
    json_t *object = json_loadb(value.data, value.size, 0, &error);
    if (!object) { fail_msg("%s: %.*s", error.text, SLICE_ARGS(value)); }
    const json_t *items = json_object_get(object, "items");
    assert_true(slice_equal(text_of(object, "user"), list->user_id));
    assert_true(slice_equal(text_of(object, "list_id"), list->list_id));
    assert_int_equal(json_integer_value(json_object_get(object, "as_of_ms")), list->as_of_ms);
    assert_int_equal(json_array_size(items), list->items.count);
    for (size_t k = 0; k < list->items.count; k++) {
        const json_t *one = json_array_get(items, k);
        double score = json_number_value(json_object_get(one, "score"));
        assert_true(slice_equal(text_of(one, "item"), list->items.at[k]));
        assert_true(slice_equal(text_of(one, "because"), list->because.at[k]));
        assert_true((float)score == list->scores.at[k]);
    }
    json_decref(object);
}

/* Each user's newest list is the same in both topics, in the same partition; returns how many. */
static size_t compare_all(struct rig *rig)
{
    struct answers answers;
    struct recommendation_list list;
    answers_init(&answers, rig);
    struct fold *lists = rig_fold(rig, "recommendations");
    struct fold *texts = rig_fold(rig, "recommendations-json");
    size_t count = lists->count, standing = 0;
    assert_int_equal(texts->count, count);
    for (size_t i = 0; i < count; i++) {
        size_t at = 0;
        while (at < count && !slice_equal(texts->at[at].key, lists->at[i].key)) { at++; }
        assert_true(at < count);
        assert_int_equal(!texts->at[at].value.data, !lists->at[i].value.data);
        if (!lists->at[i].value.data) { continue; }
        standing++;
        answers_decode(&answers, answers.lists, lists->at[i].value, &list);
        compare(&list, texts->at[at].value);
    }
    free(lists);
    free(texts);
    answers_release(&answers);
    return standing;
}

static void test_same(void **state _unused_)
{
    static const char *const pairs[] = {"lists.json=true", NULL};
    static struct rig rig;
    rig_init(&rig, PARTITIONS);
    memlog_topic(rig.log, "recommendations-json", PARTITIONS);
    feed_events(&rig, 3, 0, HALF);
    work_all(&rig, pairs);
    assert_true(compare_all(&rig) > 30);
    feed_events(&rig, 3, HALF, FEED_EVENTS);
    work_all(&rig, pairs);
    size_t users = compare_all(&rig);
    /* Somebody is forgotten. */
    memlog_append(rig.log, "histories", PARTITION_BY_KEY, slice_str("u07"), (struct slice){0},
                  RIG_WALL_MS);
    work(&rig, &scorer_worker, pairs);
    assert_int_equal(compare_all(&rig), users - 1);
    rig_release(&rig);
}

/* Off, the topic need not exist; on, it must, with as many partitions as the lists. */
static void test_off(void **state _unused_)
{
    static const char *const none[] = {NULL};
    static struct rig rig;
    rig_init(&rig, PARTITIONS);
    feed_events(&rig, 3, 0, HALF);
    work_all(&rig, none);
    memlog_topic(rig.log, "recommendations-json", PARTITIONS);
    feed_events(&rig, 3, HALF, FEED_EVENTS);
    work_all(&rig, none);
    assert_int_equal(memlog_count(rig.log, "recommendations-json", MEMLOG_ALL), 0);
    rig_release(&rig);
}

int main(void)
{
    rig_choose_place();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same),
        cmocka_unit_test(test_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
