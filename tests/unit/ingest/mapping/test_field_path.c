#include "base/base.h"
#include "ingest/mapping/field_path.h"

#include <setjmp.h>
#include <cmocka.h>

static const char document_text[] =
    "{\"a\": {\"b\": [10, 11, {\"c\": \"deep\"}], \"n\": null}, \"a.b\": {\"c[0]\": 1},"
    " \"list\": [[1, 2], [3]], \"\": 5, \"x\": \"scalar\"}";

static void finds(json_t *document, const char *text, const char *expected)
{
    struct field_path *path;
    const char *why = "";
    if (field_path_new(slice_str(text), &path, &why)) { fail_msg("%s: %s", text, why); }
    json_t *value = field_path_find(path, document);
    if (!expected) {
        assert_null(value);
    } else {
        if (!value) { fail_msg("%s is absent", text); }
        char *dumped = json_dumps(value, JSON_ENCODE_ANY);
        assert_string_equal(dumped, expected);
        free(dumped);
    }
    assert_string_equal(field_path_text(path), text);
    field_path_free(path);
}

static void walks_keys_and_indexes(void **state)
{
    json_t *document = json_loads(document_text, 0, NULL);
    assert_non_null(document);
    finds(document, "x", "\"scalar\"");
    finds(document, "a.b[0]", "10");
    finds(document, "a.b[2].c", "\"deep\"");
    finds(document, "list[0][1]", "2");
    finds(document, "[\"a.b\"][\"c[0]\"]", "1");
    finds(document, "[\"a\"].b[1]", "11");
    finds(document, "[\"\"]", "5");
    json_decref(document);
}

static void absent_is_no_error(void **state)
{
    json_t *document = json_loads(document_text, 0, NULL);
    static const char *const texts[] = {"y",    "a.n",  "a.n.z",      "a.b[3]",
                                        "a[0]", "x.y",  "a.b[9999]",  "list.a",
                                        "X",    "a.b.c", "list[1][1]", "x[0]"};
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) { finds(document, texts[i], NULL); }
    json_decref(document);
    json_t *array = json_loads("[1]", 0, NULL);
    finds(array, "a", NULL);
    finds(array, "[0]", "1");
    json_decref(array);
    finds(NULL, "a", NULL);
}

static void constants_need_no_document(void **state)
{
    finds(NULL, "=VIEW", "\"VIEW\"");
    finds(NULL, "=1.5", "1.5");
    finds(NULL, "=42", "42");
    finds(NULL, "=\"007\"", "\"007\"");
    finds(NULL, "=007", "\"007\"");
    finds(NULL, "=", "\"\"");
}

static struct field_path *path_of(const char *text)
{
    struct field_path *path;
    const char *why = "";
    if (field_path_new(slice_str(text), &path, &why)) { fail_msg("%s: %s", text, why); }
    return path;
}

/* JSON inside a text is entered, also twice; one that is no JSON has no fields. */
static void texts_of_json_are_entered(void **state)
{
    json_t *document = json_loads("{\"after\": \"{\\\"id\\\":7,\\\"x\\\":"
                                  "\\\"[{\\\\\\\"y\\\\\\\":8}]"
                                  "\\\"}\", \"bad\": \"{oops}\", \"l\": [\"[5]\"], \"t\": \"{x\"}",
                                  0, NULL);
    assert_non_null(document);
    finds(document, "after.id", "7");
    finds(document, "after.id", "7");
    finds(document, "after.x[0].y", "8");
    finds(document, "l[0][0]", "5");
    finds(document, "t.a", NULL);
    finds(document, "t", "\"{x\"");
    finds(document, "bad", "\"{oops}\"");
    finds(document, "bad.a", NULL);
    finds(document, "bad", NULL);
    json_decref(document);
}

static void texts_of_base64_are_entered(void **state)
{
    json_t *document =
        json_loads("{\"a\": \"eyJpZCI6N30=\", \"b\": \"W3siaWQiOjh9XQ\", \"w\": \"W10=\","
                   " \"bad\": \"eyJpZCI6\", \"every\": \"every\", \"broken\": \"eyJpZCI6N3!=\","
                   " \"inside\": \"eyJpZCI6!!!!ICAgN30=\", \"long\": \"ewogImlkIjogOQp9ICAK\"}",
                   0, NULL);
    assert_non_null(document);
    finds(document, "a", "\"eyJpZCI6N30=\"");
    finds(document, "a.id", "7");
    finds(document, "b[0].id", "8");
    finds(document, "w", "\"W10=\"");
    finds(document, "bad.id", NULL);
    finds(document, "bad", "\"eyJpZCI6\"");
    finds(document, "every.id", NULL);
    finds(document, "broken.id", NULL);
    finds(document, "broken", "\"eyJpZCI6N3!=\"");
    finds(document, "inside.id", NULL);
    finds(document, "inside", NULL);
    finds(document, "long.id", "9");
    json_decref(document);
}

