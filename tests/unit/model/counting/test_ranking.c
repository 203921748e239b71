#include "base/base.h"
#include "model/counting/ranking.h"
#include "tests/unit/ranking_oracle.h"

#include <setjmp.h>

#include <cmocka.h>

enum { ITEMS = 400, NEIGHBOURS = 60, HISTORY = 40, LENGTH = 20 };

static const struct item_table_settings table_settings = {
    .backward_weight = 0.2,
    .shrink = 1.0,
    .source_power = 0.1,
    .target_power = 0.2,
    .kernel_power = 0.4,
    .neighbours_used = 50,
    .measure = SIMILARITY_COSINE,
};

static const struct ranking_settings ranking_settings = {
    .recent_items = 20,
    .recency_decay = 0.8,
    .recency_power = 0.25,
    .directed_weight = 1.0,
    .symmetric_weight = 0.3,
    .popularity_weight = 0.05,
    .weights_power = 0.5,
};

/* The machine under test, with its own numbering of a world's items. */
struct machine {
    const struct world *world;
    struct ids *ids;
    struct item_table *table;
    struct ranking *ranking;
    uint8_t *flags;
    struct change_log changes;
};

static struct machine machine_new(const struct world *world, const struct item_table_settings *set,
                                  const struct ranking_settings *ranking)
{
    struct machine m = {.world = world, .ids = ids_new(INT32_MAX)};
    m.table = item_table_new(set);
    m.ranking = ranking_new(ranking, m.ids, m.table);
    m.flags = xcalloc(world->items, 1);
    return m;
}

static void machine_release(struct machine *m)
{
    ranking_free(m->ranking);
    item_table_free(m->table);
    ids_free(m->ids);
    free(m->flags);
}

/* Numbers all items in the given order and takes their flags. */
static void machine_number(struct machine *m, const int32_t *order)
{
    for (size_t k = 0; k < m->world->items; k++) {
        int32_t number = ids_put(m->ids, slice_str(m->world->ids[order[k]]));
        m->flags[number] = m->world->flags[order[k]];
    }
    change_log_add_all(&m->changes);
}

static void machine_load(struct machine *m, const int32_t *order)
{
    for (size_t k = 0; k < m->world->items; k++) {
        if (!m->world->rows[order[k]].present) { continue; }
        world_put(m->world, (size_t)order[k], m->ids, m->table);
    }
}

static size_t machine_list(struct machine *m, const int32_t *history, const float *weights,
                           size_t count, size_t length, const struct ranked **ret_list)
{
    int32_t numbers[ITEMS];
    for (size_t k = 0; k < count; k++) {
        numbers[k] = ids_find(m->ids, slice_str(m->world->ids[history[k]]));
    }
    struct ranking_request request = {
        .items = numbers,
        .weights = weights,
        .count = count,
        .length = length,
        .flags = {.at = m->flags,
                  .count = (int32_t)m->world->items,
                  .changes = &m->changes},
    };
    return ranking_list(m->ranking, &request, ret_list);
}

static size_t place_of(const struct machine *m, int32_t number)
{
    for (size_t k = 0; k < m->world->items; k++) {
        if (slice_equal(slice_str(m->world->ids[k]), ids_text(m->ids, number))) { return k; }
    }
    fail_msg("no such item");
    return 0;
}

/* A history with repeats and dislikes. */
static size_t history_make(uint64_t *rng, int32_t *history, float *weights)
{
    size_t count = rng_below(rng, HISTORY + 1);
    for (size_t k = 0; k < count; k++) {
        bool again = k > 0 && rng_below(rng, 6) == 0;
        history[k] = again ? history[rng_below(rng, k)] : (int32_t)rng_below(rng, ITEMS);
        weights[k] = rng_below(rng, 8) == 0 ? 0.0F : 1.0F + (float)rng_below(rng, 5);
    }
    return count;
}

static int descending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

/* The part of one recent item in a listed item's score, by the formulas. */
static double oracle_part(const struct oracle *o, size_t r, size_t item, double directed_max,
                          double symmetric_max, double *ret_co)
{
    size_t j = (size_t)o->recent[r];
    const struct world_row *row = &o->world->rows[j];
    double w = o->recency[r];
    size_t used = row->present ? MIN_OF(row->count, o->table->neighbours_used) : 0;
    for (size_t k = 0; k < used; k++) {
        if ((size_t)row->items[k] != item) { continue; }
        *ret_co = row->co[k] * exp2((double)(row->epoch - o->epoch));
        double part = o->ranking->directed_weight * w * oracle_kernel(o, j, k) / directed_max;
        if (symmetric_max > 0) {
            part += o->ranking->symmetric_weight * w * oracle_similarity(o, j, k) / symmetric_max;
        }
        return part;
    }
    return -1.0;
}

