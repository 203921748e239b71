#include "base/base.h"
#include "base/xalloc.h"
#include "evaluate/models/content.h"
#include "tests/unit/tiny_world.h"

#include <setjmp.h>
#include <cmocka.h>

enum { ITEMS = 40, FEATURES = 30 };

static bool has[ITEMS][FEATURES];

static double naive_cosine(int32_t items, int32_t a, int32_t b)
{
    double dot = 0, aa = 0, bb = 0;
    for (int f = 0; f < FEATURES; f++) {
        int df = 0;
        for (int32_t i = 0; i < items; i++) { df += has[i][f]; }
        double idf = df >= 2 ? log((double)items / df) : 0.0;
        dot += has[a][f] && has[b][f] ? idf * idf : 0.0;
        aa += has[a][f] ? idf * idf : 0.0;
        bb += has[b][f] ? idf * idf : 0.0;
    }
    return dot > 0.0 ? dot / sqrt(aa * bb) : 0.0;
}

static void put(struct content *content, int32_t item, uint64_t *rng)
{
    uint32_t features[12];
    size_t count = 1 + rng_below(rng, 12);
    for (size_t k = 0; k < count; k++) {
        features[k] = (uint32_t)rng_below(rng, FEATURES);
        has[item][features[k]] = true;
    }
    assert_int_equal(content_put(content, item, features, count), 0);
}

static void check(struct content *content, int32_t items, size_t nearest)
{
    for (int32_t item = 0; item < items; item++) {
        size_t count, alike = 0;
        const struct alike *row = content_nearest(content, item, &count);
        for (int32_t other = 0; other < items; other++) {
            alike += other != item && naive_cosine(items, item, other) > 0.0;
        }
        assert_int_equal(count, MIN_OF(alike, nearest));
        for (size_t at = 0; at < count; at++) {
            assert_near(row[at].cosine, naive_cosine(items, item, row[at].item), 1e-5);
            assert_true(at == 0 || row[at - 1].cosine >= row[at].cosine);
        }
    }
}

static void test_definition(void **state)
{
    uint64_t rng = 9;
    struct content *content = content_new(ITEMS, 7);
    for (int32_t item = 0; item < ITEMS; item++) {
        put(content, item, &rng);
        size_t count;
        /* A new item has its neighbours at once. */
        const struct alike *row = content_nearest(content, item, &count);
        for (size_t at = 0; at < count; at++) {
            assert_near(row[at].cosine, naive_cosine(item + 1, item, row[at].item), 1e-5);
        }
    }
    content_free(content);
    content = content_new(ITEMS, 7);
    memset(has, 0, sizeof(has));
    for (int32_t item = 0; item < ITEMS; item++) { put(content, item, &rng); }
    assert_int_equal(content_items(content), ITEMS);
    check(content, ITEMS, 7);
    content_free(content);
    content_free(NULL);
}

static void test_edges(void **state)
{
    struct content *content = content_new(3, 5);
    const uint32_t same[] = {7, 7};
    uint32_t many[CONTENT_FEATURES_MAX + 1] = {0};
    size_t count = 9;
    assert_null(content_nearest(content, 0, &count));
    assert_int_equal(count, 0);
    assert_int_equal(content_put(content, 0, same, 2), 0);
    assert_int_equal(content_put(content, 0, same, 2), -EEXIST);
    assert_int_equal(content_put(content, 1, many, CONTENT_FEATURES_MAX + 1), -E2BIG);
    (void)content_nearest(content, 0, &count);
    assert_int_equal(count, 0); /* nobody shares a feature */
    content_free(content);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_definition),
        cmocka_unit_test(test_edges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
