#include "base/base.h"
#include "cli/rest_line.h"

#include <setjmp.h>
#include <cmocka.h>

static void check(const char *answers, const char *want)
{
    char *text = NULL;
    size_t size;
    json_t *copies = json_loads(answers, 0, NULL);
    assert_non_null(copies);
    FILE *out = open_memstream(&text, &size);
    print_rest(copies, out);
    fclose(out);
    assert_string_equal(text, want);
    free(text);
    json_decref(copies);
}

static void test_nothing_runs(void **state)
{
    check("[]", "");
}

static void test_all_rest(void **state)
{
    static const char rest[] = "at rest: all inputs are read, and all that follows is written\n";
    check("[{\"worker\":\"features\",\"slot\":0,\"at_rest\":true}]", rest);
    check("[{\"worker\":\"features\",\"slot\":0,\"at_rest\":true},"
          "{\"worker\":\"scorer\",\"slot\":1,\"at_rest\":true}]", rest);
}

static void test_some_do_not(void **state)
{
    check("[{\"worker\":\"features\",\"slot\":2,\"at_rest\":false}]",
          "not at rest: features slot 2\n");
    check("[{\"worker\":\"features\",\"slot\":0,\"at_rest\":false},"
          "{\"worker\":\"trainer\",\"slot\":0,\"at_rest\":true},"
          "{\"worker\":\"scorer\",\"slot\":1,\"at_rest\":false}]",
          "not at rest: features slot 0, scorer slot 1\n");
}

/* Another program on the port, or a copy of another release. */
static void test_odd_answers(void **state)
{
    check("[{}]", "not at rest: - slot 0\n");
    check("[{\"worker\":1,\"slot\":\"x\",\"at_rest\":\"true\"}]", "not at rest: - slot 0\n");
    check("[{\"worker\":\"a\\u001b[2Jb\",\"slot\":0}]", "not at rest: a\\x1b[2Jb slot 0\n");
    check("[3]", "not at rest: - slot 0\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_runs),
        cmocka_unit_test(test_all_rest),
        cmocka_unit_test(test_some_do_not),
        cmocka_unit_test(test_odd_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
