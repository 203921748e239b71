#include "base/base.h"
#include "base/roff.h"

#include <setjmp.h>
#include <cmocka.h>

static void assert_roff(const char *text, const char *wanted)
{
    struct buf out;
    buf_init(&out, 1000);
    roff_text(text, &out);
    buf_append(&out, "", 1);
    assert_string_equal(out.data, wanted);
    buf_release(&out);
}

static void test_text(void **state)
{
    assert_roff("", "");
    assert_roff("a --flag", "a \\-\\-flag");
    assert_roff(".so file", "\\&.so file");
    assert_roff("it's\n'x\n.y", "it's\n.br\n\\&'x\n.br\n\\&.y");
    assert_roff("C:\\n", "C:\\en");
}

static void test_title(void **state)
{
    struct buf out;
    buf_init(&out, 1000);
    roff_title("freshet-x", 8, "does x", &out);
    buf_append(&out, "", 1);
    assert_non_null(strstr(out.data, ".TH \"FRESHET-X\" 8 \"\" \"Freshet "));
    assert_non_null(strstr(out.data, "\n.SH NAME\nfreshet\\-x \\- does x\n"));
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_title),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
