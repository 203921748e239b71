#include "base/base.h"
#include "rules/list_caps.h"
#include "tests/unit/rules/rules_rig.h"

static void counts_end_with_the_list(void **state _unused_)
{
    struct rules_rig rig;
    rules_rig_init(&rig);
    int32_t a = rules_rig_item(&rig, "a", (struct item){.brand = slice_str("A")}, "x y x", "s t");
    int32_t b = rules_rig_item(&rig, "b", (struct item){.brand = slice_str("A")}, "y", "s");
    struct list_caps caps = {.columns = &rig.columns};
    for (int turn = 0; turn < 2; turn++) {
        const uint8_t holds[] = {1, 0};
        list_caps_begin(&caps);
        list_caps_add(&caps, CAP_TAG, 2, 7, NULL);
        list_caps_add(&caps, CAP_BRAND, 1, 8, holds);
        assert_int_equal(list_caps_over(&caps, 0, a), CAP_NONE);
        list_caps_count(&caps, 0, a);
        assert_int_equal(list_caps_over(&caps, 0, a), 7); /* its tag x stands twice */
        assert_int_equal(list_caps_over(&caps, 0, b), 8);
        assert_int_equal(list_caps_over(&caps, 1, b), CAP_NONE); /* the condition does not hold */
        list_caps_count(&caps, 1, b);
        assert_int_equal(list_caps_over(&caps, 1, b), 7);
        assert_true(list_caps_has(&caps, 8));
        assert_false(list_caps_has(&caps, 9));
        list_caps_forget(&caps, a);
        list_caps_forget(&caps, b);
    }
    list_caps_begin(&caps);
    list_caps_add(&caps, CAP_CATEGORY, 1, 1, NULL);
    list_caps_add(&caps, CAP_ALL, 2, 2, NULL);
    list_caps_count(&caps, 0, a);
    assert_int_equal(list_caps_over(&caps, 1, b), CAP_NONE); /* the leaf counts: s is not t */
    list_caps_count(&caps, 1, b);
    assert_int_equal(list_caps_over(&caps, 2, b), 1);
    rules_rig_item(&rig, "c", (struct item){0}, "", "");
    assert_int_equal(list_caps_over(&caps, 2, 2), 2);
    list_caps_release(&caps);
    rules_rig_clear(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_end_with_the_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
