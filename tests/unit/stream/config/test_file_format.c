#include "base/base.h"
#include "stream/config/file_format.h"

#include <setjmp.h>
#include <cmocka.h>

static void check(const char *text, const char *word, int line)
{
    int found = 0;
    const char *fault = file_format_fault(slice_str(text), &found);
    if (!word && !fault) { return; }
    if (!fault || !word || !strstr(fault, word)) { fail_msg("%s: %s", text, fault ? fault : "-"); }
    assert_int_equal(found, line);
}

static void test_properties_pass(void **state)
{
    check("", NULL, 0);
    check("# comment\n\nkey=value\n", NULL, 0);
    check("key: value\nother value\r\n", NULL, 0);
    check("key:\nother=1\n", NULL, 0);
    check("a=b\\\n  - c\n", NULL, 0);
    check("  key=value:\n    other=1\n", NULL, 0);
    check("map.item=lines[*].sku\nmap.user=[\"a.b\"]\n", NULL, 0);
    check("a=<b>\n<c=d", NULL, 0);
    check("! - a\n# [b]\n{a=b", NULL, 0);
}

static void test_other_formats(void **state)
{
    check("# top\n---\nmap.user: a\n", "YAML", 2);
    check("topic:\n  clicks: a\n", "YAML", 2);
    check("sources:\r\n- a\r\n", "YAML", 2);
    check("a=b\nmap.user:\n\n  # why\n  path: a\n", "YAML", 5);
    check("\n {\"map\": 1}", "JSON", 2);
    check("{\n  \"map\": 1\n}", "JSON", 1);
    check("<?xml version=\"1.0\"?>\n<a/>", "XML", 1);
    check("# a\n<config><a>b</a></config>\n", "XML", 2);
    check("[ingest]\nmap.user=a\n", "sections", 1);
    check("a=b\nexport KEY=value\n", "export", 2);
    check("\xff\xfe" "a", "UTF-16", 1);
}

static void test_mark(void **state)
{
    assert_true(slice_equal(file_format_skip_mark(slice_str("\xef\xbb\xbf" "a")), slice_str("a")));
    assert_true(slice_equal(file_format_skip_mark(slice_str("\xef\xbb" "a")),
                            slice_str("\xef\xbb" "a")));
    assert_int_equal(file_format_skip_mark((struct slice){0}).size, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_properties_pass),
        cmocka_unit_test(test_other_formats),
        cmocka_unit_test(test_mark),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
