#include "base/base.h"
#include "tests/probe.h"
#include "tests/sample.h"

#include <math.h>
#include <setjmp.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

enum { ROUNDS = 300, MUTATIONS = 200 };

#define LONGS "{\"name\":\"wholes\",\"type\":{\"type\":\"array\",\"items\":\"long\"}}"
#define TEXTS "{\"name\":\"texts\",\"type\":{\"type\":\"array\",\"items\":\"string\"}}"
#define TEXT "{\"name\":\"text\",\"type\":\"string\"}"

/* ---- Every reason. ---- */

static void assert_frame_refused(struct scratch *scratch, const void *bytes, size_t size,
                                 const char *reason)
{
    struct probe probe;
    struct slice message = slice_of(bytes, size);
    assert_int_equal(codec_decode(scratch->codec, message, scratch->arena, &probe, &scratch->error),
                     -EBADMSG);
    assert_string_equal(scratch->error.reason, reason);
    scratch->error.reason = NULL;
    assert_int_equal(codec_json(scratch->schemas, message, &scratch->json, NULL, &scratch->error),
                     -EBADMSG);
    assert_string_equal(scratch->error.reason, reason);
    assert_int_equal(codec_decode(scratch->codec, message, scratch->arena, &probe, NULL), -EBADMSG);
}

static void test_frames_refused(void **state)
{
    struct scratch *scratch = *state;
    assert_frame_refused(scratch, NULL, 0, "empty");
    assert_frame_refused(scratch, "", 0, "empty");
    assert_frame_refused(scratch, "\xc3", 1, "truncated");
    assert_frame_refused(scratch, "{", 1, "bad_magic");
    assert_frame_refused(scratch,
                         "\xc3\x02"
                         "12345678",
                         10, "bad_magic");
    assert_frame_refused(scratch,
                         "\x00\x00\x00\x00\x07"
                         "12345",
                         10, "unknown_schema_id");
    assert_frame_refused(scratch, "\x00\x00\x00\x00", 4, "truncated");
    assert_frame_refused(scratch,
                         "\xc3\x01"
                         "1234567",
                         9, "truncated");
    assert_frame_refused(scratch,
                         "\xc3\x01"
                         "12345678",
                         10, "unknown_fingerprint");
    assert_non_null(strstr(scratch->error.detail, "3837363534333231"));
}

static void test_texts_refused(void **state)
{
    struct scratch *scratch = *state;
    put_long(&scratch->body, -7);
    assert_refused(scratch, TEXT, "bad_length");
    assert_string_equal(scratch->error.detail, "field text: negative length -7");
    put_long(&scratch->body, INT64_MIN);
    assert_refused(scratch, TEXT, "bad_length");
    put_long(&scratch->body, 5);
    buf_append(&scratch->body, "abcd", 4);
    assert_refused(scratch, TEXT, "truncated");
    put_long(&scratch->body, INT64_MAX);
    assert_refused(scratch, TEXT, "truncated");
    buf_append(&scratch->body, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 10);
    assert_refused(scratch, TEXT, "bad_length");
    put_text(&scratch->body, "ab\xc3");
    assert_refused(scratch, TEXT, "bad_utf8");
    assert_refused(scratch, TEXT, "truncated"); /* nothing at all */
    for (int size = PROBE_TEXT_MAX; size <= PROBE_TEXT_MAX + 1; size++) {
        struct probe probe;
        put_long(&scratch->body, size);
        for (int i = 0; i < size; i++) { buf_append(&scratch->body, "x", 1); }
        if (size > PROBE_TEXT_MAX) {
            assert_refused(scratch, TEXT, "over_limit");
        } else {
            assert_read(scratch, TEXT, &probe);
        }
    }
    put_text(&scratch->body, "fine");
    put_long(&scratch->body, 0);
    assert_refused(scratch, TEXT, "trailing_bytes");
}

static void test_numbers_refused(void **state)
{
    struct scratch *scratch = *state;
    put_long(&scratch->body, (int64_t)INT32_MAX + 1);
    assert_refused(scratch, "{\"name\":\"small\",\"type\":\"int\"}", "bad_length");
    put_long(&scratch->body, (int64_t)INT32_MIN - 1);
    assert_refused(scratch, "{\"name\":\"real\",\"type\":\"int\"}", "bad_length");
    put_float(&scratch->body, INFINITY);
    assert_refused(scratch, "{\"name\":\"narrow\",\"type\":\"float\"}", "not_finite");
    put_float(&scratch->body, NAN);
    assert_refused(scratch, "{\"name\":\"real\",\"type\":\"float\"}", "not_finite");
    put_double(&scratch->body, -INFINITY);
    assert_refused(scratch, "{\"name\":\"real\",\"type\":\"double\"}", "not_finite");
    buf_append(&scratch->body, "\x02", 1);
    assert_refused(scratch, "{\"name\":\"flag\",\"type\":\"boolean\"}", "bad_enum");
    const char *reals = "{\"name\":\"reals\",\"type\":{\"type\":\"array\",\"items\":\"double\"}}";
    put_long(&scratch->body, 2);
    put_double(&scratch->body, 1);
    put_double(&scratch->body, NAN);
    put_long(&scratch->body, 0);
    assert_refused(scratch, reals, "not_finite");
    put_long(&scratch->body, 3);
    put_double(&scratch->body, 1);
    assert_refused(scratch, reals, "truncated");
}

