#include "base/base.h"
#include "base/buf.h"
#include "ingest/mapping/refusal_text.h"

#include <setjmp.h>
#include <cmocka.h>

static void check(const char *path, const char *document_text, const char *value_text, bool told,
                  const char *expected)
{
    struct field_choice *choice;
    const char *why;
    struct buf out;
    json_t *document = json_loads(document_text, 0, NULL);
    json_t *value = value_text ? json_loads(value_text, JSON_DECODE_ANY, NULL) : NULL;
    assert_int_equal(field_choice_new(slice_str(path), &choice, &why), 0);
    buf_init(&out, 400);
    refusal_text(choice, document, value, told, &out);
    buf_append(&out, "", 1);
    assert_string_equal(out.data, expected);
    buf_release(&out);
    field_choice_free(choice);
    json_decref(document);
    json_decref(value);
}

static void values_are_told(void **state)
{
    check("ts", "{}", "\"yesterday\"", true, "; found \"yesterday\"");
    check("ts", "{}", "12.5", true, "; found 12.5");
    check("ts", "{}", "[1]", true, "; found an array of 1");
    check("ts", "{}", "\"\\u001b\\u009b\\u00e9\"", true, "; found \"\\u001B\\u009B\\u00E9\"");
    check("ts", "{}", "\"yesterday\"", false, "");
    check("user", "{\"user\":{\"id\":1}}", "{\"id\":1}", true,
          "; found an object with \"id\"; did you mean user.id?");
    check("user", "{\"user\":{\"id\":1}}", "{\"id\":1}", false, "; found an object");
}

static void long_texts_are_cut(void **state)
{
    char text[8192];
    memset(text, 'x', sizeof(text));
    text[0] = text[100] = '"';
    text[101] = '\0';
    check("a", "{}", text, true,
          "; found \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...");
    text[100] = text[101] = 'x';
    text[8190] = '"';
    text[8191] = '\0';
    check("a", "{}", text, true, "; found a text of 8189 bytes");
}

static void paths_are_told(void **state)
{
    check("lines.sku", "{\"lines\":[{\"sku\":1}]}", NULL, true, "; did you mean lines[*].sku?");
    check("lines.sku|x", "{\"lines\":[{\"sku\":1}]}", NULL, false, "; did you mean lines[*].sku?");
    check("x", "{\"y\":1}", NULL, true, "");
}

static void check_unit(const char *value_text, enum time_format format, const char *expected)
{
    struct buf out;
    json_t *value = json_loads(value_text, JSON_DECODE_ANY, NULL);
    buf_init(&out, 100);
    refusal_time_unit(value, format, &out);
    buf_append(&out, "", 1);
    assert_string_equal(out.data, expected);
    buf_release(&out);
    json_decref(value);
}

static void units_of_times_are_told(void **state)
{
    check_unit("1700000000", TIME_FORMAT_MS, "; did you mean time.format=s?");
    check_unit("1700000000.5", TIME_FORMAT_MS, "; did you mean time.format=s?");
    check_unit("1700000000000", TIME_FORMAT_S, "; did you mean time.format=ms?");
    check_unit("1700000000000000", TIME_FORMAT_MS, "; did you mean time.format=us?");
    check_unit("1700000000000000000", TIME_FORMAT_MS, "; did you mean time.format=ns?");
    check_unit("\"1700000000\"", TIME_FORMAT_MS, "; did you mean time.format=s?");
    check_unit("1700000000", TIME_FORMAT_S, "");
    check_unit("12", TIME_FORMAT_MS, "");
    check_unit("\"yesterday\"", TIME_FORMAT_MS, "");
    check_unit("null", TIME_FORMAT_MS, "");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_told),
        cmocka_unit_test(long_texts_are_cut),
        cmocka_unit_test(paths_are_told),
        cmocka_unit_test(units_of_times_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
