/* Rows hold numbers of indicators, of which the table has a list of its own, so that they take no
 * numbers of items. A list asks for some hundred items: context_table_use() notes the places of the
 * context's indicators, in a small array, and one pass over an item's row finds their counts; those
 * of whole dimensions are summed up when the row comes. G takes nine logarithms, so Pearson's X
 * is asked first: G <= 2 X, as a relative entropy is at most ln(1 + chi square).
 */
#include "base/base.h"
#include "base/array.h"
#include "base/xalloc.h"
#include "model/counting/context_table.h"
#include "model/counting/decay.h"
#include "model/counting/similarity.h"
#include "model/ids.h"

enum { ITEMS_FIRST = 1024, INDICATORS_FIRST = 64 };

#define CONTEXT_TEST 10.83
#define CONTEXT_PRIOR 2.0
#define CONTEXT_LIFT_MAX 3.0

struct item_counts {
    int64_t version, epoch;
    struct context_count *at;
    size_t count;
    float all[CONTEXT_DIMENSIONS]; /* n(D, i) */
};

struct indicator {
    int64_t version, epoch;
    double users;
    enum context_dimension dimension;
    struct slice words; /* owned */
    struct context_count items[CONTEXT_ITEMS_MAX];
    size_t items_count;
};

/* An indicator of the context in use. */
struct used {
    int32_t indicator;
    double users, all; /* n(c), n(D) */
    double share;      /* of the one in the other, at most 1 */
};

struct context_table {
    struct ids *ids; /* of indicators */
    struct indicator **indicators;
    int8_t *slots; /* by indicator: its place in `used`, from 1; 0: none */
    size_t indicators_capacity, slots_capacity;
    struct item_counts *items;
    size_t items_capacity;
    uint32_t *met_items; /* stamps, as items */
    size_t met_capacity;
    int32_t whole[CONTEXT_DIMENSIONS]; /* numbers of all of a dimension; ID_NONE: not met */
    int64_t epoch;                     /* the newest of all rows */
    uint32_t stamp;
    struct used used[CONTEXT_DIMENSIONS];
    int32_t used_of[CONTEXT_DIMENSIONS]; /* places in `used`, by dimension; below 0: none */
    size_t used_count;
    int32_t found[CONTEXT_DIMENSIONS * CONTEXT_ITEMS_MAX];
};

struct context_table *context_table_new(void)
{
    struct context_table *table = xcalloc(1, sizeof(*table));
    table->ids = ids_new(CONTEXT_INDICATORS_MAX);
    table->epoch = INT64_MIN;
    for (int d = 0; d < CONTEXT_DIMENSIONS; d++) { table->whole[d] = ID_NONE; }
    return table;
}

struct context_table *context_table_free(struct context_table *table)
{
    if (!table) { return NULL; }
    for (int32_t k = 0; k < ids_count(table->ids); k++) {
        free((char *)(uintptr_t)table->indicators[k]->words.data);
        free(table->indicators[k]);
    }
    for (size_t k = 0; k < table->items_capacity; k++) { free(table->items[k].at); }
    free(table->indicators);
    free(table->slots);
    free(table->items);
    free(table->met_items);
    ids_free(table->ids);
    free(table);
    return NULL;
}

/* ---- Rows ---- */

int32_t context_table_number(struct context_table *table, struct slice id)
{
    enum context_dimension dimension;
    struct slice value;
    if (!context_id_read(id, &dimension, &value)) { return ID_NONE; }
    int32_t before = ids_count(table->ids), number = ids_put(table->ids, id);
    if (number < before || number == ID_NONE) { return number; }
    ARRAY_RESERVE_ZEROS(table->indicators, table->indicators_capacity, (size_t)number + 1,
                        INDICATORS_FIRST);
    ARRAY_RESERVE_ZEROS(table->slots, table->slots_capacity, (size_t)number + 1,
                        INDICATORS_FIRST);
    struct indicator *indicator = xcalloc(1, sizeof(*indicator));
    indicator->dimension = dimension;
    char *words = xprintf("%s=%.*s", context_dimension_name(dimension), SLICE_ARGS(value));
    indicator->words = slice_str(words);
    table->indicators[number] = indicator;
    if (!value.size) { table->whole[dimension] = number; }
    return number;
}

static struct item_counts *counts_of(struct context_table *table, int32_t item)
{
    assert(item >= 0);
    ARRAY_RESERVE_ZEROS(table->items, table->items_capacity, (size_t)item + 1, ITEMS_FIRST);
    return &table->items[item];
}

