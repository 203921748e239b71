#include "base/base.h"
#include "base/xalloc.h"
#include "model/ids.h"
#include "model/content_scores.h"
#include "model/feature_neighbours.h"
#include "model/vector_neighbours.h"
#include "tests/unit/numbers.h"

enum { ITEMS = 60, KINDS = 7, RECENT = 3 };

/* One feature an item, by which it is of a kind. */
static void describe(struct content_scores *content_scores, int32_t number)
{
    const uint32_t kind = (uint32_t)number % KINDS;
    (void)content_scores_describe(content_scores, number, &kind, 1);
}

static struct content_scores *catalogue(void)
{
    struct content_scores *content_scores = content_scores_new(1000, RECENT, /* ids= */ NULL);
    for (int32_t i = 0; i < ITEMS; i++) { describe(content_scores, i); }
    return content_scores;
}

/* The formula: with one feature per item, all items of a kind have cosine 1. */
static void test_formula(void **state)
{
    struct content_scores *content_scores = catalogue();
    const int32_t history[] = {4, 1, 9, ID_NONE, 2, 2, 7};
    const float weights[] = {1, 1, 1, 1, 1, 0, 1};
    const int32_t *items;
    /* Newest first: 7 (red); 2 is a dislike; then 9 (blue), 1 (green); 4 is too old. */
    size_t count = content_scores_find(content_scores, history, weights, 7, &items);
    assert_int_equal(count > 0, true);
    for (int32_t i = 0; i < ITEMS; i++) {
        double want = i % KINDS == 0 && i != 7   ? 1.0
                      : i % KINDS == 2 && i != 9 ? 0.6
                      : i % KINDS == 1 && i != 1 ? 0.36
                                                 : 0.0;
        assert_true(fabs((double)content_scores_of(content_scores, i) - want) < 1e-5);
    }
    content_scores_free(content_scores);
}

/* The recent item with the largest part: the newest of two that are alike. */
static void test_because(void **state)
{
    struct content_scores *content_scores = catalogue();
    const int32_t history[] = {14, 9, 7, 3};
    const float weights[] = {1, 1, 1, 0};
    const int32_t *items;
    float share = -1.0F;
    (void)content_scores_find(content_scores, history, weights, 4, &items);
    /* 21 is of the kind of 7 and 14, which are newest and oldest: 1 and 0.36. */
    assert_int_equal(content_scores_because(content_scores, 21, &share), 7);
    assert_true(fabs((double)share - 1.0 / 1.36) < 1e-5);
    assert_int_equal(content_scores_because(content_scores, 16, &share), 9);
    assert_true(fabs((double)share - 1.0) < 1e-5);
    share = -1.0F;
    assert_int_equal(content_scores_because(content_scores, 10, &share), ID_NONE); /* a dislike's */
    assert_int_equal(content_scores_because(content_scores, 999999, &share), ID_NONE);
    assert_true(share == -1.0F);
    content_scores_free(content_scores);
}

/* An item that is described after the nearest items of others were computed is found through them
 * at once, and counted once when they are computed again. */
static void test_new_item(void **state)
{
    struct content_scores *content_scores = catalogue();
    const int32_t history[] = {5};
    const float weights[] = {1};
    const int32_t *items;
    (void)content_scores_find(content_scores, history, weights, 1, &items);
    for (int32_t new = ITEMS; new < 4 * ITEMS; new++) {
        describe(content_scores, new);
        (void)content_scores_find(content_scores, history, weights, 1, &items);
        double want = new % KINDS == 5 ? 1.0 : 0.0;
        assert_true(fabs((double)content_scores_of(content_scores, new) - want) < 1e-5);
        assert_true(fabs((double)content_scores_of(content_scores, 12) - 1.0) < 1e-5);
    }
    content_scores_free(content_scores);
}

/* ---- Loops ---- */

enum { MANY = 400, FEATURES = 30, WIDTH = 12 };

