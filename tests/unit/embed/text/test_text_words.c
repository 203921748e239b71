#include "base/base.h"
#include "base/buf.h"
#include "embed/text/text_words.h"

#include <setjmp.h>
#include <cmocka.h>

static void take(void *arg, struct slice word)
{
    buf_printf(arg, "%.*s|", SLICE_ARGS(word));
}

static void assert_words(struct slice text, const char *want)
{
    struct buf out;
    buf_init(&out, 1 << 16);
    text_words_each(text, take, &out);
    buf_append(&out, "", 1);
    assert_string_equal(out.data, want);
    buf_release(&out);
}

static void test_words(void **state _unused_)
{
    assert_words(slice_str("The Godfather: Part II (1974)"), "the|godfather|part|ii|1974|");
    assert_words(slice_str("  Schindler's   LIST "), "schindler|s|list|");
    assert_words(slice_str("Am\xc3\xa9lie"), "amelie|");
    assert_words(slice_str("太空 Odyssey2001"), "太|空|odyssey2001|");
    assert_words(slice_str("..., ?! -"), "");
    assert_words(slice_of(NULL, 0), "");
    assert_words(slice_of("a\0b\xff" "c", 5), "ab" "c|");
}

/* A long word counts by whole characters of its beginning, and ends where it ends. */
static void test_long_words(void **state _unused_)
{
    char text[200], want[200];
    memset(text, 'x', sizeof(text));
    text[100] = ' ';
    (void)snprintf(want, sizeof(want), "%.64s|%.64s|", text, text);
    assert_words(slice_of(text, sizeof(text)), want);
    char wide[64 + 3];
    memset(wide, 'x', sizeof(wide));
    memcpy(wide + 63, "\xce\xb1", 2); /* would need a 65th byte */
    (void)snprintf(want, sizeof(want), "%.63s|", wide);
    assert_words(slice_of(wide, sizeof(wide)), want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_long_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
