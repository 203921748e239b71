/* What timelines are held against: everything worked out anew from the sorted set of accepted
 * actions; and the streams for it. */
#ifndef FRESHET_TESTS_UNIT_TIMELINE_ORACLE_H
#define FRESHET_TESTS_UNIT_TIMELINE_ORACLE_H

#include "base/xalloc.h"
#include "model/counting/timeline.h"

#include <setjmp.h>
#include <cmocka.h>

enum { ITEMS = 24, EVENTS_MAX = 400 };

/* ---- Dice ---- */

static uint64_t seed;

static inline uint32_t rng(uint32_t sides)
{
    seed += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = seed;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)((z ^ z >> 31) >> 11) % sides;
}

/* ---- The oracle: dense sums at one epoch ---- */

struct sums {
    double co[ITEMS][ITEMS];
    double forward[ITEMS][ITEMS]; /* from, to */
    double mass[ITEMS];
    double actions[ITEMS];
    double trend[ITEMS];
};

struct oracle {
    struct sums sums;
    int64_t epoch;
    int64_t trend_epoch;
};

static inline int by_order(const void *left, const void *right)
{
    const struct action *a = left, *b = right;
    if (a->time_ms != b->time_ms) { return a->time_ms < b->time_ms ? -1 : 1; }
    if (a->sequence != b->sequence) { return a->sequence < b->sequence ? -1 : 1; }
    return a->id_hash < b->id_hash ? -1 : a->id_hash > b->id_hash;
}

static inline int64_t epoch_of(int64_t half_life_ms, int64_t time_ms)
{
    return half_life_ms ? (int64_t)floor((double)time_ms / (double)half_life_ms) : 0;
}

/* The stored form of a value at a time, carried to an epoch. */
static inline double stored(int64_t half_life_ms, int64_t time_ms, double value, int64_t epoch)
{
    if (half_life_ms == 0) { return ldexp(nearbyint(ldexp(value, 32)), -32); }
    int64_t own = epoch_of(half_life_ms, time_ms);
    double part = (double)(time_ms - own * half_life_ms) / (double)half_life_ms;
    double units = nearbyint(ldexp(value * exp2(part), 32));
    return ldexp(units, -32 + (int)(own - epoch));
}

/* The greatest weight of an item among at[from .. to-1]. */
static inline double greatest(const struct action *at, int from, int to, int32_t item)
{
    double most = 0;
    for (int i = from; i < to; i++) {
        if (at[i].item == item) { most = fmax(most, at[i].weight); }
    }
    return most;
}

static inline void oracle_action(struct oracle *oracle, const struct timeline_rules *rules,
                          const struct action *at, int p)
{
    const struct action *y = &at[p];
    int64_t h = rules->decay.half_life_ms;
    int from = MAX_OF(p - rules->pairs_window, 0);
    if (y->weight == 0) { return; }
    bool flat = rules->flat_kind && y->kind == rules->flat_kind;
    double g = flat ? 1 : pow(y->weight, rules->weights_power);
    double r_old = greatest(at, from, p, y->item);
    double r_new = fmax(r_old, y->weight);
    oracle->sums.mass[y->item] += stored(h, y->time_ms, r_new - r_old, oracle->epoch);
    oracle->sums.actions[y->item] += stored(h, y->time_ms, g, oracle->epoch);
    oracle->sums.trend[y->item] +=
        stored(rules->trend_decay.half_life_ms, y->time_ms, g, oracle->trend_epoch);
    for (int32_t q = 0; q < ITEMS; q++) {
        if (q == y->item) { continue; }
        double r_q = greatest(at, from, p, q);
        double co = stored(h, y->time_ms, fmin(r_new, r_q) - fmin(r_old, r_q), oracle->epoch);
        oracle->sums.co[q][y->item] += co;
        oracle->sums.co[y->item][q] += co;
        double steps = 0;
        for (int x = p - 1; x >= 0 && p - x <= rules->transitions_window; x--) {
            if (at[x].item == q && at[x].weight > 0) {
                steps += pow(p - x, -rules->transitions_exponent);
            }
        }
        oracle->sums.forward[q][y->item] += stored(h, y->time_ms, steps * g, oracle->epoch);
    }
}

