/* A segment is one block of memory. The last one takes the place of one that goes. */
#include "base/base.h"
#include "base/array.h"
#include "base/hash_index.h"
#include "base/xalloc.h"
#include "scorer/lists/segment_table.h"

/* Behind it: users and all users of each item, the sizes of the items' ids, then the texts: name,
 * ids. */
struct block {
    uint32_t bytes, items_count;
    double users, all_users, rest_users;
    uint32_t name_size;
    int32_t columns[];
};

/* Of the array and of the index, a segment. */
enum { PLACE_BYTES = sizeof(struct block *) + 4 * sizeof(uint32_t) };

struct segment_table {
    size_t bytes_max, bytes;
    struct block **at;
    size_t count, capacity;
    struct hash_index index;
    int32_t *numbers[SEGMENT_LISTS_MAX]; /* of the items of the lists that were found last */
    size_t numbers_capacity[SEGMENT_LISTS_MAX];
};

static const int32_t *sizes_of(const struct block *block)
{
    return block->columns + 2 * (size_t)block->items_count;
}

static const char *texts_of(const struct block *block)
{
    return (const char *)(block->columns + 3 * (size_t)block->items_count);
}

static struct slice name_of(const struct block *block)
{
    return slice_of(texts_of(block), block->name_size);
}

static uint64_t hash_at(const void *owner, uint32_t at)
{
    return hash_index_text(name_of(((const struct segment_table *)owner)->at[at]));
}

static bool name_is(const void *owner, uint32_t at, const void *key)
{
    const struct segment_table *table = owner;
    return slice_equal(name_of(table->at[at]), *(const struct slice *)key);
}

static int32_t find(const struct segment_table *table, struct slice name)
{
    return hash_index_find(&table->index, hash_index_text(name), name_is, table, &name);
}

struct segment_table *segment_table_new(size_t bytes_max)
{
    struct segment_table *table = xcalloc(1, sizeof(*table));
    table->bytes_max = bytes_max;
    return table;
}

struct segment_table *segment_table_free(struct segment_table *table)
{
    if (!table) { return NULL; }
    for (size_t i = 0; i < table->count; i++) { free(table->at[i]); }
    for (size_t k = 0; k < SEGMENT_LISTS_MAX; k++) { free(table->numbers[k]); }
    hash_index_release(&table->index);
    free(table->at);
    free(table);
    return NULL;
}

size_t segment_table_count(const struct segment_table *table)
{
    return table->count;
}

size_t segment_table_bytes(const struct segment_table *table)
{
    return table->bytes;
}

/* ---- Records ---- */

static char *append(char *at, struct slice text)
{
    if (text.size) { memcpy(at, text.data, text.size); }
    return at + text.size;
}

static struct block *make_block(const struct group_profile *group)
{
    size_t count = group->items.count;
    size_t bytes = sizeof(struct block) + 3 * count * sizeof(int32_t) + group->name.size;
    for (size_t k = 0; k < count; k++) { bytes += group->items.at[k].size; }
    struct block *block = xcalloc(1, bytes);
    block->bytes = (uint32_t)bytes;
    block->items_count = (uint32_t)count;
    block->users = (double)group->users;
    block->all_users = (double)group->all_users;
    block->rest_users = group->rest_users;
    block->name_size = (uint32_t)group->name.size;
    char *text = append((char *)(block->columns + 3 * count), group->name);
    for (size_t k = 0; k < count; k++) {
        block->columns[k] = group->item_users.at[k];
        block->columns[count + k] = group->item_all_users.at[k];
        block->columns[2 * count + k] = (int32_t)group->items.at[k].size;
        text = append(text, group->items.at[k]);
    }
    return block;
}

static void take_out(struct segment_table *table, size_t at)
{
    struct block *gone = table->at[at];
    size_t last = --table->count;
    hash_index_remove(&table->index, hash_index_text(name_of(gone)), (uint32_t)at, hash_at, table);
    if (at != last) {
        hash_index_move(&table->index, hash_at(table, (uint32_t)last), (uint32_t)last,
                        (uint32_t)at);
        table->at[at] = table->at[last];
    }
    table->bytes -= gone->bytes + PLACE_BYTES;
    free(gone);
}

const char *segment_table_put(struct segment_table *table, const struct group_profile *group)
{
    if (group->kind != GROUP_SEGMENT) { return NULL; }
    int32_t at = find(table, group->name);
    struct block *block = make_block(group);
    if (at != HASH_INDEX_NONE) { take_out(table, (size_t)at); }
    if (block->bytes + PLACE_BYTES > table->bytes_max - table->bytes) {
        free(block);
        return "over_memory";
    }
    ARRAY_RESERVE(table->at, table->capacity, table->count + 1, 64);
    table->at[table->count] = block;
    hash_index_add(&table->index, hash_index_text(name_of(block)), (uint32_t)table->count++,
                   hash_at, table);
    table->bytes += block->bytes + PLACE_BYTES;
    return NULL;
}

void segment_table_remove(struct segment_table *table, struct slice key)
{
    struct slice name;
    if (!group_profile_name(key, &name)) { return; }
    int32_t at = find(table, name);
    if (at != HASH_INDEX_NONE) { take_out(table, (size_t)at); }
}

/* ---- Lists ---- */

bool segment_table_has(const struct segment_table *table, const struct user_segments *segments)
{
    for (size_t k = 0; k < segments->count; k++) {
        if (find(table, segments->at[k]) != HASH_INDEX_NONE) { return true; }
    }
    return false;
}

static const int32_t *find_numbers(struct segment_table *table, size_t list,
                                   const struct block *block, const struct ids *ids)
{
    const int32_t *sizes = sizes_of(block);
    const char *text = texts_of(block) + block->name_size;
    ARRAY_RESERVE(table->numbers[list], table->numbers_capacity[list], block->items_count, 64);
    for (size_t k = 0; k < block->items_count; k++) {
        table->numbers[list][k] = ids_find(ids, slice_of(text, (size_t)sizes[k]));
        text += sizes[k];
    }
    return table->numbers[list];
}

size_t segment_table_find(struct segment_table *table, const struct user_segments *segments,
                          const struct ids *ids, struct segment_list *ret_lists,
                          struct slice *ret_names)
{
    size_t count = 0;
    for (size_t k = 0; k < segments->count && count < SEGMENT_LISTS_MAX; k++) {
        int32_t at = find(table, segments->at[k]);
        if (at == HASH_INDEX_NONE) { continue; }
        const struct block *block = table->at[at];
        ret_lists[count] = (struct segment_list){
            .users = block->users,
            .all_users = block->all_users,
            .rest_users = block->rest_users,
            .items = find_numbers(table, count, block, ids),
            .item_users = block->columns,
            .item_all_users = block->columns + block->items_count,
            .count = block->items_count,
        };
        ret_names[count++] = name_of(block);
    }
    return count;
}
