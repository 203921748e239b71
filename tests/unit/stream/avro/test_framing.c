#include "base/base.h"
#include "stream/avro/framing.h"

#include <setjmp.h>
#include <cmocka.h>

static void assert_refused(const char *bytes, size_t size, const char *reason)
{
    struct frame frame = {.number = 5};
    struct slice body = {0};
    struct codec_error error;
    assert_int_equal(frame_read(slice_of(bytes, size), &frame, &body, &error), -EBADMSG);
    assert_string_equal(error.reason, reason);
    assert_int_equal(frame_read(slice_of(bytes, size), &frame, &body, NULL), -EBADMSG);
    assert_true(frame.number == 5 && !body.data);
}

static void test_refused(void **state)
{
    assert_refused(NULL, 0, "empty");
    assert_refused("{", 1, "bad_magic");
    assert_refused("\xc3\0", 2, "bad_magic");
    assert_refused("\1\0\0\0\1", 5, "bad_magic");
    for (size_t size = 1; size < 5; size++) { assert_refused("\0\0\0\0", size, "truncated"); }
    for (size_t size = 1; size < 10; size++) {
        assert_refused("\xc3\1abcdefg", size, "truncated");
    }
}

static void test_read(void **state)
{
    struct frame frame;
    struct slice body;
    assert_int_equal(frame_read(slice_of("\0\1\2\3\4xy", 7), &frame, &body, NULL), 0);
    assert_true(frame.framing == FRAMING_CONFLUENT && frame.number == 0x01020304);
    assert_true(slice_equal(body, slice_str("xy")));
    assert_int_equal(frame_read(slice_of("\xc3\1\1\2\3\4\5\6\7\x88", 10), &frame, &body, NULL), 0);
    assert_true(frame.framing == FRAMING_SINGLE && frame.number == 0x8807060504030201u);
    assert_int_equal(body.size, 0);
    /* no registry has such an id, but it is a frame */
    assert_int_equal(frame_read(slice_of("\0\xff\xff\xff\xff", 5), &frame, &body, NULL), 0);
    assert_int_equal(frame.number, UINT32_MAX);
}

static void test_write(void **state)
{
    static const struct frame frames[] = {{FRAMING_SINGLE, 0x8807060504030201u},
                                          {FRAMING_SINGLE, 0},
                                          {FRAMING_CONFLUENT, 1},
                                          {FRAMING_CONFLUENT, SCHEMA_ID_MAX}};
    char bytes[FRAME_BYTES_MAX];
    for (size_t i = 0; i < ARRAY_COUNT(frames); i++) {
        struct frame again;
        struct slice body;
        size_t size = frame_write(frames[i], bytes);
        assert_int_equal(frame_read(slice_of(bytes, size), &again, &body, NULL), 0);
        assert_true(again.framing == frames[i].framing && again.number == frames[i].number);
        assert_int_equal(body.size, 0);
    }
    assert_int_equal(frame_write(frames[2], bytes), FRAME_ID_BYTES);
    assert_memory_equal(bytes, "\0\0\0\0\1", 5);
}

static void test_unknown(void **state)
{
    struct codec_error error;
    struct frame frame = {FRAMING_CONFLUENT, 4711};
    assert_int_equal(frame_unknown(frame, &error), -EBADMSG);
    assert_string_equal(error.reason, "unknown_schema_id");
    assert_string_equal(error.detail, "schema id 4711 is not known");
    assert_true(error.unknown_id);
    frame = (struct frame){FRAMING_SINGLE, 0xabc};
    assert_int_equal(frame_unknown(frame, &error), -EBADMSG);
    assert_string_equal(error.reason, "unknown_fingerprint");
    assert_string_equal(error.detail, "0000000000000abc");
    assert_false(error.unknown_id);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_write),
        cmocka_unit_test(test_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
