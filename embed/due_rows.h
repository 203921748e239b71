/* Due rows: the items of a task whose given vectors have changed, so their rows are made again: by
 * their ids, or all rows of the store in the order of their keys.
 *
 * All are due where the table of given vectors moved on without the task: when the task begins, and
 * after a rollback. Worker's thread.
 */
#ifndef FRESHET_EMBED_DUE_ROWS_H
#define FRESHET_EMBED_DUE_ROWS_H

#include "schemas/user_event.h"
#include "stream/worker.h"

enum { DUE_ROWS_MAX = 1024, DUE_ROWS_PIECE = 64 };

struct due_rows {
    char *ids[DUE_ROWS_MAX];
    size_t sizes[DUE_ROWS_MAX];
    size_t count;
    bool all;
    size_t from_size; /* of all rows, the first one that is still due */
    char from[ID_BYTES_MAX];
};

/* Takes an item. False: there is no room before due_rows_step() is called. */
bool due_rows_add(struct due_rows *due, struct slice id);
/* Takes all rows that are committed. */
void due_rows_add_all(struct due_rows *due);
/* Forgets all. */
void due_rows_clear(struct due_rows *due);
bool due_rows_any(const struct due_rows *due);
/* Takes the next ids out, at most DUE_ROWS_PIECE, into the task's arena; returns how many. */
size_t due_rows_step(struct due_rows *due, struct task *task, struct slice *ret_ids);

#endif
