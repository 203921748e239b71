#include "base/base.h"
#include "stream/registry/registry_answer.h"
#include "stream/avro/schema.h"

#include <setjmp.h>
#include <cmocka.h>

static int read_text(long status, const char *text, json_t **ret_json, char *why)
{
    return registry_answer_read("http://r", status, slice_str(text), ret_json, why);
}

/* Which statuses are worth another try, and which want a person. */
static void test_statuses(void **state)
{
    static const struct {
        long status;
        const char *body;
        int fault;
    } cases[] = {
        {200, "no JSON", REGISTRY_AWAY},
        {200, "", REGISTRY_AWAY},
        {302, "", REGISTRY_AWAY},
        {400, "{}", REGISTRY_INVALID},
        {401, "{}", REGISTRY_REFUSED},
        {403, "{}", REGISTRY_REFUSED},
        {404, "{\"error_code\":40401}", REGISTRY_ABSENT},
        {404, "{\"error_code\":40403}", REGISTRY_ABSENT},
        {404, "<html>", REGISTRY_REFUSED},
        {408, "", REGISTRY_AWAY},
        {409, "{}", REGISTRY_INCOMPATIBLE},
        {422, "{}", REGISTRY_INVALID},
        {429, "", REGISTRY_AWAY},
        {500, "{\"error_code\":50001}", REGISTRY_AWAY},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char why[REGISTRY_WHY_BYTES] = "";
        json_t *json = NULL;
        assert_int_equal(read_text(cases[i].status, cases[i].body, &json, why), cases[i].fault);
        assert_null(json);
        assert_memory_equal(why, "http://r: ", 10);
    }
}

/* A registry's words are told, cut, and never a format. */
static void test_words(void **state)
{
    char why[REGISTRY_WHY_BYTES], text[4 * REGISTRY_WHY_BYTES];
    json_t *json = NULL;
    assert_int_equal(read_text(409, "{\"message\":\"not %n so\"}", &json, why),
                     REGISTRY_INCOMPATIBLE);
    assert_string_equal(why, "http://r: 409 not %n so");
    (void)snprintf(text, sizeof(text), "{\"message\":\"%0*d\"}", 3 * REGISTRY_WHY_BYTES, 0);
    assert_int_equal(read_text(500, text, &json, why), REGISTRY_AWAY);
    assert_true(strlen(why) < REGISTRY_WHY_BYTES);
}

static json_t *json_of(const char *text)
{
    char why[REGISTRY_WHY_BYTES];
    json_t *json = NULL;
    assert_int_equal(read_text(200, text, &json, why), 0);
    return json;
}

static void test_ids(void **state)
{
    static const char *const wrong[] = {"{}", "[]", "{\"id\":\"5\"}", "{\"id\":-1}",
                                        "{\"id\":5.0}", "{\"id\":99999999999}"};
    uint32_t id = 0;
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        json_t *json = json_of(wrong[i]);
        assert_false(registry_answer_id(json, &id));
        json_decref(json);
    }
    json_t *json = json_of("{\"id\":2147483647}");
    assert_true(registry_answer_id(json, &id));
    assert_int_equal(id, 2147483647);
    json_decref(json);
}

static void test_verdicts(void **state)
{
    static const struct {
        const char *text;
        int verdict;
        const char *why;
    } cases[] = {
        {"{\"is_compatible\":true}", 0, ""},
        {"{}", REGISTRY_AWAY, "subject s: the answer has no is_compatible"},
        {"{\"is_compatible\":1}", REGISTRY_AWAY, "subject s: the answer has no is_compatible"},
        {"{\"is_compatible\":false}", REGISTRY_INCOMPATIBLE, "the registry does not say why"},
        {"{\"is_compatible\":false,\"messages\":[\"a\",5,\"b\"]}", REGISTRY_INCOMPATIBLE, "a; b"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char why[REGISTRY_WHY_BYTES] = "";
        json_t *json = json_of(cases[i].text);
        assert_int_equal(registry_answer_verdict(json, "s", why), cases[i].verdict);
        assert_string_equal(why, cases[i].why);
        json_decref(json);
    }
}

static void test_schemas(void **state)
{
    static const struct {
        const char *text;
        int result;
    } cases[] = {
        {"{\"schema\":\"\\\"string\\\"\"}", 0},
        {"{\"schema\":\"\\\"string\\\"\",\"schemaType\":\"AVRO\",\"references\":[]}", 0},
        {"{\"schema\":\"{}\",\"schemaType\":\"JSON\"}", REGISTRY_INVALID},
        {"{\"schema\":5}", REGISTRY_AWAY},
        {"[]", REGISTRY_AWAY},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char why[REGISTRY_WHY_BYTES] = "";
        struct buf schema;
        buf_init(&schema, SCHEMA_BYTES_MAX + 1);
        json_t *json = json_of(cases[i].text);
        assert_int_equal(registry_answer_schema(json, 7, &schema, why), cases[i].result);
        if (!cases[i].result) { assert_string_equal(schema.data, "\"string\""); }
        if (cases[i].result) { assert_non_null(strstr(why, "schema 7")); }
        buf_release(&schema);
        json_decref(json);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_statuses), cmocka_unit_test(test_words),
        cmocka_unit_test(test_ids),      cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_schemas),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
