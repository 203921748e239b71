#include "base/base.h"
#include "base/xalloc.h"
#include "model/content.h"
#include "model/ids.h"
#include "scorer/content_scores.h"

#include <setjmp.h>
#include <cmocka.h>

enum { ITEMS = 60, KINDS = 7, RECENT = 3 };

static void describe(struct content_scores *content_scores, int32_t number, const char *tag,
                     const char *title)
{
    struct slice tags[] = {slice_str(tag)};
    const struct item item = {.tags = {tags, 1}, .title = slice_str(title)};
    content_scores_describe(content_scores, number, &item);
}

static const char *kind_of(int32_t number)
{
    static const char *const kinds[KINDS] = {"red", "green", "blue", "old", "new", "big", "odd"};
    return kinds[number % KINDS];
}

static struct content_scores *catalogue(void)
{
    struct content_scores *content_scores = content_scores_new(1000, RECENT);
    for (int32_t i = 0; i < ITEMS; i++) { describe(content_scores, i, kind_of(i), ""); }
    return content_scores;
}

/* The formula: with one tag per item, all items with the same tag have cosine 1. */
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
        describe(content_scores, new, kind_of(new), "");
        (void)content_scores_find(content_scores, history, weights, 1, &items);
        double want = new % KINDS == 5 ? 1.0 : 0.0;
        assert_true(fabs((double)content_scores_of(content_scores, new) - want) < 1e-5);
        assert_true(fabs((double)content_scores_of(content_scores, 12) - 1.0) < 1e-5);
    }
    content_scores_free(content_scores);
}

static void test_titles(void **state)
{
    struct content_scores *content_scores = content_scores_new(100, RECENT);
    describe(content_scores, 0, "a", "Wooden TRAIN, set");
    describe(content_scores, 1, "b", "train (metal)");
    describe(content_scores, 2, "train", "nothing"); /* a tag does not match a word */
    describe(content_scores, 3, "c", "");
    const int32_t history[] = {0};
    const float weights[] = {1};
    const int32_t *items;
    assert_int_equal(content_scores_find(content_scores, history, weights, 1, &items), 1);
    assert_int_equal(items[0], 1);
    content_scores_free(content_scores);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formula),
        cmocka_unit_test(test_new_item),
        cmocka_unit_test(test_titles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
