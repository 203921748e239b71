#include "base/base.h"
#include "tests/probe.h"
#include "tests/sample.h"

#include <avro.h>
#include <jansson.h>
#include <setjmp.h>
#include <cmocka.h>

/* The codec against libavro, on bytes that are well: what libavro writes by a random schema is
 * rendered and skipped here, what is written here libavro reads, and both resolve alike where
 * libavro resolves at all (it knows neither defaults nor aliases). */

enum { ROUNDS = 400, DEPTH_MAX = 4, ROOM_BYTES = 1 << 20 };

struct oracle {
    struct scratch *scratch;
    struct sample sample;
    struct buf schema;
    int names_count; /* of named types so far */
    char *room;
};

static int setup(void **state)
{
    struct oracle *oracle = xcalloc(1, sizeof(*oracle));
    void *scratch;
    scratch_setup(&scratch);
    oracle->scratch = scratch;
    oracle->sample = (struct sample){.state = 99, .arena = oracle->scratch->arena};
    buf_init(&oracle->schema, ROOM_BYTES);
    oracle->room = xmalloc(ROOM_BYTES);
    *state = oracle;
    return 0;
}

static int teardown(void **state)
{
    struct oracle *oracle = *state;
    void *scratch = oracle->scratch;
    scratch_teardown(&scratch);
    buf_release(&oracle->schema);
    free(oracle->room);
    free(oracle);
    return 0;
}

/* ---- Random schemas. ---- */

static void add_type(struct oracle *oracle, int depth, bool in_union);

static void add_union(struct oracle *oracle, int depth)
{
    static const char *const plain[] = {"null", "int", "string", "boolean", "double"};
    struct buf *out = &oracle->schema;
    size_t count = 1 + sample_below(&oracle->sample, ARRAY_COUNT(plain));
    buf_printf(out, "[");
    for (size_t i = 0; i < count; i++) { buf_printf(out, "\"%s\",", plain[i]); }
    add_type(oracle, depth + 1, true);
    buf_printf(out, "]");
}

/* One field at least: libavro cannot hold an array of empty records. */
static void add_record(struct oracle *oracle, int depth)
{
    struct buf *out = &oracle->schema;
    int name = oracle->names_count++;
    size_t count = 1 + sample_below(&oracle->sample, 4);
    buf_printf(out, "{\"type\":\"record\",\"name\":\"N%d\",\"fields\":[", name);
    for (size_t i = 0; i < count; i++) {
        buf_printf(out, "%s{\"name\":\"f%zu\",\"type\":", i ? "," : "", i);
        add_type(oracle, depth + 1, false);
        buf_printf(out, "}");
    }
    buf_printf(out, "]}");
}

/* In a union only what the plain branches are not. */
static void add_type(struct oracle *oracle, int depth, bool in_union)
{
    static const char *const scalars[] = {"long", "float",   "bytes",  "null",
                                          "int",  "boolean", "double", "string"};
    struct buf *out = &oracle->schema;
    size_t choice = sample_below(&oracle->sample, depth < DEPTH_MAX ? 11 : 6);
    if (choice < 4) {
        size_t scalar = sample_below(&oracle->sample, in_union ? 3 : ARRAY_COUNT(scalars));
        buf_printf(out, "\"%s\"", scalars[scalar]);
    } else if (choice == 4) {
        buf_printf(out, "{\"type\":\"fixed\",\"name\":\"N%d\",\"size\":%zu}",
                   oracle->names_count++, 1 + sample_below(&oracle->sample, 20));
    } else if (choice == 5) {
        buf_printf(out, "{\"type\":\"enum\",\"name\":\"N%d\",\"symbols\":[\"A\",\"B\",\"C\"]}",
                   oracle->names_count++);
    } else if (choice <= 7) {
        bool array = choice == 6;
        buf_printf(out, array ? "{\"type\":\"array\",\"items\":" : "{\"type\":\"map\",\"values\":");
        add_type(oracle, depth + 1, false);
        buf_printf(out, "}");
    } else if (choice == 8 && !in_union) {
        add_union(oracle, depth);
    } else {
        add_record(oracle, depth);
    }
}

/* ---- Random values, by libavro. ---- */

