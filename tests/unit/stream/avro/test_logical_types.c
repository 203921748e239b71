#include "base/base.h"
#include "stream/avro/logical_types.h"
#include "stream/avro/schema.h"

#include <setjmp.h>
#include <cmocka.h>

static void assert_lines(const char *schema, const char *expect)
{
    struct buf out;
    json_error_t error;
    json_t *json = json_loads(schema, JSON_DECODE_ANY, &error);
    buf_init(&out, 4096);
    assert_non_null(json);
    logical_types_write(json, &out);
    buf_append(&out, "", 1);
    assert_string_equal(out.data, expect);
    buf_release(&out);
    json_decref(json);
}

static void each_has_its_number(void **state)
{
    assert_lines("\"long\"", "");
    assert_lines("{\"type\":\"long\"}", "");
    assert_lines("{\"type\":\"int\",\"logicalType\":\"date\"}", "0 \"date\" - -\n");
    assert_lines("{\"type\":\"int\",\"logicalType\":5}", "");
    assert_lines("{\"type\":\"long\",\"connect.name\":\"io.debezium.time.MicroTimestamp\"}",
                 "0 \"io.debezium.time.MicroTimestamp\" - -\n");
    assert_lines("{\"type\":\"long\",\"connect.name\":\"shop.Id\"}", "");
    /* However a type is written, those behind it keep their numbers. */
    static const char expect[] = "3 \"decimal\" 9 2\n5 \"timestamp-micros\" - -\n";
    assert_lines("{\"type\":\"record\",\"name\":\"R\",\"fields\":["
                 "{\"name\":\"a\",\"type\":\"int\"},"
                 "{\"name\":\"b\",\"type\":[{\"type\":\"bytes\",\"logicalType\":\"decimal\","
                 "\"precision\":9,\"scale\":2}]},"
                 "{\"name\":\"c\",\"type\":{\"type\":\"array\",\"items\":{\"type\":\"long\","
                 "\"logicalType\":\"timestamp-micros\"}}}]}", expect);
    assert_lines("{\"name\":\"R\",\"type\":\"record\",\"doc\":\"d\",\"fields\":["
                 "{\"name\":\"a\",\"type\":{\"type\":\"int\"}},"
                 "{\"name\":\"b\",\"type\":[{\"scale\":2,\"precision\":9,\"type\":\"bytes\","
                 "\"logicalType\":\"decimal\"}]},"
                 "{\"name\":\"c\",\"type\":{\"type\":\"array\",\"items\":{\"type\":\"long\","
                 "\"logicalType\":\"timestamp-micros\"}}}]}", expect);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_has_its_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
