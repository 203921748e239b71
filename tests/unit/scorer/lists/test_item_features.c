#include "base/base.h"
#include "base/xalloc.h"
#include "model/ids.h"
#include "scorer/lists/item_features.h"

#include <setjmp.h>
#include <cmocka.h>

enum { RECENT = 3 };

static void describe(struct item_features *features, struct content_scores *content_scores,
                     int32_t number, const char *tag, const char *title)
{
    struct slice tags[] = {slice_str(tag)};
    const struct item item = {.tags = {tags, 1}, .title = slice_str(title)};
    item_features_describe(features, number, &item, content_scores);
}

static void test_titles(void **state)
{
    struct content_scores *content_scores = content_scores_new(100, RECENT);
    struct item_features *features = item_features_new();
    describe(features, content_scores, 0, "a", "Wooden TRAIN, set");
    describe(features, content_scores, 1, "b", "train (metal)");
    describe(features, content_scores, 2, "train", "nothing"); /* a tag does not match a word */
    describe(features, content_scores, 3, "c", "");
    const int32_t history[] = {0};
    const float weights[] = {1};
    const int32_t *items;
    assert_int_equal(content_scores_find(content_scores, history, weights, 1, &items), 1);
    assert_int_equal(items[0], 1);
    content_scores_free(content_scores);
    item_features_free(features);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_titles)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
