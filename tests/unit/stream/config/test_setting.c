#include "base/base.h"
#include "stream/config/setting.h"

#include <setjmp.h>
#include <cmocka.h>

static const char first[] = "/first", second[] = "/second";

static void test_contradicts(void **state)
{
    const struct setting settings[] = {
        {.key = "a", .value = "1", .source = first, .line = 1},
        {.key = "b", .value = "2", .source = first, .line = 2},
        {.key = "a", .value = "1", .source = first, .line = 3},
        {.key = "a", .value = "2", .source = second, .line = 1},
        {.key = "a", .value = "2", .source = first, .line = 4},
        {.key = "a", .value = "3", .rank = RANK_SET},
        {.key = "a", .value = "4", .rank = RANK_SET},
    };
    const struct setting *end = settings + ARRAY_COUNT(settings);
    assert_ptr_equal(setting_repeated(&settings[0], end), &settings[4]);
    assert_null(setting_repeated(&settings[1], end));
    assert_null(setting_repeated(&settings[3], end));
    assert_true(setting_contradicts(&settings[5], &settings[6]));
    assert_null(setting_repeated(&settings[5], end));
}

static void test_faults(void **state)
{
    char *text = NULL;
    size_t size;
    FILE *err = open_memstream(&text, &size);
    const struct setting setting = {.key = "new", .former = "old", .value = "x y",
                                    .source = first, .line = 7};
    struct buf hint;
    buf_init(&hint, 64);
    buf_printf(&hint, "plain");
    setting_print(&setting, setting.value, err);
    fault_end(err, &hint);
    fault_of_file(err, second, 0, "no \"such\" file");
    fclose(err);
    assert_string_equal(text, "level=error msg=\"bad option\" key=old value=\"x y\" file=/first "
                              "line=7 hint=\"plain\"\n"
                              "level=error msg=\"bad configuration file\" file=/second "
                              "hint=\"no \\\"such\\\" file\"\n");
    free(text);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_contradicts),
        cmocka_unit_test(test_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
