/* Cross pairs against their definition, computed from the sorted set of accepted events; taken out,
 * taken back and late. */
#include "base/base.h"
#include "tests/unit/timeline_oracle.h"

enum { KINDS = 4, CROSS_ITEMS = 8, MOST = 120, NUMBERS_MAX = CROSS_KINDS * ITEMS + ITEMS };

static const struct cross_rules both_rules = {.pairs = {{1, 3}, {2, 3}, {3, 0}, {3, 3}},
                                              .count = 4};

/* By kind and item. */
struct cross_sums {
    double users[KINDS][CROSS_ITEMS];
    double both[KINDS][CROSS_ITEMS][KINDS][CROSS_ITEMS];
};

/* ---- The definition ---- */

static bool is(const struct action *at, int32_t kind, int32_t item)
{
    return at->kind == kind && at->item == item && at->weight > 0;
}

/* Says whether a P on `item` comes behind a K on `other`, in at[from .. to-1]. */
static bool comes_behind(const struct action *at, int from, int to, int32_t k, int32_t other,
                         int32_t p, int32_t item)
{
    bool seen = false;
    for (int i = from; i < to; i++) {
        if (seen && is(&at[i], p, item)) { return true; }
        seen = seen || is(&at[i], k, other);
    }
    return false;
}

static bool occurs(const struct action *at, int from, int to, int32_t kind, int32_t item)
{
    bool found = false;
    for (int i = from; i < to && !found; i++) { found = is(&at[i], kind, item); }
    return found;
}

static void define_one(struct cross_sums *sums, const struct timeline_rules *rules,
                       const struct action *at, int y, int64_t epoch)
{
    int from = MAX_OF(y - rules->pairs_window, 0);
    int32_t kind = at[y].kind, item = at[y].item;
    double value = stored(rules->decay.half_life_ms, at[y].time_ms, 1.0, epoch);
    bool named = false;
    if (!(at[y].weight > 0)) { return; }
    for (int32_t r = 0; r < rules->cross.count; r++) {
        int32_t k = rules->cross.pairs[r].from, p = rules->cross.pairs[r].to;
        named = named || kind == k || kind == p;
        for (int32_t q = 0; q < CROSS_ITEMS && kind == p; q++) {
            bool new = q != item && comes_behind(at, from, y + 1, k, q, p, item) &&
                       !comes_behind(at, from, y, k, q, p, item);
            if (new) { sums->both[k][q][p][item] += value; }
        }
    }
    if (named && !occurs(at, from, y, kind, item)) { sums->users[kind][item] += value; }
}

static void define(struct cross_sums *sums, const struct timeline_rules *rules,
                   const struct action *events, int count, int64_t epoch)
{
    struct action *sorted = xmemdup(events, (size_t)count * sizeof(*sorted));
    qsort(sorted, (size_t)count, sizeof(*sorted), by_order);
    memset(sums, 0, sizeof(*sums));
    for (int i = 0; i < count; i++) { define_one(sums, rules, sorted, i, epoch); }
    free(sorted);
}

/* ---- What the timeline counts ---- */

static void take(struct cross_sums *sums, struct pairs *pairs, const struct ids *ids, int64_t epoch)
{
    struct pairs_view view;
    pairs_drain(pairs, &view);
    int shift = (int)(view.epoch - epoch);
    for (size_t i = 0; i < view.items_count; i++) {
        struct slice item;
        int32_t kind;
        if (!cross_id_read(ids_text(ids, view.items[i].item), &kind, &item)) { continue; }
        assert_true(view.items[i].actions == 0 && view.items[i].trend == 0);
        sums->users[kind][item.data[1] - '0'] += ldexp(view.items[i].mass, shift);
    }
    for (size_t i = 0; i < view.pairs_count; i++) {
        const struct pair *pair = &view.pairs[i];
        struct slice first = ids_text(ids, view.items[pair->first].item), a;
        struct slice second = ids_text(ids, view.items[pair->second].item), b;
        int32_t of_first, of_second;
        if (!cross_id_read(first, &of_first, &a)) {
            assert_false(cross_id_is(second)); /* items and their kinds are never paired */
            continue;
        }
        assert_true(cross_id_read(second, &of_second, &b) && pair->co == 0);
        int32_t from = a.data[1] - '0', to = b.data[1] - '0';
        sums->both[of_first][from][of_second][to] += ldexp(pair->forward, shift);
        sums->both[of_second][to][of_first][from] += ldexp(pair->backward, shift);
    }
    pairs_reset(pairs);
}

static int64_t stream(struct action *events, int count, int64_t half_life)
{
    int64_t epoch = INT64_MIN;
    make_stream(events, count, 5 * 3600000);
    for (int i = 0; i < count; i++) {
        events[i].item %= CROSS_ITEMS;
        events[i].kind %= KINDS;
        epoch = MAX_OF(epoch, epoch_of(half_life, events[i].time_ms));
    }
    return epoch;
}

static struct timeline_rules rules_with(int32_t window, int64_t half_life)
{
    return (struct timeline_rules){.actions_max = 4 * MOST, .pairs_window = window,
                                   .transitions_window = 1, .transitions_exponent = 0.75,
                                   .decay = {half_life}, .trend_decay = {half_life},
                                   .cross = both_rules};
}

