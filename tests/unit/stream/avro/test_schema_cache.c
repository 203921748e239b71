#include "base/base.h"
#include "tests/probe.h"

#include <setjmp.h>
#include <unistd.h>
#include <cmocka.h>

#define RECORD(fields) "{\"type\":\"record\",\"name\":\"R\",\"fields\":[" fields "]}"
#define WHOLE "{\"name\":\"whole\",\"type\":\"int\"}"

static struct frame by_id(uint64_t id)
{
    return (struct frame){.framing = FRAMING_CONFLUENT, .number = id};
}

static void test_cache(void **state)
{
    struct scratch *scratch = *state;
    const char *schema = "{\"type\":\"record\",\"name\":\"R\",\"fields\":[]}";
    assert_int_equal(schema_cache_add(scratch->schemas, schema, &scratch->error), 0);
    assert_int_equal(schema_cache_add(scratch->schemas, schema, NULL), 0);
    assert_int_equal(schema_cache_add(scratch->schemas, "{\"type\":\"rec\"}", &scratch->error),
                     -EINVAL);
    assert_string_equal(scratch->error.reason, "bad_schema");
    assert_int_equal(schema_cache_add(scratch->schemas, "nonsense", NULL), -EINVAL);
    schema_cache_free(NULL);
    codec_free(NULL);
}

static void write_file(const char *directory, const char *name, const char *text)
{
    _cleanup_(xfreep) char *path = xprintf("%s/%s", directory, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void test_cache_directory(void **state)
{
    struct scratch *scratch = *state;
    char directory[] = "/tmp/freshet-schemas-XXXXXX";
    assert_non_null(mkdtemp(directory));
    assert_int_equal(schema_cache_add_dir(scratch->schemas, directory, &scratch->error), 0);
    write_file(directory, "probe.avsc",
               "{\"type\":\"record\",\"name\":\"Probe\",\"namespace\":\"test\",\"fields\":["
               "{\"name\":\"whole\",\"type\":\"int\"}]}");
    write_file(directory, "README", "no schema");
    assert_int_equal(schema_cache_add_dir(scratch->schemas, directory, &scratch->error), 0);
    put_long(&scratch->body, 5);
    struct probe probe;
    assert_read(scratch, "{\"name\":\"whole\",\"type\":\"int\"}", &probe);
    write_file(directory, "17.avsc", "\"long\"");
    assert_int_equal(schema_cache_add_dir(scratch->schemas, directory, &scratch->error), 0);
    assert_non_null(schema_cache_find(scratch->schemas, by_id(17)));
    assert_null(schema_cache_find(scratch->schemas, by_id(18)));
    write_file(directory, "wrong.avsc", "{}");
    assert_int_equal(schema_cache_add_dir(scratch->schemas, directory, &scratch->error), -EINVAL);
    assert_non_null(strstr(scratch->error.detail, "wrong.avsc"));
    static const char *const names[] = {"probe.avsc", "README", "wrong.avsc", "17.avsc"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        _cleanup_(xfreep) char *path = xprintf("%s/%s", directory, names[i]);
        assert_int_equal(unlink(path), 0);
    }
    assert_int_equal(rmdir(directory), 0);
    assert_int_equal(schema_cache_add_dir(scratch->schemas, directory, &scratch->error), -ENOENT);
}

/* ---- Ids. ---- */

static void test_ids(void **state)
{
    struct scratch *scratch = *state;
    struct schema_cache *schemas = scratch->schemas;
    uint64_t empty;
    assert_int_equal(schema_fingerprint(RECORD(""), &empty), 0);
    for (uint32_t id = 300; id > 0; id--) {
        assert_int_equal(schema_cache_bind(schemas, id, id % 2 ? RECORD("") : RECORD(WHOLE), NULL),
                         0);
    }
    for (uint32_t id = 1; id <= 300; id++) {
        const struct schema *schema = schema_cache_find(schemas, by_id(id));
        assert_non_null(schema);
        assert_ptr_equal(schema, schema_cache_find(schemas, by_id(id % 2 ? 1 : 2)));
    }
    assert_null(schema_cache_find(schemas, by_id(0)));
    assert_null(schema_cache_find(schemas, by_id(301)));
    /* the same again is nothing new; another meaning is refused, and so is what is no schema */
    assert_int_equal(schema_cache_bind(schemas, 8, RECORD(WHOLE), &scratch->error), 0);
    assert_int_equal(schema_cache_bind(schemas, 8, RECORD(""), &scratch->error), -EINVAL);
    assert_string_equal(scratch->error.detail, "id 8 means two schemas");
    assert_int_equal(schema_cache_bind(schemas, 301, "{}", &scratch->error), -EINVAL);
    assert_int_equal(schema_cache_bind(schemas, SCHEMA_ID_MAX + 1u, RECORD(""), NULL), -EINVAL);
    /* what is written: nothing but fingerprints, unless asked for; then the id that came last */
    struct frame frame = schema_cache_frame(schemas, empty);
    assert_true(frame.framing == FRAMING_SINGLE && frame.number == empty);
    schema_cache_write(schemas, FRAMING_CONFLUENT);
    frame = schema_cache_frame(schemas, empty);
    assert_true(frame.framing == FRAMING_CONFLUENT && frame.number == 1);
    assert_int_equal(schema_cache_bind(schemas, 77, RECORD(""), NULL), 0);
    assert_int_equal(schema_cache_frame(schemas, empty).number, 77);
    frame = schema_cache_frame(schemas, empty + 1);
    assert_true(frame.framing == FRAMING_SINGLE && frame.number == empty + 1);
}

static void test_ids_are_bounded(void **state)
{
    struct scratch *scratch = *state;
    for (uint32_t id = 0; id < SCHEMA_CACHE_IDS_MAX; id++) {
        assert_int_equal(schema_cache_bind(scratch->schemas, id, "\"int\"", NULL), 0);
    }
    assert_int_equal(
        schema_cache_bind(scratch->schemas, SCHEMA_CACHE_IDS_MAX, "\"int\"", &scratch->error),
        -EINVAL);
    assert_string_equal(scratch->error.detail, "more than 16384 ids");
}

int main(void)
{
#define SCRATCH_TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(test_cache),
        SCRATCH_TEST(test_cache_directory),
        SCRATCH_TEST(test_ids),
        SCRATCH_TEST(test_ids_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
