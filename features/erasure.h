/* Erasure: subtracts what a user added to the counts, in pieces.
 *
 * A user with a long archive added more than a batch may hold, and subtracting it at once would
 * hold up everybody else of the partition. So the request itself subtracts the newest actions and
 * empties the user; the segments of the archive follow, newest first, a few at a time, between
 * polls. Each piece is committed with the deletion of its segments and with how far the erasure has
 * come (UserErasure), in one transaction: what dies in the middle goes on there. The order of
 * subtractions does not matter (model/counting/timeline.h), so the result is the same to the bit.
 * The last piece brings the receipt.
 */
#ifndef FRESHET_FEATURES_ERASURE_H
#define FRESHET_FEATURES_ERASURE_H

#include "features/archive.h"
#include "schemas/forget_receipt.h"

/* What erasing needs of the process. */
struct erasing;
struct erasure;

/* A task's erasures that are under way, in the order of their requests. Open data, embedded in the
 * task's state; init with zeros. */
struct erasures {
    struct erasure **at;
    size_t count;
    size_t capacity;
    bool read; /* from the store: after the start and after a rollback they are not */
};

enum erasure_result { ERASURE_GOES_ON, ERASURE_DONE, ERASURE_ITEMS_FULL };

/* Makes the process's part; borrows archive and window for its life. Free with erasing_free(). */
struct erasing *erasing_new(struct archive *archive, struct window *window, int32_t pairs_window,
                            struct schema_cache *schemas);
/* Frees it; takes NULL; returns NULL. */
struct erasing *erasing_free(struct erasing *erasing);
/* Begins to subtract all that a user added, and empties the user. The receipt has request and
 * until_ms; the rest is filled in. ERASURE_DONE: the user's archive was short, and the receipt is
 * complete. ERASURE_GOES_ON: erasing_step() does the rest. */
enum erasure_result erasing_begin(struct erasing *erasing, struct task *task,
                                  struct erasures *erasures, struct user *user,
                                  struct forget_receipt *receipt, struct pairs *pairs);
/* Says whether a task has an erasure under way. */
bool erasing_pending(struct erasing *erasing, struct task *task, struct erasures *erasures);
/* Subtracts the next piece of the first of them. ERASURE_DONE: it was the last one; the receipt is
 * complete and borrows until the next call. */
enum erasure_result erasing_step(struct erasing *erasing, struct task *task,
                                 struct erasures *erasures, struct pairs *pairs,
                                 struct forget_receipt *ret_receipt);
/* Frees the list; it is read again from the store when it is needed. */
void erasures_forget(struct erasures *erasures);

#endif
