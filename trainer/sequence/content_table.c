/* Cells stand by item number and point into the table of spaces, which count their cells: a space
 * without one is free for another. One mutex guards everything; a reader holds it for the copy of a
 * vector, so that the training thread never sees half of one.
 */
#include "base/base.h"
#include "base/array.h"
#include "base/xalloc.h"
#include "trainer/sequence/content_table.h"

#include <pthread.h>
#include <xxhash.h>

enum { NO_SPACE = -1, CAPACITY_FIRST = 64 };

struct cell {
    int32_t space; /* NO_SPACE: no vector */
    float scale;
    int8_t *numbers;
};

struct content_table {
    pthread_mutex_t lock;
    struct cell *cells; /* by item */
    size_t count, capacity;
    struct content_space spaces[CONTENT_SPACES_MAX];
    size_t spaces_count;
    uint64_t version;
};

struct content_table *content_table_new(void)
{
    struct content_table *table = xcalloc(1, sizeof(*table));
    pthread_mutex_init(&table->lock, NULL);
    return table;
}

struct content_table *content_table_free(struct content_table *table)
{
    if (!table) { return NULL; }
    for (size_t i = 0; i < table->count; i++) { free(table->cells[i].numbers); }
    pthread_mutex_destroy(&table->lock);
    free(table->cells);
    free(table);
    return NULL;
}

static uint64_t id_of(struct slice model, size_t width)
{
    uint64_t id = XXH3_64bits_withSeed(model.data ? model.data : "", model.size, width);
    return id ? id : 1;
}

/* Finds or adds a space; one that no item is in any more gives way. NO_SPACE: all are in use. */
static int32_t space_of(struct content_table *table, struct slice model, size_t width)
{
    const uint64_t id = id_of(model, width);
    size_t at = 0;
    while (at < table->spaces_count && table->spaces[at].id != id) { at++; }
    if (at < table->spaces_count) { return (int32_t)at; }
    at = 0;
    while (at < table->spaces_count && table->spaces[at].items) { at++; }
    if (at == CONTENT_SPACES_MAX) { return NO_SPACE; }
    table->spaces_count = MAX_OF(table->spaces_count, at + 1);
    table->spaces[at] = (struct content_space){.id = id, .width = width};
    (void)snprintf(table->spaces[at].model, sizeof(table->spaces[at].model), "%.*s",
                   SLICE_ARGS(model));
    return (int32_t)at;
}

static void clear(struct content_table *table, struct cell *cell)
{
    if (cell->space == NO_SPACE) { return; }
    table->spaces[cell->space].items--;
    free(cell->numbers);
    *cell = (struct cell){.space = NO_SPACE};
}

static struct cell *cell_of(struct content_table *table, int32_t item)
{
    const size_t at = (size_t)item;
    assert(item >= 0);
    ARRAY_RESERVE(table->cells, table->capacity, at + 1, CAPACITY_FIRST);
    while (table->count <= at) { table->cells[table->count++] = (struct cell){.space = NO_SPACE}; }
    return &table->cells[at];
}

bool content_table_put(struct content_table *table, int32_t item, struct slice model,
                       const struct content_vector *vector)
{
    pthread_mutex_lock(&table->lock);
    struct cell *cell = cell_of(table, item);
    clear(table, cell);
    const int32_t space = space_of(table, model, vector->width);
    if (space != NO_SPACE) {
        *cell = (struct cell){
            .space = space,
            .scale = vector->scale,
            .numbers = xmemdup(vector->numbers, vector->width),
        };
        table->spaces[space].items++;
    }
    table->version++;
    pthread_mutex_unlock(&table->lock);
    return space != NO_SPACE;
}

void content_table_remove(struct content_table *table, int32_t item)
{
    pthread_mutex_lock(&table->lock);
    if (item >= 0 && (size_t)item < table->count) {
        clear(table, &table->cells[item]);
        table->version++;
    }
    pthread_mutex_unlock(&table->lock);
}

uint64_t content_table_version(struct content_table *table)
{
    pthread_mutex_lock(&table->lock);
    const uint64_t version = table->version;
    pthread_mutex_unlock(&table->lock);
    return version;
}

struct content_space content_table_space(struct content_table *table)
{
    struct content_space most = {0};
    pthread_mutex_lock(&table->lock);
    for (size_t at = 0; at < table->spaces_count; at++) {
        const struct content_space *space = &table->spaces[at];
        bool more = space->items > most.items || (space->items == most.items && space->items &&
                                                  space->id > most.id);
        if (more) { most = *space; }
    }
    pthread_mutex_unlock(&table->lock);
    return most;
}

bool content_table_read(struct content_table *table, int32_t item, uint64_t space,
                        float *ret_vector)
{
    pthread_mutex_lock(&table->lock);
    const bool known = item >= 0 && (size_t)item < table->count;
    const struct cell *cell = known ? &table->cells[item] : NULL;
    const bool there = cell && cell->space != NO_SPACE && table->spaces[cell->space].id == space;
    const size_t width = there ? table->spaces[cell->space].width : 0;
    for (size_t i = 0; i < width; i++) { ret_vector[i] = cell->scale * (float)cell->numbers[i]; }
    pthread_mutex_unlock(&table->lock);
    return there;
}
