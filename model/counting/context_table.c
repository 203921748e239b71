/* Rows hold numbers of indicators, of which the table has a list of its own, so that they take no
 * numbers of items. A list asks for some hundred items: context_table_use() notes the places of the
 * context's indicators, in a small array, and one pass over an item's row finds their counts; those
 * of whole dimensions are summed up when the row comes. Parts of day and week are few, so an item
 * has an array of them by groups of days, which that pass does not see. G takes nine logarithms, so
 * Pearson's X is asked first: G <= 2 X, as a relative entropy is at most ln(1 + chi square).
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

enum { DAYS = CONTEXT_PARTS * CONTEXT_GROUPS };

struct item_counts {
    int64_t version, epoch;
    struct context_count *at; /* of indicators without groups */
    float *days; /* by part of day or week, and group; NULL: none */
    uint32_t count;
    float all[CONTEXT_DIMENSIONS]; /* n(D, i) */
};
_Static_assert(sizeof(struct item_counts) == 64, "an item is one line of the cache");

struct indicator {
    int64_t version, epoch;
    double users;
    enum context_dimension dimension;
    int32_t place;      /* in an item's `days`; below 0: it is none of these */
    struct slice words; /* owned */
    struct context_count items[CONTEXT_ITEMS_MAX];
    size_t items_count;
};

/* n(c), n(D), and the share of the one in the other, at most 1; of some days. */
struct share {
    double users, all, ratio;
};

/* An indicator of the context in use. */
struct used {
    int32_t indicator; /* of one of the groups that have been counted */
    int32_t part;      /* of day or week; below 0: it has no groups */
    enum context_dimension dimension;
    struct share whole, without[CONTEXT_GROUPS]; /* without the days of a group */
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
    int32_t days[DAYS];                /* numbers of the indicators; ID_NONE: not met */
    int64_t epoch;                     /* the newest of all rows */
    uint32_t stamp;
    struct used used[CONTEXT_DIMENSIONS];
    int32_t used_of[CONTEXT_DIMENSIONS]; /* places in `used`, by dimension; below 0: none */
    size_t used_count;
    int32_t found[CONTEXT_DIMENSIONS * CONTEXT_ITEMS_MAX];
};

static void number_id(struct context_table *table, const struct context_id *id)
{
    char text[CONTEXT_ID_BYTES_MAX];
    int32_t number = context_table_number(table, context_id_write(id, text));
    assert(number != ID_NONE);
}

/* Numbers what every context needs, before values that anybody makes up take all numbers. */
static void number_parts(struct context_table *table)
{
    for (int d = 0; d < CONTEXT_DIMENSIONS; d++) {
        const struct context_id all = {(enum context_dimension)d, slice_str(""), 0};
        number_id(table, &all);
    }
    for (int32_t part = 0; part < CONTEXT_PARTS; part++) {
        for (int32_t group = 0; group < CONTEXT_GROUPS; group++) {
            const struct context_id id = context_of_part(part, group);
            number_id(table, &id);
        }
    }
}

struct context_table *context_table_new(void)
{
    struct context_table *table = xcalloc(1, sizeof(*table));
    table->ids = ids_new(CONTEXT_INDICATORS_MAX);
    table->epoch = INT64_MIN;
    for (int d = 0; d < CONTEXT_DIMENSIONS; d++) { table->whole[d] = ID_NONE; }
    for (int k = 0; k < DAYS; k++) { table->days[k] = ID_NONE; }
    number_parts(table);
    return table;
}

struct context_table *context_table_free(struct context_table *table)
{
    if (!table) { return NULL; }
    for (int32_t k = 0; k < ids_count(table->ids); k++) {
        free((char *)(uintptr_t)table->indicators[k]->words.data);
        free(table->indicators[k]);
    }
    for (size_t k = 0; k < table->items_capacity; k++) {
        free(table->items[k].at);
        free(table->items[k].days);
    }
    free(table->indicators);
    free(table->slots);
    free(table->items);
    free(table->met_items);
    ids_free(table->ids);
    free(table);
    return NULL;
}

/* ---- Rows ---- */

static void describe(struct indicator *indicator, const struct context_id *id)
{
    int32_t part = context_part(id);
    char *words = xprintf("%s=%.*s", context_dimension_name(id->dimension), SLICE_ARGS(id->value));
    indicator->words = slice_str(words);
    indicator->dimension = id->dimension;
    indicator->place = part < 0 ? -1 : part * CONTEXT_GROUPS + id->group;
}

