#include "base/base.h"
#include "ingest/payload/rendered_times.h"

#include <setjmp.h>
#include <cmocka.h>

static const char schema[] =
    "{\"type\":\"record\",\"name\":\"V\",\"fields\":[{\"name\":\"user\",\"type\":\"string\"},"
    "{\"name\":\"at\",\"type\":[\"null\",{\"type\":\"long\",\"logicalType\":"
    "\"timestamp-micros\"}]},"
    "{\"name\":\"days\",\"type\":{\"type\":\"array\",\"items\":{\"type\":\"int\",\"logicalType\":"
    "\"date\"}}},{\"name\":\"n\",\"type\":\"long\"}]}";

static void assert_put(const char *text, const char *expected)
{
    struct schema_cache *schemas = schema_cache_new();
    assert_int_equal(schema_cache_add(schemas, "\"string\"", NULL), 0);
    assert_int_equal(schema_cache_add(schemas, schema, NULL), 0);
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
    assert_non_null(value);
    rendered_times_put(schemas, value);
    char *dumped = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    assert_string_equal(dumped, expected);
    free(dumped);
    json_decref(value);
    schema_cache_free(schemas);
}

static void times_become_texts(void **state)
{
    assert_put("{\"user\":\"u\",\"at\":1795424395000001,\"days\":[20780,1],\"n\":5}",
               "{\"user\":\"u\",\"at\":\"2026-11-23T08:59:55.000001Z\",\"days\":[\"2026-11-23\","
               "\"1970-01-02\"],\"n\":5}");
    assert_put("{\"user\":\"u\",\"at\":null,\"days\":[],\"n\":5}",
               "{\"user\":\"u\",\"at\":null,\"days\":[],\"n\":5}");
}

static void what_fits_no_schema_stays(void **state)
{
    static const char *const others[] = {
        "{\"user\":\"u\",\"at\":1,\"days\":[1]}",
        "{\"user\":\"u\",\"at\":1,\"days\":[1],\"n\":5,\"more\":1}",
        "{\"user\":7,\"at\":1,\"days\":[1],\"n\":5}",
        "{\"user\":\"u\",\"at\":1,\"days\":[\"x\"],\"n\":5}", "[]", "7", "\"x\""};
    for (size_t i = 0; i < ARRAY_COUNT(others); i++) { assert_put(others[i], others[i]); }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_become_texts),
        cmocka_unit_test(what_fits_no_schema_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
