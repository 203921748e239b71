/* A row is stored as it came (`counts`, at the row's own epoch) and once more as it is read (`now`
 * and `factors`, at the table's common epoch). Putting a row recomputes its own factors only; when
 * its epoch is newer than the common one, all factors are recomputed. A row's kernels cost a powf()
 * a neighbour, so they are computed when the row is first read after such a change, not when it
 * arrives: most rows of a batch are replaced before they are read.
 *
 * Hazard: counts that decayed to nearly 0. A factor is bounded (MASS_FACTOR_MAX), because infinity
 * times 0 is NaN and would make every sum with it NaN.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "model/counting/decay.h"
#include "model/counting/item_table.h"

#include <float.h>

enum { ENTRIES_FIRST = 16, ITEMS_FIRST = 1024 };

/* Bounds the cosine's factor of a mass that has decayed to nearly 0 (120 half-lives). Without a
 * bound it is infinite as a float, and infinity times a count decayed to 0 is NaN. */
#define MASS_FACTOR_MAX 0x1p60

/* One item's counts as they came. */
struct counts {
    double mass;
    double actions;
    double trend;
    int64_t epoch;
    int64_t trend_epoch;
    int64_t first_users;
};

/* The same at the common epochs. */
struct counts_now {
    double mass;
    double actions;
    double trend;
    bool present;
};

/* One item's neighbours: four arrays of `capacity` in one block. */
struct entries {
    int32_t *items;
    float *co_ratings;
    float *transitions; /* C, at the row's epoch */
    float *kernels;     /* at kernels_epoch */
    uint32_t count;
    uint32_t capacity;
    int64_t kernels_epoch;
    bool kernels_fresh;
};

struct item_table {
    struct item_table_settings settings;
    struct counts *counts;
    struct counts_now *now;
    struct item_factors *factors;
    struct entries *entries;
    int32_t capacity;
    int32_t end;
    bool any;
    int64_t epoch;
    int64_t trend_epoch;
    int64_t users;
    double actions_max;
    bool actions_max_fresh;
    struct change_log changes;
};

struct item_table *item_table_new(const struct item_table_settings *settings)
{
    assert(settings->neighbours_used > 0 && settings->neighbours_used <= INT32_MAX);
    assert(settings->shrink >= 0.0 && settings->backward_weight >= 0.0);
    struct item_table *table = xcalloc(1, sizeof(*table));
    table->settings = *settings;
    return table;
}

struct item_table *item_table_free(struct item_table *table)
{
    if (!table) { return NULL; }
    for (int32_t i = 0; i < table->end; i++) { free(table->entries[i].items); }
    free(table->entries);
    free(table->factors);
    free(table->now);
    free(table->counts);
    free(table);
    return NULL;
}

/* Computes an item's factors from its counts at the common epochs. */
static void update(struct item_table *table, int32_t item)
{
    const struct item_table_settings *set = &table->settings;
    const struct counts *counts = &table->counts[item];
    struct counts_now *now = &table->now[item];
    now->mass = decay_rescale(counts->mass, counts->epoch, table->epoch);
    now->actions = decay_rescale(counts->actions, counts->epoch, table->epoch);
    now->trend = decay_rescale(counts->trend, counts->trend_epoch, table->trend_epoch);
    double n = MAX_OF(now->actions, 1.0);
    table->factors[item] = (struct item_factors){
        .source = (float)pow(n, -set->source_power * set->kernel_power),
        .target = (float)pow(n, -set->target_power * set->kernel_power),
        .mass = now->mass > 0.0 ? (float)MIN_OF(1.0 / sqrt(now->mass), MASS_FACTOR_MAX) : 0.0F,
        .root = now->actions > 0.0 ? (float)sqrt(now->actions) : 0.0F,
    };
}

