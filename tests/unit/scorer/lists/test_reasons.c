/* Reasons of places that another member than counting put on a list. */
#include "base/base.h"
#include "base/xalloc.h"
#include "scorer/lists/reasons.h"

#include <setjmp.h>
#include <cmocka.h>

/* Items 0 to 7 have vectors, 8 has none. 0 to 3 are the user's. */
enum { ITEMS = 9, ROWS = 8, WIDTH = 16 };

static const struct weights_shape shape = {
    .items = ROWS, .d = WIDTH, .hidden = WIDTH, .blocks = 1, .heads = 1, .length = 4};

struct scene {
    float table[ROWS * WIDTH];
    int32_t items[ROWS], row_of[ROWS];
    float *dense;
    struct served served;
    struct item_table *counts;
    struct content_scores *content_scores;
    struct reasons reasons;
};

static const int32_t history[] = {0, 1, ID_NONE, 2, 3, 1};
static const float weights[] = {1, 1, 1, 1, 0, 1}; /* 3 is a dislike */

static void put_actions(struct scene *scene, int32_t item, double actions)
{
    const struct item_row row = {.mass = actions, .actions = actions};
    item_table_put(scene->counts, item, &row);
}

static void scene_init(struct scene *scene)
{
    static const struct item_table_settings set = {
        .source_power = 0.5, .target_power = 0.5, .kernel_power = 1.0, .neighbours_used = 4};
    memset(scene, 0, sizeof(*scene));
    scene->dense = xcalloc(transformer_inference_dense_count(&shape), sizeof(float));
    for (int32_t i = 0; i < ROWS; i++) { scene->items[i] = scene->row_of[i] = i; }
    for (int32_t i = 0; i < 4; i++) { scene->table[i * WIDTH + i] = 1.0F; }
    scene->served = (struct served){
        .version = "v",
        .inference = transformer_inference_new(&shape, scene->dense),
        .table = scene->table,
        .rows = ROWS,
        .items = scene->items,
        .row_of = scene->row_of,
        .row_of_count = ROWS,
    };
    scene->counts = item_table_new(&set);
    for (int32_t i = 0; i < ITEMS - 1; i++) { put_actions(scene, i, i + 1); }
    scene->reasons = (struct reasons){
        .served = &scene->served,
        .table = scene->counts,
        .items = history,
        .weights = weights,
        .count = ARRAY_COUNT(history),
    };
}

static void scene_release(struct scene *scene)
{
    free(scene->dense);
    transformer_inference_free(scene->served.inference);
    item_table_free(scene->counts);
    content_scores_free(scene->content_scores);
}

static void set_vector(struct scene *scene, int32_t item, float a, float b, float c, float d)
{
    const float vector[] = {a, b, c, d};
    memcpy(scene->table + (size_t)item * WIDTH, vector, sizeof(vector));
}

static void check(const struct ranked *ranked, enum ranked_reason reason, int32_t because,
                  double share, double evidence)
{
    assert_int_equal(ranked->reason, reason);
    assert_int_equal(ranked->because, because);
    assert_true(fabs((double)ranked->share - share) < 1e-6);
    assert_true(fabs((double)ranked->evidence - evidence) < 1e-6);
}

/* The largest positive product, and its part of them; neither the dislike nor what is unknown. */
static void test_the_vectors_reason(void **state)
{
    struct scene scene;
    scene_init(&scene);
    set_vector(&scene, 4, 1, 3, -9, 99);
    struct ranked ranked = reasons_find(&scene.reasons, 4, MEMBER_SEQUENCE, NULL);
    assert_int_equal(ranked.item, 4);
    check(&ranked, RANKED_BECAUSE, 1, 0.75, 0);
    set_vector(&scene, 5, -1, -2, -3, 9); /* like nothing that the user liked */
    ranked = reasons_find(&scene.reasons, 5, MEMBER_SEQUENCE, NULL);
    check(&ranked, RANKED_POPULAR, ID_NONE, 0, 6);
    set_vector(&scene, 6, INFINITY, 1, 1, 1);
    ranked = reasons_find(&scene.reasons, 6, MEMBER_SEQUENCE, NULL);
    check(&ranked, RANKED_POPULAR, ID_NONE, 0, 7);
    ranked = reasons_find(&scene.reasons, 8, MEMBER_SEQUENCE, NULL);
    check(&ranked, RANKED_NEW, ID_NONE, 0, 0);
    scene_release(&scene);
}

/* The member that adds most is asked first; the others when it has no reason. */
static void test_the_order_of_members(void **state)
{
    struct scene scene;
    const struct ranked counted = {
        .item = 4, .because = 0, .share = 0.5F, .evidence = 12, .score = 3};
    scene_init(&scene);
    set_vector(&scene, 4, 0, 1, 0, 0);
    struct ranked ranked = reasons_find(&scene.reasons, 4, MEMBER_COUNTING, &counted);
    check(&ranked, RANKED_BECAUSE, 0, 0.5, 12);
    ranked = reasons_find(&scene.reasons, 4, MEMBER_SEQUENCE, &counted);
    check(&ranked, RANKED_BECAUSE, 1, 1, 0);
    ranked = reasons_find(&scene.reasons, 4, MEMBER_CONTENT, &counted); /* there is none */
    check(&ranked, RANKED_BECAUSE, 0, 0.5, 12);
    ranked = reasons_find(&scene.reasons, 4, MEMBER_COUNTING, NULL);
    check(&ranked, RANKED_BECAUSE, 1, 1, 0);
    scene.reasons.served = NULL;
    ranked = reasons_find(&scene.reasons, 4, MEMBER_SEQUENCE, NULL);
    check(&ranked, RANKED_POPULAR, ID_NONE, 0, 5);
    scene_release(&scene);
}

static void test_the_tags_reason(void **state)
{
    struct scene scene;
    const int32_t *touched;
    const uint32_t red = 1, blue = 2, both[] = {1, 2};
    scene_init(&scene);
    scene.content_scores = content_scores_new(1000, 8, /* ids= */ NULL);
    scene.reasons.content_scores = scene.content_scores;
    for (int32_t i = 20; i < 60; i++) {
        content_scores_describe(scene.content_scores, i, (uint32_t[]){(uint32_t)i}, 1);
    }
    content_scores_describe(scene.content_scores, 0, &red, 1);
    content_scores_describe(scene.content_scores, 2, &blue, 1);
    content_scores_describe(scene.content_scores, 7, &red, 1);
    content_scores_describe(scene.content_scores, 8, both, 2);
    assert_true(content_scores_find(scene.content_scores, history, weights, ARRAY_COUNT(history),
                                    &touched) > 0);
    struct ranked ranked = reasons_find(&scene.reasons, 7, MEMBER_CONTENT, NULL);
    check(&ranked, RANKED_ALIKE, 0, 1, 8);
    /* 2 is newer than 0: its part is larger. */
    ranked = reasons_find(&scene.reasons, 8, MEMBER_SEQUENCE, NULL);
    assert_int_equal(ranked.reason, RANKED_ALIKE);
    assert_int_equal(ranked.because, 2);
    assert_true(ranked.share > 0.5F && ranked.share < 1.0F);
    scene_release(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_vectors_reason),
        cmocka_unit_test(test_the_order_of_members),
        cmocka_unit_test(test_the_tags_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
