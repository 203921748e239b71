/* The state of features, for the parts of the worker: features.c (callbacks), event.c. */
#ifndef FRESHET_FEATURES_FEATURES_INTERNAL_H
#define FRESHET_FEATURES_FEATURES_INTERNAL_H

#include "features/archive.h"
#include "features/deltas.h"
#include "features/erasure.h"
#include "features/feature_metrics.h"
#include "features/feature_settings.h"
#include "features/forgotten.h"
#include "features/history.h"
#include "features/outcome_sums.h"
#include "features/stored_user.h"
#include "features/take_back.h"
#include "schemas/user_event.h"
#include "stream/id_room.h"

enum {
    USER_BYTES = 64,   /* of a user's encoded state without actions */
    ACTION_BYTES = 64, /* of one action's columns in it, without the item's id; at most */
};

/* State of the process. */
struct features {
    const struct feature_settings *settings;
    struct codec *events;
    struct codec *histories;
    struct codec *deltas_codec;
    struct codec *states;
    struct codec *requests;
    struct codec *receipts;
    struct ids *ids;
    struct users *users;
    struct window *window;
    struct stored_user *stored;
    struct archive *archive;
    struct take_backs *backs;
    struct erasing *erasing;
    struct history *history;
    struct deltas *deltas;
    struct buf out;
    struct feature_metrics m;
    struct id_room room;
};

/* State of a task. */
struct features_task {
    struct changed_users changed;
    struct pairs *pairs;
    int64_t event_time_ms; /* newest since the last flush */
    uint64_t updates;      /* of pairs, as counted in the metric */
    int32_t forgotten;     /* users, or pieces of one, since the last flush */
    struct erasures erasures;
    struct mac *salt;      /* of the markers; NULL: not read yet, or the partition has none */
    bool salt_read;
    struct outcome_sums *outcomes; /* NULL: not counted */
};

static inline struct features *features_of(const struct task *task)
{
    return run_state(task_run(task));
}

/* event.c */

/* Takes an event that has passed acceptance_check(), of a user who is loaded: an action, an
 * exposure, or an action that is taken back. */
enum verdict event_take(struct task *task, struct user *user, const struct record *rec,
                        const struct user_event *ev);
/* Refuses a record that brings more items than there is room for. */
enum verdict features_items_full(struct task *task);

#endif