static void fill_value(struct oracle *oracle, avro_value_t *value);

static void fill_children(struct oracle *oracle, avro_value_t *value, avro_type_t type)
{
    avro_value_t child;
    size_t count = 0;
    if (type == AVRO_RECORD) {
        (void)avro_value_get_size(value, &count);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(avro_value_get_by_index(value, i, &child, NULL), 0);
            fill_value(oracle, &child);
        }
        return;
    }
    count = sample_below(&oracle->sample, 4);
    for (size_t i = 0; i < count; i++) {
        char key[32];
        (void)snprintf(key, sizeof(key), "key%zu", i);
        if (type == AVRO_MAP) {
            assert_int_equal(avro_value_add(value, key, &child, NULL, NULL), 0);
        } else {
            assert_int_equal(avro_value_append(value, &child, NULL), 0);
        }
        fill_value(oracle, &child);
    }
}

static void fill_text(struct oracle *oracle, avro_value_t *value, avro_type_t type)
{
    struct sample *sample = &oracle->sample;
    struct slice bytes = type == AVRO_STRING ? sample_text(sample) : sample_bytes(sample);
    if (type == AVRO_STRING) {
        char *text = arena_alloc(sample->arena, bytes.size + 1);
        memcpy(text, bytes.data, bytes.size);
        text[bytes.size] = '\0';
        assert_int_equal(avro_value_set_string_len(value, text, bytes.size + 1), 0);
    } else if (type == AVRO_BYTES) {
        assert_int_equal(avro_value_set_bytes(value, (void *)bytes.data, bytes.size), 0);
    } else {
        size_t size = (size_t)avro_schema_fixed_size(avro_value_get_schema(value));
        char fixed[32];
        for (size_t i = 0; i < size; i++) { fixed[i] = (char)sample_next(sample); }
        assert_int_equal(avro_value_set_fixed(value, fixed, size), 0);
    }
}

static void fill_value(struct oracle *oracle, avro_value_t *value)
{
    struct sample *sample = &oracle->sample;
    avro_type_t type = avro_value_get_type(value);
    avro_value_t branch;
    switch (type) {
    case AVRO_NULL:
        (void)avro_value_set_null(value);
        return;
    case AVRO_BOOLEAN:
        (void)avro_value_set_boolean(value, (int)sample_below(sample, 2));
        return;
    case AVRO_INT32:
        (void)avro_value_set_int(value, (int32_t)(sample_long(sample) >> 32));
        return;
    case AVRO_INT64:
        (void)avro_value_set_long(value, sample_long(sample));
        return;
    case AVRO_FLOAT:
        (void)avro_value_set_float(value, sample_float(sample));
        return;
    case AVRO_DOUBLE:
        (void)avro_value_set_double(value, sample_double(sample));
        return;
    case AVRO_ENUM:
        (void)avro_value_set_enum(value, (int)sample_below(sample, 3));
        return;
    case AVRO_UNION: {
        size_t count = avro_schema_union_size(avro_value_get_schema(value));
        assert_int_equal(
            avro_value_set_branch(value, (int)sample_below(sample, count), &branch), 0);
        fill_value(oracle, &branch);
        return;
    }
    case AVRO_STRING:
    case AVRO_BYTES:
    case AVRO_FIXED:
        fill_text(oracle, value, type);
        return;
    default:
        fill_children(oracle, value, type);
    }
}

/* ---- Our JSON against libavro's value. ---- */

static void assert_shows(const json_t *json, avro_value_t *value);

/* A string of characters U+0000..U+00FF against bytes. */
static void assert_shows_bytes(const json_t *json, const uint8_t *bytes, size_t size)
{
    const uint8_t *text = (const uint8_t *)json_string_value(json);
    size_t left = json_string_length(json);
    for (size_t i = 0; i < size; i++) {
        size_t step = bytes[i] < 0x80 ? 1 : 2;
        assert_true(left >= step);
        int shown = step == 1 ? text[0] : (text[0] & 3) << 6 | (text[1] & 0x3f);
        assert_int_equal(shown, bytes[i]);
        text += step;
        left -= step;
    }
    assert_int_equal(left, 0);
}

