/* A group is one block of memory, in a block table. */
#include "base/base.h"
#include "base/array.h"
#include "base/block_table.h"
#include "base/xalloc.h"
#include "scorer/lists/segment_table.h"

/* Behind it: users and all users of each item, the sizes of the items' ids, then the texts: name,
 * ids. */
struct block {
    struct block_head head;
    uint32_t items_count;
    double users, all_users, rest_users;
    uint32_t name_size;
    int32_t columns[];
};

struct segment_table {
    enum group_kind kind;
    struct block_table blocks;
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

static struct slice name_of(const struct block_head *head)
{
    const struct block *block = (const struct block *)head;
    return slice_of(texts_of(block), block->name_size);
}

static const struct block *find(const struct segment_table *table, struct slice name)
{
    return (const struct block *)block_table_find(&table->blocks, name);
}

struct segment_table *segment_table_new(enum group_kind kind, size_t bytes_max)
{
    struct segment_table *table = xcalloc(1, sizeof(*table));
    table->kind = kind;
    block_table_init(&table->blocks, bytes_max, name_of);
    return table;
}

struct segment_table *segment_table_free(struct segment_table *table)
{
    if (!table) { return NULL; }
    for (size_t k = 0; k < SEGMENT_LISTS_MAX; k++) { free(table->numbers[k]); }
    block_table_release(&table->blocks);
    free(table);
    return NULL;
}

size_t segment_table_count(const struct segment_table *table)
{
    return table->blocks.count;
}

size_t segment_table_bytes(const struct segment_table *table)
{
    return table->blocks.bytes;
}

/* ---- Records ---- */

static struct block *make_block(const struct group_profile *group)
{
    size_t count = group->items.count;
    size_t bytes = sizeof(struct block) + 3 * count * sizeof(int32_t) + group->name.size;
    for (size_t k = 0; k < count; k++) { bytes += group->items.at[k].size; }
    struct block *block = xcalloc(1, bytes);
    block->head.bytes = (uint32_t)bytes;
    block->items_count = (uint32_t)count;
    block->users = (double)group->users;
    block->all_users = (double)group->all_users;
    block->rest_users = group->rest_users;
    block->name_size = (uint32_t)group->name.size;
    char *text = block_append((char *)(block->columns + 3 * count), group->name);
    for (size_t k = 0; k < count; k++) {
        block->columns[k] = group->item_users.at[k];
        block->columns[count + k] = group->item_all_users.at[k];
        block->columns[2 * count + k] = (int32_t)group->items.at[k].size;
        text = block_append(text, group->items.at[k]);
    }
    return block;
}

const char *segment_table_put(struct segment_table *table, const struct group_profile *group)
{
    if (group->kind != (int32_t)table->kind) { return NULL; }
    return block_table_put(&table->blocks, &make_block(group)->head) ? NULL : "over_memory";
}

void segment_table_remove(struct segment_table *table, struct slice key)
{
    struct slice name;
    bool ours = group_profile_name(key, &name) == table->kind;
    if (ours) { (void)block_table_remove(&table->blocks, name); }
}

/* ---- Lists ---- */

bool segment_table_names(const struct segment_table *table, struct slice name)
{
    return find(table, name) != NULL;
}

bool segment_table_has(const struct segment_table *table, const struct user_segments *segments)
{
    for (size_t k = 0; k < segments->count; k++) {
        if (find(table, segments->at[k])) { return true; }
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

/* Writes the list of a group as the `list`-th that was found. */
static void write_list(struct segment_table *table, size_t list, const struct block *block,
                       const struct ids *ids, struct segment_list *ret_list,
                       struct slice *ret_name)
{
    *ret_list = (struct segment_list){
        .users = block->users,
        .all_users = block->all_users,
        .rest_users = block->rest_users,
        .items = find_numbers(table, list, block, ids),
        .item_users = block->columns,
        .item_all_users = block->columns + block->items_count,
        .count = block->items_count,
    };
    *ret_name = name_of(&block->head);
}

bool segment_table_find_one(struct segment_table *table, struct slice name, const struct ids *ids,
                            struct segment_list *ret_list, struct slice *ret_name)
{
    const struct block *block = find(table, name);
    if (block) { write_list(table, 0, block, ids, ret_list, ret_name); }
    return block != NULL;
}

size_t segment_table_find(struct segment_table *table, const struct user_segments *segments,
                          const struct ids *ids, struct segment_list *ret_lists,
                          struct slice *ret_names)
{
    size_t count = 0;
    for (size_t k = 0; k < segments->count && count < SEGMENT_LISTS_MAX; k++) {
        const struct block *block = find(table, segments->at[k]);
        if (!block) { continue; }
        write_list(table, count, block, ids, &ret_lists[count], &ret_names[count]);
        count++;
    }
    return count;
}
