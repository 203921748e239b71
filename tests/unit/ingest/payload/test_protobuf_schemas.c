#include "base/base.h"
#include "ingest/payload/protobuf_schemas.h"

#include <unistd.h>

#include <setjmp.h>
#include <cmocka.h>

#define BUNDLE                                                                                     \
    "{\"protobuf\":\"syntax=\\\"proto3\\\";import \\\"u.proto\\\";message V{string user=1;U u=2;"  \
    "message W{string x=1;}}message Z{string z=1;}\",\"files\":{\"u.proto\":\"syntax="             \
    "\\\"proto3\\\";message U{string id=1;}\"}}"

/* A FileDescriptorSet of one file with message V { optional string user = 1; }. */
static const char set[] = "\x0a\x1c\x0a\x07v.proto\x22\x11\x0a\x01V\x12\x0c\x0a\x04user"
                          "\x18\x01\x20\x01\x28\x09";

/* Renders a message behind this frame: its type and JSON, or the reason. */
static const char *render(const char *schema, const char *message, struct source_frame frame)
{
    static char told[512];
    char why[300] = "";
    const char *name = NULL;
    struct codec_error error = {0};
    struct protobuf_schemas *descriptors;
    struct schema_cache *schemas = schema_cache_new();
    bool numbered = frame.naming == SCHEMA_BY_GUID;
    struct buf out;
    buf_init(&out, 400);
    assert_int_equal(schema_cache_bind(schemas, 3, BUNDLE, NULL), 0);
    assert_int_equal(schema_cache_bind(schemas, 4, "\"string\"", NULL), 0);
    assert_int_equal(schema_cache_bind(schemas, 5, "{\"protobuf\":\"oops\"}", NULL), 0);
    if (protobuf_schemas_new(schemas, schema, message, numbered, &descriptors, why, sizeof(why))) {
        (void)snprintf(told, sizeof(told), "%s", why);
    } else {
        int rc = protobuf_schemas_render(descriptors, &frame, &out, &name, &error);
        (void)snprintf(told, sizeof(told), "%s%.*s", rc ? error.reason : name,
                       rc ? 0 : (int)out.size, out.data ? out.data : "");
        protobuf_schemas_free(descriptors);
    }
    buf_release(&out);
    schema_cache_free(schemas);
    return told;
}

#define BY_ID(id, bytes)                                                                           \
    (struct source_frame) {                                                                        \
        .naming = SCHEMA_BY_ID, .number = id, .body = {bytes, sizeof(bytes) - 1}                   \
    }
#define UNNAMED(bytes)                                                                             \
    (struct source_frame) {                                                                        \
        .body = {bytes, sizeof(bytes) - 1}                                                         \
    }

static void indexes_choose_the_type(void **state)
{
    assert_string_equal(render("", "", BY_ID(3, "\0\x0a\1u")), "V{\"user\":\"u\"}");
    assert_string_equal(render("", "", BY_ID(3, "\2\0\x12\3\x0a\1i")), "V{\"u\":{\"id\":\"i\"}}");
    assert_string_equal(render("", "", BY_ID(3, "\2\2\x0a\1z")), "Z{\"z\":\"z\"}");
    assert_string_equal(render("", "", BY_ID(3, "\4\0\0\x0a\1x")), "V.W{\"x\":\"x\"}");
    assert_string_equal(render("", "Z", BY_ID(3, "\0\x0a\1z")), "Z{\"z\":\"z\"}");
}

static void messages_without_a_name_have_the_configured_type(void **state)
{
    assert_string_equal(render("3", "V", UNNAMED("\x0a\1u")), "V{\"user\":\"u\"}");
    assert_string_equal(render("3", "", UNNAMED("\x0a\1u")), "schema_mismatch");
    assert_string_equal(render("", "", UNNAMED("\x0a\1u")), "bad_magic");
    struct source_frame guid = {.naming = SCHEMA_BY_GUID, .guid = "g"};
    assert_string_equal(render("", "", guid), "unknown_schema_guid");
}

#define BODY(bytes) slice_of(bytes, sizeof(bytes) - 1)

