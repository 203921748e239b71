#include "base/base.h"
#include "ingest/payload/json_lines.h"

#include <setjmp.h>
#include <cmocka.h>

static void assert_lines(const char *text, const char *const *lines)
{
    struct slice rest = slice_str(text);
    for (; *lines; lines++) {
        struct slice line = json_lines_next(&rest);
        if (!slice_equal(line, slice_str(*lines))) {
            fail_msg("%s: \"%.*s\", not \"%s\"", text, SLICE_ARGS(line), *lines);
        }
    }
    assert_null(json_lines_next(&rest).data);
}

static void one_value_is_one_text(void **state)
{
    assert_lines("{\"a\":1}", (const char *const[]){"{\"a\":1}", NULL});
    assert_lines(" \n{\"a\":\n[1,\n2]}\r\n", (const char *const[]){"{\"a\":\n[1,\n2]}\r", NULL});
    assert_lines(" \r\n ", (const char *const[]){NULL});
    assert_lines("", (const char *const[]){NULL});
}

static void each_line_is_a_text(void **state)
{
    assert_lines("{}\n[]\n\n1\n", (const char *const[]){"{}", "[]", "1", NULL});
    assert_lines("{\"a\":\"}\\\"\n\"}\n{}",
                 (const char *const[]){"{\"a\":\"}\\\"\n\"}", "{}", NULL});
}

static void one_object_follows_the_other(void **state)
{
    assert_lines("{\"a\":\"}{\"}{\"b\":[{}]}",
                 (const char *const[]){"{\"a\":\"}{\"}", "{\"b\":[{}]}", NULL});
    assert_lines("{}{}\n{}", (const char *const[]){"{}", "{}", "{}", NULL});
    assert_lines("\x1e{}\n\x1e[1]\n", (const char *const[]){"{}", "[1]", NULL});
    assert_lines("{\"a\":\"}{\"}", (const char *const[]){"{\"a\":\"}{\"}", NULL});
    assert_lines("[{}{}]", (const char *const[]){"[{}{}]", NULL});
}

/* What is not JSON is for the parser to refuse. */
static void broken_texts_end(void **state)
{
    assert_lines("}}\n{", (const char *const[]){"}}", "{", NULL});
    assert_lines("\"\\", (const char *const[]){"\"\\", NULL});
    assert_lines("\"\\\n", (const char *const[]){"\"\\\n", NULL});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_value_is_one_text),
        cmocka_unit_test(each_line_is_a_text),
        cmocka_unit_test(one_object_follows_the_other),
        cmocka_unit_test(broken_texts_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
