#include "base/base.h"
#include "ingest/mapping/field_path.h"

#include <setjmp.h>
#include <cmocka.h>

/* How a path is read: its format, or NULL, and where it leads. */
static void check(const char *text, enum path_format_kind kind, int number, int expected)
{
    json_t *document = json_loads("{\"a\":{\"b\":1,\"c:ms\":2},\"d:x\":3,\"e:%Y\":4}", 0, NULL);
    struct field_path *path = NULL;
    const char *why = "";
    if (field_path_new(slice_str(text), &path, &why)) { fail_msg("%s: %s", text, why); }
    const struct path_format *format = field_path_format(path);
    assert_int_equal(format ? format->kind : PATH_FORMAT_NONE, kind);
    if (kind == PATH_FORMAT_TIME) { assert_int_equal(format->time.format, number); }
    if (kind == PATH_FORMAT_DECIMAL) { assert_int_equal(format->scale, number); }
    if (kind == PATH_FORMAT_TIME && number == TIME_FORMAT_PATTERN) {
        assert_true(format->time.pattern.data[0] == '%');
    }
    assert_string_equal(field_path_text(path), text);
    json_t *found = field_path_find(path, document);
    assert_int_equal(json_integer_value(found), expected);
    field_path_free(path);
    json_decref(document);
}

static void formats_stand_behind_a_colon(void **state)
{
    check("a.b:ms", PATH_FORMAT_TIME, TIME_FORMAT_MS, 1);
    check("a.b:us", PATH_FORMAT_TIME, TIME_FORMAT_US, 1);
    check("a.b:iso8601", PATH_FORMAT_TIME, TIME_FORMAT_ISO8601, 1);
    check("a.b:auto", PATH_FORMAT_TIME, TIME_FORMAT_AUTO, 1);
    check("a.b:%d.%m.%Y %H:%M", PATH_FORMAT_TIME, TIME_FORMAT_PATTERN, 1);
    check("a[\"c:ms\"]:s", PATH_FORMAT_TIME, TIME_FORMAT_S, 2);
    check("a.b:decimal", PATH_FORMAT_DECIMAL, 0, 1);
    check("a.b:decimal(12)", PATH_FORMAT_DECIMAL, 12, 1);
    check("a[\"c:ms\"]", PATH_FORMAT_NONE, 0, 2);
    check("d:x", PATH_FORMAT_NONE, 0, 3);
    check("d:x:ms", PATH_FORMAT_TIME, TIME_FORMAT_MS, 3);
    check("[\"e:%Y\"]", PATH_FORMAT_NONE, 0, 4);
}

static void other_words_are_none(void **state)
{
    static const char *const texts[] = {"",         "MS",         "avro",        "decimal(",
                                        "decimal)", "decimal(x)", "decimal(100)", "%H:%M"};
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        struct path_format format;
        assert_int_equal(path_format_parse(slice_str(texts[i]), &format), -EINVAL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats_stand_behind_a_colon),
        cmocka_unit_test(other_words_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
