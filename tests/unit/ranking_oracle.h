/* A made-up world of items for the ranking's tests and benchmark, and the naive ranking: straight
 * double loops from the formulas of model/counting/item_table.h and model/counting/ranking.h,
 * without factors, heaps or scratch. Items are named by their place in the world; numbers are the
 * table's business. */
#ifndef FRESHET_TESTS_UNIT_RANKING_ORACLE_H
#define FRESHET_TESTS_UNIT_RANKING_ORACLE_H

#include "base/base.h"
#include "base/xalloc.h"
#include "model/rng.h"
#include "model/counting/ranking.h"

struct world_row {
    int64_t epoch, trend_epoch;
    double mass, actions, trend;
    int64_t users;
    size_t count;
    int32_t *items; /* places in the world */
    double *co, *forward, *backward;
    bool present;
};

struct world {
    size_t items;
    char (*ids)[16];
    struct world_row *rows;
    uint8_t *flags;
};

static inline void shuffle(uint64_t *rng, int32_t *order, size_t count)
{
    for (size_t k = 0; k < count; k++) { order[k] = (int32_t)k; }
    for (size_t k = count; k > 1; k--) {
        size_t other = rng_below(rng, k);
        int32_t swapped = order[k - 1];
        order[k - 1] = order[other];
        order[other] = swapped;
    }
}

static inline void world_row_make(struct world *world, size_t place, size_t count, uint64_t *rng,
                                  int64_t epochs)
{
    struct world_row *row = &world->rows[place];
    row->epoch = (int64_t)rng_below(rng, (size_t)epochs);
    row->trend_epoch = (int64_t)rng_below(rng, (size_t)epochs);
    row->actions = 1.0 + 400.0 * rng_unit(rng) * rng_unit(rng);
    row->mass = row->actions * (1.0 + 3.0 * rng_unit(rng));
    row->trend = 20.0 * rng_unit(rng);
    row->users = (int64_t)rng_below(rng, 5000);
    row->count = count;
    row->items = xcalloc(count + 1, sizeof(*row->items));
    row->co = xcalloc(count + 1, sizeof(*row->co));
    row->forward = xcalloc(count + 1, sizeof(*row->forward));
    row->backward = xcalloc(count + 1, sizeof(*row->backward));
    row->present = true;
    /* Distinct neighbours: a walk with a random step from a random start. */
    size_t at = rng_below(rng, world->items);
    size_t step = 1 + rng_below(rng, MAX_OF(world->items / (count + 2), (size_t)1));
    for (size_t k = 0; k < count; k++) {
        at = (at + step) % world->items;
        if (at == place) { at = (at + step) % world->items; }
        row->items[k] = (int32_t)at;
        row->co[k] = row->mass * (double)(count - k) / (double)(count + 1);
        row->forward[k] = 8.0 * rng_unit(rng) * rng_unit(rng);
        row->backward[k] = 8.0 * rng_unit(rng) * rng_unit(rng);
    }
}

/* Makes a world; free with world_free(). Neighbours of a row: `neighbours` (less than items /
 * 2). */
static inline struct world *world_new(size_t items, size_t neighbours, int64_t epochs,
                                      uint64_t *rng)
{
    assert(neighbours < items / 2);
    struct world *world = xcalloc(1, sizeof(*world));
    world->items = items;
    world->ids = xcalloc(items, sizeof(*world->ids));
    world->rows = xcalloc(items, sizeof(*world->rows));
    world->flags = xcalloc(items, 1);
    for (size_t k = 0; k < items; k++) {
        (void)snprintf(world->ids[k], sizeof(world->ids[k]), "%zx", (k * 2654435761U) & 0xffffffU);
        world->flags[k] = ITEM_LISTED;
        world_row_make(world, k, neighbours, rng, epochs);
    }
    return world;
}

static inline struct world *world_free(struct world *world)
{
    for (size_t k = 0; k < world->items; k++) {
        free(world->rows[k].items);
        free(world->rows[k].co);
        free(world->rows[k].forward);
        free(world->rows[k].backward);
    }
    free(world->ids);
    free(world->rows);
    free(world->flags);
    free(world);
    return NULL;
}

