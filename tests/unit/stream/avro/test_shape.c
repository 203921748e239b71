#include "base/base.h"
#include "tests/probe.h"

#include <setjmp.h>
#include <cmocka.h>

#include "stream/avro/shape.h"

static void test_kinds(void **state)
{
    assert_true(shape_is_column(FIELD_STRINGS) && shape_is_column(FIELD_ENUMS));
    assert_false(shape_is_column(FIELD_STRING) || shape_is_column(FIELD_ENUM));
    assert_int_equal(shape_element(FIELD_ENUMS), FIELD_ENUM);
    assert_int_equal(shape_element(FIELD_LONG), FIELD_LONG);
    assert_int_equal(shape_member_bytes(FIELD_FLOATS), sizeof(struct floats));
    assert_int_equal(shape_member_bytes(shape_element(FIELD_FLOATS)), sizeof(float));
}

static void test_fields_in_schema_order(void **state)
{
    struct shape *shape = shape_new(&probe_contract);
    assert_int_equal(shape->fields_count, ARRAY_COUNT(probe_fields));
    for (size_t i = 0; i < shape->fields_count; i++) {
        assert_ptr_equal(shape->fields[i].row, &probe_fields[i]);
        assert_string_equal(shape->fields[i].field->name, probe_fields[i].name);
    }
    assert_int_equal(shape->fields[0].null_branch, -1);
    assert_int_equal(shape->fields[15].null_branch, 0);
    assert_int_equal(shape->fields[15].value_branch, 1);
    assert_int_equal(shape->fields[15].value->type, SCHEMA_STRING);
    assert_int_equal(shape->fields[16].null_branch, 1);
    assert_int_equal(shape->fields[16].value_branch, 0);
    shape_free(shape);
    shape_free(NULL);
}

static void test_no_defaults(void **state)
{
    static const struct contract_field fields[] = {
        CONTRACT_FIELD(probe, FIELD_STRING, text, 10),
        CONTRACT_FIELD(probe, FIELD_DOUBLES, reals, 10),
        CONTRACT_FIELD(probe, FIELD_LONG, whole, 0),
    };
    static const struct contract bare = {
        .name = "Bare",
        .schema = "{\"type\":\"record\",\"name\":\"Bare\",\"fields\":["
                  "{\"name\":\"whole\",\"type\":\"long\"},{\"name\":\"text\",\"type\":\"string\"},"
                  "{\"name\":\"reals\",\"type\":{\"type\":\"array\",\"items\":\"double\"}}]}",
        .fields = fields,
        .fields_count = ARRAY_COUNT(fields),
        .size = sizeof(struct probe),
    };
    struct shape *shape = shape_new(&bare);
    const struct probe *defaults = shape->defaults;
    assert_non_null(defaults->text.data);
    assert_int_equal(defaults->text.size, 0);
    assert_int_equal(defaults->reals.count, 0);
    assert_int_equal(defaults->whole, 0);
    assert_ptr_equal(shape->fields[0].row, &fields[2]);
    shape_free(shape);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_fields_in_schema_order),
        cmocka_unit_test(test_no_defaults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
