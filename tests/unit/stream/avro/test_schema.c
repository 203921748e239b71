#include "base/base.h"
#include "base/buf.h"
#include "base/xalloc.h"
#include "stream/avro/schema.h"
#include "stream/avro/schema_cache.h"

#include <malloc.h>
#include <setjmp.h>
#include <cmocka.h>

static void assert_canonical(const char *json, const char *expected)
{
    struct codec_error error;
    struct schema *schema = schema_parse(json, &error);
    if (!schema) { fail_msg("%s", error.detail); }
    assert_string_equal(schema_canonical(schema), expected);
    schema_free(schema);
}

static void test_canonical_form(void **state)
{
    assert_canonical("{\"type\":\"int\",\"logicalType\":\"date\"}", "\"int\"");
    assert_canonical(" [ \"null\" , \"string\" ] ", "[\"null\",\"string\"]");
    assert_canonical("{\"values\":\"long\",\"type\":\"map\"}",
                     "{\"type\":\"map\",\"values\":\"long\"}");
    assert_canonical("{\"type\":\"fixed\",\"size\":16,\"name\":\"a.b.F\",\"namespace\":\"x\"}",
                     "{\"name\":\"a.b.F\",\"type\":\"fixed\",\"size\":16}");
    assert_canonical("{\"type\":\"enum\",\"symbols\":[\"A\",\"B\"],\"name\":\"E\",\"doc\":\"d\","
                     "\"namespace\":\"n.s\",\"default\":\"A\",\"aliases\":[\"Old\"]}",
                     "{\"name\":\"n.s.E\",\"type\":\"enum\",\"symbols\":[\"A\",\"B\"]}");
    /* references take the namespace around them; the second time a name stands alone */
    assert_canonical(
        "{\"type\":\"record\",\"name\":\"R\",\"namespace\":\"n\",\"fields\":["
        "{\"name\":\"f\",\"doc\":\"d\",\"default\":\"\",\"order\":\"ignore\",\"type\":"
        "{\"type\":\"fixed\",\"name\":\"F\",\"size\":2}},"
        "{\"name\":\"g\",\"type\":{\"type\":\"array\",\"items\":\"F\"}},"
        "{\"name\":\"h\",\"type\":[\"null\",\"n.R\"]},{\"name\":\"i\",\"type\":{\"type\":\"F\"}}]}",
        "{\"name\":\"n.R\",\"type\":\"record\",\"fields\":["
        "{\"name\":\"f\",\"type\":{\"name\":\"n.F\",\"type\":\"fixed\",\"size\":2}},"
        "{\"name\":\"g\",\"type\":{\"type\":\"array\",\"items\":\"n.F\"}},"
        "{\"name\":\"h\",\"type\":[\"null\",\"n.R\"]},{\"name\":\"i\",\"type\":\"n.F\"}]}");
}

/* The numbers are those of the Avro project's own list of fingerprints. */
static void test_fingerprints(void **state)
{
    uint64_t fingerprint;
    assert_int_equal(schema_fingerprint("\"null\"", &fingerprint), 0);
    assert_true(fingerprint == (uint64_t)INT64_C(7195948357588979594));
    assert_int_equal(schema_fingerprint("{\"type\":\"int\"}", &fingerprint), 0);
    assert_true(fingerprint == (uint64_t)INT64_C(8247732601305521295));
    assert_int_equal(schema_fingerprint("\"string\"", &fingerprint), 0);
    assert_true(fingerprint == (uint64_t)INT64_C(-8142146995180207161));
    assert_int_equal(schema_fingerprint("\"strin\"", &fingerprint), -EINVAL);
    assert_true(fingerprint == (uint64_t)INT64_C(-8142146995180207161));
}

