#include "base/base.h"
#include "model/counting/cross_rules.h"

#include <setjmp.h>
#include <cmocka.h>

static int32_t kind_of(struct slice name)
{
    static const char *const names[] = {"OTHER", "VIEW", "CLICK", "LIKE", "CART", "PURCHASE"};
    for (size_t k = 0; k < ARRAY_COUNT(names); k++) {
        if (slice_equal(name, slice_str(names[k]))) { return (int32_t)k; }
    }
    return -1;
}

static void pairs_are_read(void **state _unused_)
{
    struct cross_rules rules;
    assert_null(cross_rules_read(slice_str(""), kind_of, &rules));
    assert_int_equal(rules.count, 0);
    assert_null(cross_rules_read(slice_str("VIEW>PURCHASE,CART>PURCHASE"), kind_of, &rules));
    assert_int_equal(rules.count, 2);
    assert_int_equal(rules.pairs[0].from, 1);
    assert_int_equal(rules.pairs[0].to, 5);
    assert_int_equal(rules.pairs[1].from, 4);
}

static void faults_are_told(void **state _unused_)
{
    static const struct {
        const char *text, *part;
    } cases[] = {
        {"VIEW", "KIND>KIND"},
        {",", "KIND>KIND"},
        {"VIEW>", "kinds of actions"},
        {">PURCHASE", "kinds of actions"},
        {"VIEW>BUY", "kinds of actions"},
        {"VIEW>PURCHASE>CART", "kinds of actions"},
        {"VIEW>CART,VIEW>CART", "twice"},
        {"VIEW>CART,", "missing"},
        {"VIEW>CART,VIEW>LIKE,VIEW>PURCHASE,CART>PURCHASE,LIKE>PURCHASE", "at most 4"},
    };
    struct cross_rules rules;
    for (size_t k = 0; k < ARRAY_COUNT(cases); k++) {
        const char *fault = cross_rules_read(slice_str(cases[k].text), kind_of, &rules);
        if (!fault || !strstr(fault, cases[k].part)) {
            fail_msg("%s: %s", cases[k].text, fault ? fault : "no fault");
        }
    }
}

static void ids_have_their_kinds(void **state _unused_)
{
    static char item[CROSS_ID_BYTES_MAX];
    char text[CROSS_ID_BYTES_MAX];
    struct slice read;
    int32_t kind;
    memset(item, 'x', sizeof(item));
    struct slice id = cross_id_write(5, slice_str("mug"), text);
    assert_true(slice_equal(id, slice_str("\x1f" "5mug")));
    assert_true(cross_id_is(id) && cross_id_read(id, &kind, &read));
    assert_int_equal(kind, 5);
    assert_true(slice_equal(read, slice_str("mug")));
    assert_int_equal(cross_id_write(0, slice_of(item, sizeof(item) - 1), text).size, 0);
    assert_int_equal(cross_id_write(0, slice_str(""), text).size, 0);
    id = cross_id_write(7, slice_of(item, sizeof(item) - 2), text);
    assert_int_equal(id.size, sizeof(item));
    static const char *const others[] = {"",           "mug",          "\x1f",
                                         "\x1f" "5",   "\x1f" "8mug", "\x1f" "/mug"};
    for (size_t k = 0; k < ARRAY_COUNT(others); k++) {
        assert_false(cross_id_read(slice_str(others[k]), &kind, &read));
    }
    assert_true(cross_id_is(slice_str("\x1f" "8mug"))); /* no item either */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_are_read),
        cmocka_unit_test(faults_are_told),
        cmocka_unit_test(ids_have_their_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
