/* Block table: blocks of memory by the name that is in each, within a number of bytes.
 *
 * Blocks have places from 0 on without gaps: the last one takes the place of one that goes. One
 * thread.
 */
#ifndef FRESHET_BASE_BLOCK_TABLE_H
#define FRESHET_BASE_BLOCK_TABLE_H

#include "base/hash_index.h"
#include "base/slice.h"

/* The first member of each block. */
struct block_head {
    uint32_t bytes; /* of the whole block */
};

struct block_table {
    struct slice (*name_of)(const struct block_head *block);
    size_t bytes_max, bytes; /* with what the array and the index take */
    struct block_head **at;
    size_t count, capacity;
    struct hash_index index;
};

/* Prepares an empty table of at most so many bytes; release with block_table_release(). */
void block_table_init(struct block_table *table, size_t bytes_max,
                      struct slice (*name_of)(const struct block_head *block));
/* Frees all blocks. */
void block_table_release(struct block_table *table);
/* Finds a block; borrowed until the next put or remove. NULL: there is none. */
struct block_head *block_table_find(const struct block_table *table, struct slice name);
/* Puts a block from xcalloc(), which is the table's then, in place of the one of its name, which is
 * freed. False: there is no room; the block is freed, and so is the former one. */
bool block_table_put(struct block_table *table, struct block_head *block);
/* Removes and frees the block of a name; false: there is none. */
bool block_table_remove(struct block_table *table, struct slice name);

/* Copies a text into a block; returns what is behind it. */
char *block_append(char *at, struct slice text);

#endif
