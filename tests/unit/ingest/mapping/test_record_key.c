#include "base/base.h"
#include "base/buf.h"
#include "stream/avro/framing.h"
#include "stream/avro/schema.h"
#include "tests/mapping_rig.h"

#include <setjmp.h>
#include <cmocka.h>

static const char value[] = "{\"item_id\":1,\"action\":\"VIEW\",\"event_time_ms\":1795424399000}";

/* Whom a key names, by map.user=$key (or a path); NULL: a refusal. */
static void names(const char *format, const char *path, struct slice key, const char *user)
{
    char of_key[64], map[64];
    (void)snprintf(of_key, sizeof(of_key), "key.format=%s", format);
    (void)snprintf(map, sizeof(map), "map.user=%s", path);
    const char *const pairs[] = {of_key, map};
    struct rig rig;
    assert_int_equal(rig_init(&rig, pairs, ARRAY_COUNT(pairs), NULL), 0);
    const struct record rec = {.topic = "t", .time_ms = RIG_TIME_MS, .key = key,
                               .value = slice_str(value)};
    const char *reason = rig_map(&rig, &rec);
    bool same = user ? !reason && slice_equal(rig.ev.user_id, slice_str(user)) : reason != NULL;
    if (!same) { fail_msg("%s %s: %s", format, path, reason ? reason : "another user"); }
    rig_clear(&rig);
}

#define BYTES(text) slice_of(text, sizeof(text) - 1)

static void keys_without_a_format(void **state)
{
    names("auto", "$key", BYTES("u1"), "u1");
    names("auto", "$key", BYTES("12"), "12");
    names("auto", "$key", BYTES("12e3"), "12e3");
    names("auto", "$key", BYTES("1.0"), "1.0");
    names("auto", "$key", BYTES("007"), "007");
    names("auto", "$key", BYTES("true"), "true");
    names("auto", "$key", BYTES("\"u1\""), "u1");
    names("auto", "$key", BYTES("{\"id\":7}"), NULL);
    names("auto", "$key.id", BYTES("{\"id\":7}"), "7");
    names("auto", "$key.payload.id", BYTES("{\"payload\":{\"id\":\"x\"}}"), "x");
    names("auto", "$key[0]", BYTES("[7]"), "7");
    names("auto", "$key", BYTES("\xff"), NULL);
    names("auto", "$key", (struct slice){0}, NULL);
    names("text", "$key", BYTES("\"u1\""), "\"u1\"");
    names("text", "$key.id", BYTES("{\"id\":7}"), NULL);
}

static void primitive_keys(void **state)
{
    names("int32", "$key", BYTES("\0\0\x03\xe9"), "1001");
    names("int32", "$key", BYTES("\xff\xff\xff\xff"), "-1");
    names("int32", "$key", BYTES("\0\0\x03"), NULL);
    names("int64", "$key", BYTES("\0\0\0\0\0\0\x03\xe9"), "1001");
    names("int64", "$key", BYTES("\x7f\xff\xff\xff\xff\xff\xff\xff"), "9223372036854775807");
    names("int64", "$key", BYTES("\0\0\x03\xe9"), NULL);
    names("avro.long", "$key", BYTES("\xd2\x0f"), "1001");
    names("avro.long", "$key", BYTES("\xd2\x0f\0"), NULL);
    names("avro.long", "$key", BYTES("\xd2"), NULL);
    names("avro.string", "$key", BYTES("\x04u1"), "u1");
    names("avro.string", "$key", BYTES("\x06u1"), NULL);
    names("avro.string", "$key", BYTES("\x01"), NULL);
    names("avro.string", "$key", BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), NULL);
}

/* A key in a frame, beside a value of Avro. */
static void keys_of_avro(void **state)
{
    static const struct {
        const char *schema, *body, *path, *user;
        size_t size;
    } samples[] = {
        {"\"long\"", "\xd2\x0f", "$key", "1001", 2},
        {"\"string\"", "\x04u1", "$key", "u1", 3},
        {"{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":9}", "\x04\x03\xe9", "$key",
         "1001", 3},
        {"{\"type\":\"record\",\"name\":\"k\",\"fields\":[{\"name\":\"id\",\"type\":\"int\"}]}",
         "\xd2\x0f", "$key.id", "1001", 2},
    };
    for (size_t i = 0; i < ARRAY_COUNT(samples); i++) {
        struct schema_cache *schemas = schema_cache_new();
        struct codec *codec = codec_new(&user_event_contract, schemas);
        struct codec_error error;
        struct buf message, key;
        char map[64], frame[FRAME_BYTES_MAX];
        uint64_t number;
        assert_int_equal(schema_cache_add(schemas, samples[i].schema, &error), 0);
        assert_int_equal(schema_fingerprint(samples[i].schema, &number), 0);
        size_t size = frame_write((struct frame){FRAMING_SINGLE, number}, frame);
        buf_init(&key, 100);
        buf_append(&key, frame, size);
        buf_append(&key, samples[i].body, samples[i].size);
        const struct user_event ev = {.event_id = slice_str("e"), .user_id = slice_str("x"),
                                      .item_id = slice_str("i"), .weight = 1, .action = ACTION_VIEW,
                                      .event_time_ms = RIG_TIME_MS};
        buf_init(&message, 400);
        assert_int_equal(codec_encode(codec, &ev, &message), 0);
        (void)snprintf(map, sizeof(map), "map.user=%s", samples[i].path);
        const char *const pairs[] = {"source.format=avro", map};
        struct rig rig;
        assert_int_equal(rig_init(&rig, pairs, ARRAY_COUNT(pairs), schemas), 0);
        const struct record rec = {.topic = "t", .time_ms = RIG_TIME_MS, .key = buf_slice(&key),
                                   .value = buf_slice(&message)};
        const char *reason = rig_map(&rig, &rec);
        if (reason) { fail_msg("%s: %s %s", samples[i].schema, reason, rig.refusal.detail); }
        assert_true(slice_equal(rig.ev.user_id, slice_str(samples[i].user)));
        rig_clear(&rig);
        buf_release(&key);
        buf_release(&message);
        codec_free(codec);
        schema_cache_free(schemas);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_without_a_format),
        cmocka_unit_test(primitive_keys),
        cmocka_unit_test(keys_of_avro),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