static void test_tree(void **state)
{
    struct codec_error error;
    struct schema *schema = schema_parse(
        "{\"type\":\"record\",\"name\":\"n.R\",\"aliases\":[\"Old\",\"m.Older\"],\"fields\":["
        "{\"name\":\"e\",\"aliases\":[\"x\",\"y\"],\"default\":\"B\",\"type\":{\"type\":\"enum\","
        "\"name\":\"E\",\"symbols\":[\"A\",\"B\"],\"default\":\"A\"}},"
        "{\"name\":\"again\",\"type\":\"E\"},{\"name\":\"self\",\"type\":[\"null\",\"R\"]}]}",
        &error);
    assert_non_null(schema);
    const struct schema_node *root = schema_root(schema);
    assert_string_equal(root->name, "n.R");
    assert_string_equal(root->aliases.at[0], "n.Old");
    assert_string_equal(root->aliases.at[1], "m.Older");
    assert_string_equal(root->fields[0].aliases.at[1], "y");
    assert_string_equal(json_string_value(root->fields[0].fallback), "B");
    assert_null(root->fields[1].fallback);
    const struct schema_node *symbols = root->fields[0].type;
    assert_string_equal(symbols->symbol_fallback, "A");
    assert_int_equal(schema_symbol(symbols, "B"), 1);
    assert_int_equal(schema_symbol(symbols, "C"), -1);
    assert_ptr_equal(root->fields[1].type, symbols);
    assert_ptr_equal(root->fields[2].type->branches[1], root);
    assert_string_equal(schema_short_name(root->name), "R");
    assert_string_equal(schema_short_name("Plain"), "Plain");
    schema_free(schema);
}

static void test_names_match(void **state)
{
    struct schema *reader =
        schema_parse("{\"type\":\"fixed\",\"name\":\"n.F\",\"size\":1,\"aliases\":[\"G\"]}", NULL);
    static const struct {
        const char *name;
        bool same;
    } writers[] = {{"n.F", true}, {"F", true}, {"x.F", true}, {"n.G", true}, {"G", false}};
    for (size_t i = 0; i < ARRAY_COUNT(writers); i++) {
        _cleanup_(xfreep) char *json =
            xprintf("{\"type\":\"fixed\",\"name\":\"%s\",\"size\":1}", writers[i].name);
        struct schema *writer = schema_parse(json, NULL);
        assert_int_equal(schema_same_name(schema_root(reader), schema_root(writer)),
                         writers[i].same);
        schema_free(writer);
    }
    schema_free(reader);
}

