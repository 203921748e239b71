#include "base/base.h"
#include "ingest/payload/payload.h"

#include <setjmp.h>
#include <cmocka.h>

static struct payload *make(enum payload_format format, size_t bytes_max)
{
    const struct payload_settings settings = {.format = format, .bytes_max = bytes_max};
    return payload_new(&settings, NULL);
}

/* Reads bytes as JSON; what it becomes, with a | behind each text, or the reason. */
static const char *read_as(struct slice bytes, size_t bytes_max)
{
    static char told[512];
    struct slices texts;
    struct codec_error error = {0};
    struct payload *payload = make(PAYLOAD_JSON, bytes_max);
    const struct record rec = {.topic = "t", .value = bytes};
    size_t size = 0;
    if (payload_read(payload, &rec, &texts, &error)) {
        (void)snprintf(told, sizeof(told), "%s", error.reason);
    } else {
        told[0] = '\0';
        for (size_t i = 0; i < texts.count; i++) {
            size += (size_t)snprintf(told + size, sizeof(told) - size, "%.*s|",
                                     SLICE_ARGS(texts.at[i]));
        }
    }
    payload_free(payload);
    return told;
}

#define READ(bytes) read_as(slice_of(bytes, sizeof(bytes) - 1), 1000)

static void frames_and_marks_are_taken_off(void **state)
{
    assert_string_equal(READ("{}"), "{}|");
    assert_string_equal(READ("\xef\xbb\xbf{}"), "{}|");
    assert_string_equal(READ("\0\0\0\0\7{}"), "{}|");
    assert_string_equal(READ("\0\0\0\0\0\0\0\0\7{}"), "{}|");
    assert_string_equal(READ("\0\0\0\0\7\xef\xbb\xbf{}"), "{}|");
    assert_string_equal(READ("{}\n{}\n"), "{}|{}|");
    assert_string_equal(READ(""), "|");
}

static void gzip_is_unpacked(void **state)
{
    static const char packed[] = "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xab\xae\x05\x00\x43"
                                 "\xbf\xa6\xa3\x02\x00\x00\x00";
    assert_string_equal(READ(packed), "{}|");
    assert_string_equal(read_as(slice_of(packed, sizeof(packed) - 1), 1), "unpacked_too_large");
    assert_string_equal(read_as(slice_of(packed, sizeof(packed) - 3), 1000), "bad_gzip");
}

static void lines_are_limited(void **state)
{
    static char lines[2 * (PAYLOAD_TEXTS_MAX + 1)];
    for (size_t i = 0; i < sizeof(lines); i++) { lines[i] = i % 2 ? '\n' : '1'; }
    struct slices texts;
    struct codec_error error = {0};
    struct payload *payload = make(PAYLOAD_JSON, sizeof(lines));
    struct record rec = {.topic = "t", .value = slice_of(lines, sizeof(lines) - 2)};
    assert_int_equal(payload_read(payload, &rec, &texts, &error), 0);
    assert_int_equal(texts.count, PAYLOAD_TEXTS_MAX);
    rec.value.size += 2;
    assert_int_equal(payload_read(payload, &rec, &texts, &error), -EBADMSG);
    assert_string_equal(error.reason, "too_many_lines");
    payload_free(payload);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_and_marks_are_taken_off),
        cmocka_unit_test(gzip_is_unpacked),
        cmocka_unit_test(lines_are_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