static struct ids *make_room(void)
{
    struct ids *ids = ids_new(NUMBERS_MAX);
    for (int32_t i = 0; i < CROSS_ITEMS; i++) {
        char text[16];
        (void)snprintf(text, sizeof(text), "i%d", i);
        (void)ids_put(ids, slice_str(text));
    }
    return ids;
}

static const int32_t windows[] = {60, 7, 2, 1, 20};

static void any_order_gives_the_definition(void **state _unused_)
{
    static struct action events[MOST];
    static struct cross_sums want, got;
    struct ids *ids = make_room();
    size_t some = 0;
    for (int round = 0; round < 60; round++) {
        seed = (uint64_t)round;
        int64_t half_life = round % 2 ? 3600000 : 0;
        const struct timeline_rules rules = rules_with(windows[round % 5], half_life);
        int count = 1 + (int)rng(MOST);
        int64_t epoch = stream(events, count, half_life);
        define(&want, &rules, events, count, epoch);
        shuffle(events, count);
        struct window *window = window_new(&rules, ids);
        struct pairs *pairs = pairs_new();
        struct timeline timeline;
        timeline_init(&timeline);
        memset(&got, 0, sizeof(got));
        for (int i = 0; i < count; i++) {
            (void)timeline_add(&timeline, window, &events[i], pairs);
            if (rng(3) == 0) { (void)timeline_add(&timeline, window, &events[i / 2], pairs); }
            if (rng(8) == 0) { take(&got, pairs, ids, epoch); }
        }
        take(&got, pairs, ids, epoch);
        assert_memory_equal(&got, &want, sizeof(want));
        for (int32_t q = 0; q < CROSS_ITEMS; q++) { some += want.both[1][q][3][0] > 0; }
        (void)timeline_take_back(&timeline, window, NULL, 0, 0, pairs);
        take(&got, pairs, ids, epoch);
        memset(&want, 0, sizeof(want));
        assert_memory_equal(&got, &want, sizeof(want));
        pairs_free(pairs);
        window_free(window);
    }
    assert_true(some > 100);
    ids_free(ids);
}

static void one_is_taken_out(void **state _unused_)
{
    static struct action events[MOST];
    static struct departed all[MOST];
    static struct cross_sums want, got;
    struct ids *ids = make_room();
    for (int round = 0; round < 40; round++) {
        seed = (uint64_t)round;
        const struct timeline_rules rules = rules_with(windows[round % 5], 0);
        int count = 2 + (int)rng(MOST - 2), out = (int)rng((uint32_t)count);
        (void)stream(events, count, 0);
        qsort(events, (size_t)count, sizeof(*events), by_order);
        struct window *window = window_new(&rules, ids);
        struct pairs *pairs = pairs_new();
        struct timeline timeline;
        timeline_init(&timeline);
        for (int i = 0; i < count; i++) {
            (void)timeline_add(&timeline, window, &events[i], pairs);
        }
        for (int i = 0; i < count; i++) { all[i] = timeline_departed(&timeline, i); }
        timeline_take_out(window, all, (size_t)count, (size_t)out, pairs);
        memset(&got, 0, sizeof(got));
        take(&got, pairs, ids, 0);
        memmove(events + out, events + out + 1, (size_t)(count - out - 1) * sizeof(*events));
        define(&want, &rules, events, count - 1, 0);
        assert_memory_equal(&got, &want, sizeof(want));
        timeline_release(&timeline);
        pairs_free(pairs);
        window_free(window);
    }
    ids_free(ids);
}

/* Without rules, nothing is numbered and nothing is counted by kind; nor is what has a long id. */
static void nothing_is_counted_without_need(void **state _unused_)
{
    static char text[CROSS_ID_BYTES_MAX];
    struct action events[] = {{.id_hash = 1, .weight = 1, .item = 0, .kind = 1},
                              {.id_hash = 2, .weight = 1, .item = 1, .kind = 3, .time_ms = 1}};
    for (int on = 0; on < 2; on++) {
        struct timeline_rules rules = rules_with(5, 0);
        if (!on) { rules.cross.count = 0; }
        struct ids *ids = ids_new(8);
        memset(text, 'x', sizeof(text));
        (void)ids_put(ids, slice_of(text, sizeof(text) - 1));
        (void)ids_put(ids, slice_str("short"));
        struct window *window = window_new(&rules, ids);
        struct pairs *pairs = pairs_new();
        struct timeline timeline;
        timeline_init(&timeline);
        for (size_t i = 0; i < 2; i++) { (void)timeline_add(&timeline, window, &events[i], pairs); }
        assert_int_equal(ids_count(ids), on ? 3 : 2); /* "short" as the object of 3 */
        assert_int_equal(pairs_count(pairs), 1);
        timeline_release(&timeline);
        pairs_free(pairs);
        window_free(window);
        ids_free(ids);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_order_gives_the_definition),
        cmocka_unit_test(one_is_taken_out),
        cmocka_unit_test(nothing_is_counted_without_need),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
