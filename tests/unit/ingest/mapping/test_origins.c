#include "base/base.h"
#include "base/buf.h"
#include "tests/mapping_rig.h"

#include <setjmp.h>
#include <cmocka.h>

static void assert_text(struct slice text, const char *expected)
{
    assert_true(slice_equal(text, slice_str(expected)));
}

static void accepts(struct rig *rig, const char *value)
{
    const char *reason = rig_apply(rig, slice_str(value));
    if (reason) { fail_msg("%s: %s (%s)", value, reason, rig->refusal.detail); }
}

/* Which list an item was shown on or taken from, and what is taken back. */
static void origins_of_actions(void **state)
{
    static const char *const pairs[] = {
        "map.list=list",   "map.place=at", "map.rule=by", "map.value=price", "map.taken.back=of",
        "action.unlike=LIKE:back", "action.impression=EXPOSURE"};
    struct rig rig;
    assert_int_equal(rig_init(&rig, pairs, ARRAY_COUNT(pairs), NULL), 0);
    accepts(&rig, "{\"user_id\":\"u\",\"item_id\":\"i\",\"action\":\"impression\","
                  "\"event_time_ms\":1795424399000,\"list\":\"main::0123456789abcdef\",\"at\":3,"
                  "\"by\":\"boost.new\",\"price\":9.5,\"of\":\"e7\"}");
    assert_int_equal(rig.ev.action, ACTION_EXPOSURE);
    assert_text(rig.ev.list_id, "main::0123456789abcdef");
    assert_text(rig.ev.rule, "boost.new");
    assert_int_equal(rig.ev.place, 3);
    assert_true(rig.ev.value == 9.5);
    assert_false(rig.ev.takes_back);
    assert_int_equal(rig.ev.taken_back_id.size, 0);
    accepts(&rig, "{\"user_id\":\"u\",\"item_id\":\"i\",\"action\":\"unlike\","
                  "\"event_time_ms\":1795424399000,\"of\":\"e7\",\"at\":-1}");
    assert_int_equal(rig.ev.action, ACTION_LIKE);
    assert_true(rig.ev.takes_back);
    assert_text(rig.ev.taken_back_id, "e7");
    assert_int_equal(rig.ev.place, 0);
    rig_clear(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(origins_of_actions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