/* Names as writers have them who do not check theirs. */
static void test_odd_names(void **state)
{
    static const struct {
        const char *text, *name;
    } odd[] = {
        {"{\"type\":\"fixed\",\"name\":\"F\",\"namespace\":\"my-shop.views\",\"size\":1}",
         "my-shop.views.F"},
        {"{\"type\":\"fixed\",\"name\":\"F\",\"namespace\":\"com.shop.Events$\",\"size\":1}",
         "com.shop.Events$.F"},
        {"{\"type\":\"fixed\",\"name\":\"F\",\"namespace\":null,\"size\":1,\"aliases\":null}", "F"},
        {"{\"type\":\"fixed\",\"name\":\"F\",\"namespace\":\"\",\"size\":1}", "F"},
        {"{\"type\":\"fixed\",\"name\":\"1F\",\"size\":1}", "1F"},
        {"{\"type\":\"enum\",\"name\":\"E+F\",\"symbols\":[\"a-b\",\"1\"]}", "E+F"},
        {"{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"$a-b.c\",\"type\":\"int\"}]}",
         "R"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(odd); i++) {
        struct codec_error error = {0};
        struct schema *schema = schema_parse(odd[i].text, &error);
        if (!schema) { fail_msg("%s: %s", odd[i].text, error.detail); }
        assert_string_equal(schema_root(schema)->name, odd[i].name);
        assert_int_equal(schema_has_odd_names(schema), i != 2 && i != 3);
        struct schema_cache *schemas = schema_cache_new();
        assert_int_equal(schema_cache_add(schemas, odd[i].text, &error), 0);
        schema_cache_free(schemas);
        schema_free(schema);
    }
}

static void test_refused(void **state)
{
    static const char *const wrong[] = {
        "",
        "{",
        "null",
        "7",
        "{}",
        "[]",
        "\"\"",
        "\"strings\"",
        "\"a b\"",
        "{\"type\":\"int\",\"type\":\"int\"}",
        "[\"int\",\"int\"]",
        "[\"int\",[\"null\"]]",
        "{\"type\":\"array\"}",
        "{\"type\":\"map\",\"values\":\"X\"}",
        "{\"type\":\"fixed\",\"name\":\"F\"}",
        "{\"type\":\"fixed\",\"name\":\"F\",\"size\":-1}",
        "{\"type\":\"fixed\",\"name\":\"F\",\"size\":9999999}",
        "{\"type\":\"fixed\",\"name\":\"int\",\"size\":1}",
        "{\"type\":\"fixed\",\"name\":\"a..F\",\"size\":1}",
        "{\"type\":\"fixed\",\"name\":\".F\",\"size\":1}",
        "{\"type\":\"fixed\",\"size\":1}",
        "{\"type\":\"fixed\",\"name\":\"F\",\"namespace\":7,\"size\":1}",
        "{\"type\":\"fixed\",\"name\":\"F\",\"namespace\":\"a b\",\"size\":1}",
        "{\"type\":\"fixed\",\"name\":\"F\",\"size\":1,\"aliases\":[\"a b\"]}",
        "{\"type\":\"enum\",\"name\":\"E\"}",
        "{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[]}",
        "{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\",\"A\"]}",
        "{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"a\\\\b\"]}",
        "{\"type\":\"fixed\",\"name\":\"F\\\"\",\"size\":1}",
        "{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\"],\"default\":\"B\"}",
        "{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\"],\"default\":1}",
        "{\"type\":\"record\",\"name\":\"R\"}",
        "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"a\"}]}",
        "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"type\":\"int\"}]}",
        "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"a\",\"type\":\"int\"},"
        "{\"name\":\"a\",\"type\":\"int\"}]}",
        "[{\"type\":\"fixed\",\"name\":\"F\",\"size\":1},"
        "{\"type\":\"fixed\",\"name\":\"F\",\"size\":2}]",
    };
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        struct codec_error error = {0};
        if (schema_parse(wrong[i], &error)) { fail_msg("accepted: %s", wrong[i]); }
        assert_string_equal(error.reason, "bad_schema");
        assert_true(error.detail[0]);
    }
}

static struct schema *nested(int depth)
{
    struct buf json;
    buf_init(&json, 1 << 20);
    for (int i = 0; i < depth; i++) { buf_printf(&json, "{\"type\":\"array\",\"items\":"); }
    buf_printf(&json, "\"int\"");
    for (int i = 0; i < depth; i++) { buf_printf(&json, "}"); }
    buf_append(&json, "", 1);
    struct schema *schema = schema_parse(json.data, NULL);
    buf_release(&json);
    return schema;
}

static void test_limits(void **state)
{
    struct schema *deepest = nested(SCHEMA_DEPTH_MAX);
    assert_non_null(deepest);
    schema_free(deepest);
    assert_null(nested(SCHEMA_DEPTH_MAX + 1));
    char *large = xmalloc(SCHEMA_BYTES_MAX + 2);
    memset(large, ' ', SCHEMA_BYTES_MAX + 1);
    memcpy(large, "\"int\"", 5);
    large[SCHEMA_BYTES_MAX + 1] = '\0';
    assert_null(schema_parse(large, NULL));
    large[SCHEMA_BYTES_MAX] = '\0';
    struct schema *just = schema_parse(large, NULL);
    assert_non_null(just);
    schema_free(just);
    free(large);
}

/* A schema with one name, and a namespace, of so many letters. */
static struct schema *named(size_t name_size, size_t space_size)
{
    struct buf json;
    buf_init(&json, 1 << 21);
    buf_printf(&json, "{\"type\":\"fixed\",\"size\":1,\"name\":\"");
    for (size_t i = 0; i < name_size; i++) { buf_append(&json, "n", 1); }
    buf_printf(&json, "\",\"namespace\":\"");
    for (size_t i = 0; i < space_size; i++) { buf_append(&json, "s", 1); }
    buf_append(&json, "\"}", 3);
    struct schema *schema = schema_parse(json.data, NULL);
    buf_release(&json);
    return schema;
}