static void test_columns_refused(void **state)
{
    struct scratch *scratch = *state;
    put_long(&scratch->body, PROBE_COLUMN_MAX + 1);
    for (int i = 0; i <= PROBE_COLUMN_MAX + 1; i++) { put_long(&scratch->body, 0); }
    assert_refused(scratch, LONGS, "over_limit");
    for (int i = 0; i <= PROBE_COLUMN_MAX; i++) { /* one more, block by block */
        put_long(&scratch->body, 1);
        put_long(&scratch->body, i);
    }
    put_long(&scratch->body, 0);
    assert_refused(scratch, LONGS, "over_limit");
    put_long(&scratch->body, INT64_MAX);
    assert_refused(scratch, LONGS, "over_limit");
    put_long(&scratch->body, INT64_MIN);
    assert_refused(scratch, LONGS, "bad_length");
    put_long(&scratch->body, 40);
    put_long(&scratch->body, 0);
    assert_refused(scratch, LONGS, "truncated");
    put_long(&scratch->body, -1);
    put_long(&scratch->body, -1);
    assert_refused(scratch, LONGS, "bad_length");
    put_long(&scratch->body, 2);
    put_text(&scratch->body, "ok");
    put_text(&scratch->body, "\xff");
    put_long(&scratch->body, 0);
    assert_refused(scratch, TEXTS, "bad_utf8");
    assert_string_equal(scratch->error.detail, "field texts, element 1: not UTF-8");
}

/* Elements of string columns: 65,536 bytes and not one more, both ways. */
static void test_long_elements(void **state)
{
    struct scratch *scratch = *state;
    char *large = xmalloc((1 << 16) + 1);
    memset(large, 'y', (1 << 16) + 1);
    for (size_t size = 1 << 16; size <= (1 << 16) + 1; size++) {
        struct probe probe;
        struct slice element = slice_of(large, size);
        put_long(&scratch->body, 1);
        put_long(&scratch->body, (int64_t)size);
        buf_append(&scratch->body, large, size);
        put_long(&scratch->body, 0);
        codec_defaults(scratch->codec, &probe);
        probe.texts = (struct slices){.at = &element, .count = 1};
        buf_clear(&scratch->json);
        int rc = codec_encode(scratch->codec, &probe, &scratch->json);
        if (size > 1 << 16) {
            assert_int_equal(rc, -EMSGSIZE);
            assert_refused(scratch, TEXTS, "over_limit");
        } else {
            assert_int_equal(rc, 0);
            assert_read(scratch, TEXTS, &probe);
        }
    }
    free(large);
}

/* What the reader does not want is skipped, but not believed. */
static void test_skipped_is_checked(void **state)
{
    struct scratch *scratch = *state;
    put_long(&scratch->body, -9); /* libavro 1.11.1 walks backwards here */
    assert_refused(scratch, "{\"name\":\"gone\",\"type\":\"bytes\"}", "bad_length");
    put_long(&scratch->body, INT64_C(1) << 61);
    put_long(&scratch->body, 0);
    assert_refused(scratch, "{\"name\":\"gone\",\"type\":{\"type\":\"array\",\"items\":\"null\"}}",
                   "over_limit");
    put_long(&scratch->body, 4);
    assert_refused(scratch, "{\"name\":\"gone\",\"type\":[\"null\",\"int\"]}", "bad_union");
}

/* ---- Encoding. ---- */

static void test_encode_limits(void **state)
{
    struct scratch *scratch = *state;
    struct probe probe;
    struct slice texts[PROBE_COLUMN_MAX + 1];
    char large[PROBE_TEXT_MAX + 1];
    memset(large, 'z', sizeof(large));
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) { texts[i] = slice_str(""); }
    buf_append(&scratch->json, "before", 6);
    for (int over = 0; over < 4; over++) {
        codec_defaults(scratch->codec, &probe);
        probe.text = slice_of(large, PROBE_TEXT_MAX + (over & 1));
        probe.texts = (struct slices){.at = texts, .count = PROBE_COLUMN_MAX + (over >> 1)};
        size_t before = scratch->json.size;
        assert_int_equal(codec_encode(scratch->codec, &probe, &scratch->json),
                         over ? -EMSGSIZE : 0);
        assert_int_equal(scratch->json.size > before, !over);
    }
    assert_memory_equal(scratch->json.data, "before\xc3\x01", 8);
}

