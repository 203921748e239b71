#include "base/base.h"
#include "ingest/mapping/record_kinds.h"

#include <setjmp.h>
#include <cmocka.h>

static char why[300];

static int make(const struct property *at, size_t count, const char *fallback, enum target target,
                struct record_kinds **ret_kinds)
{
    struct properties properties = {.at = (struct property *)at, .count = count};
    return record_kinds_new(&properties, fallback, target, ret_kinds, why, sizeof(why));
}

static enum kind_verdict find(const struct record_kinds *kinds, struct slice kind)
{
    size_t own;
    return record_kinds_find(kinds, kind, &own);
}

/* kind.VALUE.map.FIELD gives a kind its own paths, and takes it. */
static void kinds_have_their_own_paths(void **state)
{
    static const struct property at[] = {{"a.b.map.item", "x"}, {"a.b.map.birth.year", "y"},
                                         {"c.map.user", "z"},   {"c", "refuse"},
                                         {"map.item", "take"},  {"d.map.kind", "take"}};
    const char *paths[MAPPED_COUNT] = {0};
    struct record_kinds *kinds;
    size_t own;
    assert_int_equal(make(at, ARRAY_COUNT(at), "ignore", TARGET_EVENT, &kinds), 0);
    assert_int_equal(record_kinds_own(kinds), 2);
    assert_int_equal(record_kinds_find(kinds, slice_str("a.b"), &own), KIND_TAKE);
    assert_int_equal(own, 1);
    assert_int_equal(record_kinds_find(kinds, slice_str("c"), &own), KIND_REFUSE);
    assert_int_equal(own, 2);
    assert_int_equal(record_kinds_find(kinds, slice_str("map.item"), &own), KIND_TAKE);
    assert_int_equal(own, 0);
    assert_int_equal(find(kinds, slice_str("d.map.kind")), KIND_TAKE);
    assert_int_equal(find(kinds, slice_str("e")), KIND_IGNORE);
    record_kinds_paths(kinds, 1, paths);
    assert_string_equal(paths[MAPPED_ITEM], "x");
    assert_string_equal(paths[MAPPED_BIRTH_YEAR], "y");
    assert_null(paths[MAPPED_USER]);
    record_kinds_free(kinds);
}

static void users_can_be_forgotten(void **state)
{
    static const struct property at[] = {{"gone", "forget"}};
    struct record_kinds *kinds;
    assert_int_equal(make(at, 1, "take", TARGET_PROFILE, &kinds), 0);
    assert_int_equal(find(kinds, slice_str("gone")), KIND_FORGET);
    record_kinds_free(kinds);
    assert_int_equal(make(at, 1, "take", TARGET_EVENT, &kinds), 0);
    record_kinds_free(kinds);
    assert_int_equal(make(at, 1, "take", TARGET_ITEM, &kinds), -EINVAL);
}

static void listed_and_other_kinds(void **state)
{
    static const struct property at[] = {
        {"track", "take"}, {"d", "delete"}, {"a.b c", "ignore"}, {"bad", "refuse"}};
    struct record_kinds *kinds;
    assert_int_equal(make(at, ARRAY_COUNT(at), "ignore", TARGET_ITEM, &kinds), 0);
    assert_int_equal(find(kinds, slice_str("track")), KIND_TAKE);
    assert_int_equal(find(kinds, slice_str("d")), KIND_DELETE);
    assert_int_equal(find(kinds, slice_str("a.b c")), KIND_IGNORE);
    assert_int_equal(find(kinds, slice_str("bad")), KIND_REFUSE);
    assert_int_equal(find(kinds, slice_str("")), KIND_IGNORE);
    assert_int_equal(find(kinds, slice_str("tra")), KIND_IGNORE);
    assert_int_equal(find(kinds, slice_of("d\0", 2)), KIND_IGNORE);
    record_kinds_free(kinds);
    assert_int_equal(make(NULL, 0, "take", TARGET_EVENT, &kinds), 0);
    assert_int_equal(find(kinds, slice_str("x")), KIND_TAKE);
    record_kinds_free(kinds);
    assert_null(record_kinds_free(NULL));
}

static void refuses_with_a_hint(void **state)
{
    struct record_kinds *kinds = NULL;
    struct property property = {"d", "remove"};
    assert_int_equal(make(&property, 1, "take", TARGET_ITEM, &kinds), -EINVAL);
    assert_non_null(strstr(why, "kind.d=remove: it is take, delete, ignore or refuse"));
    property.value = "delete";
    assert_int_equal(make(&property, 1, "take", TARGET_EVENT, &kinds), -EINVAL);
    assert_non_null(strstr(why, "becomes=Item"));
    assert_int_equal(make(NULL, 0, "", TARGET_ITEM, &kinds), -EINVAL);
    char key[RECORD_KIND_BYTES_MAX + 2];
    memset(key, 'k', sizeof(key) - 1);
    key[sizeof(key) - 1] = '\0';
    property = (struct property){key, "take"};
    assert_int_equal(make(&property, 1, "take", TARGET_ITEM, &kinds), -EINVAL);
    assert_null(kinds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(listed_and_other_kinds),
                                       cmocka_unit_test(kinds_have_their_own_paths),
                                       cmocka_unit_test(users_can_be_forgotten),
                                       cmocka_unit_test(refuses_with_a_hint)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
