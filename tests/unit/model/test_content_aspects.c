#include "base/base.h"
#include "model/content_aspects.h"

#include <setjmp.h>
#include <cmocka.h>

/* Text and the given vector have aspects of their own; a further name has a place that does not
 * depend on what other names there are, unless two have the same one (test_content_scores.c). */
static void test_vectors(void **state)
{
    static const char *const names[] = {"image", "clip", "llm", "", "texts", "title"};
    bool met[ASPECTS] = {false};
    size_t places = 0;
    assert_int_equal(content_aspect_of_vectors(slice_str("text")), ASPECT_TEXT);
    assert_int_equal(content_aspect_of_vectors(slice_str("given")), ASPECT_GIVEN);
    for (size_t n = 0; n < ARRAY_COUNT(names); n++) {
        int aspect = content_aspect_of_vectors(slice_str(names[n]));
        assert_true(aspect >= ASPECT_NAMED && aspect < ASPECTS);
        assert_int_equal(content_aspect_of_vectors(slice_str(names[n])), aspect);
        places += !met[aspect];
        met[aspect] = true;
    }
    assert_true(places > 1);
}

static void test_names(void **state)
{
    for (int a = 0; a < ASPECTS; a++) {
        assert_true(strlen(content_aspect_name(a)) > 0);
        for (int b = 0; b < a; b++) {
            assert_string_not_equal(content_aspect_name(a), content_aspect_name(b));
        }
    }
    assert_string_equal(content_aspect_name(ASPECT_PRICE), "price");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