/* Puts one row of the world into a table, numbering ids as they come. */
static inline void world_put(const struct world *world, size_t place, struct ids *ids,
                             struct item_table *table)
{
    const struct world_row *row = &world->rows[place];
    int32_t *items = xcalloc(row->count + 1, sizeof(*items));
    for (size_t k = 0; k < row->count; k++) {
        items[k] = ids_put(ids, slice_str(world->ids[row->items[k]]));
    }
    struct item_row arriving = {
        .epoch = row->epoch,
        .trend_epoch = row->trend_epoch,
        .mass = row->mass,
        .actions = row->actions,
        .trend = row->trend,
        .first_users = row->users,
        .count = row->count,
        .items = items,
        .co_ratings = row->co,
        .forwards = row->forward,
        .backwards = row->backward,
    };
    item_table_put(table, ids_put(ids, slice_str(world->ids[place])), &arriving);
    free(items);
}

/* ---- The naive ranking ---- */

struct oracle {
    const struct world *world;
    const struct item_table_settings *table;
    const struct ranking_settings *ranking;
    int64_t epoch;
    double users;
    double *directed, *symmetric, *score; /* per place; score NAN: not a candidate */
    int32_t *recent;
    double *recency; /* of the recent items */
    size_t recent_count;
};

static inline double oracle_actions(const struct oracle *oracle, size_t place)
{
    const struct world_row *row = &oracle->world->rows[place];
    return row->present ? row->actions * exp2((double)(row->epoch - oracle->epoch)) : 0.0;
}

static inline double oracle_mass(const struct oracle *oracle, size_t place)
{
    const struct world_row *row = &oracle->world->rows[place];
    return row->present ? row->mass * exp2((double)(row->epoch - oracle->epoch)) : 0.0;
}

static inline double oracle_kernel(const struct oracle *oracle, size_t j, size_t k)
{
    const struct world_row *row = &oracle->world->rows[j];
    const struct item_table_settings *set = oracle->table;
    double c = row->forward[k] + set->backward_weight * row->backward[k];
    c *= exp2((double)(row->epoch - oracle->epoch));
    if (c <= 0.0) { return 0.0; }
    double nj = fmax(oracle_actions(oracle, j), 1.0);
    double ni = fmax(oracle_actions(oracle, (size_t)row->items[k]), 1.0);
    return pow(c * c / (c + set->shrink) * pow(nj, -set->source_power) *
                   pow(ni, -set->target_power),
               set->kernel_power);
}

static inline double oracle_similarity(const struct oracle *oracle, size_t j, size_t k)
{
    const struct world_row *row = &oracle->world->rows[j];
    double co = row->co[k] * exp2((double)(row->epoch - oracle->epoch));
    double a = oracle_mass(oracle, j), b = oracle_mass(oracle, (size_t)row->items[k]);
    if (oracle->table->measure == SIMILARITY_JACCARD) { return similarity_jaccard(co, a, b); }
    if (oracle->table->measure == SIMILARITY_LLR) {
        return similarity_llr(co, a, b, oracle->users);
    }
    return similarity_cosine(co, a, b);
}

/* Makes an oracle for a world; free with oracle_free(). */
static inline struct oracle *oracle_new(const struct world *world,
                                        const struct item_table_settings *table,
                                        const struct ranking_settings *ranking)
{
    struct oracle *oracle = xcalloc(1, sizeof(*oracle));
    *oracle = (struct oracle){.world = world, .table = table, .ranking = ranking};
    int64_t users = 0;
    for (size_t k = 0; k < world->items; k++) {
        const struct world_row *row = &world->rows[k];
        if (!row->present) { continue; }
        oracle->epoch = MAX_OF(oracle->epoch, row->epoch);
        users += row->users;
    }
    oracle->users = (double)users;
    oracle->directed = xcalloc(world->items, sizeof(double));
    oracle->symmetric = xcalloc(world->items, sizeof(double));
    oracle->score = xcalloc(world->items, sizeof(double));
    oracle->recent = xcalloc(ranking->recent_items + 1, sizeof(int32_t));
    oracle->recency = xcalloc(ranking->recent_items + 1, sizeof(double));
    return oracle;
}