static inline void oracle_all(struct oracle *oracle, const struct timeline_rules *rules,
                       const struct action *accepted, int count)
{
    struct action *sorted = xmemdup(accepted, (size_t)count * sizeof(*sorted));
    qsort(sorted, (size_t)count, sizeof(*sorted), by_order);
    *oracle = (struct oracle){.epoch = INT64_MIN, .trend_epoch = INT64_MIN};
    for (int i = 0; i < count; i++) {
        int64_t epoch = epoch_of(rules->decay.half_life_ms, sorted[i].time_ms);
        int64_t trend = epoch_of(rules->trend_decay.half_life_ms, sorted[i].time_ms);
        oracle->epoch = MAX_OF(oracle->epoch, epoch);
        oracle->trend_epoch = MAX_OF(oracle->trend_epoch, trend);
    }
    for (int i = 0; i < count; i++) { oracle_action(oracle, rules, sorted, i); }
    free(sorted);
}

/* ---- What the accumulator gave, batch by batch, at the oracle's epoch ---- */

static inline void gather(struct sums *sums, struct pairs *pairs, const struct oracle *oracle)
{
    struct pairs_view view;
    pairs_drain(pairs, &view);
    int shift = (int)(view.epoch - oracle->epoch),
        trend = (int)(view.trend_epoch - oracle->trend_epoch);
    for (size_t i = 0; i < view.items_count; i++) {
        const struct pairs_item *item = &view.items[i];
        sums->mass[item->item] += ldexp(item->mass, shift);
        sums->actions[item->item] += ldexp(item->actions, shift);
        sums->trend[item->item] += ldexp(item->trend, trend);
    }
    for (size_t i = 0; i < view.pairs_count; i++) {
        const struct pair *pair = &view.pairs[i];
        int32_t a = view.items[pair->first].item, b = view.items[pair->second].item;
        assert_true(pair->co != 0 || pair->forward != 0 || pair->backward != 0);
        sums->co[a][b] += ldexp(pair->co, shift);
        sums->co[b][a] += ldexp(pair->co, shift);
        sums->forward[a][b] += ldexp(pair->forward, shift);
        sums->forward[b][a] += ldexp(pair->backward, shift);
    }
    pairs_reset(pairs);
}

static inline void assert_sums(const struct sums *got, const struct oracle *oracle)
{
    assert_memory_equal(got->co, oracle->sums.co, sizeof(got->co));
    assert_memory_equal(got->forward, oracle->sums.forward, sizeof(got->forward));
    assert_memory_equal(got->mass, oracle->sums.mass, sizeof(got->mass));
    assert_memory_equal(got->actions, oracle->sums.actions, sizeof(got->actions));
    assert_memory_equal(got->trend, oracle->sums.trend, sizeof(got->trend));
}

/* ---- Streams ---- */

static inline struct ids *make_ids(void)
{
    struct ids *ids = ids_new(ITEMS);
    for (int32_t i = 0; i < ITEMS; i++) {
        char text[16];
        (void)snprintf(text, sizeof(text), "i%d", i);
        assert_int_equal(ids_put(ids, slice_str(text)), i);
    }
    return ids;
}

/* Times with many ties, sequences with some, every fifth weight 0. */
static inline void make_stream(struct action *events, int count, int64_t span_ms)
{
    for (int i = 0; i < count; i++) {
        events[i] = (struct action){
            .time_ms = INT64_C(1600000000000) + (int64_t)rng(60) * span_ms / 60,
            .sequence = rng(3),
            .id_hash = (uint64_t)rng(1u << 30) << 33 | (uint64_t)i,
            .offset = i,
            .weight = rng(5) ? rng(10) * 0.5 + 0.5 : 0,
            .item = (int32_t)(rng(2) ? rng(ITEMS) : rng(5)),
            .kind = (int32_t)rng(8),
        };
    }
}

static inline void shuffle(struct action *events, int count)
{
    for (int i = count - 1; i > 0; i--) {
        int j = (int)rng((uint32_t)i + 1);
        struct action swap = events[i];
        events[i] = events[j];
        events[j] = swap;
    }
}

static inline void assert_sorted(const struct timeline *timeline)
{
    for (int32_t i = 1; i < timeline->count; i++) {
        struct action a = timeline_at(timeline, i - 1), b = timeline_at(timeline, i);
        assert_true(by_order(&a, &b) < 0);
    }
}

static inline struct timeline_rules rules_of(int32_t w, int32_t wt, int64_t h, int64_t trend)
{
    return (struct timeline_rules){
        .actions_max = 1000, .seen_max = 8, .pairs_window = w, .transitions_window = wt,
        .transitions_exponent = 0.75, .weights_power = 1, .decay = {h}, .trend_decay = {trend},
    };
}

/* An action by hand. */
static inline struct action act(int64_t time_ms, int32_t item, double weight)
{
    return (struct action){
        .time_ms = time_ms, .id_hash = (uint64_t)time_ms, .item = item, .weight = weight};
}

#endif
