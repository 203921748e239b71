/* A contract with every kind of field, a scratch to decode any writer's bytes with it, and the
 * means to write such bytes by hand. For tests. */
#ifndef FRESHET_TESTS_PROBE_H
#define FRESHET_TESTS_PROBE_H

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/xalloc.h"
#include "stream/avro/codec.h"
#include "stream/avro/schema.h"

struct probe {
    struct slice text;
    struct slice raw;
    int32_t small;
    int64_t whole;
    float narrow;
    double real;
    bool flag;
    int32_t color;
    int32_t mood;
    struct slices texts;
    struct ints smalls;
    struct longs wholes;
    struct floats narrows;
    struct doubles reals;
    struct ints colors;
    struct slice maybe;
    int64_t count;
};

enum { PROBE_TEXT_MAX = 100, PROBE_COLUMN_MAX = 50, PROBE_BYTES_MAX = 1 << 24 };

static const char probe_schema[] =
    "{\"type\":\"record\",\"name\":\"Probe\",\"namespace\":\"test\",\"aliases\":[\"old.Sonde\"],"
    "\"fields\":["
    "{\"name\":\"text\",\"type\":\"string\",\"default\":\"t\\u00e9\",\"aliases\":[\"words\"]},"
    "{\"name\":\"raw\",\"type\":\"bytes\",\"default\":\"\\u0001\\u00ff\"},"
    "{\"name\":\"small\",\"type\":\"int\",\"default\":-5},"
    "{\"name\":\"whole\",\"type\":\"long\",\"default\":5000000000,\"aliases\":[\"a1\",\"a2\"]},"
    "{\"name\":\"narrow\",\"type\":\"float\",\"default\":0.5},"
    "{\"name\":\"real\",\"type\":\"double\",\"default\":3},"
    "{\"name\":\"flag\",\"type\":\"boolean\",\"default\":true},"
    "{\"name\":\"color\",\"type\":{\"type\":\"enum\",\"name\":\"Color\",\"aliases\":[\"Hue\"],"
    "\"symbols\":[\"NONE\",\"RED\",\"BLUE\"],\"default\":\"NONE\"},\"default\":\"BLUE\"},"
    "{\"name\":\"mood\",\"type\":{\"type\":\"enum\",\"name\":\"Mood\",\"symbols\":[\"GOOD\","
    "\"BAD\"]},\"default\":\"BAD\"},"
    "{\"name\":\"texts\",\"type\":{\"type\":\"array\",\"items\":\"string\"},"
    "\"default\":[\"a\",\"bc\"]},"
    "{\"name\":\"smalls\",\"type\":{\"type\":\"array\",\"items\":\"int\"},\"default\":[1,-2]},"
    "{\"name\":\"wholes\",\"type\":{\"type\":\"array\",\"items\":\"long\"},\"default\":[]},"
    "{\"name\":\"narrows\",\"type\":{\"type\":\"array\",\"items\":\"float\"},\"default\":[1.5]},"
    "{\"name\":\"reals\",\"type\":{\"type\":\"array\",\"items\":\"double\"},\"default\":[2.5]},"
    "{\"name\":\"colors\",\"type\":{\"type\":\"array\",\"items\":\"Color\"},\"default\":[\"RED\"]},"
    "{\"name\":\"maybe\",\"type\":[\"null\",\"string\"],\"default\":null},"
    "{\"name\":\"count\",\"type\":[\"long\",\"null\"],\"default\":7}"
    "]}";

static const struct contract_field probe_fields[] = {
    CONTRACT_FIELD(probe, FIELD_STRING, text, PROBE_TEXT_MAX),
    CONTRACT_FIELD(probe, FIELD_BYTES, raw, PROBE_TEXT_MAX),
    CONTRACT_FIELD(probe, FIELD_INT, small, 0),
    CONTRACT_FIELD(probe, FIELD_LONG, whole, 0),
    CONTRACT_FIELD(probe, FIELD_FLOAT, narrow, 0),
    CONTRACT_FIELD(probe, FIELD_DOUBLE, real, 0),
    CONTRACT_FIELD(probe, FIELD_BOOL, flag, 0),
    CONTRACT_FIELD(probe, FIELD_ENUM, color, 0),
    CONTRACT_FIELD(probe, FIELD_ENUM, mood, 0),
    CONTRACT_FIELD(probe, FIELD_STRINGS, texts, PROBE_COLUMN_MAX),
    CONTRACT_FIELD(probe, FIELD_INTS, smalls, PROBE_COLUMN_MAX),
    CONTRACT_FIELD(probe, FIELD_LONGS, wholes, PROBE_COLUMN_MAX),
    CONTRACT_FIELD(probe, FIELD_FLOATS, narrows, PROBE_COLUMN_MAX),
    CONTRACT_FIELD(probe, FIELD_DOUBLES, reals, PROBE_COLUMN_MAX),
    CONTRACT_FIELD(probe, FIELD_ENUMS, colors, PROBE_COLUMN_MAX),
    CONTRACT_FIELD(probe, FIELD_STRING, maybe, PROBE_TEXT_MAX),
    CONTRACT_FIELD(probe, FIELD_LONG, count, 0),
};

