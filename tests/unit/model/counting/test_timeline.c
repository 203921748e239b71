/* The timeline against a recomputation of everything from the sorted set of accepted events. */
#include "base/base.h"
#include "tests/unit/timeline_oracle.h"

/* Feeds a stream with repeats in batches of random length. */
static void feed(struct sums *sums, const struct timeline_rules *rules, struct ids *ids,
                 const struct action *events, int count, const struct oracle *oracle)
{
    struct window *window = window_new(rules, ids);
    struct pairs *pairs = pairs_new();
    struct timeline timeline;
    timeline_init(&timeline);
    memset(sums, 0, sizeof(*sums));
    for (int i = 0; i < count; i++) {
        enum timeline_result result = timeline_add(&timeline, window, &events[i], pairs);
        assert_true(result == TIMELINE_APPENDED || result == TIMELINE_INSERTED);
        if (rng(4) == 0) {
            const struct action *again = &events[rng((uint32_t)i + 1)];
            assert_int_equal(timeline_add(&timeline, window, again, pairs), TIMELINE_REPEATED);
        }
        if (rng(10) == 0) { gather(sums, pairs, oracle); }
    }
    gather(sums, pairs, oracle);
    assert_int_equal(timeline.count, count);
    assert_int_equal(timeline.total, count);
    assert_sorted(&timeline);
    timeline_release(&timeline);
    pairs_free(pairs);
    window_free(window);
}

static void any_order_any_batching_gives_the_same_bits(void **state)
{
    static struct action events[EVENTS_MAX];
    static struct oracle oracle;
    static struct sums sums;
    static const int32_t windows[][2] = {{50, 20}, {7, 3}, {4, 4}, {1, 1}, {3, 0}};
    struct ids *ids = make_ids();
    int64_t hour = 3600000;
    for (int round = 0; round < 40; round++) {
        seed = (uint64_t)round;
        int64_t half_life = round % 2 ? hour : 0;
        struct timeline_rules rules = rules_of(windows[round % 5][0], windows[round % 5][1],
                                               half_life, 2 * hour);
        rules.weights_power = round % 4 * 0.5;
        rules.flat_kind = round % 3 ? round % 7 : 0;
        int count = 1 + (int)rng(EVENTS_MAX);
        make_stream(events, count, 5 * hour);
        oracle_all(&oracle, &rules, events, count);
        qsort(events, (size_t)count, sizeof(*events), by_order);
        feed(&sums, &rules, ids, events, count, &oracle);
        assert_sums(&sums, &oracle);
        shuffle(events, count);
        feed(&sums, &rules, ids, events, count, &oracle);
        assert_sums(&sums, &oracle);
    }
    ids_free(ids);
}

/* ---- Trimmed timelines ---- */

struct memory {
    int32_t items[EVENTS_MAX];
    int count;
};

static void memory_drop(struct memory *memory, int32_t item, int seen_max)
{
    for (int i = 0; i < memory->count; i++) {
        if (memory->items[i] == item) { return; }
    }
    memory->items[memory->count++] = item;
    if (memory->count > seen_max) {
        memmove(memory->items, memory->items + 1, (size_t)--memory->count * sizeof(int32_t));
    }
}

static void assert_seen(const struct timeline *timeline, const struct memory *memory,
                        struct ids *ids)
{
    assert_int_equal(timeline->seen_count, memory->count);
    for (int i = 0; i < memory->count; i++) {
        assert_true(timeline->seen[timeline->seen_first + i] == ids_hash(ids, memory->items[i]));
    }
}

/* Adds one action; follows in `kept` (ascending) what the timeline should hold. Returns whether it
 * should be accepted. */
static bool follow(struct action *kept, int *kept_count, bool *trimmed, struct memory *memory,
                   const struct timeline_rules *rules, const struct action *action)
{
    int place = 0;
    while (place < *kept_count && by_order(&kept[place], action) < 0) { place++; }
    if (*trimmed && place < *kept_count && place < rules->pairs_window) { return false; }
    memmove(kept + place + 1, kept + place, (size_t)(*kept_count - place) * sizeof(*kept));
    kept[place] = *action;
    if (++*kept_count > rules->actions_max) {
        memory_drop(memory, kept[0].item, rules->seen_max);
        memmove(kept, kept + 1, (size_t)--*kept_count * sizeof(*kept));
        *trimmed = true;
    }
    return true;
}

