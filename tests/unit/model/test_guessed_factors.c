/* Guesses compared with loops; items of which nothing can be guessed; another version, other
 * features. */
#include "base/base.h"
#include "model/guessed_factors.h"
#include "model/rng.h"

#include <setjmp.h>
#include <cmocka.h>

enum { D = 5, ITEMS = 120, FEATURES = 9, WITH_FACTOR = 80, ID_BYTES = 8 };

struct world {
    uint64_t rng;
    struct ids *ids;
    struct content_scores *content;
    struct cluster_space *space;
    struct guessed_factors *guessed;
    float factors[WITH_FACTOR][D]; /* of the first items, by the version that serves */
};

static void put_version(struct world *world, int64_t number)
{
    const struct cluster_version version = {number, 1, 1, 0};
    const float centroid[D] = {1.0F};
    struct slice items[WITH_FACTOR];
    for (int32_t i = 0; i < WITH_FACTOR; i++) {
        items[i] = ids_text(world->ids, i);
        for (size_t k = 0; k < D; k++) { world->factors[i][k] = (float)rng_normal(&world->rng); }
    }
    memset(world->factors[3], 0, sizeof(world->factors[3])); /* it has no direction */
    assert_null(cluster_space_put_factors(world->space, version, 0,
                                          (struct slices){items, WITH_FACTOR},
                                          (struct floats){world->factors[0], WITH_FACTOR * D}));
    assert_null(cluster_space_put_cluster(world->space, version, slice_str("1"),
                                          (struct floats){(float *)(uintptr_t)centroid, D}));
    assert_true(cluster_space_version(world->space) == number);
}

static void describe(struct world *world, int32_t item)
{
    uint32_t features[3];
    for (size_t k = 0; k < 3; k++) { features[k] = (uint32_t)rng_below(&world->rng, FEATURES); }
    (void)content_scores_describe(world->content, item, features, 3);
}

static void init(struct world *world)
{
    *world = (struct world){.rng = 11, .ids = ids_new(1000), .space = cluster_space_new(1 << 20)};
    world->content = content_scores_new(ITEMS, 20, world->ids);
    world->guessed = guessed_factors_new(world->content, world->space, world->ids);
    for (int32_t i = 0; i < ITEMS; i++) {
        char id[ID_BYTES];
        (void)snprintf(id, sizeof(id), "i%03d", i);
        assert_int_equal(ids_put(world->ids, slice_str(id)), i);
        describe(world, i);
    }
}

static void release(struct world *world)
{
    guessed_factors_free(world->guessed);
    content_scores_free(world->content);
    cluster_space_free(world->space);
    ids_free(world->ids);
}

/* ---- Loops ---- */

static void add(const struct world *world, int32_t item, double weight, double *sums)
{
    double square = 0.0;
    if (item >= WITH_FACTOR) { return; }
    for (size_t k = 0; k < D; k++) {
        square += (double)world->factors[item][k] * (double)world->factors[item][k];
    }
    for (size_t k = 0; k < D && square > 0.0; k++) {
        sums[k] += weight * (double)world->factors[item][k] / sqrt(square);
    }
}

static double product(const double *a, const double *b)
{
    double sum = 0.0;
    for (size_t k = 0; k < D; k++) { sum += a[k] * b[k]; }
    return sum;
}

static double cosine(const double *a, const double *b)
{
    return product(a, b) / sqrt(product(a, a) * product(b, b));
}

static void compare(struct world *world, const int32_t *history, size_t count)
{
    const float weights[] = {1.0F, 1.0F, 1.0F, 1.0F};
    double user[D] = {0};
    for (size_t r = 0; r < count; r++) {
        add(world, history[count - 1 - r], pow(0.85, (double)r), user);
    }
    assert_true(guessed_factors_begin(world->guessed, history, weights, count) ==
                (product(user, user) > 0.0));
    if (!(product(user, user) > 0.0)) { return; }
    for (int32_t i = 0; i < ITEMS; i++) {
        double guess[D] = {0};
        float score = 9.0F;
        size_t like;
        const struct alike *row = content_scores_row(world->content, 0, i, &like);
        for (size_t k = 0; k < like; k++) { add(world, row[k].item, (double)row[k].cosine, guess); }
        bool known = guessed_factors_score(world->guessed, i, &score);
        assert_true(known == (product(guess, guess) > 0.0));
        if (known) { assert_true(fabs((double)score - cosine(user, guess)) < 1e-4); }
    }
}

static void compare_some(struct world *world)
{
    for (int round = 0; round < 10; round++) {
        int32_t history[4];
        for (size_t k = 0; k < 4; k++) {
            history[k] = (int32_t)rng_below(&world->rng, ITEMS / 4) + (int32_t)k * (ITEMS / 4);
        }
        compare(world, history, 1 + (size_t)round % 4);
    }
}

static void test_guesses_are_those_of_loops(void **state _unused_)
{
    static struct world world;
    const int32_t one = 3;
    const float weight = 1.0F;
    init(&world);
    /* There are no factors. */
    assert_false(guessed_factors_begin(world.guessed, &one, &weight, 1));
    put_version(&world, 1);
    compare_some(&world);
    compare(&world, &one, 1); /* its factor has no direction */
    put_version(&world, 2);
    compare_some(&world);
    for (int32_t i = 0; i < ITEMS; i += 7) { describe(&world, i); }
    compare_some(&world);
    release(&world);
}

/* The newest action on an item counts; what is disliked, or not known, does not. */
static void test_histories(void **state _unused_)
{
    static struct world world;
    const int32_t history[] = {1, 2, ID_NONE, 5, 2, 5}, short_one[] = {1, 2};
    const float weights[] = {1.0F, 0.0F, 1.0F, 1.0F, 1.0F, 0.0F}, ones[] = {1.0F, 1.0F};
    float score = 0.0F, other = 9.0F;
    init(&world);
    put_version(&world, 1);
    assert_true(guessed_factors_begin(world.guessed, short_one, ones, 2));
    assert_true(guessed_factors_score(world.guessed, ITEMS - 1, &score));
    assert_true(guessed_factors_begin(world.guessed, history, weights, 6));
    assert_true(guessed_factors_score(world.guessed, ITEMS - 1, &other));
    assert_true(score == other);
    assert_false(guessed_factors_begin(world.guessed, history, weights, 0));
    release(&world);
}

/* An item without features is guessed by its vector; one with neither is not. */
static void test_by_vectors(void **state _unused_)
{
    static struct world world;
    const int8_t here[2] = {100, 1}, there[2] = {100, 2};
    const float weight = 1.0F;
    const int32_t history = 0;
    float score;
    init(&world);
    put_version(&world, 1);
    for (int32_t i = ITEMS - 2; i < ITEMS; i++) {
        (void)content_scores_describe(world.content, i, NULL, 0);
    }
    (void)content_scores_set_vector(world.content, ITEMS - 1, CONTENT_TEXT, here, 2);
    (void)content_scores_set_vector(world.content, 0, CONTENT_TEXT, there, 2);
    assert_true(guessed_factors_begin(world.guessed, &history, &weight, 1));
    assert_true(guessed_factors_score(world.guessed, ITEMS - 1, &score));
    assert_true(fabsf(score - 1.0F) < 1e-5F); /* what it is like is the user's only item */
    assert_false(guessed_factors_score(world.guessed, ITEMS - 2, &score));
    release(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_guesses_are_those_of_loops),
        cmocka_unit_test(test_histories),
        cmocka_unit_test(test_by_vectors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
