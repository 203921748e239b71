#include "base/base.h"
#include "cli/catalogue_line.h"

#include <setjmp.h>
#include <cmocka.h>

/* Reads a line; "" or the reason, and the unknown field behind a bar. */
static const char *read_line(bool is_item, const char *text)
{
    static char told[600];
    struct arena *arena = arena_new(4096);
    struct reason reason = {0};
    struct item item;
    struct user_profile profile;
    const char *unknown = NULL;
    int rc = is_item ? catalogue_line_item(slice_str(text), arena, &item, &unknown, &reason)
                     : catalogue_line_profile(slice_str(text), arena, &profile, &unknown, &reason);
    (void)snprintf(told, sizeof(told), "%s%s%s", rc ? reason.text : "", unknown ? "|" : "",
                   unknown ? unknown : "");
    if (!rc && is_item) { assert_true(item.item_id.size); }
    arena_free(arena);
    return told;
}

static void right_lines_are_read(void **state)
{
    assert_string_equal(read_line(true, "{\"item_id\":\"i1\"}"), "");
    assert_string_equal(read_line(true, "{\"item_id\":\"i1\",\"title\":null,\"tags\":[\"a\"],"
                                        "\"vector\":[1,2.5],\"available\":false,\"created_ms\":"
                                        "1.7e12}"), "");
    assert_string_equal(read_line(true, "{\"item_id\":\"i1\",\"price\":9.5,\"stock\":3,"
                                        "\"brand\":\"B\",\"category\":[\"a\",\"b\"],"
                                        "\"group_id\":\"g\",\"kind\":\"product\","
                                        "\"available_from_ms\":1,\"available_until_ms\":2,"
                                        "\"image\":\"https://x/y.jpg\"}"), "");
    assert_string_equal(read_line(false, "{\"user_id\":\"u\",\"birth_year\":1980,\"country\":"
                                         "\"DE\",\"tags\":[]}"), "");
    assert_string_equal(read_line(true, "{\"item_id\":\"i1\",\"vectors\":{\"image\":[1,2.5],"
                                        "\"clip-2\":[0]}}"), "");
    assert_string_equal(read_line(true, "{\"item_id\":\"i1\",\"vectors\":null}"), "");
    assert_string_equal(read_line(true, "{\"item_id\":\"i1\",\"Title\":\"x\"}"), "|Title");
}

/* A wrong type is never a default. */
static void wrong_types_are_refused(void **state)
{
    static const struct {
        const char *field, *reason;
    } items[] = {
        {"\"title\":17", "title: wanted a text, not a number"},
        {"\"tags\":\"a,b\"", "tags: wanted a list of texts, not a text"},
        {"\"tags\":[1]", "tags: wanted only texts in the list, not a number"},
        {"\"tags\":[null]", "tags: wanted only texts in the list, not null"},
        {"\"vector\":[\"0.5\"]", "vector: wanted only numbers in the list, not a text"},
        {"\"vectors\":[1]", "vectors: wanted an object of lists of numbers, not a list"},
        {"\"vectors\":{\"a\":1}", "vectors: wanted only lists of numbers, not a number"},
        {"\"vectors\":{\"a\":[true]}", "vectors: wanted only numbers in the list, not true"},
        {"\"vectors\":{\"text\":[1]}",
         "vectors: a vector's name has small letters, digits, _ or -, and is not text or given"},
        {"\"vectors\":{\"a\":[]}", "vectors: a vector has 1 to 4096 numbers"},
        {"\"available\":0", "available: wanted true or false, not a number"},
        {"\"available\":\"false\"", "available: wanted true or false, not a text"},
        {"\"created_ms\":\"2020-01-01\"", "created_ms: wanted a whole number, not a text"},
        {"\"price\":\"9.50\"", "price: wanted a number, not a text"},
        {"\"price\":1e300", "price: wanted at most 1e+15, not 1e+300"},
        {"\"stock\":0.5", "stock: wanted a whole number, not a number"},
        {"\"category\":\"a>b\"", "category: wanted a list of texts, not a text"},
        {"\"created_ms\":1.5", "created_ms: wanted a whole number, not a number"},
    };
    char line[200];
    for (size_t i = 0; i < ARRAY_COUNT(items); i++) {
        (void)snprintf(line, sizeof(line), "{\"item_id\":\"i\",%s}", items[i].field);
        assert_string_equal(read_line(true, line), items[i].reason);
    }
    assert_string_equal(read_line(true, "{\"item_id\":7}"), "item_id: wanted a text, not a number");
    assert_string_equal(read_line(true, "{\"item_id\":\"\"}"), "item_id is empty");
    assert_string_equal(read_line(true, "{}"), "item_id is missing");
    assert_string_equal(read_line(true, "[]"), "not a JSON object");
    assert_non_null(strstr(read_line(true, "{"), "not JSON"));
    assert_string_equal(read_line(false, "{\"user_id\":\"u1\",\"birth_year\":\"1980\"}"),
                        "birth_year: wanted a whole number, not a text");
    assert_string_equal(read_line(false, "{\"user_id\":\"u1\",\"country\":49}"),
                        "country: wanted a text, not a number");
    assert_string_equal(read_line(false, "{\"user_id\":\"u1\",\"birth_year\":3000000000}"),
                        "birth_year: wanted a smaller number, not a number");
}

/* A vector of an item: what its name may be, and one without numbers. */
static void vectors_are_read(void **state)
{
    static const struct {
        const char *line, *why;
    } cases[] = {
        {"{\"item_id\":\"i\",\"name\":\"clip\",\"vector\":[1,-0.5]}", ""},
        {"{\"item_id\":\"i\",\"name\":\"clip\",\"vector\":null}", ""},
        {"{\"name\":\"clip\",\"vector\":[1]}", "item_id is missing"},
        {"{\"item_id\":\"i\",\"name\":\"clip\",\"vector\":\"1\"}",
         "vector: wanted a list of numbers, not a text"},
        {"{\"item_id\":\"i\",\"name\":\"text\",\"vector\":[1]}",
         "name: wanted small letters, digits, _ or -, at most 64, and not text or given"},
        {"{\"item_id\":\"i\",\"vector\":[1]}",
         "name: wanted small letters, digits, _ or -, at most 64, and not text or given"},
    };
    for (size_t k = 0; k < ARRAY_COUNT(cases); k++) {
        struct arena *arena = arena_new(4096);
        struct reason reason = {0};
        struct given_vector vector;
        const char *unknown = NULL;
        int rc = catalogue_line_vector(slice_str(cases[k].line), arena, &vector, &unknown, &reason);
        assert_string_equal(rc ? reason.text : "", cases[k].why);
        arena_free(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_are_read),
        cmocka_unit_test(right_lines_are_read),
        cmocka_unit_test(wrong_types_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