void context_table_put_item(struct context_table *table, int32_t item,
                            const struct context_row *row)
{
    struct item_counts *counts = counts_of(table, item);
    if (row->count > counts->count) {
        counts->at = xreallocarray(counts->at, row->count, sizeof(*counts->at));
    }
    if (row->count) { memcpy(counts->at, row->counts, row->count * sizeof(*counts->at)); }
    counts->count = row->count;
    memset(counts->all, 0, sizeof(counts->all));
    for (size_t k = 0; k < row->count; k++) {
        const struct context_count *one = &row->counts[k];
        counts->all[table->indicators[one->number]->dimension] += one->users;
    }
    counts->version = row->version;
    counts->epoch = row->epoch;
    table->epoch = MAX_OF(table->epoch, row->epoch);
}

void context_table_put(struct context_table *table, int32_t indicator,
                       const struct context_row *row)
{
    assert(indicator >= 0 && indicator < ids_count(table->ids));
    struct indicator *to = table->indicators[indicator];
    to->items_count = MIN_OF(row->count, (size_t)CONTEXT_ITEMS_MAX);
    for (size_t k = 0; k < to->items_count; k++) { to->items[k] = row->counts[k]; }
    to->version = row->version;
    to->epoch = row->epoch;
    to->users = row->users;
    table->epoch = MAX_OF(table->epoch, row->epoch);
}

int64_t context_table_item_version(const struct context_table *table, int32_t item)
{
    assert(item >= 0);
    return (size_t)item < table->items_capacity ? table->items[item].version : 0;
}

int64_t context_table_version(const struct context_table *table, int32_t indicator)
{
    assert(indicator >= 0 && indicator < ids_count(table->ids));
    return table->indicators[indicator]->version;
}

void context_table_remove_item(struct context_table *table, int32_t item)
{
    struct item_counts *counts = counts_of(table, item);
    free(counts->at);
    *counts = (struct item_counts){0};
}

void context_table_remove(struct context_table *table, int32_t indicator)
{
    assert(indicator >= 0 && indicator < ids_count(table->ids));
    struct indicator *gone = table->indicators[indicator];
    gone->users = 0.0;
    gone->version = gone->epoch = 0;
    gone->items_count = 0;
}

struct slice context_table_words(const struct context_table *table, int32_t indicator)
{
    assert(indicator >= 0 && indicator < ids_count(table->ids));
    return table->indicators[indicator]->words;
}

/* ---- A context ---- */

static double users_of(const struct context_table *table, int32_t number)
{
    const struct indicator *indicator = number == ID_NONE ? NULL : table->indicators[number];
    return indicator ? decay_rescale(indicator->users, indicator->epoch, table->epoch) : 0.0;
}

/* Finds an indicator that has been counted; false: it has not. */
static bool find_used(const struct context_table *table, struct slice id, struct used *ret_used)
{
    int32_t number = ids_find(table->ids, id);
    if (number == ID_NONE) { return false; }
    double users = users_of(table, number);
    double all = users_of(table, table->whole[table->indicators[number]->dimension]);
    double share = MIN_OF(users / all, 1.0);
    *ret_used = (struct used){.indicator = number, .users = users, .all = all, .share = share};
    return users > 0.0 && all > 0.0 && isfinite(users) && isfinite(all);
}

bool context_table_knows(const struct context_table *table, struct slice text)
{
    struct slice id;
    struct used used;
    bool known = false;
    while (!known && context_text_next(&text, &id)) { known = find_used(table, id, &used); }
    return known;
}

static void take_stamp(struct context_table *table)
{
    if (++table->stamp) { return; }
    if (table->met_capacity) {
        memset(table->met_items, 0, table->met_capacity * sizeof(*table->met_items));
    }
    table->stamp = 1;
}

size_t context_table_use(struct context_table *table, struct slice text)
{
    struct slice id;
    struct used used;
    take_stamp(table);
    for (size_t u = 0; u < table->used_count; u++) { table->slots[table->used[u].indicator] = 0; }
    table->used_count = 0;
    for (int d = 0; d < CONTEXT_DIMENSIONS; d++) { table->used_of[d] = -1; }
    while (table->used_count < CONTEXT_DIMENSIONS && context_text_next(&text, &id)) {
        if (!find_used(table, id, &used)) { continue; }
        const struct indicator *indicator = table->indicators[used.indicator];
        table->used_of[indicator->dimension] = (int32_t)table->used_count;
        table->used[table->used_count++] = used;
        table->slots[used.indicator] = (int8_t)table->used_count;
    }
    return table->used_count;
}

/* An item's counts: of all indicators of each dimension, and of those in use. */
struct item_sums {
    double all[CONTEXT_DIMENSIONS];
    double users[CONTEXT_DIMENSIONS]; /* as `used` */
};

