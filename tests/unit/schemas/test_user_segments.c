/* The segments of profiles: in order, each once, and none of what is not known. */
#include "base/base.h"
#include "schemas/user_segments.h"

#include <setjmp.h>
#include <cmocka.h>

static void check(const struct user_segments *segments, const char *wanted)
{
    char text[512] = "";
    for (size_t k = 0; k < segments->count; k++) {
        size_t size = strlen(text);
        (void)snprintf(text + size, sizeof(text) - size, "%s%.*s", k ? " " : "",
                       SLICE_ARGS(segments->at[k]));
    }
    assert_string_equal(text, wanted);
}

static void test_segments(void **state)
{
    struct slice tags[] = {slice_str("sex=F"), slice_str("art"), slice_str("sex=F"),
                           slice_str("country=DE"), slice_str("")};
    struct user_segments segments;
    user_segments_find(slice_str("DE"), 1984, (struct slices){tags, ARRAY_COUNT(tags)}, &segments);
    check(&segments, "art born=1980s country=DE sex=F");
    user_segments_find(slice_str(""), 0, (struct slices){NULL, 0}, &segments);
    check(&segments, "");
    user_segments_find(slice_str(""), 1849, (struct slices){tags, 2}, &segments);
    check(&segments, "art sex=F");
    user_segments_find(slice_str("x"), INT32_MIN, (struct slices){NULL, 0}, &segments);
    check(&segments, "country=x");
    user_segments_find(slice_str(""), INT32_MAX, (struct slices){NULL, 0}, &segments);
    check(&segments, "");
}

static void test_long_texts_name_no_segment(void **state)
{
    char text[ID_BYTES_MAX];
    struct user_segments segments;
    memset(text, 'x', sizeof(text));
    for (size_t size = 100; size <= sizeof(text); size++) {
        struct slice tag = slice_of(text, size);
        user_segments_find(tag, 0, (struct slices){&tag, 1}, &segments);
        size_t country = size + strlen("country=") < SEGMENT_NAME_BYTES_MAX;
        assert_int_equal(segments.count, (size <= SEGMENT_NAME_BYTES_MAX) + country);
    }
}

static void test_as_many_as_a_profile_can_have(void **state)
{
    char texts[PROFILE_TAGS_MAX][8];
    struct slice tags[PROFILE_TAGS_MAX];
    struct user_segments segments;
    for (size_t t = 0; t < PROFILE_TAGS_MAX; t++) {
        (void)snprintf(texts[t], sizeof(texts[t]), "%zu", t);
        tags[t] = slice_str(texts[t]);
    }
    user_segments_find(slice_str("DE"), 1984, (struct slices){tags, PROFILE_TAGS_MAX}, &segments);
    assert_int_equal(segments.count, USER_SEGMENTS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_segments),
        cmocka_unit_test(test_long_texts_name_no_segment),
        cmocka_unit_test(test_as_many_as_a_profile_can_have),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