/* Each name below a namespace repeats it: half a megabyte of it may not become gigabytes. */
static void test_long_names(void **state)
{
    struct schema *longest = named(SCHEMA_NAME_BYTES_MAX, SCHEMA_NAME_BYTES_MAX);
    assert_non_null(longest);
    schema_free(longest);
    assert_null(named(SCHEMA_NAME_BYTES_MAX + 1, 1));
    assert_null(named(1, SCHEMA_NAME_BYTES_MAX + 1));
    assert_null(named(1, 500000));
}

/* Parses a list: before, `count` pieces with a number in the middle, after. */
static struct schema *repeated(const char *before, const char *head, int count, const char *tail,
                               const char *after)
{
    struct buf json;
    buf_init(&json, SCHEMA_BYTES_MAX + 1);
    buf_printf(&json, "%s", before);
    for (int i = 0; i < count; i++) { buf_printf(&json, "%s%s%d%s", i ? "," : "", head, i, tail); }
    buf_printf(&json, "%s", after);
    buf_append(&json, "", 1);
    assert_false(buf_failed(&json));
    struct schema *schema = schema_parse(json.data, NULL);
    buf_release(&json);
    return schema;
}

static bool taken(struct schema *schema)
{
    bool taken = schema;
    schema_free(schema);
    return taken;
}

static void test_counts(void **state)
{
    const char symbols[] = "{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[";
    const char fixed[] = "{\"type\":\"fixed\",\"name\":\"F";
    assert_true(taken(repeated(symbols, "\"S", SCHEMA_MEMBERS_MAX, "\"", "]}")));
    assert_false(taken(repeated(symbols, "\"S", SCHEMA_MEMBERS_MAX + 1, "\"", "]}")));
    assert_true(taken(repeated("[", fixed, SCHEMA_NAMES_MAX, "\",\"size\":1}", "]")));
    assert_false(taken(repeated("[", fixed, SCHEMA_NAMES_MAX + 1, "\",\"size\":1}", "]")));
    assert_true(taken(repeated("", fixed, 1, "\",\"size\":1048576}", "")));
    assert_false(taken(repeated("", fixed, 1, "\",\"size\":1048577}", "")));
}

/* A reference within a namespace is not one to a type whose name only begins like it. */
static void test_references(void **state)
{
    assert_canonical("{\"type\":\"record\",\"name\":\"a.b.R\",\"fields\":["
                     "{\"name\":\"f\",\"type\":{\"type\":\"fixed\",\"name\":\"F\",\"size\":1}},"
                     "{\"name\":\"g\","
                     "\"type\":{\"type\":\"fixed\",\"name\":\"a.b.c.F\",\"size\":2}},"
                     "{\"name\":\"h\",\"type\":\"F\"},{\"name\":\"i\",\"type\":\"a.b.c.F\"}]}",
                     "{\"name\":\"a.b.R\",\"type\":\"record\",\"fields\":["
                     "{\"name\":\"f\",\"type\":{\"name\":\"a.b.F\",\"type\":\"fixed\",\"size\":1}},"
                     "{\"name\":\"g\","
                     "\"type\":{\"name\":\"a.b.c.F\",\"type\":\"fixed\",\"size\":2}},"
                     "{\"name\":\"h\",\"type\":\"a.b.F\"},{\"name\":\"i\",\"type\":\"a.b.c.F\"}]}");
    static const char *const wrong[] = {"c.F", "b.F", "R.F", "a.F", "a.b", "F.c"};
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        _cleanup_(xfreep) char *json = xprintf(
            "{\"type\":\"record\",\"name\":\"a.b.R\",\"fields\":["
            "{\"name\":\"f\",\"type\":{\"type\":\"fixed\",\"name\":\"F\",\"size\":1}},"
            "{\"name\":\"g\",\"type\":\"%s\"}]}", wrong[i]);
        struct codec_error error = {0};
        assert_null(schema_parse(json, &error));
        assert_non_null(strstr(error.detail, "unknown type"));
    }
}

