/* Serving rows: sends rows to `serving-rows` in the form that scorers read (ServingRow).
 *
 * A row is sent at once, without a transaction, when it has changed in what matters (served.h); all
 * others that have changed are sent when they have been behind for `staleness_ms`, and before a
 * commit. So a row in the store is always as it was sent, and a new owner of a partition sends
 * again only rows that it changes. One sender for the process, one queue for each task.
 */
#ifndef FRESHET_TRAINER_SIMILARITY_SERVING_ROWS_H
#define FRESHET_TRAINER_SIMILARITY_SERVING_ROWS_H

#include "stream/worker.h"
#include "trainer/similarity/rows.h"

struct serving_settings {
    int64_t neighbours_max; /* of a row as it is sent */
    double change;          /* share of a row that matters */
    int64_t staleness_ms;
};

/* The rows of one task that are not as they were sent. Embedded in the task's state. */
struct serving_queue {
    struct lru due;    /* oldest first */
    struct lru behind; /* the same */
    size_t count;
    size_t reported; /* of them in the metric */
    int64_t now_ms;  /* when the queue was last looked at */
    struct metric *staleness;
};

struct serving_rows;

/* Makes the sender for an output. Borrows run, ids and settings for its life. Free with
 * serving_rows_free(). */
struct serving_rows *serving_rows_new(struct run *run, int output, struct ids *ids,
                                      const struct serving_settings *settings);
/* Frees it; takes NULL; returns NULL. */
struct serving_rows *serving_rows_free(struct serving_rows *serving);

/* Prepares an empty queue of a task; end with serving_queue_close(). It must not be moved. */
void serving_queue_open(struct serving_rows *serving, struct serving_queue *queue,
                        struct task *task);
void serving_queue_close(struct serving_rows *serving, struct serving_queue *queue);
/* Empties the queue: its rows are about to be dropped. */
void serving_queue_clear(struct serving_queue *queue);

/* Takes a row as it is for what was last sent: it was loaded from the store. */
void serving_rows_loaded(struct serving_rows *serving, struct held_row *held);
/* Puts a row that was changed into the queue, or forward in it. `forgotten`: somebody wants it to
 * be sent at once. */
void serving_rows_changed(struct serving_rows *serving, struct serving_queue *queue,
                          struct held_row *held, bool forgotten);
/* Sends what is due, as far as that takes little of the time, and what has been behind too long. */
void serving_rows_send_due(struct serving_rows *serving, struct serving_queue *queue,
                           struct task *task);
/* Sends a row as it is in the store, whatever the queue has. */
void serving_rows_send_stored(struct serving_rows *serving, struct task *task,
                              const struct held_row *held);
/* Sends the message that says that all rows of the partition have been sent. */
void serving_rows_send_complete(struct serving_rows *serving, struct task *task);
/* Sends all rows of the queue. */
void serving_rows_send_all(struct serving_rows *serving, struct serving_queue *queue,
                           struct task *task);

#endif
