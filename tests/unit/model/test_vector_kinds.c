/* Kinds of vectors by name: which are held, which are used, and in what order. */
#include "base/base.h"
#include "model/content_aspects.h"
#include "model/vector_kinds.h"

#include <setjmp.h>
#include <cmocka.h>

enum { ITEMS = 64 };

static const int8_t numbers[] = {1, 2, 3};

/* Gives the first items a vector of a kind; all others have none. */
static void give(struct vector_kinds *kinds, int kind, int32_t items)
{
    for (int32_t item = 0; item < ITEMS; item++) {
        struct vector_neighbours *vectors = kinds->at[kind].vectors;
        if (!vectors) { return; }
        bool changed = item < items ? vector_neighbours_put(vectors, item, numbers, 3)
                                    : vector_neighbours_remove(vectors, item);
        if (changed) { vector_kinds_note(kinds, kind); }
    }
}

static int named(struct vector_kinds *kinds, const char *name, int32_t items)
{
    int kind = vector_kinds_find(kinds, slice_str(name));
    assert_true(kind >= 0);
    give(kinds, kind, items);
    return kind;
}

/* The kinds that are used, with blanks between. */
static void assert_used(const struct vector_kinds *kinds, const char *names)
{
    char told[256] = "";
    for (int k = 0; k < kinds->used_count; k++) {
        size_t at = strlen(told);
        (void)snprintf(told + at, sizeof(told) - at, "%s%s", k ? " " : "",
                       vector_kinds_used(kinds, k)->name);
    }
    assert_string_equal(told, names);
}

/* Next to the first two those that most items have, by powers of two; they stand by name. */
static void the_most_frequent_are_used(void **state _unused_)
{
    static const char *const names[] = {"h", "g", "f", "e", "d", "c", "b"};
    struct vector_kinds kinds;
    vector_kinds_init(&kinds, ITEMS, NULL);
    assert_used(&kinds, "text given");
    for (size_t k = 0; k < ARRAY_COUNT(names); k++) { (void)named(&kinds, names[k], 8); }
    assert_used(&kinds, "text given b c d e f g");
    int h = named(&kinds, "h", 15); /* of the same power of two */
    assert_used(&kinds, "text given b c d e f g");
    give(&kinds, h, 16);
    assert_used(&kinds, "text given b c d e f h");
    (void)named(&kinds, "z", 40);
    assert_used(&kinds, "text given b c d e h z");
    vector_kinds_release(&kinds);
}

/* Each that is used has a place of its own among the aspects of named vectors, as long as there is
 * one. */
static void each_has_an_aspect_of_its_own(void **state _unused_)
{
    struct vector_kinds kinds;
    int taken[ASPECTS] = {0};
    vector_kinds_init(&kinds, ITEMS, NULL);
    for (char name[] = "a"; name[0] < 'g'; name[0]++) { (void)named(&kinds, name, 8); }
    for (int k = 0; k < kinds.used_count; k++) { taken[vector_kinds_used(&kinds, k)->aspect]++; }
    assert_int_equal(taken[ASPECT_TEXT], 1);
    for (int aspect = ASPECT_NAMED; aspect < ASPECTS; aspect++) {
        assert_true(taken[aspect] >= 1 && taken[aspect] <= 2);
    }
    vector_kinds_release(&kinds);
}

/* A kind that no item has any more is gone, and its number is another's; the first two stay. */
static void an_unused_kind_goes(void **state _unused_)
{
    struct vector_kinds kinds;
    vector_kinds_init(&kinds, ITEMS, NULL);
    int image = named(&kinds, "image", 3);
    assert_int_equal(vector_kinds_find(&kinds, slice_str("image")), image);
    give(&kinds, CONTENT_GIVEN, 2);
    give(&kinds, CONTENT_GIVEN, 0);
    give(&kinds, image, 0);
    assert_null(kinds.at[image].vectors);
    assert_used(&kinds, "text given");
    assert_int_equal(vector_kinds_find(&kinds, slice_str("sound")), image);
    vector_kinds_release(&kinds);
}

static void names_are_bounded(void **state _unused_)
{
    char name[KIND_NAME_BYTES + 1];
    struct vector_kinds kinds;
    vector_kinds_init(&kinds, ITEMS, NULL);
    assert_int_equal(vector_kinds_find(&kinds, slice_str("text")), CONTENT_TEXT);
    assert_int_equal(vector_kinds_find(&kinds, slice_str("given")), CONTENT_GIVEN);
    assert_true(vector_kinds_find(&kinds, slice_str("")) < 0);
    assert_true(vector_kinds_find(&kinds, slice_of("a\0b", 3)) < 0);
    memset(name, 'x', sizeof(name));
    assert_true(vector_kinds_find(&kinds, slice_of(name, KIND_NAME_BYTES)) < 0);
    assert_int_equal(vector_kinds_find(&kinds, slice_of(name, KIND_NAME_BYTES - 1)), 2);
    for (int k = 3; k < CONTENT_NAMES_MAX; k++) {
        int size = snprintf(name, sizeof(name), "n%d", k);
        assert_int_equal(vector_kinds_find(&kinds, slice_of(name, (size_t)size)), k);
    }
    assert_true(vector_kinds_find(&kinds, slice_str("one more")) < 0);
    assert_int_equal(vector_kinds_find(&kinds, slice_str("n9")), 9);
    vector_kinds_release(&kinds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_most_frequent_are_used),
        cmocka_unit_test(each_has_an_aspect_of_its_own),
        cmocka_unit_test(an_unused_kind_goes),
        cmocka_unit_test(names_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
