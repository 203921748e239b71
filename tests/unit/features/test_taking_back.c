/* Erasing a user leaves the counts as if the user had never been there. */
#include "base/base.h"
#include "tests/unit/timeline_oracle.h"

enum { SHELF_MAX = EVENTS_MAX };

/* The departed actions, as the owner of a timeline keeps them. */
struct keeping {
    struct departed at[SHELF_MAX];
    size_t count;
};

static void keep_some(struct keeping *keeping, struct timeline *timeline)
{
    int32_t some = timeline->departed_count ? (int32_t)rng((uint32_t)timeline->departed_count) : 0;
    memcpy(keeping->at + keeping->count, timeline->departed,
           (size_t)some * sizeof(*keeping->at));
    keeping->count += (size_t)some;
    timeline_archived(timeline, some);
}

/* Two users, one of them erased: what is left is the other, to the bit. */
static void take_one_back(const struct timeline_rules *rules, struct ids *ids)
{
    static struct action stay[EVENTS_MAX], go[EVENTS_MAX], accepted[EVENTS_MAX];
    static struct oracle oracle;
    static struct sums sums;
    static struct keeping keeping;
    struct window *window = window_new(rules, ids);
    struct pairs *pairs = pairs_new();
    struct timeline staying, going;
    timeline_init(&staying);
    timeline_init(&going);
    make_stream(stay, EVENTS_MAX, 5 * 3600000);
    make_stream(go, EVENTS_MAX, 5 * 3600000);
    int count = 0, went = 0;
    keeping.count = 0;
    memset(&sums, 0, sizeof(sums));
    for (int i = 0; i < EVENTS_MAX; i++) {
        bool fits = timeline_add(&staying, window, &stay[i], pairs) != TIMELINE_TOO_LATE;
        if (fits) { accepted[count++] = stay[i]; }
        went += timeline_add(&going, window, &go[i], pairs) != TIMELINE_TOO_LATE;
        if (rng(9) == 0) { keep_some(&keeping, &going); }
    }
    oracle_all(&oracle, rules, accepted, count);
    gather(&sums, pairs, &oracle);
    assert_int_equal(timeline_take_back(&going, window, keeping.at, keeping.count, 0, pairs),
                     went);
    assert_int_equal(going.total, 0);
    assert_int_equal(timeline_bytes(&going), 0);
    gather(&sums, pairs, &oracle);
    assert_sums(&sums, &oracle);
    timeline_release(&staying);
    pairs_free(pairs);
    window_free(window);
}

static void an_erased_user_leaves_no_trace(void **state)
{
    struct ids *ids = make_ids();
    int64_t hour = 3600000;
    for (int round = 0; round < 24; round++) {
        seed = 7000 + (uint64_t)round;
        struct timeline_rules rules = rules_of(round % 3 ? 5 : 50, 4, round % 2 ? hour : 0,
                                               2 * hour);
        rules.departed_kept = true;
        if (round % 4 < 2) { rules.actions_max = 100 + (int32_t)rng(30); }
        take_one_back(&rules, ids);
    }
    ids_free(ids);
}

/* Without the departed actions, only kept actions whose window is complete are subtracted. */
static void unknown_contributions_stay(void **state)
{
    static struct sums sums;
    static const struct oracle zero;
    struct ids *ids = make_ids();
    struct timeline_rules rules = rules_of(2, 1, 0, 0);
    rules.actions_max = 6;
    struct window *window = window_new(&rules, ids);
    struct pairs *pairs = pairs_new();
    struct timeline timeline;
    timeline_init(&timeline);
    for (int i = 0; i < 10; i++) {
        const struct action action = act(i + 1, i, 1);
        assert_int_equal(timeline_add(&timeline, window, &action, pairs), TIMELINE_APPENDED);
    }
    assert_int_equal(timeline.departed_count, 0);
    assert_int_equal(timeline_take_back(&timeline, window, NULL, 0, 2, pairs), 4);
    gather(&sums, pairs, &zero);
    for (int i = 0; i < 10; i++) {
        assert_true(sums.actions[i] == (i < 6));
        assert_true(i == 0 || sums.forward[i - 1][i] == (i < 6));
        assert_true(i < 2 || sums.co[i - 2][i] == (i < 6));
    }
    pairs_free(pairs);
    window_free(window);
    ids_free(ids);
}

static void departed_actions_are_loaded_in_order(void **state)
{
    struct ids *ids = make_ids();
    struct timeline_rules rules = rules_of(2, 1, 0, 0);
    rules.actions_max = 4;
    rules.departed_kept = true;
    struct window *window = window_new(&rules, ids);
    struct action wide[] = {act(3, 2, 1), act(4, 3, 1), act(5, 4, 1), act(6, 5, 1), act(7, 6, 1)};
    const struct departed stored[] = {{.time_ms = 1, .weight = 1},
                                      {.time_ms = 2, .weight = 0.5, .item = 1}};
    struct timeline timeline;
    timeline_init(&timeline);
    assert_int_equal(timeline_load(&timeline, window, wide, 5, NULL, 0, 7), 0);
    timeline_recall(&timeline, stored, 2);
    timeline_recall(&timeline, NULL, 0);
    assert_int_equal(timeline.departed_count, 3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(timeline.departed[i].time_ms, i + 1);
        assert_int_equal(timeline.departed[i].item, i);
    }
    timeline_archived(&timeline, 2);
    assert_int_equal(timeline.departed_count, 1);
    assert_int_equal(timeline.departed[0].item, 2);
    timeline_release(&timeline);
    window_free(window);
    ids_free(ids);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_erased_user_leaves_no_trace),
        cmocka_unit_test(unknown_contributions_stay),
        cmocka_unit_test(departed_actions_are_loaded_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
