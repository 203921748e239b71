#include "base/base.h"
#include "cli/drawn_lists.h"

#include <setjmp.h>
#include <cmocka.h>

static struct slice item_ids[] = {{"a", 1}, {"b", 1}};
static float even[] = {0.5F, 0.5F}, halves[] = {0.5F, 0.5F};

static struct served_place place_of(const char *list_id, const char *placement, const char *item)
{
    return (struct served_place){
        .list_id = slice_str(list_id), .placement = slice_str(placement), .place = 3,
        .item_id = slice_str(item), .probability = 0.5, .temperature = 0.1,
        .items = {item_ids, 2}, .scores = {even, 2}, .probabilities = {halves, 2}};
}

static struct user_event event_of(const char *id, const char *user, const char *list_id,
                                  const char *item, enum action_kind kind)
{
    return (struct user_event){
        .event_id = slice_str(id), .user_id = slice_str(user), .item_id = slice_str(item),
        .action = (int32_t)kind, .event_time_ms = 1000, .list_id = slice_str(list_id)};
}

static void see(struct drawn_lists *lists, struct user_event ev)
{
    assert_true(drawn_lists_see(lists, &ev));
}

/* Four lists of home, one of mail; two of home are shown, one more is clicked. */
static struct drawn_lists *begin(struct drawn_settings settings)
{
    static const char *const ids[] = {"home::1", "home::2", "home::3", "home::4", "home::1"};
    struct drawn_lists *lists = drawn_lists_new(&settings);
    for (size_t k = 0; k < ARRAY_COUNT(ids); k++) {
        const struct served_place place = place_of(ids[k], "home", k % 2 ? "b" : "a");
        assert_true(drawn_lists_put(lists, &place));
    }
    const struct served_place mail = place_of("mail::1", "mail", "a");
    assert_true(drawn_lists_put(lists, &mail));
    see(lists, event_of("e1", "u", "home::1", "a", ACTION_EXPOSURE));
    see(lists, event_of("e2", "v", "home::2", "b", ACTION_EXPOSURE));
    see(lists, event_of("e3", "u", "home::1", "a", ACTION_CLICK));
    see(lists, event_of("e3", "u", "home::1", "a", ACTION_CLICK));
    see(lists, event_of("e4", "u", "home::1", "b", ACTION_CLICK)); /* at another place */
    see(lists, event_of("e5", "w", "home::3", "a", ACTION_VIEW));
    see(lists, event_of("e6", "w", "none::9", "a", ACTION_VIEW));
    see(lists, event_of("e7", "w", "", "a", ACTION_VIEW));
    return lists;
}

static void check(struct drawn_lists *lists, size_t count, size_t counted, double value)
{
    const struct drawn_place *places;
    assert_int_equal(drawn_lists_evaluate(lists, NULL, 0, &places), count);
    assert_true(slice_equal(places[0].placement, slice_str("home")));
    assert_int_equal(places[0].place, 3);
    assert_int_equal(places[0].made, 4);
    assert_int_equal(off_policy_lists(places[0].policies), counted);
    const struct off_policy_result result = off_policy_estimate(places[0].policies, POLICY_LOGGED);
    assert_true(fabs(result.ips.value - value) < 1e-12);
    drawn_lists_free(lists);
}

static void lists_that_were_seen_count(void **state _unused_)
{
    struct drawn_lists *lists = begin((struct drawn_settings){.reward = REWARD_CLICKS});
    assert_int_equal(drawn_lists_unknown(lists), 1);
    check(lists, 2, 3, 2.0 / 3.0);
    check(begin((struct drawn_settings){.unseen = true}), 2, 4, 2.0 / 4.0);
    check(begin((struct drawn_settings){.placement = slice_str("home")}), 1, 3, 2.0 / 3.0);
    check(begin((struct drawn_settings){.reward = REWARD_CONVERSIONS}), 2, 3, 0.0);
    lists = begin((struct drawn_settings){.reward = REWARD_REVENUE});
    struct user_event ev = event_of("e8", "u", "home::1", "a", ACTION_PURCHASE);
    ev.value = 6.0;
    see(lists, ev);
    check(lists, 2, 3, 2.0);
}

/* By the event's id, or by user, item and kind, up to a time; whatever comes first. */
static void what_is_taken_back_counts_nothing(void **state _unused_)
{
    struct drawn_lists *lists = begin((struct drawn_settings){.reward = REWARD_CLICKS});
    struct user_event back = event_of("t1", "u", "", "a", ACTION_CLICK);
    back.takes_back = true;
    back.taken_back_id = slice_str("e3");
    see(lists, back);
    check(lists, 2, 3, 1.0 / 3.0);
    lists = begin((struct drawn_settings){.reward = REWARD_CLICKS});
    back.taken_back_id = slice_str("");
    see(lists, back);
    see(lists, event_of("e9", "v", "home::2", "b", ACTION_CLICK));
    check(lists, 2, 3, 2.0 / 3.0);
    lists = begin((struct drawn_settings){.reward = REWARD_CLICKS});
    back.event_time_ms = 999; /* before the click */
    see(lists, back);
    check(lists, 2, 3, 2.0 / 3.0);
}

static void what_cannot_be_is_refused(void **state _unused_)
{
    const struct drawn_settings settings = {.reward = REWARD_CLICKS};
    struct drawn_lists *lists = drawn_lists_new(&settings);
    struct served_place place = place_of("home::1", "home", "c");
    assert_true(drawn_lists_put(lists, &place));
    place = place_of("home::1", "home", "a");
    place.probability = 0.0;
    assert_true(drawn_lists_put(lists, &place));
    place.probability = 1.5;
    assert_true(drawn_lists_put(lists, &place));
    place.probability = 0.5;
    place.scores.count = 1;
    assert_true(drawn_lists_put(lists, &place));
    assert_int_equal(drawn_lists_refused(lists), 4);
    const struct drawn_place *places;
    assert_int_equal(drawn_lists_evaluate(lists, NULL, 0, &places), 0);
    drawn_lists_free(lists);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_that_were_seen_count),
        cmocka_unit_test(what_is_taken_back_counts_nothing),
        cmocka_unit_test(what_cannot_be_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