/* Makes room for an item number. */
static void reach(struct item_table *table, int32_t item)
{
    assert(item >= 0);
    if (item >= table->capacity) {
        size_t capacity = MAX_OF((size_t)table->capacity * 2, (size_t)ITEMS_FIRST);
        capacity = MIN_OF(MAX_OF(capacity, (size_t)item + 1), (size_t)INT32_MAX);
        table->counts = xreallocarray(table->counts, capacity, sizeof(*table->counts));
        table->now = xreallocarray(table->now, capacity, sizeof(*table->now));
        table->factors = xreallocarray(table->factors, capacity, sizeof(*table->factors));
        table->entries = xreallocarray(table->entries, capacity, sizeof(*table->entries));
        table->capacity = (int32_t)capacity;
    }
    for (; table->end <= item; table->end++) {
        table->counts[table->end] = (struct counts){0};
        table->now[table->end] = (struct counts_now){0};
        table->factors[table->end] = (struct item_factors){.source = 1.0F, .target = 1.0F};
        table->entries[table->end] = (struct entries){0};
    }
}

/* Moves the common epochs on when a row is ahead of them. */
static void meet_epochs(struct item_table *table, const struct item_row *row)
{
    bool moved = !table->any || row->epoch > table->epoch;
    bool trend_moved = !table->any || row->trend_epoch > table->trend_epoch;
    table->any = true;
    if (!moved && !trend_moved) { return; }
    if (moved) { table->epoch = row->epoch; }
    if (trend_moved) { table->trend_epoch = row->trend_epoch; }
    for (int32_t i = 0; i < table->end; i++) { update(table, i); }
    change_log_add_all(&table->changes);
    table->actions_max_fresh = false;
}

/* Updates the maximum when an item's actions have changed. */
static void meet_actions(struct item_table *table, double before, double after)
{
    if (after >= table->actions_max) {
        table->actions_max = after;
    } else if (before == table->actions_max) {
        table->actions_max_fresh = false;
    }
}

static void entries_reserve(struct entries *entries, uint32_t count, uint32_t most)
{
    if (count <= entries->capacity) { return; }
    uint64_t capacity = MAX_OF((uint64_t)entries->capacity * 2, (uint64_t)ENTRIES_FIRST);
    capacity = MAX_OF(MIN_OF(capacity, most), count);
    free(entries->items);
    char *block = xmalloc(capacity * (sizeof(int32_t) + 3 * sizeof(float)));
    entries->items = (int32_t *)(void *)block;
    entries->co_ratings = (float *)(void *)(entries->items + capacity);
    entries->transitions = entries->co_ratings + capacity;
    entries->kernels = entries->transitions + capacity;
    entries->capacity = (uint32_t)capacity;
}

/* Narrows a count, which rounding may have left below 0. */
static float narrow(double value)
{
    return value > 0.0 ? (float)MIN_OF(value, (double)FLT_MAX) : 0.0F;
}

void item_table_put(struct item_table *table, int32_t item, const struct item_row *row)
{
    const struct item_table_settings *set = &table->settings;
    uint32_t count = (uint32_t)MIN_OF(row->count, set->neighbours_used);
    int32_t largest = item;
    for (uint32_t k = 0; k < count; k++) { largest = MAX_OF(largest, row->items[k]); }
    reach(table, largest);
    meet_epochs(table, row);
    double before = table->now[item].actions;
    table->users += row->first_users - table->counts[item].first_users;
    table->counts[item] = (struct counts){
        .mass = row->mass,
        .actions = row->actions,
        .trend = row->trend,
        .epoch = row->epoch,
        .trend_epoch = row->trend_epoch,
        .first_users = row->first_users,
    };
    table->now[item].present = true;
    update(table, item);
    meet_actions(table, before, table->now[item].actions);
    struct entries *entries = &table->entries[item];
    entries_reserve(entries, count, (uint32_t)set->neighbours_used);
    for (uint32_t k = 0; k < count; k++) {
        entries->items[k] = row->items[k];
        entries->co_ratings[k] = narrow(row->co_ratings[k]);
        /* As floats first: a reader of serving rows has no more of them. */
        entries->transitions[k] = narrow((double)(float)row->forwards[k] +
                                         set->backward_weight * (double)(float)row->backwards[k]);
    }
    entries->count = count;
    entries->kernels_fresh = false;
    change_log_add(&table->changes, item);
}