/* What the neighbours of one item add to each item. */
static void add_naively(struct content_scores *content_scores, struct feature_neighbours *features,
                        int32_t source, double weight, double parts[MANY][2])
{
    size_t count;
    const struct alike *alike = feature_neighbours_of(features, source, &count);
    for (size_t k = 0; k < count; k++) {
        parts[alike[k].item][0] += weight * pow((double)alike[k].cosine, 0.75);
    }
    alike = vector_neighbours_of(content_scores_vectors(content_scores, CONTENT_TEXT), source,
                                 &count);
    for (size_t k = 0; k < count; k++) {
        parts[alike[k].item][1] += weight * pow((double)alike[k].cosine, 2.0);
    }
}

/* Sums, touched items and reasons, of features and vectors, by loops in double. */
static void test_loops(void **state)
{
    struct content_scores *content_scores = content_scores_new(MANY, RECENT, /* ids= */ NULL);
    struct feature_neighbours *features = feature_neighbours_new(MANY, /* ids= */ NULL);
    uint64_t rng = 11;
    for (int32_t i = 0; i < MANY; i++) {
        uint32_t own[5];
        int8_t vector[WIDTH];
        for (size_t k = 0; k < 5; k++) { own[k] = (uint32_t)(draw(&rng) * FEATURES); }
        for (size_t k = 0; k < WIDTH; k++) { vector[k] = (int8_t)(draw(&rng) * 255.0 - 127.0); }
        (void)content_scores_describe(content_scores, i, own, 5);
        (void)feature_neighbours_put(features, i, own, 5);
        (void)content_scores_set_vector(content_scores, i, CONTENT_TEXT, vector, WIDTH);
    }
    for (int turn = 0; turn < 50; turn++) {
        static double parts[RECENT][MANY][2];
        int32_t history[RECENT];
        const float weights[RECENT] = {1, 1, 1};
        const int32_t *items;
        memset(parts, 0, sizeof(parts));
        for (int32_t r = 0; r < RECENT; r++) {
            history[r] = (turn * 7 + r * 31) % MANY;
            add_naively(content_scores, features, history[r], pow(0.6, RECENT - 1 - r), parts[r]);
        }
        size_t count = content_scores_find(content_scores, history, weights, RECENT, &items);
        const float *found = content_scores_found(content_scores);
        size_t above = 0;
        for (int32_t i = 0; i < MANY; i++) {
            double sum = 0.0, most = 0.0;
            for (int32_t r = 0; r < RECENT; r++) {
                for (int part = 0; part < 2; part++) {
                    sum += parts[r][i][part];
                    most = fmax(most, parts[r][i][part]);
                }
            }
            above += sum > 0.0;
            near_to((double)content_scores_of(content_scores, i), sum, 1e-5, "item", (size_t)i);
            float share = 0.0F;
            int32_t because = content_scores_because(content_scores, i, &share);
            assert_int_equal(because == ID_NONE, !(sum > 0.0));
            double part = because == ID_NONE ? 0.0 : most / sum;
            near_to((double)share, part, 1e-5, "share of item", (size_t)i);
        }
        assert_int_equal(count, above);
        for (size_t k = 0; k < count; k++) {
            assert_true(found[k] == content_scores_of(content_scores, items[k]));
        }
    }
    feature_neighbours_free(features);
    content_scores_free(content_scores);
}

/* An item is compared with each recent one, also where more than a hundred others are as much like
 * that. */
