#include "base/base.h"
#include "base/xalloc.h"
#include "embed/due_rows.h"

bool due_rows_add(struct due_rows *due, struct slice id)
{
    if (due->count == DUE_ROWS_MAX) { return false; }
    due->ids[due->count] = xmalloc(id.size + 1);
    memcpy(due->ids[due->count], id.data, id.size);
    due->sizes[due->count++] = id.size;
    return true;
}

void due_rows_add_all(struct due_rows *due)
{
    due->all = true;
    due->from_size = 0;
}

void due_rows_clear(struct due_rows *due)
{
    while (due->count) { free(due->ids[--due->count]); }
    due->all = false;
}

bool due_rows_any(const struct due_rows *due)
{
    return due->count || due->all;
}

/* A piece of the store that is being collected. */
struct piece {
    struct due_rows *due;
    struct arena *arena;
    struct slice *ids;
    size_t count;
};

/* Stops at the first row behind the piece. */
static int collect(void *arg, struct slice key, struct slice value _unused_)
{
    struct piece *piece = arg;
    if (key.size > ID_BYTES_MAX) { return 0; }
    if (piece->count == DUE_ROWS_PIECE) {
        memcpy(piece->due->from, key.data, key.size);
        piece->due->from_size = key.size;
        return 1;
    }
    piece->ids[piece->count++] = arena_copy(piece->arena, key);
    return 0;
}

size_t due_rows_step(struct due_rows *due, struct task *task, struct slice *ret_ids)
{
    struct piece piece = {due, task_arena(task), ret_ids, 0};
    while (due->count && piece.count < DUE_ROWS_PIECE) {
        char *id = due->ids[--due->count];
        ret_ids[piece.count++] = arena_copy(piece.arena, slice_of(id, due->sizes[due->count]));
        free(id);
    }
    if (!piece.count && due->all) {
        struct slice from = slice_of(due->from, due->from_size);
        due->all = task_scan_from(task, from, collect, &piece) == 1;
    }
    return piece.count;
}
