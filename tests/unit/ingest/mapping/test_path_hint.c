#include "base/base.h"
#include "ingest/mapping/field_path.h"
#include "ingest/mapping/path_hint.h"

#include <setjmp.h>
#include <cmocka.h>

static void check(const char *paths, const char *expected)
{
    struct buf out;
    buf_init(&out, 512);
    path_hint_write(slice_str(paths), &out);
    buf_append(&out, "", 1);
    if (strcmp(out.data, expected) != 0) { fail_msg("%s: %s", paths, out.data); }
    buf_release(&out);
}

static void writes_json_path(void **state)
{
    check("$.lines[*].sku", "lines[*].sku");
    check("$.user.id", "user.id");
    check("$['lines'][0]['a.b']", "lines[0][\"a.b\"]");
    check("$[\"lines\"][*].sku", "lines[*].sku");
    check("$[0].id", "[0].id");
    check("lines.*.sku", "lines[*].sku");
    check("lines.*", "lines[*]");
    check("lines.[0].sku", "lines[0].sku");
    check("lines[*]sku", "lines[*].sku");
    check("lines[0]", "");
    check("lines.", "lines");
    check("a;map.item=b", "");
}

static void writes_pointer_and_jq(void **state)
{
    check("/lines/0/sku", "lines[*].sku");
    check("lines/0/sku", "lines[*].sku");
    check("/user/id", "user.id");
    check("/a.b/c", "[\"a.b\"].c");
    check(".lines[].sku", "lines[*].sku");
    check(".user.id", "user.id");
    check("lines[].sku", "lines[*].sku");
}

static void writes_other_signs(void **state)
{
    check("lines->sku", "lines.sku");
    check("lines::sku", "lines.sku");
    check("user?.id", "user.id");
    check("${user.id}", "user.id");
    check("{{user}}", "user");
    check("@.user", "user");
    check("lines[ * ].sku", "lines[*].sku");
    check("user | id", "user|id");
    check("User Name |id", "User Name|id");
    check("$value.user.id", "user.id");
    check("$payload.lines[*].sku", "lines[*].sku");
    check("$Key.id|id", "$key.id|id");
    check("$KEY", "$key");
    check("$topic", "");
    check("$offset|id", "");
}

static void writes_each_of_several(void **state)
{
    check("user|$.customer.id", "user|customer.id");
    check("brand=$.brand,color", "brand=brand,color");
    check("=$.x", "");
    check("user|customer", "");
}

static void knows_what_cannot_be_written(void **state)
{
    check("$..sku", "");
    check("$.lines[?(@.a==1)].sku", "");
    check("lines[1:2].sku|$.a[1:2]", "");
    check("$", "");
    check("$.", "");
    check("/", "");
}

/* What is foreign is refused, and what is written instead is not. */
static void refuses_what_it_mends(void **state)
{
    static const char *const foreign[] = {"$.lines[*].sku", "/lines/0/sku", ".a", "lines.*.sku",
                                          "a['b']", "a.*", "$[0]", "a..b", "\"a\".b",
                                          "a->b", "a::b", "{a}", "${a}", "@.a", "a[ 0 ]", " a",
                                          "a ", "$value", "$topic", "$Key.a", "a?.b"};
    static const char *const own[] = {"lines[*].sku", "[\"/a\"]", "$key.a", "$header.ce_id", "a/b",
                                      "$timestamp", "=$.x", "[\"a..b\"].c[\"d['e\"]", "a-*", "*",
                                      "a[k=\"x[]..\"].v", "$insert_id", "a b", "a[k=x::y].b",
                                      "a[k=\"{x}\"].b", "[\" a\"]", "$schema"};
    struct field_path *path;
    const char *why;
    for (size_t i = 0; i < ARRAY_COUNT(foreign); i++) {
        if (!field_path_new(slice_str(foreign[i]), &path, &why)) { fail_msg("%s", foreign[i]); }
    }
    for (size_t i = 0; i < ARRAY_COUNT(own); i++) {
        if (field_path_new(slice_str(own[i]), &path, &why)) { fail_msg("%s: %s", own[i], why); }
        field_path_free(path);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_json_path),
        cmocka_unit_test(writes_pointer_and_jq),
        cmocka_unit_test(writes_other_signs),
        cmocka_unit_test(writes_each_of_several),
        cmocka_unit_test(knows_what_cannot_be_written),
        cmocka_unit_test(refuses_what_it_mends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
