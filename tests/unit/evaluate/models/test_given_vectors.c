#include "base/base.h"
#include "evaluate/models/given_vectors.h"
#include "tests/unit/tiny_world.h"

#include <setjmp.h>
#include <cmocka.h>

enum { ITEMS = 12, WIDTH = 11, BARE = 4 };

static float given[ITEMS][WIDTH];

static double cosine(int a, int b)
{
    double ab = 0, aa = 0, bb = 0;
    for (int d = 0; d < WIDTH; d++) {
        ab += (double)given[a][d] * (double)given[b][d];
        aa += (double)given[a][d] * (double)given[a][d];
        bb += (double)given[b][d] * (double)given[b][d];
    }
    return a == BARE || b == BARE ? 0 : ab / sqrt(aa * bb);
}

/* Cosines and lists beside the header's formulas; one item has no vector. */
static void test_formulas(void **state)
{
    struct given_vectors *vectors = given_vectors_new(ITEMS, WIDTH);
    uint64_t rng = 5;
    assert_int_equal(given_vectors_width(vectors), WIDTH);
    for (int at = 0; at < ITEMS * WIDTH; at++) {
        given[at / WIDTH][at % WIDTH] = (float)(rng_normal(&rng) * (1 + at / WIDTH));
    }
    for (int i = 0; i < ITEMS; i++) {
        if (i != BARE) { assert_int_equal(given_vectors_put(vectors, i, given[i]), 0); }
    }
    for (int at = 0; at < ITEMS * ITEMS; at++) {
        int a = at / ITEMS, b = at % ITEMS;
        assert_near(given_vectors_cosine(vectors, a, b), cosine(a, b), 1e-5);
    }
    struct model_context context = {.users_max = 1, .items_max = ITEMS, .vectors = vectors};
    assert_true(given_vectors_recommender.suits(&context));
    const struct given_vectors_settings settings = {.recency_decay = .6};
    void *model = given_vectors_recommender.make(&context, &settings);
    const int32_t history[] = {7, BARE, 2};
    float got[ITEMS];
    given_vectors_recommender.learn(model, &(struct training_example){.item = 3});
    given_vectors_recommender.score(
        model, &(struct query){.history = history, .count = 3, .items = ITEMS}, got);
    for (int i = 0; i < ITEMS; i++) {
        assert_near(got[i], .36 * cosine(7, i) + cosine(2, i), 1e-5);
    }
    given_vectors_recommender.free(model);
    given_vectors_free(vectors);
    given_vectors_free(NULL);
}

static void test_bad_vectors(void **state)
{
    struct given_vectors *vectors = given_vectors_new(2, 2);
    assert_int_equal(given_vectors_put(vectors, 0, (const float[]){0, 0}), -EDOM);
    assert_int_equal(given_vectors_put(vectors, 0, (const float[]){NAN, 1}), -EDOM);
    assert_int_equal(given_vectors_put(vectors, 0, (const float[]){INFINITY, 1}), -EDOM);
    assert_int_equal(given_vectors_put(vectors, 0, (const float[]){3e38F, 3e38F}), 0);
    assert_int_equal(given_vectors_put(vectors, 1, (const float[]){1, 1}), 0);
    assert_near(given_vectors_cosine(vectors, 0, 1), 1, 1e-6);
    struct model_context context = {.users_max = 1, .items_max = 2};
    assert_false(given_vectors_recommender.suits(&context));
    given_vectors_free(vectors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formulas),
        cmocka_unit_test(test_bad_vectors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