static void test_encode_refuses_what_nobody_could_read(void **state)
{
    struct scratch *scratch = *state;
    double reals[] = {1, NAN};
    float narrows[] = {-INFINITY};
    int32_t colors[] = {0, 3};
    struct slice texts[] = {slice_str("a"), slice_str("\xff")};
    for (int what = 0; what < 9; what++) {
        struct probe probe;
        codec_defaults(scratch->codec, &probe);
        if (what == 1) { probe.text = slice_str("\xc0\x80"); }
        if (what == 2) { probe.narrow = NAN; }
        if (what == 3) { probe.real = INFINITY; }
        if (what == 4) { probe.color = -1; }
        if (what == 5) { probe.reals = (struct doubles){.at = reals, .count = 2}; }
        if (what == 6) { probe.narrows = (struct floats){.at = narrows, .count = 1}; }
        if (what == 7) { probe.colors = (struct ints){.at = colors, .count = 2}; }
        if (what == 8) { probe.texts = (struct slices){.at = texts, .count = 2}; }
        assert_int_equal(codec_encode(scratch->codec, &probe, &scratch->json), what ? -EINVAL : 0);
    }
}

/* A buffer too small by any number of bytes; the bound of a message is no reason to refuse it. */
static void test_encode_into_small_buffers(void **state)
{
    struct scratch *scratch = *state;
    struct probe probe;
    codec_defaults(scratch->codec, &probe);
    assert_int_equal(codec_encode(scratch->codec, &probe, &scratch->json), 0);
    size_t size = scratch->json.size;
    for (size_t max = 1; max < size + 20; max++) {
        struct buf small;
        buf_init(&small, max);
        buf_append(&small, "x", 1);
        int rc = codec_encode(scratch->codec, &probe, &small);
        assert_int_equal(rc, max < size + 1 ? -EMSGSIZE : 0);
        assert_int_equal(small.size, rc ? 1 : size + 1);
        assert_false(buf_failed(&small));
        if (rc == 0) { assert_memory_equal(small.data + 1, scratch->json.data, size); }
        buf_release(&small);
    }
}

static void test_null_slices(void **state)
{
    struct scratch *scratch = *state;
    struct probe probe;
    struct probe read;
    codec_defaults(scratch->codec, &probe);
    probe.text = (struct slice){0};
    probe.maybe = slice_str("");
    assert_int_equal(codec_encode(scratch->codec, &probe, &scratch->json), 0);
    assert_int_equal(scratch_decode(scratch, buf_slice(&scratch->json), &read), 0);
    assert_non_null(read.text.data);
    assert_int_equal(read.text.size, 0);
    assert_non_null(read.maybe.data);
    probe.maybe = (struct slice){0};
    buf_clear(&scratch->json);
    assert_int_equal(codec_encode(scratch->codec, &probe, &scratch->json), 0);
    assert_int_equal(scratch_decode(scratch, buf_slice(&scratch->json), &read), 0);
    assert_null(read.maybe.data);
}

/* ---- Every contract. ---- */

static void round_trip(struct scratch *scratch, const struct contract *contract,
                       struct sample *sample)
{
    struct codec *codec = codec_new(contract, scratch->schemas);
    struct shape *shape = shape_new(contract);
    for (int i = 0; i < ROUNDS; i++) {
        _Alignas(max_align_t) char object[SAMPLE_STRUCT_BYTES_MAX];
        _Alignas(max_align_t) char read[SAMPLE_STRUCT_BYTES_MAX];
        arena_reset(scratch->arena);
        buf_clear(&scratch->message);
        sample_fill(sample, shape, object);
        assert_int_equal(codec_encode(codec, object, &scratch->message), 0);
        struct slice message = buf_slice(&scratch->message);
        if (codec_decode(codec, message, scratch->arena, read, &scratch->error)) {
            fail_msg("%s: %s", scratch->error.reason, scratch->error.detail);
        }
        assert_true(sample_same(contract, object, read));
        /* cut short anywhere it is refused, and never for a wrong reason */
        size_t cut = sample_below(sample, message.size);
        char *part = xmemdup(message.data, cut);
        assert_int_equal(
            codec_decode(codec, slice_of(part, cut), scratch->arena, read, &scratch->error),
            -EBADMSG);
        assert_string_equal(scratch->error.reason, cut ? "truncated" : "empty");
        free(part);
    }
    shape_free(shape);
    codec_free(codec);
}

static void test_round_trips(void **state)
{
    struct scratch *scratch = *state;
    struct sample sample = {.state = 42, .arena = scratch->arena};
    for (size_t i = 0; i < contracts_count; i++) { round_trip(scratch, contracts[i], &sample); }
    round_trip(scratch, &probe_contract, &sample);
}

