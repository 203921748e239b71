#include "base/base.h"
#include "ingest/payload/payload.h"
#include "ingest/payload/text_list.h"

#include <unistd.h>

#include <setjmp.h>
#include <cmocka.h>

static struct payload *make(enum payload_format format, size_t bytes_max)
{
    const struct payload_settings settings = {
        .format = format, .schema = "", .bytes_max = bytes_max};
    struct payload *payload;
    char why[200];
    assert_int_equal(payload_new(&settings, NULL, &payload, why, sizeof(why)), 0);
    return payload;
}

/* Reads bytes as JSON; what it becomes, with a | behind each text, or the reason. */
static const char *read_as(struct slice bytes, size_t bytes_max)
{
    static char told[512];
    struct payload_value value;
    struct codec_error error = {0};
    struct payload *payload = make(PAYLOAD_JSON, bytes_max);
    const struct record rec = {.topic = "t", .value = bytes};
    size_t size = 0;
    if (payload_read(payload, &rec, &value, &error)) {
        (void)snprintf(told, sizeof(told), "%s", error.reason);
    } else {
        told[0] = '\0';
        for (size_t i = 0; i < value.texts.count; i++) {
            size += (size_t)snprintf(told + size, sizeof(told) - size, "%.*s|",
                                     SLICE_ARGS(value.texts.at[i]));
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
    static const char zlib[] = "\x78\x9c\xab\xae\x05\x00\x01\x75\x00\xf9";
    assert_string_equal(READ(zlib), "{}|");
    assert_string_equal(read_as(slice_of(zlib, sizeof(zlib) - 3), 1000), "bad_gzip");
}

/* A topic of Avro is read as JSON: the whole value is told to be no UTF-8, whatever its body is. */
static void a_single_object_is_no_frame_of_json(void **state)
{
    assert_string_equal(READ("\xc3\x01" "12345678{}"), "\xc3\x01" "12345678{}|");
    assert_string_equal(READ("\xc3\x01"), "\xc3\x01|");
}

static void lines_are_limited(void **state)
{
    static char lines[2 * (TEXT_LIST_MAX + 1)];
    for (size_t i = 0; i < sizeof(lines); i++) { lines[i] = i % 2 ? '\n' : '1'; }
    struct payload_value value;
    struct codec_error error = {0};
    struct payload *payload = make(PAYLOAD_JSON, sizeof(lines));
    struct record rec = {.topic = "t", .value = slice_of(lines, sizeof(lines) - 2)};
    assert_int_equal(payload_read(payload, &rec, &value, &error), 0);
    assert_int_equal(value.texts.count, TEXT_LIST_MAX);
    rec.value.size += 2;
    assert_int_equal(payload_read(payload, &rec, &value, &error), -EBADMSG);
    assert_string_equal(error.reason, "too_many_lines");
    payload_free(payload);
}

/* ---- Avro: the same record in every frame. ---- */

#define VIEW_SCHEMA                                                                                \
    "{\"type\":\"record\",\"name\":\"View\",\"namespace\":\"shop\",\"fields\":["                   \
    "{\"name\":\"user\",\"type\":\"string\"},{\"name\":\"n\",\"type\":\"long\"}]}"
#define VIEW_BODY "\x04u1\x02"
#define VIEW_JSON "{\"user\":\"u1\",\"n\":1}"

static const char guid_file[] = "00000000-0000-0000-0000-000000000005.avsc";

/* Knows the schema as id 7, and as a file of the name given. */
static struct schema_cache *make_schemas(const char *file_name)
{
    struct schema_cache *schemas = schema_cache_new();
    char folder[] = "/tmp/test_payload-XXXXXX";
    char path[200];
    assert_int_equal(schema_cache_bind(schemas, 7, VIEW_SCHEMA, NULL), 0);
    if (!file_name) { return schemas; }
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof(path), "%s/%s", folder, file_name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(VIEW_SCHEMA, file);
    fclose(file);
    assert_int_equal(schema_cache_add_dir(schemas, folder, NULL), 0);
    (void)unlink(path);
    (void)rmdir(folder);
    return schemas;
}

/* Reads a value (or key) as Avro: its JSON, or the reason. */
static const char *read_avro(enum frame_style style, const char *schema, const char *file_name,
                             const struct record *rec, bool key)
{
    static char told[256];
    char why[200] = "";
    const struct payload_settings settings = {
        .format = PAYLOAD_AVRO, .frame = style, .schema = schema, .bytes_max = 1000};
    struct schema_cache *schemas = make_schemas(file_name);
    struct payload *payload;
    struct payload_value value = {0};
    struct slice text;
    struct codec_error error = {0};
    if (payload_new(&settings, schemas, &payload, why, sizeof(why))) {
        (void)snprintf(told, sizeof(told), "%s", why);
        schema_cache_free(schemas);
        return told;
    }
    int rc = key ? payload_read_key(payload, rec, &text, &error)
                 : payload_read(payload, rec, &value, &error);
    if (!rc && !key) {
        assert_string_equal(value.name, "shop.View");
        text = value.texts.at[0];
    }
    (void)snprintf(told, sizeof(told), "%.*s", rc ? 100 : (int)text.size,
                   rc ? error.reason : text.data);
    payload_free(payload);
    schema_cache_free(schemas);
    return told;
}

#define ID_7 "\0\0\0\0\7"
#define WIDE_7 "\0\0\0\0\0\0\0\0\7"
#define GUID_5 "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\5"

static void every_frame_is_read(void **state)
{
    static const struct {
        enum frame_style style;
        const char *schema, *file, *bytes;
        size_t size;
        const char *told;
    } rows[] = {
#define ROW(style, schema, file, bytes, told) {style, schema, file, bytes, sizeof(bytes) - 1, told}
        ROW(FRAME_AUTO, "", NULL, ID_7 VIEW_BODY, VIEW_JSON),
        ROW(FRAME_AUTO, "", NULL, WIDE_7 VIEW_BODY, VIEW_JSON),
        ROW(FRAME_CONFLUENT, "", NULL, ID_7 VIEW_BODY, VIEW_JSON),
        ROW(FRAME_CONFLUENT, "", NULL, WIDE_7 VIEW_BODY, "unknown_schema_id"),
        ROW(FRAME_APICURIO, "", NULL, WIDE_7 VIEW_BODY, VIEW_JSON),
        ROW(FRAME_APICURIO, "", NULL, VIEW_BODY, "bad_magic"),
        ROW(FRAME_AUTO, "", guid_file, "\3\0" GUID_5 VIEW_BODY, VIEW_JSON),
        ROW(FRAME_GLUE, "", guid_file, "\3\0" GUID_5 VIEW_BODY, VIEW_JSON),
        ROW(FRAME_AUTO, "", NULL, "\3\0" GUID_5 VIEW_BODY, "unknown_schema_guid"),
        ROW(FRAME_AUTO, "7", NULL, "\3\0" GUID_5 VIEW_BODY, VIEW_JSON),
        ROW(FRAME_AUTO, "", NULL, "\3\5" GUID_5 VIEW_BODY, "bad_gzip"),
        ROW(FRAME_AUTO, "", NULL, "\3\0" GUID_5, "unknown_schema_guid"),
        ROW(FRAME_AUTO, "", NULL, "\3\0", "truncated"),
        ROW(FRAME_AUTO, "", NULL, "\0\0\0", "truncated"),
        ROW(FRAME_AUTO, "", NULL, "", "empty"),
        ROW(FRAME_AUTO, "", NULL, VIEW_BODY, "bad_magic"),
        ROW(FRAME_AUTO, "7", NULL, VIEW_BODY, VIEW_JSON),
        ROW(FRAME_NONE, "7", NULL, VIEW_BODY, VIEW_JSON),
        ROW(FRAME_NONE, "VIEW", "view.avsc", VIEW_BODY, VIEW_JSON),
        ROW(FRAME_NONE, "8", NULL, VIEW_BODY, "unknown_schema_id"),
        ROW(FRAME_NONE, "7", NULL, "\x04u", "truncated"),
        ROW(FRAME_NONE, "other", "view.avsc", VIEW_BODY,
            "source.schema=other: schemas.path has no other.avsc; or give the id of a schema in "
            "the registry"),
        ROW(FRAME_HEADER, "", NULL, VIEW_BODY, "no_schema_header"),
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        const struct record rec = {.topic = "t", .value = slice_of(rows[i].bytes, rows[i].size)};
        const char *told = read_avro(rows[i].style, rows[i].schema, rows[i].file, &rec, false);
        if (strcmp(told, rows[i].told) != 0) { fail_msg("%zu: %s", i, told); }
    }
}

static void headers_name_a_schema(void **state)
{
    static const struct {
        struct header header;
        const char *told;
    } rows[] = {
        {{"__value_schema_id", {"\0\0\0\0\7", 5}}, VIEW_JSON},
        {{"__value_schema_id", {"\1" GUID_5, 17}}, VIEW_JSON},
        {{"apicurio.value.contentId", {"\0\0\0\0\0\0\0\7", 8}}, VIEW_JSON},
        {{"apicurio.value.globalId", {"\0\0\0\7", 4}}, VIEW_JSON},
        {{"apicurio.value.globalId", {"7", 1}}, VIEW_JSON},
        {{"apicurio.value.globalId", {"\xff\0\0\0\0\0\0\7", 8}}, "no_schema_header"},
        {{"__key_schema_id", {"\0\0\0\0\7", 5}}, "no_schema_header"},
        {{"__value_schema_id", {NULL, 0}}, "no_schema_header"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        const struct header_list list = {.at = &rows[i].header, .count = 1};
        const struct record rec = {.topic = "t",
                                   .value = slice_str(VIEW_BODY),
                                   .key = slice_str(VIEW_BODY),
                                   .headers = &listed_headers,
                                   .message = &list};
        const char *told = read_avro(FRAME_HEADER, "", guid_file, &rec, false);
        if (strcmp(told, rows[i].told) != 0) { fail_msg("%zu: %s", i, told); }
        bool of_key = strcmp(rows[i].header.name, "__key_schema_id") == 0;
        told = read_avro(FRAME_HEADER, "", guid_file, &rec, true);
        assert_string_equal(told, of_key ? VIEW_JSON : "no_schema_header");
    }
}

static void a_file_is_several_records(void **state)
{
    static const char file[] = "Obj\x01\x02\x16"
                               "avro.schema\xf0\x01" VIEW_SCHEMA "\0"
                               "0123456789abcdef\x04\x10" VIEW_BODY VIEW_BODY "0123456789abcdef";
    const struct payload_settings settings = {
        .format = PAYLOAD_AVRO, .schema = "", .bytes_max = 1000};
    struct payload *payload;
    char why[200];
    struct schema_cache *schemas = schema_cache_new();
    assert_int_equal(payload_new(&settings, schemas, &payload, why, sizeof(why)), 0);
    for (size_t size = sizeof(file) - 1; size > 4; size--) {
        const struct record rec = {.topic = "t", .value = slice_of(file, size)};
        struct payload_value value;
        struct codec_error error = {0};
        int rc = payload_read(payload, &rec, &value, &error);
        if (size < sizeof(file) - 1) {
            /* A file may end behind its header: it holds nothing. */
            assert_true(rc || value.texts.count == 0);
            continue;
        }
        if (rc) { fail_msg("%s: %s", error.reason, error.detail); }
        assert_int_equal(value.texts.count, 2);
        assert_string_equal(value.name, "shop.View");
        assert_memory_equal(value.texts.at[1].data, VIEW_JSON, strlen(VIEW_JSON));
    }
    payload_free(payload);
    schema_cache_free(schemas);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_and_marks_are_taken_off),
        cmocka_unit_test(gzip_is_unpacked),
        cmocka_unit_test(a_single_object_is_no_frame_of_json),
        cmocka_unit_test(lines_are_limited),
        cmocka_unit_test(every_frame_is_read),
        cmocka_unit_test(headers_name_a_schema),
        cmocka_unit_test(a_file_is_several_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