static void check_because(const struct machine *m, const struct oracle *o,
                          const struct ranked *entry)
{
    double directed_max = 0, symmetric_max = 0, best = -1, mine = -1, sum = 0, co = 0;
    double mine_co = 0;
    for (size_t i = 0; i < m->world->items; i++) {
        if (isnan(o->score[i])) { continue; }
        directed_max = fmax(directed_max, o->directed[i]);
        symmetric_max = fmax(symmetric_max, o->symmetric[i]);
    }
    size_t because = place_of(m, entry->because), item = place_of(m, entry->item);
    for (size_t r = 0; r < o->recent_count; r++) {
        double part = oracle_part(o, r, item, directed_max, symmetric_max, &co);
        best = fmax(best, part);
        sum += fmax(part, 0.0);
        if ((size_t)o->recent[r] == because) {
            mine = part;
            mine_co = co;
        }
    }
    assert_true(mine >= best - 1e-4 && mine >= 0.0);
    assert_true(fabs((double)entry->evidence - mine_co) <= 1e-5 * mine_co);
    assert_true(fabs((double)entry->share * sum - mine) <= 1e-4);
}

static void against_oracle(const struct item_table_settings *set,
                           const struct ranking_settings *ranking, uint64_t seed, int64_t epochs)
{
    uint64_t rng = seed;
    struct world *world = world_new(ITEMS, NEIGHBOURS, epochs, &rng);
    int32_t order[ITEMS];
    for (size_t k = 0; k < ITEMS; k += 9) { world->rows[k].present = false; }
    for (size_t k = 3; k < ITEMS; k += 11) { world->flags[k] |= ITEM_BARRED; }
    struct machine m = machine_new(world, set, ranking);
    shuffle(&rng, order, ITEMS);
    machine_number(&m, order);
    machine_load(&m, order);
    struct oracle *oracle = oracle_new(world, set, ranking);
    for (int round = 0; round < 60; round++) {
        int32_t history[HISTORY];
        float weights[HISTORY];
        const struct ranked *list;
        double sorted[ITEMS];
        size_t count = history_make(&rng, history, weights), candidates = 0;
        size_t length = machine_list(&m, history, weights, count, LENGTH, &list);
        oracle_score(oracle, history, weights, count);
        for (size_t i = 0; i < ITEMS; i++) {
            if (!isnan(oracle->score[i])) { sorted[candidates++] = oracle->score[i]; }
        }
        qsort(sorted, candidates, sizeof(sorted[0]), descending);
        assert_int_equal(length, LENGTH);
        for (size_t k = 0; k < length; k++) {
            assert_int_equal(list[k].reason == RANKED_BECAUSE, k < candidates);
            if (k >= candidates) { continue; }
            double score = oracle->score[place_of(&m, list[k].item)];
            assert_true(fabs(score - sorted[k]) < 1e-4);
            assert_true(fabs(score - (double)list[k].score) < 1e-4);
            check_because(&m, oracle, &list[k]);
        }
    }
    oracle_free(oracle);
    machine_release(&m);
    world_free(world);
}

static void test_oracle(void **state)
{
    against_oracle(&table_settings, &ranking_settings, 1, 1);
    against_oracle(&table_settings, &ranking_settings, 2, 4);
}

static void test_oracle_measures(void **state)
{
    struct item_table_settings set = table_settings;
    struct ranking_settings ranking = ranking_settings;
    set.measure = SIMILARITY_JACCARD;
    against_oracle(&set, &ranking, 3, 2);
    set.measure = SIMILARITY_LLR;
    against_oracle(&set, &ranking, 4, 2);
    ranking.directed_weight = 0.0;
    against_oracle(&set, &ranking, 5, 1);
}

static void test_oracle_settings(void **state)
{
    struct item_table_settings set = table_settings;
    struct ranking_settings ranking = ranking_settings;
    set.shrink = 0.0;
    set.kernel_power = 1.0;
    set.source_power = 0.8;
    set.backward_weight = 0.0;
    ranking.symmetric_weight = 0.0;
    ranking.popularity_weight = 0.0;
    ranking.recent_items = 1;
    against_oracle(&set, &ranking, 6, 3);
}

