/* The accumulator against dense tables. */
#include "base/base.h"
#include "base/xalloc.h"
#include "model/counting/pairs.h"

#include <malloc.h>
#include <setjmp.h>
#include <cmocka.h>

enum { MIB = 1 << 20, ITEMS = 90, TERMS = 150 };

struct dense {
    double co[ITEMS][ITEMS]; /* low, high */
    double forward[ITEMS][ITEMS];
    double mass[ITEMS], actions[ITEMS], trend[ITEMS];
    int32_t new_users[ITEMS];
    int64_t epoch, trend_epoch;
};

static uint64_t seed;

static uint32_t rng(uint32_t sides)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(seed >> 33) % sides;
}

static void dense_move(struct dense *dense, int64_t epoch, int64_t trend_epoch)
{
    int down = epoch > dense->epoch ? (int)(dense->epoch - epoch) : 0;
    int trend_down = trend_epoch > dense->trend_epoch ? (int)(dense->trend_epoch - trend_epoch) : 0;
    for (int a = 0; a < ITEMS; a++) {
        for (int b = 0; b < ITEMS; b++) {
            dense->co[a][b] = ldexp(dense->co[a][b], down);
            dense->forward[a][b] = ldexp(dense->forward[a][b], down);
        }
        dense->mass[a] = ldexp(dense->mass[a], down);
        dense->actions[a] = ldexp(dense->actions[a], down);
        dense->trend[a] = ldexp(dense->trend[a], trend_down);
    }
    dense->epoch = MAX_OF(dense->epoch, epoch);
    dense->trend_epoch = MAX_OF(dense->trend_epoch, trend_epoch);
}

/* One event, to both. Values are small whole numbers: sums are exact at any epoch used here. */
static void add_event(struct pairs *pairs, struct dense *dense, int64_t epoch, int64_t trend_epoch)
{
    struct pair_term terms[TERMS];
    int32_t item = (int32_t)rng(ITEMS);
    dense_move(dense, epoch, trend_epoch);
    double scale = pairs_scale(pairs, epoch), trend_scale = pairs_trend_scale(pairs, trend_epoch);
    assert_true(scale == ldexp(1, (int)(epoch - dense->epoch)));
    assert_true(trend_scale == ldexp(1, (int)(trend_epoch - dense->trend_epoch)));
    size_t count = rng(TERMS);
    for (size_t i = 0; i < count; i++) {
        int32_t other = (item + 1 + (int32_t)rng(ITEMS - 1)) % ITEMS;
        double co = scale * ((int)rng(5) - 2), forward = scale * ((int)rng(5) - 2);
        terms[i] = (struct pair_term){other, co, forward};
        dense->co[MIN_OF(item, other)][MAX_OF(item, other)] += co;
        dense->forward[other][item] += forward;
    }
    pairs_add(pairs, item, terms, count);
    pairs_add_item(pairs, item, 3 * scale, scale, trend_scale);
    dense->mass[item] += 3 * scale;
    dense->actions[item] += scale;
    dense->trend[item] += trend_scale;
    if (rng(8) == 0) {
        pairs_add_user(pairs, item);
        dense->new_users[item]++;
    }
}

static void assert_items(const struct pairs_view *view, const struct dense *dense)
{
    bool met[ITEMS] = {false};
    for (size_t i = 0; i < view->items_count; i++) {
        const struct pairs_item *item = &view->items[i];
        assert_false(met[item->item]);
        met[item->item] = true;
        assert_true(item->mass == dense->mass[item->item]);
        assert_true(item->actions == dense->actions[item->item]);
        assert_true(item->trend == dense->trend[item->item]);
        assert_int_equal(item->new_users, dense->new_users[item->item]);
    }
    for (int a = 0; a < ITEMS; a++) {
        assert_true(met[a] || (dense->actions[a] == 0 && dense->new_users[a] == 0));
    }
}

static void assert_pairs(const struct pairs_view *view, const struct dense *dense)
{
    static bool met[ITEMS][ITEMS];
    bool first_met[ITEMS] = {false};
    memset(met, 0, sizeof(met));
    int32_t run = -1;
    for (size_t i = 0; i < view->pairs_count; i++) {
        const struct pair *pair = &view->pairs[i];
        if (pair->first != run) {
            assert_false(first_met[pair->first]);
            first_met[pair->first] = true;
            run = pair->first;
        }
        int32_t lo = view->items[pair->first].item, hi = view->items[pair->second].item;
        assert_true(lo < hi);
        assert_false(met[lo][hi]);
        met[lo][hi] = true;
        assert_true(pair->co == dense->co[lo][hi]);
        assert_true(pair->forward == dense->forward[lo][hi]);
        assert_true(pair->backward == dense->forward[hi][lo]);
    }
    for (int lo = 0; lo < ITEMS; lo++) {
        for (int hi = lo + 1; hi < ITEMS; hi++) {
            bool zero = dense->co[lo][hi] == 0 && dense->forward[lo][hi] == 0 &&
                        dense->forward[hi][lo] == 0;
            assert_int_equal(met[lo][hi], !zero);
        }
    }
}