static inline struct oracle *oracle_free(struct oracle *oracle)
{
    free(oracle->directed);
    free(oracle->symmetric);
    free(oracle->score);
    free(oracle->recent);
    free(oracle->recency);
    free(oracle);
    return NULL;
}

/* The greatest weight of the user's actions on an item. */
static inline double oracle_weight(const int32_t *history, const float *weights, size_t count,
                                   int32_t item)
{
    double most = 0;
    for (size_t k = 0; k < count; k++) {
        if (history[k] == item) { most = fmax(most, (double)weights[k]); }
    }
    return most;
}

static inline void oracle_recency(struct oracle *oracle, const int32_t *history,
                                  const float *weights, size_t count)
{
    const struct ranking_settings *set = oracle->ranking;
    double most = 0;
    for (size_t r = 0; r < oracle->recent_count; r++) {
        most = fmax(most, oracle_weight(history, weights, count, oracle->recent[r]));
    }
    for (size_t r = 0; r < oracle->recent_count; r++) {
        double weight = oracle_weight(history, weights, count, oracle->recent[r]);
        oracle->recency[r] = pow((double)r + 1, -set->recency_power) *
                             pow(set->recency_decay, (double)r) *
                             pow(weight / most, set->weights_power);
    }
}

/* Scores every item of the world for a history (places, oldest first). */
static inline void oracle_score(struct oracle *oracle, const int32_t *history,
                                const float *weights, size_t count)
{
    size_t n = oracle->world->items;
    const struct ranking_settings *set = oracle->ranking;
    memset(oracle->directed, 0, n * sizeof(double));
    memset(oracle->symmetric, 0, n * sizeof(double));
    oracle->recent_count = 0;
    for (size_t at = count; at-- > 0;) {
        bool again = false;
        for (size_t k = at + 1; k < count; k++) { again = again || history[k] == history[at]; }
        if (again || weights[at] <= 0.0F) { continue; }
        if (oracle->recent_count < set->recent_items) {
            oracle->recent[oracle->recent_count++] = history[at];
        }
    }
    oracle_recency(oracle, history, weights, count);
    for (size_t r = 0; r < oracle->recent_count; r++) {
        const struct world_row *row = &oracle->world->rows[oracle->recent[r]];
        double w = oracle->recency[r];
        size_t used = row->present ? MIN_OF(row->count, oracle->table->neighbours_used) : 0;
        for (size_t k = 0; k < used; k++) {
            size_t j = (size_t)oracle->recent[r];
            oracle->directed[row->items[k]] += w * oracle_kernel(oracle, j, k);
            if (set->symmetric_weight > 0.0) {
                oracle->symmetric[row->items[k]] += w * oracle_similarity(oracle, j, k);
            }
        }
    }
    double directed_max = 0, symmetric_max = 0, root_max = 0;
    for (size_t i = 0; i < n; i++) {
        bool out = (oracle->world->flags[i] & ITEM_BARRED) != 0;
        for (size_t k = 0; k < count; k++) { out = out || history[k] == (int32_t)i; }
        bool candidate = !out && (oracle->directed[i] > 0.0 || oracle->symmetric[i] > 0.0);
        oracle->score[i] = candidate ? 0.0 : (double)NAN;
        root_max = fmax(root_max, sqrt(oracle_actions(oracle, i)));
        if (!candidate) { continue; }
        directed_max = fmax(directed_max, oracle->directed[i]);
        symmetric_max = fmax(symmetric_max, oracle->symmetric[i]);
    }
    for (size_t i = 0; i < n; i++) {
        if (isnan(oracle->score[i])) { continue; }
        if (directed_max > 0) {
            oracle->score[i] += set->directed_weight * oracle->directed[i] / directed_max;
        }
        if (symmetric_max > 0) {
            oracle->score[i] += set->symmetric_weight * oracle->symmetric[i] / symmetric_max;
        }
        if (root_max > 0) {
            oracle->score[i] +=
                set->popularity_weight * sqrt(oracle_actions(oracle, i)) / root_max;
        }
    }
}

#endif