static void sum_up(const struct context_table *table, const struct item_counts *counts,
                   struct item_sums *sums)
{
    float users[CONTEXT_DIMENSIONS + 1] = {0}; /* by slot; 0: of all others */
    for (size_t k = 0; k < counts->count; k++) {
        users[table->slots[counts->at[k].number]] = counts->at[k].users;
    }
    for (int d = 0; d < CONTEXT_DIMENSIONS; d++) {
        double all = (double)counts->all[d], of_slot = (double)users[d + 1];
        sums->all[d] = decay_rescale(all, counts->epoch, table->epoch);
        sums->users[d] = decay_rescale(of_slot, counts->epoch, table->epoch);
    }
}

/* Returns lift(c, i) of n = n(c, i) and m = n(D, i). */
static double lift_of(const struct used *used, double n, double m)
{
    double share = used->share, expected = m * share, others = used->all - m;
    if (!(m > 0.0) || !(others > 0.0) || !(share < 1.0)) { return 0.0; }
    double apart = n - expected;
    double bound = 2.0 * apart * apart * used->all / (expected * (1.0 - share) * others);
    if (!(bound > CONTEXT_TEST)) { return 0.0; }
    double ratio = similarity_llr_table(n, MAX_OF(m - n, 0.0), MAX_OF(used->users - n, 0.0),
                                        MAX_OF(others - (used->users - n), 0.0));
    if (!(ratio > CONTEXT_TEST)) { return 0.0; }
    double lift = log((n + CONTEXT_PRIOR) / (expected + CONTEXT_PRIOR));
    return (1.0 - CONTEXT_TEST / ratio) * lift;
}

struct context_lift context_table_lift(const struct context_table *table, int32_t item)
{
    struct context_lift found = {.indicator = ID_NONE};
    struct item_sums sums;
    double log_sum = 0.0, most = 0.0;
    bool placed = false; /* by geohash or region: what is within another says no more than that */
    if ((size_t)item >= table->items_capacity || !table->items[item].count) { return found; }
    sum_up(table, &table->items[item], &sums);
    for (int d = CONTEXT_DIMENSIONS - 1; d >= 0; d--) {
        int32_t slot = table->used_of[d];
        bool place = d == CONTEXT_GEOHASH || d == CONTEXT_REGION || d == CONTEXT_COUNTRY;
        if (slot < 0 || (place && placed)) { continue; }
        double lift = lift_of(&table->used[slot], sums.users[slot], sums.all[d]);
        placed = placed || (place && lift != 0.0);
        log_sum += lift;
        if (lift <= most) { continue; }
        most = lift;
        found.indicator = table->used[slot].indicator;
        found.users = (float)sums.users[slot];
    }
    found.log = (float)MIN_OF(MAX_OF(log_sum, -CONTEXT_LIFT_MAX), CONTEXT_LIFT_MAX);
    return found;
}

/* Asks the cache for an item's counts, then for the row that they lead to. */
static void fetch(const struct context_table *table, int32_t item, bool row)
{
    if ((size_t)item >= table->items_capacity) { return; }
    const struct item_counts *counts = &table->items[item];
    if (!row) { __builtin_prefetch(counts); }
    for (size_t k = 0; row && k < counts->count; k += 64 / sizeof(*counts->at)) {
        __builtin_prefetch(counts->at + k);
    }
}

void context_table_lifts(const struct context_table *table, const int32_t *items, size_t count,
                         struct context_lift *ret_lifts)
{
    enum { COUNTS_AHEAD = 8, ROWS_AHEAD = 4 };
    for (size_t k = 0; k < MIN_OF(count, (size_t)COUNTS_AHEAD); k++) {
        fetch(table, items[k], /* row= */ false);
    }
    for (size_t k = 0; k < count; k++) {
        if (k + COUNTS_AHEAD < count) { fetch(table, items[k + COUNTS_AHEAD], /* row= */ false); }
        if (k + ROWS_AHEAD < count) { fetch(table, items[k + ROWS_AHEAD], /* row= */ true); }
        ret_lifts[k] = context_table_lift(table, items[k]);
    }
}

/* ---- Candidates ---- */

/* Says whether an item is met for the first time in this use. */
static bool meet(struct context_table *table, int32_t item)
{
    ARRAY_RESERVE_ZEROS(table->met_items, table->met_capacity, (size_t)item + 1, ITEMS_FIRST);
    if (table->met_items[item] == table->stamp) { return false; }
    table->met_items[item] = table->stamp;
    return true;
}

size_t context_table_items(struct context_table *table, const int32_t **ret_items)
{
    size_t count = 0;
    for (size_t k = 0; k < CONTEXT_ITEMS_MAX; k++) {
        for (size_t u = 0; u < table->used_count; u++) {
            const struct indicator *indicator = table->indicators[table->used[u].indicator];
            if (k >= indicator->items_count || !meet(table, indicator->items[k].number)) {
                continue;
            }
            table->found[count++] = indicator->items[k].number;
        }
    }
    *ret_items = table->found;
    return count;
}