static void trimmed_timelines_are_exact_or_refuse(void **state)
{
    static struct action events[EVENTS_MAX], accepted[EVENTS_MAX], kept[EVENTS_MAX];
    static struct oracle oracle, zero;
    static struct sums sums;
    struct ids *ids = make_ids();
    int refused = 0, inserted = 0;
    for (int round = 0; round < 30; round++) {
        seed = 1000 + (uint64_t)round;
        struct timeline_rules rules = rules_of(5, 3, 0, 0);
        rules.actions_max = 10 + (int32_t)rng(30);
        rules.seen_max = (int32_t)rng(12);
        struct window *window = window_new(&rules, ids);
        struct pairs *pairs = pairs_new();
        struct timeline timeline;
        timeline_init(&timeline);
        struct memory memory = {.count = 0};
        int kept_count = 0, accepted_count = 0;
        bool trimmed = false;
        make_stream(events, EVENTS_MAX, 1000);
        memset(&sums, 0, sizeof(sums));
        for (int i = 0; i < EVENTS_MAX; i++) {
            events[i].time_ms = i * 10 - (int64_t)rng(300);
            bool fits = follow(kept, &kept_count, &trimmed, &memory, &rules, &events[i]);
            enum timeline_result result = timeline_add(&timeline, window, &events[i], pairs);
            assert_int_equal(result == TIMELINE_TOO_LATE, !fits);
            refused += !fits;
            inserted += trimmed && result == TIMELINE_INSERTED;
            if (fits) { accepted[accepted_count++] = events[i]; }
            if (rng(20) == 0) { gather(&sums, pairs, &zero); }
        }
        gather(&sums, pairs, &zero);
        oracle_all(&oracle, &rules, accepted, accepted_count);
        assert_sums(&sums, &oracle);
        assert_int_equal(timeline.count, kept_count);
        assert_int_equal(timeline.total, accepted_count);
        for (int i = 0; i < kept_count; i++) {
            struct action action = timeline_at(&timeline, i);
            /* Without the padding behind it. */
            assert_memory_equal(&action, &kept[i], offsetof(struct action, context));
            assert_int_equal(action.context, kept[i].context);
        }
        assert_seen(&timeline, &memory, ids);
        timeline_release(&timeline);
        pairs_free(pairs);
        window_free(window);
    }
    assert_true(refused > 100 && inserted > 100);
    ids_free(ids);
}

/* ---- By hand ---- */

/* With weights_power 0 and 1, and with all actions of one kind, 6. */
static void by_hand(double power, int32_t flat_kind, struct sums *ret_sums)
{
    static const struct oracle zero;
    struct ids *ids = make_ids();
    struct timeline_rules rules = rules_of(10, 2, 0, 0);
    rules.transitions_exponent = 1;
    rules.weights_power = power;
    rules.flat_kind = flat_kind;
    struct window *window = window_new(&rules, ids);
    struct pairs *pairs = pairs_new();
    struct timeline timeline;
    timeline_init(&timeline);
    /* 0 rated 3; 1 rated 5; 2 disliked; 0 rated again, 4: one more for the pair; 1 rated lower. */
    struct action all[] = {act(1, 0, 3), act(2, 1, 5), act(3, 2, 0), act(4, 0, 4), act(5, 1, 2)};
    for (size_t i = 0; i < ARRAY_COUNT(all); i++) {
        all[i].kind = 6;
        assert_int_equal(timeline_add(&timeline, window, &all[i], pairs), TIMELINE_APPENDED);
    }
    memset(ret_sums, 0, sizeof(*ret_sums));
    gather(ret_sums, pairs, &zero);
    timeline_release(&timeline);
    pairs_free(pairs);
    window_free(window);
    ids_free(ids);
}

static void ratings_and_dislikes_by_hand(void **state)
{
    static struct sums sums;
    for (int32_t flat = 0; flat <= 6; flat += 6) { /* opinions count as 1 at any power */
        by_hand(flat ? 1.0 : 0.0, flat, &sums);
        assert_true(sums.co[0][1] == 4 && sums.mass[0] == 4 && sums.mass[1] == 5);
        assert_true(sums.forward[0][1] == 1 + 1 && sums.forward[1][0] == 0.5);
        assert_true(sums.actions[0] == 2 && sums.actions[1] == 2 && sums.actions[2] == 0);
        assert_true(sums.co[0][2] == 0 && sums.forward[0][2] == 0 && sums.mass[2] == 0);
    }
    by_hand(1.0, /* flat_kind= */ 5, &sums);
    assert_true(sums.co[0][1] == 4 && sums.mass[0] == 4 && sums.mass[1] == 5);
    assert_true(sums.forward[0][1] == 5 + 2 && sums.forward[1][0] == 0.5 * 4);
    assert_true(sums.actions[0] == 7 && sums.actions[1] == 7 && sums.actions[2] == 0);
    assert_true(sums.trend[0] == 7 && sums.forward[0][2] == 0 && sums.mass[2] == 0);
}

