#include "base/base.h"
#include "features/acceptance.h"
#include "features/feature_settings.h"
#include "schemas/user_state.h"

#include <setjmp.h>
#include <cmocka.h>

enum { DAY_MS = 86400000 };

static struct user_event good_event(void)
{
    return (struct user_event){.event_id = slice_str("e"),
                               .user_id = slice_str("u"),
                               .item_id = slice_str("i"),
                               .weight = 1.0,
                               .event_time_ms = 1700000000000};
}

static const struct record good_record = {.time_ms = 1700000000000, .key = {"u", 1}};

static void denies(const struct record *rec, const struct user_event *ev, const char *reason)
{
    struct acceptance_error error = {.reason = "accepted"};
    int result = acceptance_check(rec, ev, DAY_MS, 0, &error);
    assert_string_equal(error.reason, reason);
    assert_int_equal(result, strcmp(reason, "accepted") == 0 ? 0 : -EINVAL);
}

static void ids_and_key(void **state)
{
    struct user_event ev = good_event();
    denies(&good_record, &ev, "accepted");
    struct record rec = good_record;
    rec.key = slice_of(NULL, 0);
    denies(&rec, &ev, "accepted");
    rec.key = slice_str("v");
    denies(&rec, &ev, "key_mismatch");
    rec.key = slice_of("", 0);
    denies(&rec, &ev, "key_mismatch");
    ev.event_id = slice_str("");
    denies(&good_record, &ev, "empty_event_id");
    ev = good_event();
    ev.user_id = slice_str("");
    denies(&good_record, &ev, "empty_user_id");
    ev = good_event();
    ev.item_id = slice_str("");
    denies(&good_record, &ev, "empty_item_id");
    ev.item_id = slice_str("\x1f" "5mug"); /* as features names an item that was bought */
    denies(&good_record, &ev, "reserved_item_id");
}

static void identities(void **state)
{
    struct user_event ev = good_event();
    ev.item_id = slice_str("");
    ev.action = ACTION_IDENTIFY;
    denies(&good_record, &ev, "bad_identify");
    ev.known_id = slice_str("k");
    denies(&good_record, &ev, "accepted");
    ev.takes_back = true;
    denies(&good_record, &ev, "bad_identify");
    ev.takes_back = false;
    ev.known_id = ev.user_id;
    denies(&good_record, &ev, "bad_identify");
}

static void weights(void **state)
{
    const double fine[] = {0.0, 1e-9, 5.0, 1e6}, bad[] = {-1e-9, NAN, INFINITY, -INFINITY, 1.1e6};
    struct user_event ev = good_event();
    for (size_t i = 0; i < ARRAY_COUNT(fine); i++) {
        ev.weight = fine[i];
        denies(&good_record, &ev, "accepted");
    }
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        ev.weight = bad[i];
        denies(&good_record, &ev, "bad_weight");
    }
}

static void times(void **state)
{
    struct user_event ev = good_event();
    ev.event_time_ms = INT64_MAX;
    denies(&good_record, &ev, "bad_event_time");
    ev.event_time_ms = INT64_MIN;
    denies(&good_record, &ev, "bad_event_time");
    ev.event_time_ms = good_record.time_ms + DAY_MS;
    denies(&good_record, &ev, "accepted");
    ev.event_time_ms++;
    denies(&good_record, &ev, "event_in_future");
    /* What the sender's record said of its time does not lift the bound; it may lower it. */
    ev.received_ms = ev.event_time_ms;
    denies(&good_record, &ev, "event_in_future");
    struct record later = good_record;
    later.time_ms++;
    denies(&later, &ev, "accepted");
    ev.received_ms = ev.event_time_ms - DAY_MS - 1;
    denies(&later, &ev, "event_in_future");
    ev.received_ms = ev.event_time_ms;
    assert_int_equal(acceptance_received_ms(&good_record, &ev), ev.received_ms);
    ev.received_ms = 0;
    assert_int_equal(acceptance_received_ms(&good_record, &ev), good_record.time_ms);
    struct record rec = good_record;
    rec.time_ms = -1; /* the record has no timestamp: nothing to compare with */
    denies(&rec, &ev, "accepted");
    assert_int_equal(acceptance_received_ms(&rec, &ev), 0);
    struct acceptance_error error;
    assert_int_equal(acceptance_check(&good_record, &ev, 0, 0, &error), 0);
    assert_int_equal(acceptance_check(&good_record, &ev, 0, ev.event_time_ms, &error), 0);
    assert_int_equal(acceptance_check(&good_record, &ev, 0, ev.event_time_ms - 1, &error), -EINVAL);
    assert_string_equal(error.reason, "event_in_future");
}

static struct feature_settings defaults(struct options **ret_options, const char *const *pairs,
                                        size_t count)
{
    struct feature_settings settings;
    const struct option_group group = {"features", feature_options, FEATURE_OPTIONS_COUNT,
                                       &settings};
    assert_int_equal(options_fill(&group, 1, pairs, count, stderr, ret_options), 0);
    return settings;
}

static void settings_are_checked_together(void **state)
{
    static const struct {
        const char *pair;
        const char *part; /* of the reason; NULL: valid */
    } cases[] = {
        {"history.length=50", NULL},
        {"pairs.window=300", NULL},
        {"pairs.window=301", "pairs.window=301"},
        {"transitions.window=51", "transitions.window=51"},
        {"history.length=601", "history.length=601"},
        {"history.actions.max=80", "pairs.window=50"},
        {"history.seen.max=3450", NULL},
        {"history.seen.max=3451", "4001 is more than 4000"},
        {"event.latest=1790000000", "in milliseconds"},
        {"event.latest=1790000000000", NULL},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct options *options;
        char why[300] = "";
        struct feature_settings settings = defaults(&options, &cases[i].pair, 1);
        int result = feature_settings_check(&settings, why, sizeof(why));
        assert_int_equal(result, cases[i].part ? -EINVAL : 0);
        if (cases[i].part) { assert_non_null(strstr(why, cases[i].part)); }
        options_free(options);
    }
    struct options *options;
    struct feature_settings settings = defaults(&options, NULL, 0);
    struct timeline_rules rules = feature_settings_rules(&settings);
    assert_int_equal(rules.actions_max, 600);
    assert_int_equal(rules.pairs_window, 50);
    assert_int_equal(rules.decay.half_life_ms, 0);
    assert_int_equal(rules.trend_decay.half_life_ms, DAY_MS);
    options_free(options);
}

/* A search has a text and no item. */
static void searches(void **state)
{
    struct user_event ev = good_event();
    ev.action = ACTION_SEARCH;
    ev.item_id = slice_str("");
    denies(&good_record, &ev, "bad_search");
    ev.query = slice_str("sea");
    denies(&good_record, &ev, "accepted");
    ev.takes_back = true;
    denies(&good_record, &ev, "accepted");
    ev.query = slice_str("");
    denies(&good_record, &ev, "bad_search");
    ev.taken_back_id = slice_str("e7");
    denies(&good_record, &ev, "accepted");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_and_key),
        cmocka_unit_test(identities),
        cmocka_unit_test(searches),
        cmocka_unit_test(weights),
        cmocka_unit_test(times),
        cmocka_unit_test(settings_are_checked_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