static void test_compare(void **state)
{
    struct content_scores *content_scores = catalogue();
    const int32_t history[] = {2, 8, 1, 15, 14}; /* kinds 2 and 1, 1 and 1, and 0 */
    const float weights[] = {1, 1, 1, 0, 1};
    const int8_t vectors[][2] = {{3, 4}, {4, 3}, {-3, -4}};
    const int32_t *items, described[] = {14, 500, 1};
    for (int32_t i = ITEMS; i < 1000; i++) { describe(content_scores, i); }
    for (size_t k = 0; k < ARRAY_COUNT(described); k++) {
        content_scores_set_vector(content_scores, described[k], CONTENT_TEXT, vectors[k], 2);
    }
    const uint32_t both[] = {0, 1};
    (void)content_scores_describe(content_scores, 500, both, 2);
    (void)content_scores_find(content_scores, history, weights, 5, &items);
    assert_true(content_scores_of(content_scores, 500) < 0.95F); /* by its vector alone */
    struct content_likeness like = content_scores_compare(content_scores, 500);
    /* Newest first: 14, 1, 8. Both features weigh the same; the vector of 1 is an opposite. */
    double features = pow(sqrt(0.5), 0.75), vector = 0.96 * 0.96;
    double want = features + vector + (0.85 + 0.85 * 0.85) * features;
    assert_true(fabs((double)like.score - want) < 1e-5);
    assert_int_equal(like.because, 14);
    assert_true(fabs((double)like.share - (features + vector) / want) < 1e-5);
    like = content_scores_compare(content_scores, 999999);
    assert_int_equal(like.because, ID_NONE);
    assert_true(like.score == 0.0F && like.share == 0.0F);
    (void)content_scores_find(content_scores, history, weights, 0, &items);
    assert_int_equal(content_scores_compare(content_scores, 500).because, ID_NONE);
    content_scores_free(content_scores);
}

/* Many at once are as one by one, to the bit, with a history that is longer than a panel. */
static void test_compare_all(void **state)
{
    enum { LONG = PANEL_ITEMS + 9, COMPARED = 101 };
    struct content_scores *content_scores = content_scores_new(1 << 20, LONG, NULL);
    int32_t history[LONG], compared[COMPARED];
    float weights[LONG], scores[COMPARED];
    const int32_t *items;
    for (int32_t i = 0; i < ITEMS; i++) {
        const int8_t vector[] = {(int8_t)(i % 7 - 3), (int8_t)(i % 5 + 1)};
        describe(content_scores, i);
        content_scores_set_vector(content_scores, i, CONTENT_TEXT, vector, 2);
    }
    for (int32_t k = 0; k < LONG; k++) {
        history[k] = k * 3 % ITEMS;
        weights[k] = 1.0F;
    }
    for (int32_t k = 0; k < COMPARED; k++) { compared[k] = k == 50 ? 999999 : k * 7 % ITEMS; }
    (void)content_scores_find(content_scores, history, weights, LONG, &items);
    content_scores_compare_all(content_scores, compared, COMPARED, scores);
    for (size_t k = 0; k < COMPARED; k++) {
        assert_true(scores[k] == content_scores_compare(content_scores, compared[k]).score);
    }
    (void)content_scores_find(content_scores, history, weights, 0, &items);
    content_scores_compare_all(content_scores, compared, COMPARED, scores);
    for (size_t k = 0; k < COMPARED; k++) { assert_true(scores[k] == 0.0F); }
    content_scores_free(content_scores);
}

/* By aspects: two items of a brand, one of these with a vector like the newest one's, and vectors
 * of a name that has a place of its own. */
static void test_by_aspect(void **state)
{
    enum { TAG, BRAND, OTHER_BRAND, RARE, STRIDE = 4 };
    struct content_scores *scores = content_scores_new(1000, RECENT, /* ids= */ NULL);
    const int32_t history[] = {2, 0, 1}, items[] = {3, 4, 999};
    const float weights[] = {1, 1, 0}; /* item 1 is disliked */
    const int8_t vectors[][2] = {{3, 4}, {0, 0}, {1, 0}, {4, 3}};
    const int32_t *touched;
    float found[ASPECTS * STRIDE];
    int image = content_scores_kind(scores, slice_str("image"));
    content_scores_set_aspect(scores, BRAND, ASPECT_BRAND);
    content_scores_set_aspect(scores, OTHER_BRAND, ASPECT_BRAND);
    (void)content_scores_describe(scores, 0, (uint32_t[]){TAG, BRAND, RARE}, 3);
    (void)content_scores_describe(scores, 1, (uint32_t[]){OTHER_BRAND}, 1);
    (void)content_scores_describe(scores, 2, (uint32_t[]){TAG, OTHER_BRAND}, 2);
    (void)content_scores_describe(scores, 3, (uint32_t[]){BRAND}, 1);
    for (int32_t i = 5; i < 9; i++) { (void)content_scores_describe(scores, i, NULL, 0); }
    for (int32_t i = 0; i < 4; i++) {
        (void)content_scores_set_vector(scores, i, CONTENT_TEXT, vectors[i], 2);
    }
    (void)content_scores_set_vector(scores, 2, image, vectors[0], 2);
    (void)content_scores_set_vector(scores, 4, image, vectors[3], 2);
    (void)content_scores_find(scores, history, weights, 3, &touched);
    memset(found, 1, sizeof(found));
    content_scores_by_aspect(scores, items, 3, found, STRIDE);
    near_to((double)found[ASPECT_BRAND * STRIDE], 1.0, 1e-6, "brand", 0);
    near_to((double)found[ASPECT_TAGS * STRIDE], 0.0, 1e-6, "tags", 0);
    near_to((double)found[ASPECT_TEXT * STRIDE], 0.96 + 0.85 * 0.8, 1e-6, "text", 0);
    int named = content_aspect_of_vectors(slice_str("image"));
    assert_true(named >= ASPECT_NAMED && named < ASPECTS);
    near_to((double)found[named * STRIDE + 1], 0.85 * 0.96, 1e-6, "image", 1);
    for (int a = 0; a < ASPECTS; a++) {
        assert_true(found[a * STRIDE + 2] == 0.0F);
        bool known = a == ASPECT_BRAND || a == ASPECT_TEXT || a == named;
        assert_int_equal(content_scores_knows(scores, (enum content_aspect)a), known);
    }
    content_scores_free(scores);
}