static void wrappers_are_entered(void **state)
{
    json_t *document =
        json_loads("{\"m\": {\"M\": {\"id\": 7, \"M\": 3}}, \"s\": {\"SS\": [\"a\"]},"
                   " \"l\": {\"L\": [{\"M\": {\"id\": 8}}, {\"S\": \"b\"}]},"
                   " \"two\": {\"M\": {\"id\": 1}, \"x\": 2}, \"t\": {\"M\": \"x\"}}",
                   0, NULL);
    assert_non_null(document);
    finds(document, "m.id", "7");
    finds(document, "m.M.id", "7");
    finds(document, "l[0].id", "8");
    finds(document, "l.L[0].M.id", "8");
    finds(document, "l[1].S", "\"b\"");
    finds(document, "s[0]", "\"a\"");
    finds(document, "two.id", NULL);
    finds(document, "two.M.id", "1");
    finds(document, "t.id", NULL);
    json_decref(document);
}

static void members_choose_an_element(void **state)
{
    json_t *document = json_loads(
        "{\"p\": [7, {\"key\": \"a\", \"v\": 1}, {\"key\": \"b]\", \"v\": 2},"
        " {\"key\": \"a\", \"v\": 3},"
        " {\"key\": 7, \"v\": [{\"name\": \"x\", \"w\": 4}]}], \"o\": {\"key\": \"a\"}}", 0, NULL);
    assert_non_null(document);
    finds(document, "p[key=a].v", "1");
    finds(document, "p[key=\"b]\"].v", "2");
    finds(document, "p[key=7].v[name=x].w", "4");
    finds(document, "p[key=c].v", NULL);
    finds(document, "p[other=a].v", NULL);
    finds(document, "o[key=a]", "{\"key\": \"a\"}");
    finds(document, "o[key=b]", NULL);
    finds(document, "o[0].key", "\"a\"");
    finds(document, "o[0][0].key", "\"a\"");
    finds(document, "o[1].key", NULL);
    finds(document, "o[0]", NULL);
    finds(document, "p[key=a]", "{\"key\": \"a\", \"v\": 1}");
    struct field_path *one = path_of("p[key=a].l[*]"), *other = path_of("p[key=b].l[*]");
    assert_true(field_path_same_arrays(one, one, 1));
    assert_false(field_path_same_arrays(one, other, 1));
    field_path_free(one);
    field_path_free(other);
    json_decref(document);
}

static void a_document_may_be_an_array(void **state)
{
    static const char *const in[] = {"[*].a", "[*]", "[0]", "[3].b"};
    static const char *const beside[] = {"a[*]", "a[0]", "$key[0]", "=[1]", "$timestamp"};
    for (size_t i = 0; i < ARRAY_COUNT(in); i++) {
        struct field_path *path = path_of(in[i]);
        assert_true(field_path_enters_array(path));
        field_path_free(path);
    }
    for (size_t i = 0; i < ARRAY_COUNT(beside); i++) {
        struct field_path *path = path_of(beside[i]);
        assert_false(field_path_enters_array(path));
        field_path_free(path);
    }
}

static void stars_split_a_path(void **state)
{
    json_t *document = json_loads("{\"a\":{\"l\":[{\"x\":[7]},{\"x\":[8]}]}}", 0, NULL);
    struct field_path *path = path_of("a.l[*].x[0]"), *same = path_of("[\"a\"].l[*]");
    struct field_path *other = path_of("a[*].y");
    assert_true(field_path_stars(path) == 1 && field_path_stars(same) == 1);
    assert_true(field_path_same_arrays(path, same, 1));
    assert_false(field_path_same_arrays(path, other, 1));
    json_t *array = field_path_find(path, document);
    assert_int_equal(json_array_size(array), 2);
    json_t *element = json_array_get(array, 1);
    assert_int_equal(json_integer_value(field_path_in_element(path, element)), 8);
    assert_ptr_equal(field_path_in_element(same, element), element);
    assert_null(field_path_in_element(other, element));
    assert_null(field_path_find(path, element));
    field_path_free(path);
    field_path_free(same);
    field_path_free(other);
    path = path_of("[*].id");
    assert_true(field_path_stars(path));
    assert_ptr_equal(field_path_find(path, array), array);
    field_path_free(path);
    json_decref(document);
}

