/* Taking back: removes one action from a user, as if it had never come.
 *
 * What the action had added is subtracted, and its successors are corrected, exactly; it leaves the
 * timeline, or the archive, whose later segments are then written anew. The sequence moves up: the
 * newest archived action takes the free place in the timeline. So the state is that of a user
 * without the action, and later events and an erasure find it consistent.
 */
#ifndef FRESHET_FEATURES_TAKE_BACK_H
#define FRESHET_FEATURES_TAKE_BACK_H

#include "features/archive.h"

enum {
    /* Segments that are searched, the newest ones: 65,536 actions. */
    TAKE_BACK_SEGMENTS_MAX = 1024,
};

/* The actions that are taken back: that of an event, or all of a kind on an item up to a time. */
struct take_back {
    bool of_event;
    uint64_t hash; /* of the event's id, or of item and kind (taken_back.h) */
    int64_t until_ms;
};

enum take_back_result {
    TAKE_BACK_DONE,
    TAKE_BACK_LOST,       /* what came before the action is not known any more */
    TAKE_BACK_ITEMS_FULL,
};

/* What taking back needs of the process. */
struct take_backs;

/* Makes it; borrows all for its life. Free with take_backs_free(). */
struct take_backs *take_backs_new(struct archive *archive, struct window *window,
                                  const struct ids *ids, const struct timeline_rules *rules);
/* Frees it; takes NULL; returns NULL. */
struct take_backs *take_backs_free(struct take_backs *backs);
/* Removes all actions of the user that are meant and calls `each` with them; ret_count: how many.
 * Those that were removed before the result was LOST or ITEMS_FULL stay removed. */
enum take_back_result take_backs_apply(struct take_backs *backs, struct task *task,
                                       struct user *user, const struct take_back *which,
                                       struct pairs *pairs,
                                       void (*each)(void *arg, const struct departed *gone),
                                       void *arg, int64_t *ret_count);

#endif
