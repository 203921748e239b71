/* Batch memory: many small allocations, one reset.
 *
 * Everything allocated here lives until arena_reset(), which keeps the blocks for the next batch.
 * There is no free of a single allocation. One thread at a time.
 */
#ifndef FRESHET_BASE_ARENA_H
#define FRESHET_BASE_ARENA_H

#include "base/base.h"
#include "base/slice.h"

struct arena;

/* Makes an empty arena that grows in blocks of block_bytes; free with arena_free(). */
struct arena *arena_new(size_t block_bytes);
/* Frees the arena and all that was allocated in it; takes NULL; returns NULL. */
struct arena *arena_free(struct arena *arena);
/* Forgets all allocations; keeps a few blocks for the next use and gives the rest back, so that one
 * large batch does not hold its memory for ever. */
void arena_reset(struct arena *arena);
/* Returns size bytes, aligned for any type, not zeroed; never NULL. */
void *arena_alloc(struct arena *arena, size_t size);
/* Returns count * size bytes; an overflow of the product ends the process. */
void *arena_alloc_array(struct arena *arena, size_t count, size_t size);
/* Copies the bytes; the copy of a null slice is null. */
struct slice arena_copy(struct arena *arena, struct slice from);
/* Returns how many bytes are allocated since the last reset. */
size_t arena_used(const struct arena *arena);

#endif
