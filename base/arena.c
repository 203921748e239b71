#include "base/base.h"
#include "base/arena.h"
#include "base/xalloc.h"

enum { ARENA_BLOCKS_KEPT = 8 };

struct block {
    struct block *next;
    size_t capacity;
    size_t used;
    max_align_t bytes[];
};

struct arena {
    struct block *head;   /* the block that is being filled */
    struct block *spare;  /* emptied blocks of the usual size */
    size_t block_bytes;
    size_t used;
};

struct arena *arena_new(size_t block_bytes)
{
    assert(block_bytes > 0);
    struct arena *arena = xcalloc(1, sizeof(*arena));
    arena->block_bytes = block_bytes;
    return arena;
}

static void free_list(struct block *block)
{
    while (block) {
        struct block *next = block->next;
        free(block);
        block = next;
    }
}

struct arena *arena_free(struct arena *arena)
{
    if (!arena) { return NULL; }
    free_list(arena->head);
    free_list(arena->spare);
    free(arena);
    return NULL;
}

void arena_reset(struct arena *arena)
{
    size_t keep = ARENA_BLOCKS_KEPT;
    free_list(arena->spare);
    arena->spare = NULL;
    while (arena->head) {
        struct block *block = arena->head;
        arena->head = block->next;
        if (block->capacity == arena->block_bytes && keep > 0) {
            block->next = arena->spare;
            arena->spare = block;
            keep--;
        } else {
            free(block);
        }
    }
    arena->used = 0;
}

static struct block *add_block(struct arena *arena, size_t size)
{
    struct block *block = arena->spare;
    if (block && size <= block->capacity) {
        arena->spare = block->next;
    } else {
        size_t capacity = MAX_OF(size, arena->block_bytes);
        assert(capacity <= SIZE_MAX - sizeof(*block));
        block = xmalloc(sizeof(*block) + capacity);
        block->capacity = capacity;
    }
    block->used = 0;
    block->next = arena->head;
    arena->head = block;
    return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    size_t align = _Alignof(max_align_t);
    assert(size <= SIZE_MAX - align);
    size = (size + align - 1) & ~(align - 1);
    struct block *block = arena->head;
    if (!block || size > block->capacity - block->used) { block = add_block(arena, size); }
    void *mem = (char *)block->bytes + block->used;
    block->used += size;
    arena->used += size;
    return mem;
}

void *arena_alloc_array(struct arena *arena, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) { abort(); }
    return arena_alloc(arena, bytes);
}

struct slice arena_copy(struct arena *arena, struct slice from)
{
    if (!from.data) { return from; }
    char *copy = arena_alloc(arena, from.size);
    if (from.size) { memcpy(copy, from.data, from.size); }
    return slice_of(copy, from.size);
}

size_t arena_used(const struct arena *arena)
{
    return arena->used;
}
