#include "base/base.h"
#include "ingest/mapping/path_suggest.h"

#include <setjmp.h>
#include <cmocka.h>

static const char order[] =
    "{\"user\": {\"id\": 7, \"Name\": \"n\"}, \"lines\": [{\"sku\": \"a\", \"tags\": [1]}],"
    " \"empty\": [], \"none\": null, \"payload\": {\"after\": {\"customer_id\": 5}}, \"a.b\": 1}";

static void check_names(const char *path, const char *expected, bool names)
{
    json_t *document = json_loads(order, 0, NULL);
    struct buf out;
    buf_init(&out, 512);
    path_suggest(path, document, names, &out);
    buf_append(&out, "", 1);
    if (strcmp(out.data, expected) != 0) { fail_msg("%s: %s", path, out.data); }
    buf_release(&out);
    json_decref(document);
}

static void check(const char *path, const char *expected)
{
    check_names(path, expected, true);
}

static void mends_a_path(void **state)
{
    check("lines.sku", "lines[*].sku");
    check("lines[0].sku.x", "");
    check("Lines.SKU", "lines[*].sku");
    check("line.sku", "lines[*].sku");
    check("lines[*].tags", "lines[*].tags[*]");
    check("user", "user.id");
    check("user.name", "user.Name");
    check("user[*].id", "user.id");
    check("lines[0].skus", "lines[0].sku");
}

static void finds_an_envelope(void **state)
{
    check("customer_id", "payload.after.customer_id");
    check("data.customer_id", "payload.after.customer_id");
    check("sku", "lines[*].sku");
}

static void says_nothing_where_nothing_fits(void **state)
{
    static const char *const paths[] = {"lines[*].sku", "xyz",  "empty.sku",  "none", "$key",
                                        "a|b",          "=x",   "lines[x].a", "",     "[\"a.b\"]",
                                        "lines[",       "user.x.y.sku"};
    for (size_t i = 0; i < ARRAY_COUNT(paths); i++) { check(paths[i], ""); }
}

/* With pseudonyms, keys of the document are not told: they may name a user. */
static void tells_no_names_when_they_may_not_be_told(void **state)
{
    check_names("lines.sku", "lines[*].sku", false);
    check_names("Lines.sku", "", false);
    check_names("customer_id", "", false);
    check_names("user", "", false);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(mends_a_path),
        cmocka_unit_test(finds_an_envelope),
        cmocka_unit_test(says_nothing_where_nothing_fits),
        cmocka_unit_test(tells_no_names_when_they_may_not_be_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
