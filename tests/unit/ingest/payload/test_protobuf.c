#include "base/base.h"
#include "base/buf.h"
#include "ingest/payload/protobuf.h"

#include <setjmp.h>
#include <cmocka.h>

static const char view_proto[] =
    "syntax = \"proto3\";\n"
    "package shop;\n"
    "import \"google/protobuf/timestamp.proto\";\n"
    "import \"google/protobuf/wrappers.proto\";\n"
    "import \"google/protobuf/struct.proto\";\n"
    "import \"not/there.proto\";\n"
    "enum Kind { VIEW = 0; BUY = 1; }\n"
    "message View {\n"
    "  string user = 1; int64 n = 2; Kind kind = 3; repeated Line lines = 4;\n"
    "  google.protobuf.Timestamp at = 5; google.protobuf.StringValue note = 6;\n"
    "  map<string, int32> counts = 7; google.protobuf.Struct more = 8; bytes raw = 9;\n"
    "  double weight = 10; uint64 big = 11; optional int32 maybe = 12; View inner = 13;\n"
    "  repeated int32 packed = 14; oneof one { string a = 15; bool b = 16; }\n"
    "  message Line { string sku = 1; }\n"
    "}\n";

static struct protobuf *make(const char *text)
{
    char why[200] = "";
    struct protobuf *protobuf = protobuf_new();
    if (protobuf_add(protobuf, "view.proto", text, strlen(text), why, sizeof(why))) {
        fail_msg("%s", why);
    }
    return protobuf;
}

static void put(void *arg, const char *bytes, size_t size)
{
    buf_append(arg, bytes, size);
}

/* Renders bytes as a View; the JSON, or the result as a number. */
static const char *render_as(const char *name, const char *bytes, size_t size)
{
    static char told[4096];
    char why[200] = "";
    struct buf out;
    buf_init(&out, sizeof(told) - 1);
    struct protobuf *protobuf = make(view_proto);
    const void *type = protobuf_find(protobuf, name, why, sizeof(why));
    if (!type) { fail_msg("%s", why); }
    assert_string_equal(protobuf_name(type), name);
    int rc = protobuf_render(protobuf, type, bytes, size, put, &out);
    (void)snprintf(told, sizeof(told), "%.*s", SLICE_ARGS(buf_slice(&out)));
    if (rc) { (void)snprintf(told, sizeof(told), "%d", rc); }
    buf_release(&out);
    protobuf_free(protobuf);
    return told;
}

#define RENDER(bytes) render_as("shop.View", bytes, sizeof(bytes) - 1)
#define NONE "\"n\":0,\"kind\":\"VIEW\",\"lines\":[],"
#define REST "\"counts\":{},\"weight\":0,\"big\":0,\"packed\":[]}"

static void fields_become_json(void **state)
{
    assert_string_equal(RENDER(""), "{" NONE REST);
    assert_string_equal(RENDER("\x0a\x02u1"), "{\"user\":\"u1\"," NONE REST);
    assert_string_equal(RENDER("\x10\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x18\x01"),
                        "{\"n\":9223372036854775807,\"kind\":\"BUY\",\"lines\":[]," REST);
    assert_string_equal(RENDER("\x18\x07"), "{\"n\":0,\"kind\":7,\"lines\":[]," REST);
    assert_string_equal(RENDER("\x22\x03\x0a\x01x\x22\x00"),
                        "{\"n\":0,\"kind\":\"VIEW\",\"lines\":[{\"sku\":\"x\"},{}]," REST);
    assert_string_equal(RENDER("\x58\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x60\x00"),
                        "{" NONE "\"counts\":{},\"weight\":0,\"big\":18446744073709551615,"
                        "\"maybe\":0,\"packed\":[]}");
    assert_string_equal(RENDER("\x51\x00\x00\x00\x00\x00\x00\xf8\x3f\x4a\x02\x00\xff"
                               "\x72\x02\x05\x06\x80\x01\x00"),
                        "{" NONE "\"counts\":{},\"raw\":\"AP8=\",\"weight\":1.5,\"big\":0,"
                        "\"packed\":[5,6],\"b\":false}");
    assert_string_equal(RENDER("\x0a\x04\"\\\n\x7f"),
                        "{\"user\":\"\\\"\\\\\\u000a\x7f\"," NONE REST);
}

static void known_types_become_what_they_mean(void **state)
{
    assert_string_equal(RENDER("\x2a\x06\x08\x8d\x81\x90\xd8\x06"),
                        "{" NONE "\"at\":\"2026-11-23T08:59:57.000000000Z\"," REST);
    assert_string_equal(RENDER("\x2a\x0b\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"),
                        "{" NONE "\"at\":null," REST);
    assert_string_equal(RENDER("\x32\x03\x0a\x01w\x3a\x05\x0a\x01k\x10\x02"),
                        "{" NONE "\"note\":\"w\",\"counts\":{\"k\":2},\"weight\":0,\"big\":0,"
                        "\"packed\":[]}");
    assert_string_equal(RENDER("\x42\x0a\x0a\x08\x0a\x01p\x12\x03\x1a\x01v"),
                        "{" NONE "\"counts\":{},\"more\":{\"p\":\"v\"},\"weight\":0,\"big\":0,"
                        "\"packed\":[]}");
}

static void damage_is_refused(void **state)
{
    assert_string_equal(RENDER("\x0a\x05u1"), "-74");
    assert_string_equal(RENDER("\x0a"), "-74");
    assert_string_equal(RENDER("\x22\x03\x0a\x05x"), "-74");
    assert_string_equal(RENDER("\x0a\x01\xff"), "-74");
    assert_string_equal(RENDER("\x00"), "-74");
    assert_string_equal(RENDER("\x0c"), "-74");
}