void item_table_remove(struct item_table *table, int32_t item)
{
    if (item >= table->end) { return; }
    table->users -= table->counts[item].first_users;
    table->counts[item] = (struct counts){0};
    table->entries[item].count = 0;
    table->now[item].present = false;
    meet_actions(table, table->now[item].actions, 0.0);
    update(table, item);
    change_log_add(&table->changes, item);
}

static void kernels_update(struct item_table *table, struct entries *entries, float scale)
{
    float shrink = (float)table->settings.shrink;
    float power = (float)table->settings.kernel_power;
    for (uint32_t k = 0; k < entries->count; k++) {
        float c = entries->transitions[k] * scale;
        float shrunk = c > 0.0F ? c * (c / (c + shrink)) : 0.0F;
        entries->kernels[k] = shrunk > 0.0F ? powf(shrunk, power) : 0.0F;
    }
    entries->kernels_epoch = table->epoch;
    entries->kernels_fresh = true;
}

struct neighbours item_table_neighbours(struct item_table *table, int32_t item)
{
    if (item >= table->end || table->entries[item].count == 0) { return (struct neighbours){0}; }
    struct entries *entries = &table->entries[item];
    float scale = (float)decay_rescale(1.0, table->counts[item].epoch, table->epoch);
    if (!entries->kernels_fresh || entries->kernels_epoch != table->epoch) {
        kernels_update(table, entries, scale);
    }
    return (struct neighbours){
        .items = entries->items,
        .co_ratings = entries->co_ratings,
        .kernels = entries->kernels,
        .count = entries->count,
        .co_scale = scale,
    };
}

void item_table_fetch(const struct item_table *table, int32_t item, bool neighbours)
{
    if (item >= table->end) { return; }
    const struct entries *entries = &table->entries[item];
    if (!neighbours) {
        __builtin_prefetch(entries);
        __builtin_prefetch(&table->counts[item]);
        return;
    }
    __builtin_prefetch(entries->items);
    __builtin_prefetch(entries->co_ratings);
    __builtin_prefetch(entries->kernels);
}

void item_table_fetch_actions(const struct item_table *table, int32_t item)
{
    if (item < table->end) { __builtin_prefetch(&table->now[item].actions); }
}

const struct item_factors *item_table_factors(const struct item_table *table)
{
    return table->factors;
}

bool item_table_has(const struct item_table *table, int32_t item)
{
    return item < table->end && table->now[item].present;
}

double item_table_mass(const struct item_table *table, int32_t item)
{
    return item < table->end ? table->now[item].mass : 0.0;
}

double item_table_actions(const struct item_table *table, int32_t item)
{
    return item < table->end ? table->now[item].actions : 0.0;
}

double item_table_trend(const struct item_table *table, int32_t item)
{
    return item < table->end ? table->now[item].trend : 0.0;
}

double item_table_actions_max(struct item_table *table)
{
    if (!table->actions_max_fresh) {
        table->actions_max = 0.0;
        for (int32_t i = 0; i < table->end; i++) {
            table->actions_max = MAX_OF(table->actions_max, table->now[i].actions);
        }
        table->actions_max_fresh = true;
    }
    return table->actions_max;
}

double item_table_users(const struct item_table *table)
{
    return (double)table->users;
}

double item_table_similarity(const struct item_table *table, int32_t a, int32_t b, double co)
{
    double mass_a = item_table_mass(table, a), mass_b = item_table_mass(table, b);
    switch (table->settings.measure) {
    case SIMILARITY_JACCARD: return similarity_jaccard(co, mass_a, mass_b);
    case SIMILARITY_LLR: return similarity_llr(co, mass_a, mass_b, item_table_users(table));
    case SIMILARITY_COSINE: break;
    }
    return similarity_cosine(co, mass_a, mass_b);
}

int32_t item_table_end(const struct item_table *table)
{
    return table->end;
}

const struct change_log *item_table_changes(const struct item_table *table)
{
    return &table->changes;
}

const struct item_table_settings *item_table_settings(const struct item_table *table)
{
    return &table->settings;
}
