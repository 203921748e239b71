#include "base/base.h"
#include "base/xalloc.h"
#include "evaluate/models/counting_recommender.h"
#include "evaluate/prequential.h"
#include "evaluate/served_mixture.h"
#include "tests/unit/tiny_world.h"

#include <setjmp.h>
#include <cmocka.h>

enum { USERS = 40, ITEMS = 120, LONGEST = 30 };

/* A model of sequences that knows how tiny_world() goes on, or, with an argument, that knows
 * nothing and says so by equal scores. */
static void next_score(void *self, const struct query *query, float *scores)
{
    bool knows = self == NULL;
    for (int32_t i = 0; i < query->items; i++) { scores[i] = knows ? (float)(i % 7) : 0.0F; }
    if (!knows || !query->count) { return; }
    scores[(query->history[query->count - 1] + 1) % query->items] = 50.0F;
}

static void next_learn(void *self, const struct training_example *example)
{
}

static const struct recommender next_recommender = {
    .name = "next", .learn = next_learn, .score = next_score};

struct course {
    struct model_context context;
    struct sequences sequences;
    void *counting;
    struct served_mixture *served;
};

static void begin(struct course *course, void *next)
{
    *course = (struct course){.context = {.users_max = USERS, .items_max = ITEMS}};
    tiny_world(&course->sequences, USERS, ITEMS, LONGEST, 5);
    course->counting =
        counting_recommender.make(&course->context, counting_recommender.presets[0].settings);
    course->served =
        served_mixture_new(&course->context, course->counting, &next_recommender, next);
}

static void end(struct course *course)
{
    served_mixture_free(course->served);
    counting_recommender.free(course->counting);
    sequences_release(&course->sequences);
}

/* The scores say the places of this list, and nothing else. */
static void assert_list(const float *scores, const struct ranked *list, size_t count)
{
    size_t listed = 0;
    for (size_t k = 0; k < count; k++) { assert_true(scores[list[k].item] == -(float)k); }
    for (int32_t i = 0; i < ITEMS; i++) { listed += scores[i] > -(float)SERVED_LIST_LENGTH; }
    assert_int_equal(listed, count);
}

/* While counting leads, the list is counting's, whatever the others say. */
static void test_counting_leads_at_first(void **state)
{
    for (int knows = 0; knows < 2; knows++) {
        struct course course;
        begin(&course, knows ? NULL : &course);
        tiny_learn(&counting_recommender, course.counting, &course.sequences);
        const int32_t history[] = {3, 4, 5};
        for (size_t count = 0; count <= 3; count++) {
            const struct query query = {.history = history, .count = count, .items = ITEMS};
            const struct ranked *list;
            float scores[ITEMS];
            served_mixture_score(course.served, &query, scores);
            size_t listed = counting_recommender_list(course.counting, &query, SERVED_LIST_LENGTH,
                                                      &list);
            assert_list(scores, list, listed);
        }
        end(&course);
    }
}

/* Asks, then teaches, `rounds` times over; returns the share of hits among the first ten. */
static double ask_all(struct course *course, int rounds)
{
    struct ranking_metrics metrics = {0};
    uint64_t rng = 3;
    for (int round = 0; round < rounds; round++) {
        int32_t history[4] = {(int32_t)rng_below(&rng, ITEMS)};
        for (size_t at = 1; at < 4; at++) { history[at] = (history[at - 1] + 2) % ITEMS; }
        const struct query query = {.history = history, .count = 4, .items = ITEMS};
        int32_t target = (history[3] + 1) % ITEMS;
        float scores[ITEMS];
        served_mixture_score(course->served, &query, scores);
        ranking_metrics_count(&metrics, ranking_metrics_rank(scores, ITEMS, target));
        served_mixture_learn(course->served, &query, target);
    }
    return ranking_metrics_mean(&metrics).hr10;
}

/* A member that knows what comes next takes the lead when it has proved that, and in the segment
 * where it has; one that knows nothing never does. */
static void test_what_proves_itself_leads(void **state)
{
    struct course course;
    begin(&course, NULL);
    assert_int_equal(served_mixture_leader(course.served, SEGMENT_SHORT), 0);
    assert_true(ask_all(&course, 90) < 0.5);
    (void)ask_all(&course, 200);
    assert_int_not_equal(served_mixture_leader(course.served, SEGMENT_SHORT), 0);
    assert_int_equal(served_mixture_leader(course.served, SEGMENT_LONG), 0);
    assert_true(ask_all(&course, 50) == 1.0);
    end(&course);
    begin(&course, &course);
    (void)ask_all(&course, 300);
    assert_int_equal(served_mixture_leader(course.served, SEGMENT_SHORT), 0);
    end(&course);
}

/* Only content knows the item of which nobody has had anything: it is on the list in the end. */
static void test_content_is_a_member(void **state)
{
    struct content *content = content_new(ITEMS, CONTENT_NEAREST_MAX);
    for (int32_t item = 0; item < ITEMS; item++) {
        const uint32_t pair = (uint32_t)item / 2;
        assert_int_equal(content_put(content, item, &pair, 1), 0);
    }
    struct course course;
    begin(&course, &course);
    served_mixture_free(course.served);
    course.context.content = content;
    course.served =
        served_mixture_new(&course.context, course.counting, &next_recommender, &course);
    float scores[ITEMS];
    int32_t item = 8;
    const struct query query = {.history = &item, .count = 1, .items = ITEMS};
    for (int round = 0; round < 200; round++) {
        item = 2 * (round % (ITEMS / 2));
        served_mixture_score(course.served, &query, scores);
        served_mixture_learn(course.served, &query, item + 1);
    }
    assert_int_equal(served_mixture_leader(course.served, SEGMENT_NEW), 2);
    served_mixture_score(course.served, &query, scores);
    assert_true(scores[item + 1] == 0.0F);
    end(&course);
    content_free(content);
}

/* In the prequential protocol the mixture is asked beside the blend, and counted apart. */
static void test_prequential(void **state)
{
    struct course course;
    begin(&course, NULL);
    const struct member members[] = {{&counting_recommender, course.counting, "default"},
                                     {&next_recommender, NULL, "next"}};
    struct blend *blend = blend_new(BLEND_LEADER, ITEMS, members, ARRAY_COUNT(members));
    const struct prequential_settings settings = {.every = 1, .seed = 1};
    struct prequential *prequential =
        prequential_new(&settings, USERS, ITEMS, blend, course.served);
    for (int32_t n = 0; n < 30 * ITEMS; n++) {
        struct user_action action = {.user = n / ITEMS, .item = n % ITEMS, .rating = 1};
        (void)prequential_predict(prequential, &action);
        prequential_learn(prequential, &action);
    }
    struct ranking_metrics of_blend = prequential_metrics(prequential, PREQUENTIAL_BLEND, false);
    struct ranking_metrics of_mixture =
        prequential_metrics(prequential, PREQUENTIAL_MIXTURE, false);
    assert_int_equal(of_mixture.asked, of_blend.asked);
    assert_true(of_mixture.hr10 > 0.9);
    assert_int_equal(prequential_metrics(prequential, PREQUENTIAL_MIXTURE, true).asked, 29);
    prequential_free(prequential);
    blend_free(blend);
    end(&course);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counting_leads_at_first),
        cmocka_unit_test(test_what_proves_itself_leads),
        cmocka_unit_test(test_content_is_a_member),
        cmocka_unit_test(test_prequential),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
