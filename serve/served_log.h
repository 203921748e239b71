/* Served log: the drawn places of lists that were made for requests, on their way to `served`.
 *
 * Whoever answers puts them; the worker's thread sends them, as only a task may send. So a copy
 * without a partition of `requests` sends none: beyond SERVED_LOG_BYTES_MAX they are dropped and
 * counted. What waits when a process dies is lost, too: the log has most places, and whether it has
 * one does not depend on what was drawn. Any thread; each call takes the lock.
 */
#ifndef FRESHET_SERVE_SERVED_LOG_H
#define FRESHET_SERVE_SERVED_LOG_H

#include "base/arena.h"
#include "schemas/served_place.h"
#include "stream/worker.h"

enum { SERVED_LOG_BYTES_MAX = 4 << 20 };

struct served_log;

/* Makes an empty log for an output; free with served_log_free(). */
struct served_log *served_log_new(struct run *run, int output);
/* Takes NULL; returns NULL. */
struct served_log *served_log_free(struct served_log *log);
/* Puts a place; its list_id is the key. */
void served_log_put(struct served_log *log, const struct served_place *place);
/* Sends all that waits. */
void served_log_send(struct served_log *log, struct task *task);

/* Copies a place with its texts and columns into an arena. */
struct served_place served_place_copy(const struct served_place *place, struct arena *arena);

#endif
