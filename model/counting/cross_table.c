#include "base/base.h"
#include "base/array.h"
#include "base/xalloc.h"
#include "model/counting/cross_table.h"
#include "model/counting/decay.h"
#include "model/counting/similarity.h"

enum { ITEMS_FIRST = 1024 };

struct row {
    int64_t version, epoch;
    double users;
    struct cross_neighbour *neighbours; /* room for CROSS_NEIGHBOURS_MAX, or NULL */
    size_t count;
    bool present;
};

/* The rows of a kind, by item number. */
struct kind_rows {
    struct row *at;
    size_t capacity;
};

struct cross_table {
    struct kind_rows kinds[CROSS_KINDS];
    int64_t epoch;  /* the newest of all rows */
    size_t telling; /* rows with neighbours */
    struct cross_found found[CROSS_NEIGHBOURS_MAX];
};

struct cross_table *cross_table_new(void)
{
    struct cross_table *table = xcalloc(1, sizeof(*table));
    table->epoch = INT64_MIN;
    return table;
}

struct cross_table *cross_table_free(struct cross_table *table)
{
    if (!table) { return NULL; }
    for (int32_t kind = 0; kind < CROSS_KINDS; kind++) {
        for (size_t item = 0; item < table->kinds[kind].capacity; item++) {
            free(table->kinds[kind].at[item].neighbours);
        }
        free(table->kinds[kind].at);
    }
    free(table);
    return NULL;
}

static struct row *find(struct cross_table *table, int32_t kind, int32_t item)
{
    assert(kind >= 0 && kind < CROSS_KINDS && item >= 0);
    struct kind_rows *rows = &table->kinds[kind];
    return (size_t)item < rows->capacity ? &rows->at[item] : NULL;
}

void cross_table_put(struct cross_table *table, int32_t kind, int32_t item,
                     const struct cross_row *from)
{
    struct kind_rows *rows = &table->kinds[kind];
    assert(kind >= 0 && kind < CROSS_KINDS && item >= 0);
    ARRAY_RESERVE_ZEROS(rows->at, rows->capacity, (size_t)item + 1, ITEMS_FIRST);
    struct row *row = &rows->at[item];
    size_t count = MIN_OF(from->count, (size_t)CROSS_NEIGHBOURS_MAX);
    if (count && !row->neighbours) {
        row->neighbours = xcalloc(CROSS_NEIGHBOURS_MAX, sizeof(*row->neighbours));
    }
    for (size_t k = 0; k < count; k++) { row->neighbours[k] = from->neighbours[k]; }
    table->telling += (count > 0) - (size_t)(row->count > 0);
    row->count = count;
    row->present = true;
    row->version = from->version;
    row->epoch = from->epoch;
    row->users = from->users;
    table->epoch = MAX_OF(table->epoch, from->epoch);
}

int64_t cross_table_version(const struct cross_table *table, int32_t kind, int32_t item)
{
    const struct kind_rows *rows = &table->kinds[kind];
    assert(kind >= 0 && kind < CROSS_KINDS && item >= 0);
    return (size_t)item < rows->capacity ? rows->at[item].version : 0;
}

void cross_table_remove(struct cross_table *table, int32_t kind, int32_t item)
{
    struct row *row = find(table, kind, item);
    if (!row) { return; }
    table->telling -= row->count > 0;
    free(row->neighbours);
    *row = (struct row){0};
}

bool cross_table_empty(const struct cross_table *table)
{
    return table->telling == 0;
}

static double at_epoch(const struct cross_table *table, const struct row *row, double value)
{
    return decay_rescale(value, row->epoch, table->epoch);
}

size_t cross_table_find(struct cross_table *table, int32_t kind, int32_t item, double users,
                        const struct cross_found **ret_found)
{
    const struct row *row = find(table, kind, item);
    size_t count = 0;
    *ret_found = table->found;
    for (size_t k = 0; row && k < row->count; k++) {
        const struct cross_neighbour *neighbour = &row->neighbours[k];
        const struct row *other = find(table, neighbour->kind, neighbour->item);
        double both = at_epoch(table, row, (double)neighbour->users);
        if (!other || !other->present || !(both > 0.0)) { continue; }
        double strength = sqrt(similarity_llr(both, at_epoch(table, row, row->users),
                                              at_epoch(table, other, other->users), users));
        if (!(strength > 0.0) || !isfinite(strength)) { continue; }
        table->found[count++] = (struct cross_found){
            .item = neighbour->item, .strength = (float)strength, .users = (float)both};
    }
    return count;
}