static void assert_shows_number(const json_t *json, avro_value_t *value, avro_type_t type)
{
    int32_t small = 0;
    int64_t whole = 0;
    float narrow = 0;
    double real = 0;
    if (type == AVRO_INT32) {
        (void)avro_value_get_int(value, &small);
        assert_int_equal(json_integer_value(json), small);
    } else if (type == AVRO_INT64) {
        (void)avro_value_get_long(value, &whole);
        assert_int_equal(json_integer_value(json), whole);
    } else if (type == AVRO_FLOAT) {
        (void)avro_value_get_float(value, &narrow);
        float shown = (float)json_number_value(json);
        assert_true(shown <= narrow && shown >= narrow);
    } else {
        (void)avro_value_get_double(value, &real);
        double shown = json_number_value(json);
        assert_true(shown <= real && shown >= real);
    }
}

static void assert_shows_children(const json_t *json, avro_value_t *value, avro_type_t type)
{
    avro_value_t child;
    size_t count = 0;
    const char *key = NULL;
    (void)avro_value_get_size(value, &count);
    assert_int_equal(type == AVRO_ARRAY ? json_array_size(json) : json_object_size(json), count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(avro_value_get_by_index(value, i, &child, &key), 0);
        assert_shows(type == AVRO_ARRAY ? json_array_get(json, i) : json_object_get(json, key),
                     &child);
    }
}

static void assert_shows(const json_t *json, avro_value_t *value)
{
    avro_type_t type = avro_value_get_type(value);
    avro_value_t branch;
    const void *bytes = NULL;
    const char *text = NULL;
    size_t size = 0;
    int number = 0;
    assert_non_null(json);
    switch (type) {
    case AVRO_NULL:
        assert_true(json_is_null(json));
        return;
    case AVRO_BOOLEAN:
        (void)avro_value_get_boolean(value, &number);
        assert_int_equal(json_is_true(json), number);
        return;
    case AVRO_STRING:
        (void)avro_value_get_string(value, &text, &size);
        assert_int_equal(json_string_length(json), size - 1);
        assert_memory_equal(json_string_value(json), text, size - 1);
        return;
    case AVRO_BYTES:
        (void)avro_value_get_bytes(value, &bytes, &size);
        assert_shows_bytes(json, bytes, size);
        return;
    case AVRO_FIXED:
        (void)avro_value_get_fixed(value, &bytes, &size);
        assert_shows_bytes(json, bytes, size);
        return;
    case AVRO_ENUM:
        (void)avro_value_get_enum(value, &number);
        text = avro_schema_enum_get(avro_value_get_schema(value), number);
        assert_string_equal(json_string_value(json), text);
        return;
    case AVRO_UNION:
        (void)avro_value_get_current_branch(value, &branch);
        assert_shows(json, &branch);
        return;
    case AVRO_ARRAY:
    case AVRO_MAP:
    case AVRO_RECORD:
        assert_shows_children(json, value, type);
        return;
    default:
        assert_shows_number(json, value, type);
    }
}

static void assert_json_shows(struct oracle *oracle, struct slice message, avro_value_t *value)
{
    struct scratch *scratch = oracle->scratch;
    buf_clear(&scratch->json);
    if (codec_json(scratch->schemas, message, &scratch->json, NULL, &scratch->error)) {
        fail_msg("%s: %s", scratch->error.reason, scratch->error.detail);
    }
    json_t *json =
        json_loadb(scratch->json.data, scratch->json.size, JSON_ALLOW_NUL | JSON_DECODE_ANY, NULL);
    assert_shows(json, value);
    json_decref(json);
}

/* ---- The tests. ---- */

static avro_value_t new_value(const char *json, avro_schema_t *ret_schema)
{
    avro_value_t value;
    if (avro_schema_from_json_length(json, strlen(json), ret_schema)) {
        fail_msg("%s: %s", avro_strerror(), json);
    }
    avro_value_iface_t *iface = avro_generic_class_from_schema(*ret_schema);
    assert_int_equal(avro_generic_value_new(iface, &value), 0);
    avro_value_iface_decref(iface);
    return value;
}