static void sums_are_those_of_dense_tables(void **state)
{
    static struct dense dense;
    struct pairs *pairs = pairs_new();
    for (int round = 0; round < 30; round++) {
        seed = (uint64_t)round;
        memset(&dense, 0, sizeof(dense));
        bool decay = round % 3 != 0;
        dense.epoch = dense.trend_epoch = INT64_MIN / 2;
        int events = (int)rng(300);
        for (int i = 0; i < events; i++) {
            int64_t epoch = decay ? 100 + i / 40 - (int64_t)rng(5) : 0;
            if (i == 0) { dense.epoch = dense.trend_epoch = epoch; }
            add_event(pairs, &dense, epoch, epoch);
        }
        struct pairs_view view;
        pairs_drain(pairs, &view);
        if (events) { assert_true(view.epoch == dense.epoch); }
        assert_items(&view, &dense);
        assert_pairs(&view, &dense);
        pairs_reset(pairs);
        assert_true(pairs_empty(pairs));
    }
    pairs_free(pairs);
}

static void what_cancels_is_not_sent(void **state)
{
    struct pairs *pairs = pairs_new();
    struct pair_term term = {7, 2.5, 0.25}, back = {7, -2.5, -0.25};
    (void)pairs_scale(pairs, 0);
    pairs_add(pairs, 9, &term, 1);
    pairs_add(pairs, 9, &back, 1);
    pairs_add(pairs, 3, &term, 1);
    assert_int_equal(pairs_count(pairs), 2);
    assert_int_equal(pairs_updates(pairs), 3);
    assert_false(pairs_empty(pairs));
    struct pairs_view view;
    pairs_drain(pairs, &view);
    assert_int_equal(view.pairs_count, 1);
    assert_int_equal(view.items[view.pairs[0].first].item, 3);
    assert_true(view.pairs[0].backward == 0.25 && view.pairs[0].forward == 0);
    pairs_free(pairs);
}

static void an_empty_one_drains_to_nothing(void **state)
{
    struct pairs *pairs = pairs_new();
    struct pairs_view view;
    assert_true(pairs_empty(pairs));
    pairs_drain(pairs, &view);
    assert_int_equal(view.items_count, 0);
    assert_int_equal(view.pairs_count, 0);
    assert_int_equal(view.epoch, 0);
    pairs_reset(pairs);
    pairs_free(pairs);
    assert_null(pairs_free(NULL));
}

/* Far more pairs than are kept room for, then few: it grows, and gives back from then on. */
static void it_grows_and_shrinks(void **state)
{
    struct pairs *pairs = pairs_new();
    struct pairs_view view;
    size_t mapped = 0;
    for (int round = 0; round < 12; round++) {
        int32_t last = round == 0 ? 600 : 20;
        for (int32_t item = 1; item < last; item++) {
            for (int32_t other = 0; other < item; other++) {
                struct pair_term term = {other, item, other};
                pairs_add(pairs, item, &term, 1);
            }
        }
        assert_int_equal(pairs_bytes(pairs), pairs_count(pairs) * 4 * sizeof(struct pair));
        pairs_drain(pairs, &view);
        if (round == 0) { mapped = mallinfo2().hblkhd; }
        assert_int_equal(view.pairs_count, last * (last - 1) / 2);
        for (size_t i = 0; i < view.pairs_count; i++) {
            assert_true(view.pairs[i].co == view.items[view.pairs[i].second].item);
            assert_true(view.pairs[i].forward == view.items[view.pairs[i].first].item);
        }
        pairs_reset(pairs);
        /* A batch as large as the last one would need it all; 0: a sanitizer's heap. */
        assert_true(!mapped || round == 0 || mallinfo2().hblkhd + 10 * MIB < mapped);
    }
    pairs_free(pairs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_are_those_of_dense_tables),
        cmocka_unit_test(what_cancels_is_not_sent),
        cmocka_unit_test(an_empty_one_drains_to_nothing),
        cmocka_unit_test(it_grows_and_shrinks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
