#include "base/base.h"
#include "base/hash_index.h"
#include "base/xalloc.h"
#include "evaluate/models/co_ratings.h"

enum { FIRST_CAPACITY = 4 };

struct row {
    int32_t *items;
    float *co;
    struct similarity_moments *moments;
    struct hash_index index; /* by item */
    int32_t count;
    int32_t capacity;
};

struct co_ratings {
    struct row *rows;
    int32_t items_max;
    bool with_moments;
};

struct co_ratings *co_ratings_new(int32_t items_max, bool moments)
{
    struct co_ratings *table = xcalloc(1, sizeof(*table));
    table->rows = xcalloc((size_t)items_max, sizeof(*table->rows));
    table->items_max = items_max;
    table->with_moments = moments;
    return table;
}

struct co_ratings *co_ratings_free(struct co_ratings *table)
{
    if (!table) { return NULL; }
    for (int32_t at = 0; at < table->items_max; at++) {
        free(table->rows[at].items);
        free(table->rows[at].co);
        free(table->rows[at].moments);
        hash_index_release(&table->rows[at].index);
    }
    free(table->rows);
    free(table);
    return NULL;
}

static uint64_t hash_of(const void *row, uint32_t at)
{
    return (uint32_t)((const struct row *)row)->items[at];
}

static bool is(const void *row, uint32_t at, const void *item)
{
    return ((const struct row *)row)->items[at] == *(const int32_t *)item;
}

static int32_t find(const struct row *row, int32_t item)
{
    return hash_index_find(&row->index, (uint32_t)item, is, row, &item);
}

static void widen(struct row *row, bool with_moments)
{
    row->capacity = MAX_OF(row->capacity * 2, FIRST_CAPACITY);
    size_t capacity = (size_t)row->capacity;
    row->items = xreallocarray(row->items, capacity, sizeof(*row->items));
    row->co = xreallocarray(row->co, capacity, sizeof(*row->co));
    if (with_moments) {
        row->moments = xreallocarray(row->moments, capacity, sizeof(*row->moments));
    }
}

/* Returns the index of the other item in the row; adds it when it is new. */
static int32_t place_of(struct row *row, int32_t other, bool with_moments)
{
    int32_t place = find(row, other);
    if (place != HASH_INDEX_NONE) { return place; }
    if (row->count == row->capacity) { widen(row, with_moments); }
    place = row->count++;
    row->items[place] = other;
    hash_index_add(&row->index, (uint32_t)other, (uint32_t)place, hash_of, row);
    row->co[place] = 0.0F;
    if (with_moments) { row->moments[place] = (struct similarity_moments){0}; }
    return place;
}

static void add_pair(struct co_ratings *table, int32_t item, float x, int32_t other, float y)
{
    struct row *row = &table->rows[item];
    int32_t place = place_of(row, other, table->with_moments);
    row->co[place] += MIN_OF(x, y);
    if (table->with_moments) { similarity_moments_add(&row->moments[place], x, y); }
}

void co_ratings_learn(struct co_ratings *table, const struct interaction *before, size_t count,
                      int32_t item, float rating)
{
    assert(item >= 0 && item < table->items_max);
    for (size_t at = 0; at < count; at++) {
        add_pair(table, item, rating, before[at].other, before[at].rating);
        add_pair(table, before[at].other, before[at].rating, item, rating);
    }
}

struct co_row co_ratings_row(const struct co_ratings *table, int32_t item)
{
    assert(item >= 0 && item < table->items_max);
    const struct row *row = &table->rows[item];
    return (struct co_row){
        .items = row->items, .co = row->co, .moments = row->moments, .count = row->count};
}

int32_t co_ratings_find(const struct co_ratings *table, int32_t item, int32_t other)
{
    assert(item >= 0 && item < table->items_max);
    return find(&table->rows[item], other);
}