/* ---- Stored and loaded ---- */

static void a_loaded_timeline_goes_on_as_before(void **state)
{
    static struct action events[EVENTS_MAX], stored_actions[EVENTS_MAX];
    static struct sums straight, loaded;
    static const struct oracle zero;
    struct ids *ids = make_ids();
    struct timeline_rules rules = rules_of(6, 4, 0, 0);
    rules.actions_max = 20;
    struct window *window = window_new(&rules, ids);
    struct pairs *pairs = pairs_new(), *pairs_loaded = pairs_new();
    struct timeline a, b;
    timeline_init(&a);
    timeline_init(&b);
    seed = 5;
    make_stream(events, EVENTS_MAX, 1000);
    for (int i = 0; i < EVENTS_MAX; i++) {
        events[i].time_ms = i * 10 - (int64_t)rng(200);
        enum timeline_result result = timeline_add(&a, window, &events[i], pairs);
        assert_int_equal(timeline_add(&b, window, &events[i], pairs_loaded), result);
        if (rng(3)) { continue; }
        struct timeline fresh;
        timeline_init(&fresh);
        for (int32_t j = 0; j < b.count; j++) { stored_actions[j] = timeline_at(&b, j); }
        assert_int_equal(timeline_load(&fresh, window, stored_actions, (size_t)b.count,
                                       b.seen_count ? b.seen + b.seen_first : NULL,
                                       (size_t)b.seen_count, b.total), 0);
        timeline_release(&b);
        b = fresh;
    }
    gather(&straight, pairs, &zero);
    gather(&loaded, pairs_loaded, &zero);
    assert_memory_equal(&straight, &loaded, sizeof(straight));
    assert_int_equal(a.count, b.count);
    assert_int_equal(a.total, b.total);
    assert_int_equal(a.seen_count, b.seen_count);
    assert_memory_equal(a.seen + a.seen_first, b.seen + b.seen_first,
                        (size_t)a.seen_count * sizeof(*a.seen));
    timeline_release(&a);
    timeline_release(&b);
    pairs_free(pairs);
    pairs_free(pairs_loaded);
    window_free(window);
    ids_free(ids);
}

static void loading_refuses_what_is_no_timeline(void **state)
{
    struct ids *ids = make_ids();
    struct timeline_rules rules = rules_of(2, 1, 0, 0);
    rules.actions_max = 4;
    struct window *window = window_new(&rules, ids);
    struct timeline timeline;
    timeline_init(&timeline);
    struct action backward[] = {act(2, 0, 1), act(1, 1, 1)};
    assert_int_equal(timeline_load(&timeline, window, backward, 2, NULL, 0, 2), -EINVAL);
    struct action negative[] = {act(1, 0, -1)};
    assert_int_equal(timeline_load(&timeline, window, negative, 1, NULL, 0, 1), -EINVAL);
    struct action not_finite[] = {act(1, 0, NAN)};
    assert_int_equal(timeline_load(&timeline, window, not_finite, 1, NULL, 0, 1), -EINVAL);
    struct action more[] = {act(1, 0, 1), act(2, 1, 1)};
    assert_int_equal(timeline_load(&timeline, window, more, 2, NULL, 0, 1), -EINVAL);
    assert_int_equal(timeline.capacity, 0);
    struct action wide[] = {act(1, 0, 1), act(2, 1, 1), act(3, 2, 1), act(4, 3, 1), act(5, 4, 1)};
    assert_int_equal(timeline_load(&timeline, window, wide, 5, NULL, 0, 5), 0);
    assert_int_equal(timeline.count, 4);
    assert_int_equal(timeline.seen_count, 1);
    assert_true(timeline.seen[timeline.seen_first] == ids_hash(ids, 0));
    assert_true(timeline_bytes(&timeline) > 0);
    timeline_release(&timeline);
    window_free(window);
    ids_free(ids);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_order_any_batching_gives_the_same_bits),
        cmocka_unit_test(trimmed_timelines_are_exact_or_refuse),
        cmocka_unit_test(ratings_and_dislikes_by_hand),
        cmocka_unit_test(a_loaded_timeline_goes_on_as_before),
        cmocka_unit_test(loading_refuses_what_is_no_timeline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
