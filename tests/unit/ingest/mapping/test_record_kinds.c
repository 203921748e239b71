#include "base/base.h"
#include "ingest/mapping/record_kinds.h"

#include <setjmp.h>
#include <cmocka.h>

static char why[300];

static int make(const struct property *at, size_t count, const char *fallback, bool can_delete,
                struct record_kinds **ret_kinds)
{
    struct properties properties = {.at = (struct property *)at, .count = count};
    return record_kinds_new(&properties, fallback, can_delete, ret_kinds, why, sizeof(why));
}

static void listed_and_other_kinds(void **state)
{
    static const struct property at[] = {
        {"track", "take"}, {"d", "delete"}, {"a.b c", "ignore"}, {"bad", "refuse"}};
    struct record_kinds *kinds;
    assert_int_equal(make(at, ARRAY_COUNT(at), "ignore", true, &kinds), 0);
    assert_int_equal(record_kinds_find(kinds, slice_str("track")), KIND_TAKE);
    assert_int_equal(record_kinds_find(kinds, slice_str("d")), KIND_DELETE);
    assert_int_equal(record_kinds_find(kinds, slice_str("a.b c")), KIND_IGNORE);
    assert_int_equal(record_kinds_find(kinds, slice_str("bad")), KIND_REFUSE);
    assert_int_equal(record_kinds_find(kinds, slice_str("")), KIND_IGNORE);
    assert_int_equal(record_kinds_find(kinds, slice_str("tra")), KIND_IGNORE);
    assert_int_equal(record_kinds_find(kinds, slice_of("d\0", 2)), KIND_IGNORE);
    record_kinds_free(kinds);
    assert_int_equal(make(NULL, 0, "take", false, &kinds), 0);
    assert_int_equal(record_kinds_find(kinds, slice_str("x")), KIND_TAKE);
    record_kinds_free(kinds);
    assert_null(record_kinds_free(NULL));
}

static void refuses_with_a_hint(void **state)
{
    struct record_kinds *kinds = NULL;
    struct property property = {"d", "remove"};
    assert_int_equal(make(&property, 1, "take", true, &kinds), -EINVAL);
    assert_non_null(strstr(why, "kind.d=remove: it is take, delete, ignore or refuse"));
    property.value = "delete";
    assert_int_equal(make(&property, 1, "take", false, &kinds), -EINVAL);
    assert_non_null(strstr(why, "becomes=Item"));
    assert_int_equal(make(NULL, 0, "", true, &kinds), -EINVAL);
    char key[RECORD_KIND_BYTES_MAX + 2];
    memset(key, 'k', sizeof(key) - 1);
    key[sizeof(key) - 1] = '\0';
    property = (struct property){key, "take"};
    assert_int_equal(make(&property, 1, "take", true, &kinds), -EINVAL);
    assert_null(kinds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(listed_and_other_kinds),
                                       cmocka_unit_test(refuses_with_a_hint)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
