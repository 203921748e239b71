#include "base/base.h"
#include "base/xalloc.h"
#include "evaluate/models/popularity.h"
#include "evaluate/prequential.h"
#include "tests/unit/tiny_world.h"

#include <setjmp.h>
#include <cmocka.h>

/* Popularity over a stream by hand. Asked from the third action on (skip 1): */
static const struct user_action stream[] = {
    {.user = 0, .item = 0}, {.user = 0, .item = 1},
    {.user = 1, .item = 1}, /* new user; 0 and 1 tie: rank .5 */
    {.user = 1, .item = 2}, /* an item nobody has had: a miss */
    {.user = 1, .item = 1}, /* had it: no question */
    {.user = 2, .item = 1}, /* new user; most popular: rank 0 */
    {.user = 2, .item = 0}, /* 0 and 2 tie: rank .5 */
};

static void test_by_hand(void **state)
{
    struct model_context context = {.users_max = 3, .items_max = 3};
    const struct preset *preset = &popularity_recommender.presets[0];
    void *model = popularity_recommender.make(&context, preset->settings);
    struct member member = {&popularity_recommender, model, preset->name};
    struct blend *blend = blend_new(BLEND_LEADER, 3, &member, 1);
    struct prequential_settings settings = {.every = 1, .skip = 1, .seed = 1};
    struct prequential *prequential = prequential_new(&settings, 3, 3, blend, NULL);
    bool asked[ARRAY_COUNT(stream)];
    for (size_t at = 0; at < ARRAY_COUNT(stream); at++) {
        asked[at] = prequential_predict(prequential, &stream[at]);
        prequential_learn(prequential, &stream[at]);
    }
    const bool want[] = {false, false, true, true, false, true, true};
    assert_memory_equal(asked, want, sizeof(want));
    struct ranking_metrics hits = prequential_metrics(prequential, PREQUENTIAL_BLEND, false);
    struct ranking_metrics fresh = prequential_metrics(prequential, PREQUENTIAL_BLEND, true);
    struct ranking_metrics alone = prequential_member_metrics(prequential, 0);
    assert_int_equal(hits.asked, 4);
    assert_near(hits.hr10, 3.0 / 4, 1e-12);
    assert_near(hits.ndcg10, (1 + 2 / log2(2.5)) / 4, 1e-12);
    assert_near(alone.ndcg10, hits.ndcg10, 1e-12);
    assert_int_equal(fresh.asked, 2);
    assert_near(fresh.ndcg10, (1 + 1 / log2(2.5)) / 2, 1e-12);
    prequential_free(prequential);
    prequential_free(NULL);
    blend_free(blend);
    popularity_recommender.free(model);
}

static float all_weights(const struct blend *blend)
{
    float sum = 0.0F;
    for (size_t s = 0; s < BLEND_SEGMENTS; s++) { sum += blend_weight(blend, s, 0); }
    return sum;
}

/* What is not asked teaches the blend all the same, where that is wished. */
static void test_teaching(void **state)
{
    struct model_context context = {.users_max = 60, .items_max = 9};
    for (int32_t learn_every = 0; learn_every <= 1; learn_every++) {
        void *model =
            popularity_recommender.make(&context, popularity_recommender.presets[0].settings);
        struct member member = {&popularity_recommender, model, ""};
        struct blend *blend = blend_new(BLEND_LEARNED, 9, &member, 1);
        struct prequential_settings settings = {
            .every = 1 << 30, .learn_every = learn_every, .skip = 1, .seed = 1};
        struct prequential *prequential = prequential_new(&settings, 60, 9, blend, NULL);
        float before = all_weights(blend);
        for (int32_t at = 0; at < 120; at++) {
            struct user_action action = {.user = at / 2, .item = at < 9 ? at : at * at % 5};
            bool scored = prequential_predict(prequential, &action);
            assert_true(!scored || learn_every == 1);
            prequential_learn(prequential, &action);
        }
        assert_int_equal(prequential_metrics(prequential, PREQUENTIAL_BLEND, false).asked, 0);
        assert_true((all_weights(blend) != before) == (learn_every == 1));
        prequential_free(prequential);
        blend_free(blend);
        popularity_recommender.free(model);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_by_hand),
                                       cmocka_unit_test(test_teaching)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
