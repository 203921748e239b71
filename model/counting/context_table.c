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
#define GROUPS_TEST 5.41
#define CONTEXT_PRIOR 2.0
#define CONTEXT_LIFT_MAX 3.0

/* Columns of sums over all indicators of a dimension, or of a group of days: grouped dimensions are
 * the last ones. */
enum { COLUMNS = CONTEXT_DAY + (CONTEXT_DIMENSIONS - CONTEXT_DAY) * CONTEXT_GROUPS };

struct item_counts {
    int64_t version, epoch;
    struct context_count *at;
    size_t count;
    float all[COLUMNS]; /* n(D, i) */
};

struct indicator {
    int64_t version, epoch;
    double users;
    enum context_dimension dimension;
    int group; /* of days; below 0: none */
    struct slice words; /* owned */
    struct context_count items[CONTEXT_ITEMS_MAX];
    size_t items_count;
};

/* An indicator of the context in use: by groups of days, if it has some. */
struct used {
    int32_t indicator; /* that has been counted; of one of the groups */
    int groups;        /* 1: it has none */
    double users[CONTEXT_GROUPS], all[CONTEXT_GROUPS]; /* n(c), n(D) */
    int32_t numbers[CONTEXT_GROUPS]; /* of the indicators; ID_NONE: not met */
};

/* n(c, i), n(D, i), n(c) and n(D), of some days. */
struct quad {
    double own, item, users, all;
};

struct context_table {
    struct ids *ids; /* of indicators */
    struct indicator **indicators;
    int8_t *slots; /* by indicator: slot_of() of its place in `used`; 0: none */
    size_t indicators_capacity, slots_capacity;
    struct item_counts *items;
    size_t items_capacity;
    uint32_t *met_items; /* stamps, as items */
    size_t met_capacity;
    int32_t whole[COLUMNS];            /* numbers of all of a dimension; ID_NONE: not met */
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
    for (int column = 0; column < COLUMNS; column++) { table->whole[column] = ID_NONE; }
    return table;
}

_Static_assert(CONTEXT_WEEK == CONTEXT_DAY + 1 && CONTEXT_DIMENSIONS == CONTEXT_WEEK + 1,
               "grouped dimensions are the last ones");

static int column_of(enum context_dimension dimension, int group)
{
    if (dimension < CONTEXT_DAY) { return (int)dimension; }
    return (int)CONTEXT_DAY + ((int)dimension - CONTEXT_DAY) * CONTEXT_GROUPS + MAX_OF(group, 0);
}