static const struct contract probe_contract = {
    .name = "test.Probe",
    .schema = probe_schema,
    .fields = probe_fields,
    .fields_count = ARRAY_COUNT(probe_fields),
    .size = sizeof(struct probe),
};

/* ---- Bytes by hand. ---- */

static inline void put_long(struct buf *out, int64_t value)
{
    uint64_t raw = ((uint64_t)value << 1) ^ (uint64_t)(value >> 63);
    for (; raw >= 0x80; raw >>= 7) { buf_append(out, &(char){(char)(raw | 0x80)}, 1); }
    buf_append(out, &(char){(char)raw}, 1);
}

static inline void put_text(struct buf *out, const char *text)
{
    put_long(out, (int64_t)strlen(text));
    buf_append(out, text, strlen(text));
}

static inline void put_float(struct buf *out, float value)
{
    buf_append(out, &value, sizeof(value));
}

static inline void put_double(struct buf *out, double value)
{
    buf_append(out, &value, sizeof(value));
}

/* ---- The scratch. ---- */

struct scratch {
    struct schema_cache *schemas;
    struct codec *codec; /* of the probe */
    struct arena *arena;
    struct buf body; /* what the writer wrote, without the frame */
    struct buf message;
    struct buf json;
    struct codec_error error;
};

static inline int scratch_setup(void **state)
{
    struct scratch *scratch = xcalloc(1, sizeof(*scratch));
    scratch->schemas = schema_cache_new();
    scratch->codec = codec_new(&probe_contract, scratch->schemas);
    scratch->arena = arena_new(4096);
    buf_init(&scratch->body, PROBE_BYTES_MAX);
    buf_init(&scratch->message, PROBE_BYTES_MAX);
    buf_init(&scratch->json, PROBE_BYTES_MAX);
    *state = scratch;
    return 0;
}

static inline int scratch_teardown(void **state)
{
    struct scratch *scratch = *state;
    codec_free(scratch->codec);
    schema_cache_free(scratch->schemas);
    arena_free(scratch->arena);
    buf_release(&scratch->body);
    buf_release(&scratch->message);
    buf_release(&scratch->json);
    free(scratch);
    return 0;
}

/* Frames scratch->body, written by that schema, which the schemas learns. */
static inline struct slice scratch_frame(struct scratch *scratch, const char *schema)
{
    uint64_t fingerprint;
    int rc = schema_cache_add(scratch->schemas, schema, &scratch->error);
    assert(rc == 0);
    rc = schema_fingerprint(schema, &fingerprint);
    assert(rc == 0);
    buf_clear(&scratch->message);
    buf_append(&scratch->message, "\xc3\x01", 2);
    buf_append(&scratch->message, &fingerprint, sizeof(fingerprint));
    buf_append(&scratch->message, scratch->body.data, scratch->body.size);
    return buf_slice(&scratch->message);
}

/* Decodes bytes from a heap block of their own size, so that a sanitizer sees every step beyond. */
static inline int scratch_decode(struct scratch *scratch, struct slice message, struct probe *ret)
{
    char *copy = xmemdup(message.data, message.size);
    int rc = codec_decode(scratch->codec, slice_of(copy, message.size), scratch->arena, ret,
                          &scratch->error);
    if (rc == 0) {
        rc = codec_decode(scratch->codec, message, scratch->arena, ret, &scratch->error);
        assert(rc == 0);
    }
    free(copy);
    return rc;
}

/* Decodes scratch->body as a record test.Probe with these fields (JSON, without the brackets). */
static inline int scratch_read(struct scratch *scratch, const char *fields, struct probe *ret)
{
    _cleanup_(xfreep) char *schema = xprintf(
        "{\"type\":\"record\",\"name\":\"Probe\",\"namespace\":\"test\",\"fields\":[%s]}", fields);
    return scratch_decode(scratch, scratch_frame(scratch, schema), ret);
}

/* Does so and expects to be refused for that reason. */
#define assert_refused(scratch, fields, expected)                                                  \
    do {                                                                                           \
        struct probe untouched;                                                                    \
        struct probe refused;                                                                      \
        memset(&untouched, 0x5a, sizeof(untouched));                                               \
        memset(&refused, 0x5a, sizeof(refused));                                                   \
        assert_int_equal(scratch_read(scratch, fields, &refused), -EBADMSG);                       \
        assert_string_equal((scratch)->error.reason, expected);                                    \
        assert_memory_equal(&refused, &untouched, sizeof(refused));                                \
        buf_clear(&(scratch)->body);                                                               \
    } while (0)

/* Does so and expects success. */
#define assert_read(scratch, fields, ret)                                                          \
    do {                                                                                           \
        if (scratch_read(scratch, fields, ret)) {                                                  \
            fail_msg("%s: %s", (scratch)->error.reason, (scratch)->error.detail);                  \
        }                                                                                          \
        buf_clear(&(scratch)->body);                                                               \
    } while (0)

#define assert_slice(slice, expected) assert_true(slice_equal(slice, slice_str(expected)))

#endif