/* Two bytes of text would take a hundred of memory, for as long as the process lives. */
static void test_values_are_bounded(void **state)
{
    static const char *const keys[] = {"doc", "default", "unknown"};
    for (size_t i = 0; i < ARRAY_COUNT(keys); i++) {
        struct buf text;
        struct codec_error error = {0};
        buf_init(&text, SCHEMA_BYTES_MAX);
        buf_printf(&text, "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"a\","
                   "\"type\":\"int\",\"%s\":[[]", keys[i]);
        while (buf_slice(&text).size < SCHEMA_BYTES_MAX - 100) { buf_printf(&text, ",[]"); }
        buf_printf(&text, "]}]}");
        buf_append(&text, "", 1);
        assert_null(schema_parse(text.data, &error));
        assert_string_equal(error.reason, "bad_schema");
        assert_non_null(strstr(error.detail, "values in its JSON"));
        buf_release(&text);
    }
    /* What stands in strings is no value. */
    struct buf text;
    buf_init(&text, SCHEMA_BYTES_MAX);
    buf_printf(&text, "{\"type\":\"int\",\"doc\":\"\\\"");
    while (buf_slice(&text).size < SCHEMA_BYTES_MAX - 100) { buf_printf(&text, ",[{:"); }
    buf_printf(&text, "\"}");
    buf_append(&text, "", 1);
    struct schema *schema = schema_parse(text.data, NULL);
    assert_non_null(schema);
    schema_free(schema);
    buf_release(&text);
}

/* What of a schema is only text costs no memory that is a multiple of it, however it is made up. */
static void test_texts_of_little_use_are_not_kept(void **state)
{
    enum { SIZE = 1000000, PARSED_MAX = 4 * SIZE, KEPT_MAX = SIZE / 4 };
    static const char *const heads[] = {
        "{\"type\":\"record\",\"name\":\"R\",\"fields\":[],\"aliases\":[",
        "{\"type\":\"record\",\"name\":\"R\",\"fields\":[],\"doc\":[",
        "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"a\",\"type\":\"int\","
        "\"default\":[",
        "{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\"],\"default\":[",
        "{\"type\":\"int\",\"odd\":[",
    };
    static const char *const elements[] = {"[],", "{},", "0,", "\"\",", "[[[]]],"};
    static const char *const tails[] = {"0]}", "0]}", "0]}]}", "0]}", "0]}"};
    for (size_t i = 0; i < ARRAY_COUNT(heads) * ARRAY_COUNT(elements); i++) {
        const char *element = elements[i % ARRAY_COUNT(elements)];
        struct buf text;
        struct codec_error error;
        buf_init(&text, SIZE + 100);
        size_t which = i / ARRAY_COUNT(elements);
        buf_printf(&text, "%s", heads[which]);
        while (buf_slice(&text).size < SIZE - 100) { buf_printf(&text, "%s", element); }
        buf_printf(&text, "%s%c", tails[which], '\0');
        size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
        struct schema *schema = schema_parse(buf_slice(&text).data, &error);
        size_t kept = mallinfo2().uordblks + mallinfo2().hblkhd - before;
        if (schema) { assert_true(kept < KEPT_MAX); }
        if (!schema) { assert_true(kept < 100000); }
        schema_free(schema);
        struct schema_cache *schemas = schema_cache_new();
        before = mallinfo2().uordblks + mallinfo2().hblkhd;
        (void)schema_cache_bind(schemas, 7, buf_slice(&text).data, &error);
        kept = mallinfo2().uordblks + mallinfo2().hblkhd - before;
        if (kept >= PARSED_MAX) { fail_msg("%zu: %zu bytes kept", i, kept); }
        schema_cache_free(schemas);
        buf_release(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_canonical_form), cmocka_unit_test(test_fingerprints),
        cmocka_unit_test(test_tree),           cmocka_unit_test(test_names_match),
        cmocka_unit_test(test_odd_names),
        cmocka_unit_test(test_refused),        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_long_names),     cmocka_unit_test(test_counts),
        cmocka_unit_test(test_references),
        cmocka_unit_test(test_values_are_bounded),
        cmocka_unit_test(test_texts_of_little_use_are_not_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
