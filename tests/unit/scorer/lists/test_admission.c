#include "base/base.h"
#include "scorer/lists/admission.h"

#include <setjmp.h>
#include <cmocka.h>

enum { MAX = 100 };

static int32_t put(struct admission *admission, const char *prefix, int n, double actions)
{
    char id[32];
    int32_t retired;
    (void)snprintf(id, sizeof(id), "%s%d", prefix, n);
    const struct claim claim = {.actions = actions, .row = true};
    int32_t item = admission_admit(admission, slice_str(id), &claim, &retired);
    if (item != ID_NONE) { admission_put_row(admission, item, &claim); }
    assert_true(retired == ID_NONE || admission_retired(admission, retired));
    return item;
}

static int32_t list(struct admission *admission, const char *prefix, int n)
{
    char id[32];
    (void)snprintf(id, sizeof(id), "%s%d", prefix, n);
    return admission_list(admission, slice_str(id));
}

static void the_catalogue_has_slots_of_its_own(void **state)
{
    struct admission admission;
    admission_init(&admission, MAX, 0);
    for (int n = 0; n < 150; n++) {
        assert_int_equal(put(&admission, "bad", n, 1000) != ID_NONE, n < MAX);
    }
    for (int n = 0; n < MAX; n++) { assert_int_not_equal(list(&admission, "good", n), ID_NONE); }
    assert_int_equal(list(&admission, "more", 0), ID_NONE);
    for (int n = 0; n < MAX; n++) {
        assert_int_not_equal(put(&admission, "good", n, 1), ID_NONE);
        assert_false(admission_retired(&admission, list(&admission, "good", n)));
    }
    assert_int_equal(admission_count(&admission), 2 * MAX);
    admission_release(&admission);
}

/* An item that was counted before it is listed leaves its slot to another one. */
static void a_listed_item_gives_its_slot_back(void **state)
{
    struct admission admission;
    admission_init(&admission, MAX, 0);
    for (int n = 0; n < MAX; n++) { assert_int_equal(put(&admission, "item", n, 5), n); }
    assert_int_equal(put(&admission, "late", 0, 5), ID_NONE);
    for (int n = 0; n < 10; n++) { assert_int_equal(list(&admission, "item", n), n); }
    assert_int_equal(list(&admission, "item", 3), 3);
    assert_int_equal(admission_count(&admission), MAX);
    for (int n = 0; n < 10; n++) { assert_int_not_equal(put(&admission, "late", n, 5), ID_NONE); }
    assert_int_equal(put(&admission, "later", 0, 5), ID_NONE);
    admission_release(&admission);
}

static void more_actions_take_the_slots_of_fewer(void **state)
{
    struct admission admission;
    admission_init(&admission, MAX, 0);
    for (int n = 0; n < 150; n++) { (void)put(&admission, "bad", n, 1); }
    for (int n = 0; n < MAX; n++) {
        assert_int_equal(put(&admission, "good", n, 2), ID_NONE); /* not enough */
        assert_int_not_equal(put(&admission, "good", n, 3 + n), ID_NONE);
    }
    assert_int_equal(admission_count(&admission), MAX);
    int left = 0;
    for (int n = 0; n < MAX; n++) {
        char id[32];
        (void)snprintf(id, sizeof(id), "bad%d", n);
        left += !admission_retired(&admission, ids_find(admission.ids, slice_str(id)));
    }
    assert_true(left < MAX / 5); /* some were not among those looked at */
    admission_release(&admission);
}

/* What a flood of ever stronger ids can use up are numbers; the catalogue's are kept. */
static void numbers_are_bounded(void **state)
{
    struct admission admission;
    admission_init(&admission, MAX, 0);
    double actions = 1;
    for (int n = 0; n < 50 * MAX; n++) {
        (void)put(&admission, "bad", n, actions);
        actions = actions < 1e300 ? actions * 1.1 : actions;
    }
    assert_int_equal(ids_count(admission.ids), 2 * MAX);
    assert_int_equal(admission_count(&admission), MAX);
    assert_int_equal(admission_number(&admission, slice_str("any")), ID_NONE);
    for (int n = 0; n < MAX; n++) { assert_int_not_equal(list(&admission, "good", n), ID_NONE); }
    assert_int_equal(ids_count(admission.ids), admission_numbers(MAX));
    admission_release(&admission);
}

static void few_actions_are_not_enough(void **state)
{
    struct admission admission;
    admission_init(&admission, MAX, 3);
    assert_int_equal(put(&admission, "new", 0, 2), ID_NONE);
    assert_int_equal(ids_count(admission.ids), 0);
    assert_int_equal(put(&admission, "new", 0, 3), 0);
    assert_int_equal(put(&admission, "new", 0, 1), 0); /* it stays */
    assert_int_equal(list(&admission, "new", 1), 1);
    admission_release(&admission);
}

/* With decay the actions of a later epoch weigh more. */
static void epochs_are_on_one_scale(void **state)
{
    struct admission admission;
    int32_t retired;
    admission_init(&admission, 1, 0);
    struct claim claim = {.actions = 8, .epoch = 100, .row = true};
    int32_t first = admission_admit(&admission, slice_str("a"), &claim, &retired);
    admission_put_row(&admission, first, &claim);
    claim = (struct claim){.actions = 2, .epoch = 102, .row = true};
    assert_int_equal(admission_admit(&admission, slice_str("b"), &claim, &retired), ID_NONE);
    claim.epoch = 104;
    assert_int_equal(admission_admit(&admission, slice_str("b"), &claim, &retired), 1);
    assert_int_equal(retired, first);
    claim.row = false;
    assert_int_equal(admission_admit(&admission, slice_str("c"), &claim, &retired), ID_NONE);
    admission_release(&admission);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_catalogue_has_slots_of_its_own),
        cmocka_unit_test(a_listed_item_gives_its_slot_back),
        cmocka_unit_test(more_actions_take_the_slots_of_fewer),
        cmocka_unit_test(numbers_are_bounded),
        cmocka_unit_test(few_actions_are_not_enough),
        cmocka_unit_test(epochs_are_on_one_scale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