int32_t context_table_number(struct context_table *table, struct slice id)
{
    struct context_id told;
    if (!context_id_read(id, &told)) { return ID_NONE; }
    int32_t before = ids_count(table->ids), number = ids_put(table->ids, id);
    if (number < before || number == ID_NONE) { return number; }
    ARRAY_RESERVE_ZEROS(table->indicators, table->indicators_capacity, (size_t)number + 1,
                        INDICATORS_FIRST);
    ARRAY_RESERVE_ZEROS(table->slots, table->slots_capacity, (size_t)number + 1,
                        INDICATORS_FIRST);
    struct indicator *indicator = xcalloc(1, sizeof(*indicator));
    describe(indicator, &told);
    table->indicators[number] = indicator;
    if (!told.value.size) { table->whole[told.dimension] = number; }
    if (indicator->place >= 0) { table->days[indicator->place] = number; }
    return number;
}

int32_t context_table_find(const struct context_table *table, struct slice id)
{
    return ids_find(table->ids, id);
}

static struct item_counts *counts_of(struct context_table *table, int32_t item)
{
    assert(item >= 0);
    ARRAY_RESERVE_ZEROS(table->items, table->items_capacity, (size_t)item + 1, ITEMS_FIRST);
    return &table->items[item];
}

static void put_count(const struct context_table *table, struct item_counts *counts,
                      const struct context_count *one)
{
    const struct indicator *indicator = table->indicators[one->number];
    if (indicator->place >= 0) {
        if (!counts->days) { counts->days = xcalloc(DAYS, sizeof(*counts->days)); }
        counts->days[indicator->place] = one->users;
    } else if (!context_is_grouped(indicator->dimension)) {
        counts->at[counts->count++] = *one;
    } else {
        return;
    }
    counts->all[indicator->dimension] += one->users;
}

void context_table_put_item(struct context_table *table, int32_t item,
                            const struct context_row *row)
{
    struct item_counts *counts = counts_of(table, item);
    size_t most = 0;
    for (size_t k = 0; k < row->count; k++) {
        most += table->indicators[row->counts[k].number]->place < 0;
    }
    if (most > counts->count) {
        counts->at = xreallocarray(counts->at, most, sizeof(*counts->at));
    }
    counts->count = 0;
    memset(counts->all, 0, sizeof(counts->all));
    if (counts->days) { memset(counts->days, 0, DAYS * sizeof(*counts->days)); }
    for (size_t k = 0; k < row->count; k++) { put_count(table, counts, &row->counts[k]); }
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
    free(counts->days);
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

static int32_t first_part(enum context_dimension dimension)
{
    return dimension == CONTEXT_DAY ? 0 : CONTEXT_DAY_PARTS;
}

static int32_t end_part(enum context_dimension dimension)
{
    return dimension == CONTEXT_DAY ? CONTEXT_DAY_PARTS : CONTEXT_PARTS;
}

/* Adds up all groups but one, if it is one. */
static double sum_without(const float values[static CONTEXT_GROUPS], int32_t group)
{
    double sum = 0.0;
    for (int32_t g = 0; g < CONTEXT_GROUPS; g++) { sum += g == group ? 0.0 : (double)values[g]; }
    return sum;
}

static double users_of(const struct context_table *table, int32_t number)
{
    const struct indicator *indicator = number == ID_NONE ? NULL : table->indicators[number];
    return indicator ? decay_rescale(indicator->users, indicator->epoch, table->epoch) : 0.0;
}

static struct share share_of(double users, double all)
{
    return (struct share){users, all, MIN_OF(users / all, 1.0)};
}

/* Adds up what was counted of a part of day or week, and of all of its dimension. */
static void add_days(const struct context_table *table, enum context_dimension dimension,
                     struct used *used)
{
    for (int32_t without = -1; without < CONTEXT_GROUPS; without++) {
        double users = 0.0, all = 0.0;
        int32_t from = first_part(dimension) * CONTEXT_GROUPS;
        for (int32_t at = from; at < end_part(dimension) * CONTEXT_GROUPS; at++) {
            bool own = at / CONTEXT_GROUPS == used->part;
            if (at % CONTEXT_GROUPS == without || table->days[at] == ID_NONE) { continue; }
            if (own) { used->indicator = table->days[at]; }
            all += users_of(table, table->days[at]);
            users += own ? users_of(table, table->days[at]) : 0.0;
        }
        *(without < 0 ? &used->whole : &used->without[without]) = share_of(users, all);
    }
}

/* Finds an indicator of a context that has been counted, on any days; false: it has not. */
static bool find_used(const struct context_table *table, struct slice id, struct used *ret_used)
{
    struct context_id told;
    if (!context_id_read(id, &told)) { return false; }
    *ret_used = (struct used){
        .indicator = ID_NONE, .part = context_part(&told), .dimension = told.dimension};
    if (ret_used->part >= 0) {
        add_days(table, told.dimension, ret_used);
    } else {
        ret_used->indicator = ids_find(table->ids, id);
        ret_used->whole = share_of(users_of(table, ret_used->indicator),
                                   users_of(table, table->whole[told.dimension]));
    }
    const struct share *whole = &ret_used->whole;
    return whole->users > 0.0 && whole->all > 0.0 && isfinite(whole->users) &&
           isfinite(whole->all);
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
        table->used_of[used.dimension] = (int32_t)table->used_count;
        table->used[table->used_count++] = used;
        table->slots[used.indicator] = (int8_t)table->used_count;
    }
    return table->used_count;
}

