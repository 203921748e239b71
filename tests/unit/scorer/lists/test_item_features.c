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
    (void)item_features_describe(features, number, &item, content_scores);
}

static void test_titles(void **state)
{
    struct content_scores *content_scores = content_scores_new(100, RECENT, /* ids= */ NULL);
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

/* Words are those of a search: without accents, in any script, a Han character alone. */
static void test_titles_of_the_world(void **state)
{
    static const char *const titles[][2] = {
        {"Pok\xC3\xA9mon", "POKEMON"}, {"\xC3\x89t\xC3\xA9", "\xC3\xA9t\xC3\xA9 2"},
        {"\xE6\x9C\xA8\xE9\xA6\xAC", "\xE7\x99\xBD\xE9\xA6\xAC"}, /* two horses */
        {"\xD0\x9C\xD0\x98\xD0\xA0", "\xC2\xAB\xD0\xBC\xD0\xB8\xD1\x80\xC2\xBB"}};
    for (size_t k = 0; k < ARRAY_COUNT(titles); k++) {
        struct content_scores *content_scores = content_scores_new(100, RECENT, /* ids= */ NULL);
        struct item_features *features = item_features_new();
        describe(features, content_scores, 0, "a", titles[k][0]);
        describe(features, content_scores, 1, "b", titles[k][1]);
        describe(features, content_scores, 2, "c", "nothing of it");
        const int32_t history[] = {0}, *items;
        const float weights[] = {1};
        assert_int_equal(content_scores_find(content_scores, history, weights, 1, &items), 1);
        content_scores_free(content_scores);
        item_features_free(features);
    }
}

/* Counts the items that are like item 0. */
static size_t alike(struct content_scores *content_scores)
{
    const int32_t history[] = {0};
    const float weights[] = {1};
    const int32_t *items;
    return content_scores_find(content_scores, history, weights, 1, &items);
}

/* Brand, category and price count, each beside its own kind only; an entry may change and go. */
static void test_other_attributes(void **state)
{
    struct content_scores *content_scores = content_scores_new(100, RECENT, /* ids= */ NULL);
    struct item_features *features = item_features_new();
    struct slice shoes = slice_str("shoes"), acme = slice_str("acme");
    const struct item items[] = {
        {.brand = acme, .category = {&shoes, 1}, .price = 10.0},
        {.brand = acme, .price = -1.0},
        {.category = {&shoes, 1}, .price = 1000.0},
        {.price = 10.5},
        {.tags = {&acme, 1}, .title = acme, .price = -1.0},
        {.brand = shoes, .price = (double)INFINITY},
    };
    for (int32_t i = 0; i < (int32_t)ARRAY_COUNT(items); i++) {
        assert_true(item_features_describe(features, i, &items[i], content_scores));
        assert_false(item_features_describe(features, i, &items[i], content_scores));
    }
    assert_int_equal(alike(content_scores), 3);
    assert_true(item_features_describe(features, 1, &items[4], content_scores));
    assert_int_equal(alike(content_scores), 2);
    const struct item nothing = {.price = -1.0};
    assert_true(item_features_describe(features, 2, &nothing, content_scores));
    assert_int_equal(alike(content_scores), 1);
    assert_false(item_features_describe(features, -1, &items[0], content_scores));
    content_scores_free(content_scores);
    item_features_free(features);
}

/* A tag may begin with anything, and is still none of the other kinds. */
static void test_tags_that_look_like_others(void **state)
{
    struct content_scores *content_scores = content_scores_new(100, RECENT, /* ids= */ NULL);
    struct item_features *features = item_features_new();
    static const char *const tags[] = {" acme", "\x01" "acme", "\x02" "acme", "\x03" "6",
                                       "\x04" "acme"};
    struct slice acme = slice_str("acme");
    const struct item item = {.tags = {&acme, 1}, .brand = acme, .category = {&acme, 1},
                              .title = acme, .price = 10.0};
    (void)item_features_describe(features, 0, &item, content_scores);
    for (int32_t i = 0; i < (int32_t)ARRAY_COUNT(tags); i++) {
        struct slice tag = slice_str(tags[i]);
        const struct item other = {.tags = {&tag, 1}, .price = -1.0};
        (void)item_features_describe(features, 1 + i, &other, content_scores);
        (void)item_features_describe(features, 20 + i, &other, content_scores);
    }
    assert_int_equal(alike(content_scores), 0);
    assert_true(content_scores_knows(content_scores, ASPECT_TAGS));
    content_scores_free(content_scores);
    item_features_free(features);
}

/* Titles that change for years: what nobody has any more is forgotten, what somebody has is not. */
static void test_titles_that_change(void **state)
{
    enum { CHANGES = 200000, BOUND = 1 << 17 };
    struct content_scores *content_scores = content_scores_new(100, RECENT, /* ids= */ NULL);
    struct item_features *features = item_features_new();
    char title[64];
    describe(features, content_scores, 0, "a", "wooden train");
    describe(features, content_scores, 1, "b", "wooden boat");
    for (int change = 0; change < CHANGES; change++) {
        (void)snprintf(title, sizeof(title), "train updated%d", change);
        describe(features, content_scores, 2, "c", title);
        assert_true(item_features_known(features) < BOUND);
    }
    describe(features, content_scores, 3, "d", "boat train");
    describe(features, content_scores, 4, "updated5", "updated199999"); /* of item 2 */
    assert_int_equal(alike(content_scores), 3);
    content_scores_free(content_scores);
    item_features_free(features);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_titles),
        cmocka_unit_test(test_titles_of_the_world),
        cmocka_unit_test(test_other_attributes),
        cmocka_unit_test(test_tags_that_look_like_others),
        cmocka_unit_test(test_titles_that_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