/* The lists of two machines over one world are the same bytes, but for the numbers. */
static void same_lists(struct machine *a, struct machine *b, uint64_t *rng)
{
    for (int round = 0; round < 80; round++) {
        int32_t history[HISTORY];
        float weights[HISTORY];
        const struct ranked *x, *y;
        size_t count = history_make(rng, history, weights);
        size_t wanted = round % 4 == 0 ? 380 : LENGTH;
        size_t length = machine_list(a, history, weights, count, wanted, &x);
        assert_int_equal(length, machine_list(b, history, weights, count, wanted, &y));
        for (size_t k = 0; k < length; k++) {
            assert_int_equal(place_of(a, x[k].item), place_of(b, y[k].item));
            assert_int_equal(x[k].reason, y[k].reason);
            assert_memory_equal(&x[k].score, &y[k].score, sizeof(float));
            assert_memory_equal(&x[k].evidence, &y[k].evidence, sizeof(float));
            assert_int_equal(x[k].because == ID_NONE, y[k].because == ID_NONE);
            if (x[k].because == ID_NONE) { continue; }
            assert_int_equal(place_of(a, x[k].because), place_of(b, y[k].because));
        }
    }
}

/* Rows in another order, items with other numbers, rows that came twice in older forms, lists made
 * in between: the answers are the same. Coarse counts make many equal scores. */
static void test_order_of_arrival(void **state)
{
    for (uint64_t seed = 10; seed < 14; seed++) {
        uint64_t rng = seed;
        struct world *world = world_new(ITEMS, NEIGHBOURS, 3, &rng);
        for (size_t i = 0; i < ITEMS; i++) {
            struct world_row *row = &world->rows[i];
            row->actions = 1.0 + floor(row->actions / 100.0);
            row->mass = row->actions;
            row->trend = floor(row->trend / 5.0);
            row->present = i % 7 != 0;
            for (size_t k = 0; k < row->count; k++) {
                row->co[k] = 1.0 + floor(4.0 * (double)(row->count - k) / (double)row->count);
                row->forward[k] = floor(row->forward[k]);
                row->backward[k] = 0.0;
            }
        }
        int32_t order[ITEMS];
        const struct ranked *list;
        struct machine a = machine_new(world, &table_settings, &ranking_settings);
        struct machine b = machine_new(world, &table_settings, &ranking_settings);
        shuffle(&rng, order, ITEMS);
        machine_number(&a, order);
        shuffle(&rng, order, ITEMS);
        machine_load(&a, order);
        shuffle(&rng, order, ITEMS);
        machine_number(&b, order);
        for (size_t k = 0; k < 100; k++) { world_put(world, (size_t)order[k], b.ids, b.table); }
        for (size_t k = 0; k < 100; k++) {
            if (!world->rows[order[k]].present) {
                item_table_remove(b.table, ids_find(b.ids, slice_str(world->ids[order[k]])));
            }
        }
        machine_list(&b, order, (const float[]){1, 1, 1, 1}, 4, LENGTH, &list);
        shuffle(&rng, order, ITEMS);
        machine_load(&b, order);
        same_lists(&a, &b, &rng);
        machine_release(&a);
        machine_release(&b);
        world_free(world);
    }
}

static void test_seen_never_returned(void **state)
{
    uint64_t rng = 20;
    struct world *world = world_new(ITEMS, NEIGHBOURS, 1, &rng);
    for (size_t k = 0; k < ITEMS; k += 5) { world->flags[k] |= ITEM_BARRED; }
    int32_t order[ITEMS];
    struct machine m = machine_new(world, &table_settings, &ranking_settings);
    shuffle(&rng, order, ITEMS);
    machine_number(&m, order);
    machine_load(&m, order);
    for (int round = 0; round < 100; round++) {
        shuffle(&rng, order, ITEMS);
        size_t had = rng_below(&rng, ITEMS), further = rng_below(&rng, ITEMS - had);
        bool gone[ITEMS] = {false};
        size_t left = 0;
        float weights[ITEMS];
        for (size_t k = 0; k < ITEMS; k++) {
            weights[k] = k % 3 ? 1.0F : 0.0F;
            gone[order[k]] = k < had + further || (world->flags[order[k]] & ITEM_BARRED);
            left += !gone[order[k]];
            order[k] = ids_find(m.ids, slice_str(world->ids[order[k]]));
        }
        struct ranking_request request = {
            .items = order,
            .weights = weights,
            .count = had,
            .seen = order + had,
            .seen_count = further,
            .length = LENGTH,
            .flags = {.at = m.flags, .count = ITEMS, .changes = &m.changes},
        };
        const struct ranked *list;
        size_t length = ranking_list(m.ranking, &request, &list);
        /* As long as wanted, or all that is left; nothing twice, nothing had or barred. */
        assert_int_equal(length, MIN_OF(left, LENGTH));
        for (size_t k = 0; k < length; k++) {
            size_t place = place_of(&m, list[k].item);
            assert_false(gone[place]);
            gone[place] = true;
            if (k > 0) { assert_true(list[k].score <= list[k - 1].score); }
        }
    }
    machine_release(&m);
    world_free(world);
}