/* The value's bytes become scratch->body. */
static void write_value(struct oracle *oracle, avro_value_t *value)
{
    avro_writer_t writer = avro_writer_memory(oracle->room, ROOM_BYTES);
    assert_int_equal(avro_value_write(writer, value), 0);
    buf_clear(&oracle->scratch->body);
    buf_append(&oracle->scratch->body, oracle->room, (size_t)avro_writer_tell(writer));
    avro_writer_free(writer);
}

/* A field of any type is rendered as it is, and skipped to the last byte. */
static void test_random_schemas(void **state)
{
    struct oracle *oracle = *state;
    struct scratch *scratch = oracle->scratch;
    for (int round = 0; round < ROUNDS; round++) {
        arena_reset(scratch->arena);
        buf_clear(&oracle->schema);
        oracle->names_count = 0;
        buf_printf(&oracle->schema, "{\"type\":\"record\",\"name\":\"test.Probe\",\"fields\":["
                                    "{\"name\":\"gone\",\"type\":");
        add_type(oracle, 0, false);
        buf_printf(&oracle->schema, "},{\"name\":\"whole\",\"type\":\"long\"}]}");
        buf_append(&oracle->schema, "", 1);
        avro_schema_t schema;
        avro_value_t value = new_value(oracle->schema.data, &schema);
        avro_value_t whole;
        int64_t expected = 0;
        fill_value(oracle, &value);
        write_value(oracle, &value);
        struct slice message = scratch_frame(scratch, oracle->schema.data);
        assert_json_shows(oracle, message, &value);
        struct probe probe;
        if (scratch_decode(scratch, message, &probe)) {
            fail_msg("%s: %s", scratch->error.reason, scratch->error.detail);
        }
        assert_int_equal(avro_value_get_by_index(&value, 1, &whole, NULL), 0);
        assert_int_equal(avro_value_get_long(&whole, &expected), 0);
        assert_int_equal(probe.whole, expected);
        avro_value_decref(&value);
        avro_schema_decref(schema);
    }
}

/* libavro reads what we write, sees what we show, and writes the same bytes. */
static void test_our_messages(void **state)
{
    struct oracle *oracle = *state;
    struct scratch *scratch = oracle->scratch;
    for (size_t i = 0; i < contracts_count; i++) {
        const struct contract *contract = contracts[i];
        struct codec *codec = codec_new(contract, scratch->schemas);
        struct shape *shape = shape_new(contract);
        avro_schema_t schema;
        avro_value_t value = new_value(contract->schema, &schema);
        for (int round = 0; round < ROUNDS / 8; round++) {
            _Alignas(max_align_t) char object[SAMPLE_STRUCT_BYTES_MAX];
            arena_reset(scratch->arena);
            buf_clear(&scratch->message);
            sample_fill(&oracle->sample, shape, object);
            assert_int_equal(codec_encode(codec, object, &scratch->message), 0);
            struct slice body = slice_of(scratch->message.data + 10, scratch->message.size - 10);
            avro_reader_t reader = avro_reader_memory(body.data, (int64_t)body.size);
            assert_int_equal(avro_value_reset(&value), 0);
            assert_int_equal(avro_value_read(reader, &value), 0);
            avro_reader_free(reader);
            assert_json_shows(oracle, buf_slice(&scratch->message), &value);
            write_value(oracle, &value);
            assert_true(slice_equal(body, buf_slice(&scratch->body)));
        }
        avro_value_decref(&value);
        avro_schema_decref(schema);
        shape_free(shape);
        codec_free(codec);
    }
}

/* ---- Resolution. ---- */

static const char target_schema[] =
    "{\"type\":\"record\",\"name\":\"Probe\",\"fields\":["
    "{\"name\":\"small\",\"type\":\"int\"},{\"name\":\"whole\",\"type\":\"long\"},"
    "{\"name\":\"narrow\",\"type\":\"float\"},{\"name\":\"real\",\"type\":\"double\"},"
    "{\"name\":\"text\",\"type\":\"string\"}]}";

static const char *const target_names[] = {"small", "whole", "narrow", "real", "text"};

/* A writer of the target's fields in any order and any type that may grow into theirs, with others
 * in between. */