/* Bytes that were tampered with are decoded or refused for a named reason; what is decoded can be
 * encoded, and is then the same. */
static void test_mutations(void **state)
{
    struct scratch *scratch = *state;
    struct sample sample = {.state = 43, .arena = scratch->arena};
    struct shape *shape = shape_new(&probe_contract);
    int decoded = 0;
    for (int i = 0; i < MUTATIONS * 10; i++) {
        struct probe probe;
        arena_reset(scratch->arena);
        buf_clear(&scratch->message);
        buf_clear(&scratch->body);
        sample_fill(&sample, shape, &probe);
        assert_int_equal(codec_encode(scratch->codec, &probe, &scratch->message), 0);
        for (size_t k = 0; k <= sample_below(&sample, 3); k++) {
            size_t at = 10 + sample_below(&sample, scratch->message.size - 10);
            scratch->message.data[at] = (char)sample_next(&sample);
        }
        struct probe again;
        scratch->error.reason = NULL;
        if (scratch_decode(scratch, buf_slice(&scratch->message), &probe)) {
            assert_non_null(scratch->error.reason);
            continue;
        }
        decoded++;
        assert_int_equal(codec_encode(scratch->codec, &probe, &scratch->body), 0);
        assert_int_equal(scratch_decode(scratch, buf_slice(&scratch->body), &again), 0);
        assert_true(sample_same(&probe_contract, &probe, &again));
    }
    assert_in_range(decoded, MUTATIONS, MUTATIONS * 9);
    shape_free(shape);
}

/* ---- Ids of a registry. ---- */

static void test_ids(void **state)
{
    struct scratch *scratch = *state;
    enum { ID = 0x01020304 };
    static const char frame[] = "\0\1\2\3\4";
    struct probe probe, again;
    codec_defaults(scratch->codec, &probe);
    assert_int_equal(codec_encode(scratch->codec, &probe, &scratch->body), 0);
    struct slice single = buf_slice(&scratch->body);
    buf_append(&scratch->message, frame, 5);
    buf_append(&scratch->message, single.data + 10, single.size - 10);
    struct slice confluent = buf_slice(&scratch->message);
    assert_frame_refused(scratch, confluent.data, confluent.size, "unknown_schema_id");
    assert_string_equal(scratch->error.detail, "schema id 16909060 is not known");
    assert_true(scratch->error.unknown_id);
    assert_false(codec_names(scratch->codec, confluent));
    assert_frame_refused(scratch, frame, 4, "truncated");
    assert_false(scratch->error.unknown_id);
    assert_int_equal(
        schema_cache_bind(scratch->schemas, ID, probe_contract.schema, &scratch->error), 0);
    assert_int_equal(scratch_decode(scratch, confluent, &again), 0);
    assert_true(codec_names(scratch->codec, confluent));
    assert_true(sample_same(&probe_contract, &probe, &again));
    /* this codec was made before; one that is made with ids writes them and still reads both */
    buf_clear(&scratch->json);
    assert_int_equal(codec_encode(scratch->codec, &probe, &scratch->json), 0);
    assert_true(slice_equal(buf_slice(&scratch->json), single));
    schema_cache_write(scratch->schemas, FRAMING_CONFLUENT);
    struct codec *before = scratch->codec; /* lends the defaults of `probe` */
    scratch->codec = codec_new(&probe_contract, scratch->schemas);
    buf_clear(&scratch->json);
    assert_int_equal(codec_encode(scratch->codec, &probe, &scratch->json), 0);
    assert_true(slice_equal(buf_slice(&scratch->json), confluent));
    assert_int_equal(scratch_decode(scratch, single, &again), 0);
    assert_int_equal(scratch_decode(scratch, confluent, &again), 0);
    assert_true(codec_names(scratch->codec, confluent));
    assert_true(sample_same(&probe_contract, &probe, &again));
    buf_clear(&scratch->json);
    assert_int_equal(codec_json(scratch->schemas, confluent, &scratch->json, NULL, &scratch->error),
                     0);
    codec_free(before);
}

int main(void)
{
#define SCRATCH_TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(test_frames_refused),
        SCRATCH_TEST(test_texts_refused),
        SCRATCH_TEST(test_numbers_refused),
        SCRATCH_TEST(test_columns_refused),
        SCRATCH_TEST(test_long_elements),
        SCRATCH_TEST(test_skipped_is_checked),
        SCRATCH_TEST(test_encode_limits),
        SCRATCH_TEST(test_encode_refuses_what_nobody_could_read),
        SCRATCH_TEST(test_encode_into_small_buffers),
        SCRATCH_TEST(test_null_slices),
        SCRATCH_TEST(test_round_trips),
        SCRATCH_TEST(test_mutations),
        SCRATCH_TEST(test_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