/* An item's counts of what is used without groups, by slot, at the row's epoch; 0: all others. */
enum { SLOTS = 1 + CONTEXT_DIMENSIONS };

static void sum_up(const struct context_table *table, const struct item_counts *counts,
                   float users[static SLOTS])
{
    for (size_t k = 0; k < counts->count; k++) {
        users[table->slots[counts->at[k].number]] = counts->at[k].users;
    }
}

/* Says whether n = n(c, i) and m = n(D, i) may pass a test of G. Few do, so there is no branch. */
static inline bool may_pass(const struct share *of, double n, double m, double test)
{
    const double share = of->ratio, expected = m * share, others = of->all - m;
    const double apart = n - expected, bound = 2.0 * apart * apart * of->all;
    const bool counted = (m > 0.0) & (others > 0.0) & (share > 0.0) & (share < 1.0);
    return counted & (bound > test * expected * (1.0 - share) * others);
}

/* Returns the lift of n and m, if they pass a test. */
static double lift_by(const struct share *of, double n, double m, double test)
{
    if (!may_pass(of, n, m, test)) { return 0.0; }
    double expected = m * of->ratio, others = of->all - m;
    double ratio = similarity_llr_table(n, MAX_OF(m - n, 0.0), MAX_OF(of->users - n, 0.0),
                                        MAX_OF(others - (of->users - n), 0.0));
    if (!(ratio > test)) { return 0.0; }
    double lift = log((n + CONTEXT_PRIOR) / (expected + CONTEXT_PRIOR));
    return (1.0 - test / ratio) * lift;
}

/* Returns the lift by all groups but one; n(c, i) and n(D, i) are at the row's epoch. */
static double lift_without(const struct context_table *table, const struct item_counts *counts,
                           const struct used *used, int32_t group)
{
    double n = 0.0, m = 0.0;
    for (int32_t part = first_part(used->dimension); part < end_part(used->dimension); part++) {
        double sum = sum_without(counts->days + part * CONTEXT_GROUPS, group);
        m += sum;
        if (part == used->part) { n = sum; }
    }
    return lift_by(&used->without[group], decay_rescale(n, counts->epoch, table->epoch),
                   decay_rescale(m, counts->epoch, table->epoch), GROUPS_TEST);
}

/* Returns the least of what all groups say, and what they say without any one that has counts. */
static double lift_of_days(const struct context_table *table, const struct item_counts *counts,
                           const struct used *used, double n, double m)
{
    double least = lift_by(&used->whole, n, m, CONTEXT_TEST);
    for (int32_t g = 0; g < CONTEXT_GROUPS && least != 0.0; g++) {
        if (used->without[g].all == used->whole.all) { continue; }
        double lift = lift_without(table, counts, used, g);
        if (lift * least <= 0.0) { return 0.0; }
        if (fabs(lift) < fabs(least)) { least = lift; }
    }
    return least;
}

/* n(c, i) and n(D, i) by place in `used`, at the table's epoch. */
struct counted {
    double n[CONTEXT_DIMENSIONS], m[CONTEXT_DIMENSIONS];
};

/* Finds an item's counts of what is used; returns a bit for each dimension whose counts may say
 * something. */
static uint32_t find_counts(const struct context_table *table, const struct item_counts *counts,
                            struct counted *ret_counted)
{
    const double factor = decay_rescale(1.0, counts->epoch, table->epoch);
    float users[SLOTS] = {0};
    uint32_t dimensions = 0;
    sum_up(table, counts, users);
    for (size_t u = 0; u < table->used_count; u++) {
        const struct used *used = &table->used[u];
        const bool of_days = used->part >= 0 && counts->days;
        const double n = of_days ? sum_without(counts->days + used->part * CONTEXT_GROUPS,
                                               /* group= */ -1)
                                 : (double)users[u + 1];
        ret_counted->n[u] = factor * n;
        ret_counted->m[u] = factor * (double)counts->all[used->dimension];
        const bool may = may_pass(&used->whole, ret_counted->n[u], ret_counted->m[u],
                                  CONTEXT_TEST);
        dimensions |= (uint32_t)may << used->dimension;
    }
    return dimensions;
}

