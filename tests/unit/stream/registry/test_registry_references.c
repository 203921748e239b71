#include "base/base.h"
#include "stream/avro/schema.h"
#include "stream/avro/schema_cache.h"
#include "stream/registry/registry_references.h"

#include <setjmp.h>
#include <cmocka.h>

/* Subjects and what the registry answers for their version 1. */
struct stored {
    const char *subject, *answer;
};

static int requests;

static int fetch(void *arg, const char *subject, int64_t version, json_t **ret_answer)
{
    requests++;
    assert_int_equal(version, 1);
    for (const struct stored *at = arg; at->subject; at++) {
        if (strcmp(at->subject, subject) != 0) { continue; }
        *ret_answer = json_loads(at->answer, 0, NULL);
        assert_non_null(*ret_answer);
        return 0;
    }
    return REGISTRY_ABSENT;
}

/* Resolves an answer; the text, or the fault as a number. */
static const char *resolve(const char *answer, struct stored *stored)
{
    static char told[2048];
    char why[REGISTRY_WHY_BYTES] = "";
    struct buf schema;
    buf_init(&schema, SCHEMA_BYTES_MAX + 1);
    json_t *json = json_loads(answer, 0, NULL);
    assert_non_null(json);
    requests = 0;
    int rc = registry_references_resolve(json, 7, fetch, stored, &schema, why);
    if (rc) {
        (void)snprintf(told, sizeof(told), "%d", rc);
        assert_true(rc == REGISTRY_ABSENT || why[0]);
    } else {
        assert_int_equal(schema.data[schema.size - 1], '\0');
        (void)snprintf(told, sizeof(told), "%s", schema.data);
    }
    json_decref(json);
    buf_release(&schema);
    return told;
}

#define REF(name, subject) "{\"name\":\"" name "\",\"subject\":\"" subject "\",\"version\":1}"

static void avro_becomes_one_schema(void **state)
{
    struct stored stored[] = {
        {"user", "{\"schema\":\"{\\\"type\\\":\\\"fixed\\\","
                 "\\\"name\\\":\\\"User\\\",\\\"size\\\":2,"
                 "\\\"namespace\\\":\\\"shop\\\"}\"}"},
        {"loop", "{\"schema\":\"\\\"shop.User\\\"\",\"references\":[" REF("a", "loop") ","
                 REF("shop.User", "user") "]}"},
        {NULL, NULL}};
    assert_string_equal(resolve("{\"schema\":\"\\\"string\\\"\"}", stored), "\"string\"");
    assert_int_equal(requests, 0);
    const char *joined = resolve("{\"schema\":\"[\\\"null\\\",\\\"shop.User\\\"]\",\"references\":["
                                 REF("shop.User", "user") "," REF("x", "user") "]}", stored);
    assert_string_equal(joined, "[\"null\",{\"type\":\"fixed\",\"name\":\"User\",\"size\":2,"
                                "\"namespace\":\"shop\"}]");
    assert_int_equal(requests, 1);
    joined = resolve("{\"schema\":\"\\\"shop.User\\\"\",\"references\":[" REF("l", "loop") "]}",
                     stored);
    assert_non_null(strstr(joined, "\"fixed\""));
    assert_int_equal(requests, 2);
}

static void protobuf_keeps_its_files(void **state)
{
    struct stored stored[] = {{"user", "{\"schema\":\"message U {}\",\"schemaType\":\"PROTOBUF\"}"},
                              {NULL, NULL}};
    const char *text = resolve("{\"schema\":\"message V {}\",\"schemaType\":\"PROTOBUF\","
                               "\"references\":[" REF("user.proto", "user") "]}", stored);
    assert_string_equal(text, "{\"protobuf\":\"message V {}\",\"files\":{\"user.proto\":"
                              "\"message U {}\"}}");
    struct schema_cache *schemas = schema_cache_new();
    struct codec_error error;
    const struct frame frame = {.framing = FRAMING_CONFLUENT, .number = 7};
    assert_int_equal(schema_cache_bind(schemas, 7, text, &error), 0);
    assert_int_equal(schema_cache_bind(schemas, 7, text, &error), 0);
    assert_int_equal(schema_cache_bind(schemas, 7, "\"int\"", &error), -EINVAL);
    assert_string_equal(schema_cache_foreign(schemas, 7), text);
    assert_null(schema_cache_find(schemas, frame));
    assert_true(schema_cache_knows(schemas, 7));
    assert_int_equal(schema_cache_missing(schemas, frame, &error), -EBADMSG);
    assert_string_equal(error.reason, "schema_mismatch");
    assert_false(error.unknown_id);
    assert_null(schema_cache_foreign(schemas, 8));
    schema_cache_free(schemas);
}

static void what_cannot_be_followed_is_refused(void **state)
{
    struct stored stored[] = {{"odd", "{\"schema\":5}"}, {NULL, NULL}};
    assert_string_equal(resolve("{\"schema\":\"{}\",\"schemaType\":\"JSON\"}", stored), "-4");
    assert_string_equal(resolve("{\"schema\":\"{}\",\"references\":[{}]}", stored), "-4");
    assert_string_equal(resolve("{\"schema\":\"{}\",\"references\":[" REF("a", "odd") "]}", stored),
                        "-1");
    assert_string_equal(resolve("{\"schema\":\"{}\",\"references\":[" REF("a", "no") "]}", stored),
                        "-2");
    assert_string_equal(resolve("{\"schema\":5,\"references\":[" REF("a", "no") "]}", stored),
                        "-1");
}

/* 65 references are one too many. */
static void references_are_limited(void **state)
{
    struct buf text;
    buf_init(&text, 1 << 16);
    buf_printf(&text, "{\"schema\":\"{}\",\"references\":[");
    for (int i = 0; i <= REGISTRY_REFERENCES_MAX; i++) {
        buf_printf(&text, "%s{\"name\":\"a\",\"subject\":\"s%d\",\"version\":1}", i ? "," : "", i);
    }
    buf_printf(&text, "]}");
    buf_append(&text, "", 1);
    struct stored stored[] = {{NULL, NULL}};
    assert_string_equal(resolve(text.data, stored), "-4");
    assert_int_equal(requests, 0);
    buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(avro_becomes_one_schema),
        cmocka_unit_test(protobuf_keeps_its_files),
        cmocka_unit_test(what_cannot_be_followed_is_refused),
        cmocka_unit_test(references_are_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
