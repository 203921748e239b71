#include "base/base.h"
#include "base/quote.h"
#include "serve/console/html.h"

#include <setjmp.h>
#include <cmocka.h>

static void check(struct slice text, const char *want, const char *url)
{
    struct buf out;
    buf_init(&out, 4096);
    html_text(&out, text);
    buf_append(&out, "", 1);
    assert_string_equal(out.data, want);
    buf_clear(&out);
    quote_url(&out, text);
    buf_append(&out, "", 1);
    assert_string_equal(out.data, url);
    buf_release(&out);
}

static void test_texts_are_no_markup(void **state)
{
    check(slice_str("<script>alert(1)</script>"), "&lt;script&gt;alert(1)&lt;/script&gt;",
          "%3Cscript%3Ealert%281%29%3C%2Fscript%3E");
    check(slice_str("\" onload='x' & y"), "&quot; onload=&#39;x&#39; &amp; y",
          "%22%20onload%3D%27x%27%20%26%20y");
    check(slice_str("é 电影"), "é 电影", "%C3%A9%20%E7%94%B5%E5%BD%B1");
    check(slice_str("a-b_c.d~9"), "a-b_c.d~9", "a-b_c.d~9");
}

static void test_what_misleads_is_replaced(void **state)
{
    check(slice_of("a\0b\x1b", 4), "a\xEF\xBF\xBD" "b\xEF\xBF\xBD", "a%00b%1B");
    check(slice_str("\xE2\x80\xAE" "x"), "\xEF\xBF\xBD" "x", "%E2%80%AEx"); /* right to left */
    check(slice_str("\xFF<"), "\xEF\xBF\xBD&lt;", "%FF%3C");
    check(slice_str("\xC3"), "\xEF\xBF\xBD", "%C3"); /* a character that is cut */
    check(slice_str("\xF0\x9F<>"), "\xEF\xBF\xBD\xEF\xBF\xBD&lt;&gt;", "%F0%9F%3C%3E");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts_are_no_markup),
        cmocka_unit_test(test_what_misleads_is_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