struct context_lift context_table_lift(const struct context_table *table, int32_t item)
{
    struct context_lift found = {.indicator = ID_NONE};
    struct counted counted;
    double log_sum = 0.0, most = 0.0;
    bool placed = false; /* by geohash or region: what is within another says no more than that */
    if ((size_t)item >= table->items_capacity) { return found; }
    const struct item_counts *counts = &table->items[item];
    if (!counts->count && !counts->days) { return found; }
    const uint32_t dimensions = find_counts(table, counts, &counted);
    for (int d = CONTEXT_DIMENSIONS - 1; dimensions && d >= 0; d--) {
        bool of_place = d == CONTEXT_GEOHASH || d == CONTEXT_REGION || d == CONTEXT_COUNTRY;
        if (!(dimensions >> d & 1) || (of_place && placed)) { continue; }
        const size_t place = (size_t)table->used_of[d];
        const struct used *used = &table->used[place];
        const double n = counted.n[place], m = counted.m[place];
        double lift = used->part >= 0 ? lift_of_days(table, counts, used, n, m)
                                      : lift_by(&used->whole, n, m, CONTEXT_TEST);
        placed = placed || (of_place && lift != 0.0);
        log_sum += lift;
        if (lift <= most) { continue; }
        most = lift;
        found.indicator = used->indicator;
        found.users = (float)n;
    }
    found.log = (float)MIN_OF(MAX_OF(log_sum, -CONTEXT_LIFT_MAX), CONTEXT_LIFT_MAX);
    return found;
}

/* Ask the cache for an item's counts, then for what they lead to. A function of prefetches alone
 * has no effect that a compiler knows of: it keeps them only where they are inlined. */
static inline __attribute__((always_inline)) void fetch_counts(const struct context_table *table,
                                                               int32_t item)
{
    if ((size_t)item >= table->items_capacity) { return; }
    __builtin_prefetch(&table->items[item]);
    __builtin_prefetch((const char *)&table->items[item + 1] - 1); /* it may be on two lines */
}

static inline __attribute__((always_inline)) void fetch_row(const struct context_table *table,
                                                            int32_t item)
{
    if ((size_t)item >= table->items_capacity) { return; }
    const struct item_counts *counts = &table->items[item];
    for (size_t k = 0; k < counts->count; k += 64 / sizeof(*counts->at)) {
        __builtin_prefetch(counts->at + k);
    }
    for (size_t u = 0; counts->days && u < table->used_count; u++) {
        if (table->used[u].part < 0) { continue; }
        __builtin_prefetch(counts->days + table->used[u].part * CONTEXT_GROUPS);
    }
}

void context_table_lifts(const struct context_table *table, const int32_t *items, size_t count,
                         struct context_lift *ret_lifts)
{
    enum { COUNTS_AHEAD = 8, ROWS_AHEAD = 4 };
    for (size_t k = 0; k < MIN_OF(count, (size_t)COUNTS_AHEAD); k++) {
        fetch_counts(table, items[k]);
    }
    for (size_t k = 0; k < count; k++) {
        if (k + COUNTS_AHEAD < count) { fetch_counts(table, items[k + COUNTS_AHEAD]); }
        if (k + ROWS_AHEAD < count) { fetch_row(table, items[k + ROWS_AHEAD]); }
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

/* Adds the item at a place of what is used, whose groups of days take turns. */
static size_t find_item(struct context_table *table, const struct used *used, size_t at,
                        size_t count)
{
    const struct indicator *rows[CONTEXT_GROUPS];
    size_t n = 0;
    for (int32_t g = 0; g < (used->part < 0 ? 1 : CONTEXT_GROUPS); g++) {
        int32_t number = used->part < 0 ? used->indicator
                                        : table->days[used->part * CONTEXT_GROUPS + g];
        if (number == ID_NONE || !table->indicators[number]->items_count) { continue; }
        rows[n++] = table->indicators[number];
    }
    if (!n || at / n >= rows[at % n]->items_count) { return count; }
    int32_t item = rows[at % n]->items[at / n].number;
    if (meet(table, item)) { table->found[count++] = item; }
    return count;
}

size_t context_table_items(struct context_table *table, const int32_t **ret_items)
{
    size_t count = 0;
    for (size_t k = 0; k < CONTEXT_ITEMS_MAX; k++) {
        for (size_t u = 0; u < table->used_count; u++) {
            count = find_item(table, &table->used[u], k, count);
        }
    }
    *ret_items = table->found;
    return count;
}
