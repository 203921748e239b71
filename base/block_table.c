#include "base/base.h"
#include "base/array.h"
#include "base/block_table.h"

/* Of the array and of the index, a block. */
enum { PLACE_BYTES = sizeof(struct block_head *) + 4 * sizeof(uint32_t), FIRST_BLOCKS = 64 };

static uint64_t hash_at(const void *owner, uint32_t at)
{
    const struct block_table *table = owner;
    return hash_index_text(table->name_of(table->at[at]));
}

static bool name_is(const void *owner, uint32_t at, const void *key)
{
    const struct block_table *table = owner;
    return slice_equal(table->name_of(table->at[at]), *(const struct slice *)key);
}

static int32_t find(const struct block_table *table, struct slice name)
{
    return hash_index_find(&table->index, hash_index_text(name), name_is, table, &name);
}

void block_table_init(struct block_table *table, size_t bytes_max,
                      struct slice (*name_of)(const struct block_head *block))
{
    *table = (struct block_table){.name_of = name_of, .bytes_max = bytes_max};
}

void block_table_release(struct block_table *table)
{
    for (size_t i = 0; i < table->count; i++) { free(table->at[i]); }
    hash_index_release(&table->index);
    free(table->at);
}

struct block_head *block_table_find(const struct block_table *table, struct slice name)
{
    int32_t at = find(table, name);
    return at == HASH_INDEX_NONE ? NULL : table->at[at];
}

bool block_table_remove(struct block_table *table, struct slice name)
{
    int32_t at = find(table, name);
    if (at == HASH_INDEX_NONE) { return false; }
    struct block_head *gone = table->at[at];
    uint32_t last = (uint32_t)--table->count;
    hash_index_remove(&table->index, hash_index_text(name), (uint32_t)at, hash_at, table);
    if ((uint32_t)at != last) {
        hash_index_move(&table->index, hash_at(table, last), last, (uint32_t)at);
        table->at[at] = table->at[last];
    }
    table->bytes -= gone->bytes + PLACE_BYTES;
    free(gone);
    return true;
}

bool block_table_put(struct block_table *table, struct block_head *block)
{
    struct slice name = table->name_of(block);
    (void)block_table_remove(table, name);
    if (block->bytes + PLACE_BYTES > table->bytes_max - table->bytes) {
        free(block);
        return false;
    }
    ARRAY_RESERVE(table->at, table->capacity, table->count + 1, FIRST_BLOCKS);
    table->at[table->count] = block;
    hash_index_add(&table->index, hash_index_text(name), (uint32_t)table->count++, hash_at, table);
    table->bytes += block->bytes + PLACE_BYTES;
    return true;
}

char *block_append(char *at, struct slice text)
{
    if (text.size) { memcpy(at, text.data, text.size); }
    return at + text.size;
}