/* Messages that take two bytes each, and messages within messages. */
static void little_that_stands_for_much_is_refused(void **state)
{
    static char bytes[2 * (PROTOBUF_MESSAGES_MAX + 1)];
    for (size_t i = 0; i < sizeof(bytes); i += 2) { memcpy(bytes + i, "\x22\x00", 2); }
    assert_string_equal(render_as("shop.View", bytes, sizeof(bytes)), "-7");
    char nested[1000];
    for (int depth = PROTOBUF_DEPTH_MAX; depth <= PROTOBUF_DEPTH_MAX + 1; depth++) {
        char *at = nested + sizeof(nested);
        for (int i = 0; i < depth; i++) {
            size_t size = (size_t)(nested + sizeof(nested) - at);
            if (size > 127) { *--at = (char)(size >> 7); }
            *--at = (char)(size > 127 ? (size & 127) | 128 : size);
            *--at = '\x6a';
        }
        const char *told = render_as("shop.View", at, (size_t)(nested + sizeof(nested) - at));
        assert_int_equal(told[0], depth > PROTOBUF_DEPTH_MAX ? '-' : '{');
    }
}

static void types_are_found_by_their_place(void **state)
{
    char why[200] = "";
    static const int64_t line[] = {0, 0}, none[] = {1}, below[] = {0, 1}, negative[] = {-1};
    struct protobuf *protobuf = make(view_proto);
    const void *type = protobuf_at(protobuf, "view.proto", line, 2, why, sizeof(why));
    if (!type) { fail_msg("%s", why); }
    assert_string_equal(protobuf_name(type), "shop.View.Line");
    assert_null(protobuf_at(protobuf, "view.proto", none, 1, why, sizeof(why)));
    assert_null(protobuf_at(protobuf, "view.proto", below, 2, why, sizeof(why)));
    assert_null(protobuf_at(protobuf, "view.proto", negative, 1, why, sizeof(why)));
    assert_null(protobuf_at(protobuf, "other.proto", line, 1, why, sizeof(why)));
    assert_string_equal(protobuf_name(protobuf_find(protobuf, "", why, sizeof(why))), "shop.View");
    assert_null(protobuf_find(protobuf, "shop.Other", why, sizeof(why)));
    assert_string_equal(protobuf_missing(protobuf, 0), "not/there.proto");
    assert_null(protobuf_missing(protobuf, 1));
    protobuf_free(protobuf);
    assert_null(protobuf_free(NULL));
}

static void types_are_numbered_by_name(void **state)
{
    static const char proto[] =
        "syntax = \"proto3\"; message B { message C {} message A { message D {} "
        "map<string, int32> m = 1; } } message B2 {} message A {}";
    static const char *const names[] = {"A", "B", "B.A", "B.A.D", "B.A.MEntry", "B.C", "B2"};
    char why[200] = "";
    struct protobuf *protobuf = make(proto);
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        const void *type = protobuf_numbered(protobuf, "view.proto", i, why, sizeof(why));
        assert_non_null(type);
        assert_string_equal(protobuf_name(type), names[i]);
    }
    assert_null(protobuf_numbered(protobuf, "view.proto", ARRAY_COUNT(names), why, sizeof(why)));
    assert_string_equal(why, "no type 7: the schema has 7, counted from 0");
    assert_null(protobuf_numbered(protobuf, "view.proto", UINT32_MAX, why, sizeof(why)));
    protobuf_free(protobuf);
}

static void broken_texts_are_refused(void **state)
{
    static const char *const broken[] = {
        "message A {", "message A { strin x; }", "syntax = \"proto9\"; message A {}",
        "message A { B b = 1; }\nmessage A {}", "AAAA",
    };
    char why[200];
    for (size_t i = 0; i < ARRAY_COUNT(broken); i++) {
        struct protobuf *protobuf = protobuf_new();
        why[0] = '\0';
        int rc = protobuf_add(protobuf, "a.proto", broken[i], strlen(broken[i]), why, sizeof(why));
        if (!rc && protobuf_find(protobuf, "A", why, sizeof(why))) {
            fail_msg("%s: accepted", broken[i]);
        }
        if (!why[0]) { fail_msg("%s: no reason", broken[i]); }
        protobuf_free(protobuf);
    }
}

/* The parser recurses; a comment does not hide how deep. */
static void deep_texts_are_refused(void **state)
{
    enum { DEEP = 20000 };
    static const char step[] = "message a{/*}*/";
    struct buf text;
    char why[200] = "";
    buf_init(&text, 1 << 20);
    for (int i = 0; i < DEEP; i++) { buf_append(&text, step, strlen(step)); }
    struct protobuf *protobuf = protobuf_new();
    assert_int_equal(protobuf_add(protobuf, "a.proto", text.data, text.size, why, sizeof(why)),
                     -EINVAL);
    assert_string_equal(why, "nested deeper than 64");
    protobuf_free(protobuf);
    buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_become_json),
        cmocka_unit_test(known_types_become_what_they_mean),
        cmocka_unit_test(damage_is_refused),
        cmocka_unit_test(little_that_stands_for_much_is_refused),
        cmocka_unit_test(types_are_found_by_their_place),
        cmocka_unit_test(types_are_numbered_by_name),
        cmocka_unit_test(broken_texts_are_refused),
        cmocka_unit_test(deep_texts_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