/* Returns the slot of a group of what is at a place of `used`, above 0. */
static size_t slot_of(size_t place, int group)
{
    return 1 + place * CONTEXT_GROUPS + (size_t)group;
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
    struct context_id told;
    if (!context_id_read(id, &told)) { return ID_NONE; }
    if (context_is_grouped(told.dimension) != (told.group >= 0)) { return ID_NONE; }
    int32_t before = ids_count(table->ids), number = ids_put(table->ids, id);
    if (number < before || number == ID_NONE) { return number; }
    ARRAY_RESERVE_ZEROS(table->indicators, table->indicators_capacity, (size_t)number + 1,
                        INDICATORS_FIRST);
    ARRAY_RESERVE_ZEROS(table->slots, table->slots_capacity, (size_t)number + 1,
                        INDICATORS_FIRST);
    struct indicator *indicator = xcalloc(1, sizeof(*indicator));
    indicator->dimension = told.dimension;
    indicator->group = told.group;
    char *words =
        xprintf("%s=%.*s", context_dimension_name(told.dimension), SLICE_ARGS(told.value));
    indicator->words = slice_str(words);
    table->indicators[number] = indicator;
    if (!told.value.size) { table->whole[column_of(told.dimension, told.group)] = number; }
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
        const struct indicator *indicator = table->indicators[one->number];
        counts->all[column_of(indicator->dimension, indicator->group)] += one->users;
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

/* Finds an indicator of a context that has been counted, of any days; false: it has not. */
static bool find_used(const struct context_table *table, struct slice id, struct used *ret_used)
{
    struct context_id told;
    char text[CONTEXT_ID_BYTES_MAX];
    double users = 0.0, all = 0.0;
    if (!context_id_read(id, &told)) { return false; }
    bool grouped = context_is_grouped(told.dimension);
    *ret_used = (struct used){.indicator = ID_NONE, .groups = grouped ? CONTEXT_GROUPS : 1};
    for (int group = 0; group < ret_used->groups; group++) {
        told.group = grouped ? group : -1;
        int32_t number = ids_find(table->ids, context_id_write(&told, text));
        int32_t whole = table->whole[column_of(told.dimension, group)];
        ret_used->numbers[group] = number;
        ret_used->users[group] = users_of(table, number);
        ret_used->all[group] = users_of(table, whole);
        if (number != ID_NONE) { ret_used->indicator = number; }
        users += ret_used->users[group];
        all += ret_used->all[group];
    }
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

/* Notes where the indicators in use are, or forgets it. */
static void set_slots(struct context_table *table, bool on)
{
    for (size_t u = 0; u < table->used_count; u++) {
        const struct used *used = &table->used[u];
        for (int group = 0; group < used->groups; group++) {
            if (used->numbers[group] == ID_NONE) { continue; }
            table->slots[used->numbers[group]] = on ? (int8_t)slot_of(u, group) : 0;
        }
    }
}

size_t context_table_use(struct context_table *table, struct slice text)
{
    struct slice id;
    struct used used;
    take_stamp(table);
    set_slots(table, /* on= */ false);
    table->used_count = 0;
    for (int d = 0; d < CONTEXT_DIMENSIONS; d++) { table->used_of[d] = -1; }
    while (table->used_count < CONTEXT_DIMENSIONS && context_text_next(&text, &id)) {
        if (!find_used(table, id, &used)) { continue; }
        const struct indicator *indicator = table->indicators[used.indicator];
        table->used_of[indicator->dimension] = (int32_t)table->used_count;
        table->used[table->used_count++] = used;
    }
    set_slots(table, /* on= */ true);
    return table->used_count;
}

/* An item's counts of the indicators in use, by slot, at the row's epoch; 0: of all others. */
enum { SLOTS = 1 + CONTEXT_DIMENSIONS * CONTEXT_GROUPS };

static void sum_up(const struct context_table *table, const struct item_counts *counts,
                   float users[static SLOTS])
{
    for (size_t k = 0; k < counts->count; k++) {
        users[table->slots[counts->at[k].number]] = counts->at[k].users;
    }
}

/* Returns the lift by these counts, if they pass a test. */
static double lift_by(const struct quad *of, double test)
{
    if (!(of->item > 0.0) || !(of->all > 0.0)) { return 0.0; }
    double share = MIN_OF(of->users / of->all, 1.0), expected = of->item * share;
    double n = of->own, m = of->item, others = of->all - m;
    if (!(others > 0.0) || !(share > 0.0 && share < 1.0)) { return 0.0; }
    double apart = n - expected;
    double bound = 2.0 * apart * apart * of->all / (expected * (1.0 - share) * others);
    if (!(bound > test)) { return 0.0; }
    double ratio = similarity_llr_table(n, MAX_OF(m - n, 0.0), MAX_OF(of->users - n, 0.0),
                                        MAX_OF(others - (of->users - n), 0.0));
    if (!(ratio > test)) { return 0.0; }
    double lift = log((n + CONTEXT_PRIOR) / (expected + CONTEXT_PRIOR));
    return (1.0 - test / ratio) * lift;
}

/* Adds up all groups of days but one. */
static struct quad add_groups(const struct quad quads[static CONTEXT_GROUPS], int without)
{
    struct quad sum = {0};
    for (int g = 0; g < CONTEXT_GROUPS; g++) {
        if (g == without) { continue; }
        sum.own += quads[g].own;
        sum.item += quads[g].item;
        sum.users += quads[g].users;
        sum.all += quads[g].all;
    }
    return sum;
}

/* Returns the least of what all groups say, and what they say without any one of them. */
static double lift_of_groups(const struct quad quads[static CONTEXT_GROUPS])
{
    struct quad sum = add_groups(quads, /* without= */ -1);
    double least = lift_by(&sum, CONTEXT_TEST);
    for (int without = 0; without < CONTEXT_GROUPS && least != 0.0; without++) {
        sum = add_groups(quads, without);
        double lift = lift_by(&sum, GROUPS_TEST);
        if (lift * least <= 0.0) { return 0.0; }
        if (fabs(lift) < fabs(least)) { least = lift; }
    }
    return least;
}

/* Returns the lift of what is at a place of `used`, and n(c, i). */
static double lift_of(const struct context_table *table, const struct item_counts *counts,
                      const float *users, size_t place, double *ret_users)
{
    const struct used *used = &table->used[place];
    enum context_dimension dimension = table->indicators[used->indicator]->dimension;
    struct quad quads[CONTEXT_GROUPS];
    *ret_users = 0.0;
    for (int g = 0; g < used->groups; g++) {
        double own = (double)users[slot_of(place, g)];
        double item = (double)counts->all[column_of(dimension, g)];
        quads[g] = (struct quad){.own = decay_rescale(own, counts->epoch, table->epoch),
                                 .item = decay_rescale(item, counts->epoch, table->epoch),
                                 .users = used->users[g],
                                 .all = used->all[g]};
        *ret_users += quads[g].own;
    }
    return used->groups == 1 ? lift_by(&quads[0], CONTEXT_TEST) : lift_of_groups(quads);
}

struct context_lift context_table_lift(const struct context_table *table, int32_t item)
{
    struct context_lift found = {.indicator = ID_NONE};
    float counted[SLOTS] = {0};
    double log_sum = 0.0, most = 0.0, users;
    bool placed = false; /* by geohash or region: what is within another says no more than that */
    if ((size_t)item >= table->items_capacity || !table->items[item].count) { return found; }
    const struct item_counts *counts = &table->items[item];
    sum_up(table, counts, counted);
    for (int d = CONTEXT_DIMENSIONS - 1; d >= 0; d--) {
        int32_t place = table->used_of[d];
        bool of_place = d == CONTEXT_GEOHASH || d == CONTEXT_REGION || d == CONTEXT_COUNTRY;
        if (place < 0 || (of_place && placed)) { continue; }
        double lift = lift_of(table, counts, counted, (size_t)place, &users);
        placed = placed || (of_place && lift != 0.0);
        log_sum += lift;
        if (lift <= most) { continue; }
        most = lift;
        found.indicator = table->used[place].indicator;
        found.users = (float)users;
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

/* Adds an indicator's item. */
static size_t find_item(struct context_table *table, int32_t indicator, size_t at, size_t count)
{
    if (indicator == ID_NONE || at >= table->indicators[indicator]->items_count) { return count; }
    int32_t item = table->indicators[indicator]->items[at].number;
    if (meet(table, item)) { table->found[count++] = item; }
    return count;
}

/* Groups of days take turns. */
size_t context_table_items(struct context_table *table, const int32_t **ret_items)
{
    size_t count = 0;
    for (size_t k = 0; k < CONTEXT_ITEMS_MAX; k++) {
        for (size_t u = 0; u < table->used_count; u++) {
            const struct used *used = &table->used[u];
            size_t groups = (size_t)used->groups;
            count = find_item(table, used->numbers[k % groups], k / groups, count);
        }
    }
    *ret_items = table->found;
    return count;
}