/* The number says the type where none is configured; in a header's place it is not in the body. */
static void behind_glue_s_frame_stands_a_number(void **state)
{
    struct source_frame glue = {.naming = SCHEMA_BY_GUID, .guid = "g", .body = BODY("\0\x0a\1u")};
    assert_string_equal(render("3", "V", glue), "V{\"user\":\"u\"}");
    glue.body = BODY("\x81\1\x0a\1u");
    assert_string_equal(render("3", "V", glue), "V{\"user\":\"u\"}");
    glue.body = BODY("\x81\x81\x81\x81\x81\x81");
    assert_string_equal(render("3", "V", glue), "bad_protobuf");
    glue.body = BODY("\x81");
    assert_string_equal(render("3", "V", glue), "bad_protobuf");
    glue.body = BODY("");
    assert_string_equal(render("3", "V", glue), "bad_protobuf");
    glue.body = BODY("\0");
    assert_string_equal(render("3", "V", glue), "V{}");
    glue.body = BODY("\0\x0a\1u");
    assert_string_equal(render("3", "", glue), "V{\"user\":\"u\"}");
    glue.body = BODY("\1\x0a\1u");
    assert_string_equal(render("3", "", glue), "V.W{\"x\":\"u\"}");
    glue.body = BODY("\2\x0a\1u");
    assert_string_equal(render("3", "", glue), "Z{\"z\":\"u\"}");
    glue.body = BODY("\3\x0a\1u");
    assert_string_equal(render("3", "", glue), "schema_mismatch");
    glue.body = BODY("\xff\xff\xff\xff\x7f\x0a\1u");
    assert_string_equal(render("3", "", glue), "schema_mismatch");
    glue.beside = true;
    glue.body = BODY("\x0a\1u");
    assert_string_equal(render("3", "V", glue), "V{\"user\":\"u\"}");
}

static void what_does_not_fit_is_refused(void **state)
{
    assert_string_equal(render("", "", BY_ID(9, "\0")), "unknown_schema_id");
    assert_string_equal(render("", "", BY_ID(4, "\0")), "schema_mismatch");
    assert_string_equal(render("", "", BY_ID(5, "\0")), "schema_mismatch");
    assert_string_equal(render("", "", BY_ID(3, "\2\x0a")), "schema_mismatch");
    assert_string_equal(render("", "", BY_ID(3, "\1")), "bad_protobuf");
    assert_string_equal(render("", "", BY_ID(3, "\xfe\xff\xff\x0f")), "bad_protobuf");
    assert_string_equal(render("", "", BY_ID(3, "")), "bad_protobuf");
    assert_string_equal(render("", "", BY_ID(3, "\0\x0a\7u")), "bad_protobuf");
    assert_string_equal(render("", "N", BY_ID(3, "\0")), "schema_mismatch");
}

static void write_file(const char *folder, const char *name, const char *bytes, size_t size)
{
    char path[200];
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    fclose(file);
}

static void files_hold_types(void **state)
{
    static const char proto[] = "syntax = \"proto3\"; import \"u.proto\"; message V { U u = 1; }";
    static const char imported[] = "syntax = \"proto3\"; message U { string id = 1; }";
    char folder[] = "/tmp/test_protobuf-XXXXXX", path[3][200];
    static const char *const names[] = {"v.proto", "u.proto", "v.desc"};
    assert_non_null(mkdtemp(folder));
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(path[i], sizeof(path[i]), "%s/%s", folder, names[i]);
    }
    write_file(folder, names[0], proto, sizeof(proto) - 1);
    write_file(folder, names[1], imported, sizeof(imported) - 1);
    write_file(folder, names[2], set, sizeof(set) - 1);
    assert_string_equal(render(path[0], "V", UNNAMED("\x0a\3\x0a\1i")), "V{\"u\":{\"id\":\"i\"}}");
    assert_string_equal(render(path[2], "", UNNAMED("\x0a\1u")), "V{\"user\":\"u\"}");
    assert_non_null(strstr(render(path[0], "", UNNAMED("")), "there are 2 messages"));
    assert_non_null(strstr(render(path[0], "N", UNNAMED("")), "there is no such message"));
    assert_non_null(strstr(render("no.desc", "", UNNAMED("")), "No such file"));
    struct source_frame glue = {.naming = SCHEMA_BY_GUID, .body = BODY("\0\x0a\3\x0a\1i")};
    assert_string_equal(render(path[0], "", glue), "V{\"u\":{\"id\":\"i\"}}");
    glue.body = BODY("\1\x0a\1u");
    assert_string_equal(render(path[0], "", glue), "schema_mismatch");
    glue.body = BODY("\0\x0a\1u");
    assert_string_equal(render(path[2], "", glue), "V{\"user\":\"u\"}");
    for (size_t i = 0; i < 3; i++) { (void)unlink(path[i]); }
    (void)rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(indexes_choose_the_type),
        cmocka_unit_test(messages_without_a_name_have_the_configured_type),
        cmocka_unit_test(behind_glue_s_frame_stands_a_number),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(files_hold_types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