/* Two names of one place: the second has the next one, in whatever order they came. Names are in
 * the order of how many items have them, by powers of two, then by their texts. */
static void test_names_of_one_place(void **state)
{
    char names[2][16] = {"v0"};
    const int8_t vector[] = {1};
    const int32_t history[] = {0}, items[] = {1, 2};
    const float weight = 1.0F;
    const int32_t *touched;
    const int place = content_aspect_of_vectors(slice_str(names[0])) - ASPECT_NAMED;
    for (int k = 1; !names[1][0] || content_aspect_of_vectors(slice_str(names[1])) !=
                                        ASPECT_NAMED + place; k++) {
        (void)snprintf(names[1], sizeof(names[1]), "v%d", k);
    }
    for (int way = 0; way < 2; way++) {
        struct content_scores *scores = content_scores_new(1000, RECENT, /* ids= */ NULL);
        float found[ASPECTS * 2];
        for (int k = 0; k < 2; k++) {
            int which = k == way, kind = content_scores_kind(scores, slice_str(names[which]));
            (void)content_scores_set_vector(scores, 0, kind, vector, 1);
            (void)content_scores_set_vector(scores, 1 + which, kind, vector, 1);
        }
        (void)content_scores_find(scores, history, &weight, 1, &touched);
        content_scores_by_aspect(scores, items, 2, found, 2);
        const int first = 2 * (ASPECT_NAMED + place), next = 2 * (ASPECT_NAMED + (place + 1) % 5);
        assert_true(found[first] == 1.0F && found[first + 1] == 0.0F);
        assert_true(found[next] == 0.0F && found[next + 1] == 1.0F);
        content_scores_free(scores);
    }
}

/* What nothing is known of is no recent item: a user's newest ones are those that can be compared.
 */
static void test_unknown_items(void **state)
{
    struct content_scores *content_scores = catalogue();
    const int32_t history[] = {7, 900, 901}, *items;
    const float weights[] = {1, 1, 1};
    (void)content_scores_describe(content_scores, 901, (const uint32_t[]){0}, 1);
    (void)content_scores_describe(content_scores, 901, NULL, 0); /* its entry has gone */
    assert_true(content_scores_find(content_scores, history, weights, 3, &items) > 0);
    assert_true(fabsf(content_scores_of(content_scores, 14) - 1.0F) < 1e-5F);
    content_scores_free(content_scores);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formula),
        cmocka_unit_test(test_because),
        cmocka_unit_test(test_new_item),
        cmocka_unit_test(test_compare),
        cmocka_unit_test(test_compare_all),
        cmocka_unit_test(test_loops),
        cmocka_unit_test(test_by_aspect),
        cmocka_unit_test(test_names_of_one_place),
        cmocka_unit_test(test_unknown_items),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