static void check_fill(const struct machine *m, const struct ranked *list, size_t k, size_t place,
                       enum ranked_reason reason, double evidence)
{
    assert_int_equal(place_of(m, list[k].item), place);
    assert_int_equal(list[k].reason, reason);
    assert_int_equal(list[k].because, ID_NONE);
    assert_true((double)list[k].evidence == evidence);
}

/* A user without history: trending and popular by turns, then the rest, then new items by id. */
static void test_fill(void **state)
{
    uint64_t rng = 30;
    struct world *world = world_new(8, 0, 1, &rng);
    const double actions[] = {50, 40, 30, 20, 0, 0, 0, 10};
    const double trends[] = {0, 1, 2, 9, 0, 0, 0, 0};
    for (size_t k = 0; k < 8; k++) {
        world->rows[k].actions = actions[k];
        world->rows[k].trend = trends[k];
        world->rows[k].present = actions[k] > 0.0;
        (void)snprintf(world->ids[k], sizeof(world->ids[k]), "%c", "hgfdcbae"[k]);
    }
    world->flags[2] |= ITEM_BARRED;
    world->flags[4] = 0; /* "c": known to nobody */
    int32_t order[8];
    struct machine m = machine_new(world, &table_settings, &ranking_settings);
    shuffle(&rng, order, 8);
    machine_number(&m, order);
    machine_load(&m, order);
    const struct ranked *list;
    size_t length = machine_list(&m, NULL, NULL, 0, LENGTH, &list);
    assert_int_equal(length, 6);
    check_fill(&m, list, 0, 3, RANKED_TRENDING, 20);
    check_fill(&m, list, 1, 0, RANKED_POPULAR, 50);
    check_fill(&m, list, 2, 1, RANKED_TRENDING, 40);
    check_fill(&m, list, 3, 7, RANKED_POPULAR, 10);
    check_fill(&m, list, 4, 6, RANKED_NEW, 0);
    check_fill(&m, list, 5, 5, RANKED_NEW, 0);
    assert_true(list[0].score == -1.0F && list[5].score == -6.0F);
    /* A flag that changes is seen at once. */
    int32_t changed = ids_find(m.ids, slice_str("f"));
    m.flags[changed] = ITEM_LISTED;
    change_log_add(&m.changes, changed);
    length = machine_list(&m, NULL, NULL, 0, 2, &list);
    assert_int_equal(length, 2);
    length = machine_list(&m, NULL, NULL, 0, 3, &list);
    check_fill(&m, list, 2, 2, RANKED_TRENDING, 30);
    assert_int_equal(machine_list(&m, NULL, NULL, 0, 0, &list), 0);
    machine_release(&m);
    world_free(world);
}

/* More popular items than are kept in order have been seen: what is left still comes. */
static void test_fill_beyond_heads(void **state)
{
    uint64_t rng = 31;
    struct world *world = world_new(ITEMS, 0, 1, &rng);
    int32_t order[ITEMS];
    struct machine m = machine_new(world, &table_settings, &ranking_settings);
    shuffle(&rng, order, ITEMS);
    machine_number(&m, order);
    machine_load(&m, order);
    float weights[ITEMS];
    for (size_t k = 0; k < ITEMS; k++) { weights[k] = 1.0F; }
    const struct ranked *list;
    size_t length = machine_list(&m, order, weights, ITEMS - 5, LENGTH, &list);
    assert_int_equal(length, 5);
    machine_release(&m);
    world_free(world);
}

static void test_nothing_known(void **state)
{
    struct world world = {0};
    struct machine m = machine_new(&world, &table_settings, &ranking_settings);
    const struct ranked *list;
    const int32_t unknown[] = {ID_NONE, ID_NONE};
    const float weights[] = {1, 1};
    struct ranking_request request = {
        .items = unknown,
        .weights = weights,
        .count = 2,
        .seen = unknown,
        .seen_count = 2,
        .length = LENGTH,
    };
    assert_int_equal(ranking_list(m.ranking, &request, &list), 0);
    machine_release(&m);
    assert_null(ranking_free(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_oracle),           cmocka_unit_test(test_oracle_measures),
        cmocka_unit_test(test_oracle_settings),  cmocka_unit_test(test_order_of_arrival),
        cmocka_unit_test(test_seen_never_returned), cmocka_unit_test(test_fill),
        cmocka_unit_test(test_fill_beyond_heads),   cmocka_unit_test(test_nothing_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