static void roots_beside_the_document(void **state)
{
    static const struct {
        const char *text;
        enum path_root root;
    } samples[] = {
        {"$key", PATH_KEY_TEXT},      {"$key.id", PATH_KEY},       {"$key[0].id", PATH_KEY},
        {"$timestamp", PATH_TIMESTAMP}, {"$keys", PATH_DOCUMENT},  {"$timestamp.x", PATH_DOCUMENT},
        {"[\"$key\"]", PATH_DOCUMENT}, {"=$key", PATH_CONSTANT},
        {"$header.ce_id", PATH_HEADER}, {"$headers.x", PATH_DOCUMENT},
        {"[\"$header\"].x", PATH_DOCUMENT}, {"=$header.x", PATH_CONSTANT},
    };
    for (size_t i = 0; i < ARRAY_COUNT(samples); i++) {
        struct field_path *path = path_of(samples[i].text);
        assert_int_equal(field_path_root(path), samples[i].root);
        enum path_root root = field_path_root(path);
        assert_true(field_path_beside(path) == (root != PATH_DOCUMENT && root != PATH_CONSTANT));
        field_path_free(path);
    }
    json_t *key = json_loads("{\"id\":5}", 0, NULL);
    struct field_path *path = path_of("$key.id");
    assert_int_equal(json_integer_value(field_path_find(path, key)), 5);
    field_path_free(path);
    json_decref(key);
}

static void a_header_has_a_name(void **state)
{
    static const struct {
        const char *text, *name;
    } samples[] = {
        {"$header.ce_id", "ce_id"},     {"$header.content-type", "content-type"},
        {"$header[\"a.b\"]", "a.b"},    {"$header[\"\"]", ""},
        {"$header[\"[*]|\"]", "[*]|"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(samples); i++) {
        struct field_path *path = path_of(samples[i].text);
        assert_true(slice_equal(field_path_header(path), slice_str(samples[i].name)));
        assert_non_null(field_path_header(path).data);
        field_path_free(path);
    }
    struct field_path *path = path_of("a.b");
    assert_null(field_path_header(path).data);
    field_path_free(path);
}

static void refuses_what_is_no_path(void **state)
{
    static const char *const texts[] = {
        "",      ".",    "a.",    ".a",       "a..b",    "a[",     "a[]",
        "a[-1]", "a[x]", "a[1",   "a[1]b",    "a[10000]", "a]",    "[\"a",
        "a[99999999999999999999999]", "=null", "=\xff",  "[\"a\"]b", "[",
        "a[*].b[*].c[*].d[*].e[*]",
        "a+", "a+b[", "\"x", "a+\"\xff\"", "a[*", "a[*]b", "$key[*].x", "$key.", "$key.a..b",
        "$header", "$header.", "$header.a.b", "$header[0]", "$header[*]", "$header.a[*]",
        "$header[\"a",
    };
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        struct field_path *path = NULL;
        const char *why = NULL;
        if (!field_path_new(slice_str(texts[i]), &path, &why)) { fail_msg("took %s", texts[i]); }
        assert_null(path);
        assert_non_null(why);
    }
}

static void limits_hold(void **state)
{
    char text[PATH_BYTES_MAX + 2];
    struct field_path *path;
    const char *why;
    memset(text, 'k', sizeof(text) - 1);
    text[PATH_BYTES_MAX + 1] = '\0';
    assert_int_equal(field_path_new(slice_str(text), &path, &why), -EINVAL);
    text[PATH_BYTES_MAX] = '\0';
    assert_int_equal(field_path_new(slice_str(text), &path, &why), 0);
    field_path_free(path);
    text[0] = '\0';
    for (int i = 0; i < PATH_STEPS_MAX; i++) { memcpy(text + 3 * i, "[1]", 4); }
    assert_int_equal(field_path_new(slice_str(text), &path, &why), 0);
    field_path_free(path);
    memcpy(text + 3 * PATH_STEPS_MAX, "[1]", 4);
    assert_int_equal(field_path_new(slice_str(text), &path, &why), -EINVAL);
    assert_null(field_path_free(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(walks_keys_and_indexes),  cmocka_unit_test(absent_is_no_error),
        cmocka_unit_test(constants_need_no_document), cmocka_unit_test(refuses_what_is_no_path),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(texts_of_json_are_entered),
        cmocka_unit_test(texts_of_base64_are_entered),
        cmocka_unit_test(wrappers_are_entered),
        cmocka_unit_test(members_choose_an_element),
        cmocka_unit_test(a_document_may_be_an_array),
        cmocka_unit_test(stars_split_a_path),
        cmocka_unit_test(roots_beside_the_document),
        cmocka_unit_test(a_header_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
