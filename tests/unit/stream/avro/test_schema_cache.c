#include "base/base.h"
#include "stream/avro/schema.h"
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

/* Two pairs of schemas: one canonical form, and one CRC-64-AVRO of two forms. */
#define VIEW(logical)                                                                              \
    "{\"type\":\"record\",\"name\":\"View\",\"namespace\":\"shop\",\"fields\":[{\"name\":\"ts\"," \
    "\"type\":{\"type\":\"long\",\"logicalType\":\"" logical "\"}}]}"
#define NULL_FIELD                                                                                 \
    "caaccaacaaccaacccccacccacaccaaaaccccacaacccccaaccacaacacaaacacacaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const char *const pairs[][2] = {
    {VIEW("timestamp-millis"), VIEW("timestamp-micros")},
    {"{\"type\":\"record\",\"name\":\"Order\",\"namespace\":\"shop\",\"fields\":["
     "{\"name\":\"user\",\"type\":\"string\"},{\"name\":\"item\",\"type\":\"string\"},"
     "{\"name\":\"type\",\"type\":\"string\"},{\"name\":\"ts\",\"type\":\"long\"}]}",
     "{\"type\":\"record\",\"name\":\"X\",\"fields\":["
     "{\"name\":\"" NULL_FIELD "\",\"type\":\"null\"}]}"},
};

/* An id means its own schema, whichever was known first; a fingerprint of both is refused. */
static void test_one_fingerprint_of_two(void **state)
{
    for (size_t i = 0; i < 2 * ARRAY_COUNT(pairs); i++) {
        const char *const texts[] = {pairs[i / 2][i % 2], pairs[i / 2][1 - i % 2]};
        struct schema_cache *schemas = schema_cache_new();
        struct codec_error error;
        uint64_t crc, other;
        assert_int_equal(schema_fingerprint(texts[0], &crc), 0);
        assert_int_equal(schema_fingerprint(texts[1], &other), 0);
        assert_true(crc == other);
        const struct frame single = {.framing = FRAMING_SINGLE, .number = crc};
        assert_int_equal(schema_cache_bind(schemas, 7, texts[0], NULL), 0);
        const struct schema *first = schema_cache_find(schemas, single);
        assert_ptr_equal(first, schema_cache_find(schemas, by_id(7)));
        uint64_t clashes = schema_cache_clashes(schemas);
        assert_int_equal(schema_cache_bind(schemas, 8, texts[1], NULL), 0);
        assert_true(schema_cache_clashes(schemas) > clashes);
        const struct schema *second = schema_cache_find(schemas, by_id(8));
        assert_ptr_equal(first, schema_cache_find(schemas, by_id(7)));
        assert_true(second && second != first);
        assert_false(schema_same_meaning(first, second));
        assert_null(schema_cache_find(schemas, single));
        assert_int_equal(schema_cache_missing(schemas, single, &error), -EBADMSG);
        assert_string_equal(error.reason, "ambiguous_fingerprint");
        /* The same id cannot come to mean the other. */
        assert_int_equal(schema_cache_bind(schemas, 7, texts[1], NULL), -EINVAL);
        /* What we write ourselves is read as ours, and written with no other's id. */
        assert_int_equal(schema_cache_add(schemas, texts[1], NULL), 0);
        assert_ptr_equal(schema_cache_find(schemas, single), second);
        schema_cache_write(schemas, FRAMING_CONFLUENT);
        assert_int_equal(schema_cache_frame(schemas, crc).number, 8);
        assert_int_equal(schema_cache_bind(schemas, 9, texts[0], NULL), 0);
        assert_int_equal(schema_cache_frame(schemas, crc).number, 8);
        schema_cache_free(schemas);
    }
}

/* Comments, defaults and other names for the same do not make another schema. */
static void test_other_texts_of_one_schema(void **state)
{
    struct schema_cache *schemas = schema_cache_new();
    static const char *const texts[] = {
        VIEW("timestamp-millis"),
        "{\"name\":\"shop.View\",\"doc\":\"d\",\"type\":\"record\",\"fields\":[{\"default\":0,"
        "\"type\":{\"logicalType\":\"timestamp-millis\",\"type\":\"long\"},\"name\":\"ts\"}]}",
    };
    assert_int_equal(schema_cache_bind(schemas, 1, texts[0], NULL), 0);
    assert_int_equal(schema_cache_bind(schemas, 2, texts[1], NULL), 0);
    assert_ptr_equal(schema_cache_find(schemas, by_id(1)), schema_cache_find(schemas, by_id(2)));
    schema_cache_free(schemas);
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
        cmocka_unit_test(test_one_fingerprint_of_two),
        cmocka_unit_test(test_other_texts_of_one_schema),
        SCRATCH_TEST(test_ids_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
