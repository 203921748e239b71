#include "base/base.h"
#include "stream/avro/schema.h"
#include "stream/avro/schema_references.h"

#include <setjmp.h>
#include <cmocka.h>

/* Joins and parses; the canonical form must be as expected. */
static void assert_joined(const char *schema, const char *const *references, size_t count,
                          const char *canonical)
{
    struct codec_error error = {0};
    struct buf joined;
    buf_init(&joined, SCHEMA_BYTES_MAX);
    if (schema_references_join(schema, references, count, &joined, &error)) {
        fail_msg("%s: %s", schema, error.detail);
    }
    struct schema *parsed = schema_parse(joined.data, &error);
    if (!parsed) { fail_msg("%s: %s", joined.data, error.detail); }
    assert_string_equal(schema_canonical(parsed), canonical);
    schema_free(parsed);
    buf_release(&joined);
}

#define RECORD(name, fields) "{\"type\":\"record\",\"name\":\"" name "\",\"fields\":[" fields "]}"
#define FIELD(name, type) "{\"name\":\"" name "\",\"type\":" type "}"
#define CANONICAL(name, fields)                                                                    \
    "{\"name\":\"" name "\",\"type\":\"record\",\"fields\":[" fields "]}"

static void a_name_becomes_its_definition(void **state)
{
    static const char *const references[] = {RECORD("shop.User", FIELD("id", "\"string\""))};
    assert_joined(RECORD("View", FIELD("a", "\"shop.User\"") "," FIELD("b", "\"shop.User\"")),
                  references, 1,
                  CANONICAL("View", FIELD("a", CANONICAL("shop.User", FIELD("id", "\"string\"")))
                            "," FIELD("b", "\"shop.User\"")));
    assert_joined(RECORD("shop.View", FIELD("a", "[\"null\",\"User\"]")), references, 1,
                  CANONICAL("shop.View", FIELD("a", "[\"null\"," CANONICAL("shop.User",
                            FIELD("id", "\"string\"")) "]")));
}

/* A union of records that stand elsewhere, and one that refers to another. */
static void references_refer_on(void **state)
{
    static const char *const references[] = {
        RECORD("a.One", FIELD("x", "{\"type\":\"array\",\"items\":\"b.Two\"}")),
        "{\"type\":\"enum\",\"name\":\"Two\",\"namespace\":\"b\",\"symbols\":[\"A\"]}",
    };
    assert_joined("[\"a.One\",\"b.Two\"]", references, 2,
                  "[" CANONICAL("a.One", FIELD("x", "{\"type\":\"array\",\"items\":{\"name\":"
                  "\"b.Two\",\"type\":\"enum\",\"symbols\":[\"A\"]}}")) ",\"b.Two\"]");
}

static void circles_end(void **state)
{
    static const char *const references[] = {RECORD("A", FIELD("b", "[\"null\",\"B\"]")),
                                             RECORD("B", FIELD("a", "[\"null\",\"A\"]"))};
    assert_joined("\"A\"", references, 2,
                  CANONICAL("A", FIELD("b", "[\"null\"," CANONICAL("B", FIELD("a",
                            "[\"null\",\"A\"]")) "]")));
}

static void broken_texts_are_refused(void **state)
{
    static const char *const broken[] = {"{"};
    struct codec_error error = {0};
    struct buf joined;
    buf_init(&joined, 10);
    assert_int_equal(schema_references_join("{", NULL, 0, &joined, &error), -EINVAL);
    assert_int_equal(schema_references_join("\"A\"", broken, 1, &joined, &error), -EINVAL);
    assert_int_equal(schema_references_join("\"a.longer.name\"", NULL, 0, &joined, &error),
                     -EINVAL);
    assert_string_equal(error.reason, "bad_schema");
    buf_release(&joined);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_becomes_its_definition),
        cmocka_unit_test(references_refer_on),
        cmocka_unit_test(circles_end),
        cmocka_unit_test(broken_texts_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