static void add_writer(struct oracle *oracle)
{
    static const char *const grows[] = {"int", "long", "float", "double"};
    struct buf *out = &oracle->schema;
    size_t order[ARRAY_COUNT(target_names)] = {0, 1, 2, 3, 4};
    buf_clear(out);
    oracle->names_count = 0;
    buf_printf(out, "{\"type\":\"record\",\"name\":\"Probe\",\"fields\":[");
    for (size_t i = 0; i < ARRAY_COUNT(order); i++) {
        size_t other = i + sample_below(&oracle->sample, ARRAY_COUNT(order) - i);
        size_t field = order[other];
        order[other] = order[i];
        if (sample_below(&oracle->sample, 2)) {
            buf_printf(out, "{\"name\":\"gone%zu\",\"type\":", i);
            add_type(oracle, 1, false);
            buf_printf(out, "},");
        }
        const char *type = field == 4 ? "string" : grows[sample_below(&oracle->sample, field + 1)];
        buf_printf(out, "{\"name\":\"%s\",\"type\":\"%s\"}%s", target_names[field], type,
                   i + 1 < ARRAY_COUNT(order) ? "," : "]}");
    }
    buf_append(out, "", 1);
}

static void assert_target(avro_value_t *target, const struct probe *probe)
{
    avro_value_t fields[ARRAY_COUNT(target_names)];
    int32_t small = 0;
    int64_t whole = 0;
    float narrow = 0;
    double real = 0;
    const char *text = NULL;
    size_t size = 0;
    for (size_t i = 0; i < ARRAY_COUNT(fields); i++) {
        assert_int_equal(avro_value_get_by_index(target, i, &fields[i], NULL), 0);
    }
    (void)avro_value_get_int(&fields[0], &small);
    (void)avro_value_get_long(&fields[1], &whole);
    (void)avro_value_get_float(&fields[2], &narrow);
    (void)avro_value_get_double(&fields[3], &real);
    (void)avro_value_get_string(&fields[4], &text, &size);
    assert_int_equal(probe->small, small);
    assert_int_equal(probe->whole, whole);
    assert_memory_equal(&probe->narrow, &narrow, sizeof(narrow));
    assert_memory_equal(&probe->real, &real, sizeof(real));
    assert_true(slice_equal(probe->text, slice_of(text, size - 1)));
}

/* Reads scratch->body as libavro resolves it. */
static void resolve_into(struct oracle *oracle, avro_schema_t from, avro_schema_t to,
                         avro_value_t *target)
{
    avro_value_iface_t *resolver = avro_resolved_writer_new(from, to);
    if (!resolver) { fail_msg("%s: %s", avro_strerror(), oracle->schema.data); }
    avro_value_t resolved;
    assert_int_equal(avro_resolved_writer_new_value(resolver, &resolved), 0);
    avro_resolved_writer_set_dest(&resolved, target);
    struct slice body = buf_slice(&oracle->scratch->body);
    avro_reader_t reader = avro_reader_memory(body.data, (int64_t)body.size);
    assert_int_equal(avro_value_read(reader, &resolved), 0);
    avro_reader_free(reader);
    avro_value_decref(&resolved);
    avro_value_iface_decref(resolver);
}

static void test_resolution(void **state)
{
    struct oracle *oracle = *state;
    struct scratch *scratch = oracle->scratch;
    avro_schema_t to;
    avro_value_t target = new_value(target_schema, &to);
    for (int round = 0; round < ROUNDS; round++) {
        arena_reset(scratch->arena);
        add_writer(oracle);
        avro_schema_t from;
        avro_value_t value = new_value(oracle->schema.data, &from);
        fill_value(oracle, &value);
        write_value(oracle, &value);
        struct probe probe;
        if (scratch_decode(scratch, scratch_frame(scratch, oracle->schema.data), &probe)) {
            fail_msg("%s: %s", scratch->error.reason, scratch->error.detail);
        }
        assert_int_equal(avro_value_reset(&target), 0);
        resolve_into(oracle, from, to, &target);
        assert_target(&target, &probe);
        avro_value_decref(&value);
        avro_schema_decref(from);
    }
    avro_value_decref(&target);
    avro_schema_decref(to);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_random_schemas, setup, teardown),
        cmocka_unit_test_setup_teardown(test_our_messages, setup, teardown),
        cmocka_unit_test_setup_teardown(test_resolution, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
