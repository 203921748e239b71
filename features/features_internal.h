/* The state of features, for the parts of the worker: features.c (callbacks), event.c,
 * requests.c, merge.c, moves.c. */
#ifndef FRESHET_FEATURES_FEATURES_INTERNAL_H
#define FRESHET_FEATURES_FEATURES_INTERNAL_H

#include "features/archive.h"
#include "features/context_column.h"
#include "features/deltas.h"
#include "features/erasure.h"
#include "features/feature_metrics.h"
#include "features/feature_settings.h"
#include "features/forgotten.h"
#include "features/history.h"
#include "features/outcome_sums.h"
#include "features/stored_user.h"
#include "features/take_back.h"
#include "schemas/merge_receipt.h"
#include "schemas/user_event.h"
#include "schemas/user_move.h"
#include "stream/id_room.h"

enum {
    USER_BYTES = 64,   /* of a user's encoded state without actions */
    ACTION_BYTES = 64, /* of one action's columns in it, without the item's id; at most */
};

/* The outputs. */
enum { HISTORIES, PAIR_DELTAS, CHANGELOG, RECEIPTS, OUTCOMES, MOVES };

/* State of the process. */
struct features {
    const struct feature_settings *settings;
    struct codec *events;
    struct codec *histories;
    struct codec *deltas_codec;
    struct codec *states;
    struct codec *requests;
    struct codec *receipts;
    struct codec *moves;
    struct codec *merge_receipts;
    struct ids *ids;
    struct users *users;
    struct window *window;
    struct stored_user *stored;
    struct archive *archive;
    struct take_backs *backs;
    struct erasing *erasing;
    struct history *history;
    struct deltas *deltas;
    struct context_column moved_contexts;
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
    int64_t moves_stored; /* next offset of `moves` in the state; OFFSET_NONE: it has none */
};

static inline struct features *features_of(const struct task *task)
{
    return run_state(task_run(task));
}

/* features.c */

/* Finds a user of the task, loaded from its state where there is one. */
enum verdict features_find_user(struct task *task, struct slice id, struct user **ret_user);
/* Encodes into the process's buffer. The object has passed our own checks, so it always fits. */
struct slice features_encode(struct features *f, struct codec *codec, const void *object);
/* Takes a decoded event, of `events` or `moves`. */
enum verdict features_take_event(struct task *task, const struct record *rec,
                                 const struct user_event *ev);

/* Reads the partition's salt of markers, once. */
enum verdict features_read_salt(struct task *task);

/* requests.c */

/* Takes a request to forget a user; `linked`: of `moves`. */
enum verdict request_process(struct task *task, const struct record *rec, bool linked);
/* Writes a receipt. */
void request_receipt_emit(struct task *task, const struct forget_receipt *receipt);
/* Lets commits come soon: somebody waits for a receipt. */
void features_want_commits(struct task *task);

/* event.c */

enum event_added { EVENT_ADDED, EVENT_REPEATED, EVENT_TOO_LATE, EVENT_TAKEN_BACK };
enum event_taken { EVENT_TAKEN, EVENT_NOTHING_NEW, EVENT_LOST, EVENT_ITEMS_FULL };

/* Adds an action to the user's timeline and to the counts. */
enum event_added event_add(struct task *task, struct user *user, const struct action *action);
/* Takes actions of the user back, and remembers that. EVENT_LOST: what came before one of them is
 * not known any more. */
enum event_taken event_take_back(struct task *task, struct user *user,
                                 const struct take_back *which);

/* Takes an event that has passed acceptance_check(), of a user who is loaded: an action, an
 * exposure, or an action that is taken back. */
enum verdict event_take(struct task *task, struct user *user, const struct record *rec,
                        const struct user_event *ev);
/* Refuses a record that brings more items than there is room for. */
enum verdict features_items_full(struct task *task);

/* merge.c */

/* Takes an IDENTIFY event: what the user did leaves the counts and goes to the known user. */
enum verdict merge_take(struct task *task, struct user *user, const struct record *rec,
                        const struct user_event *ev);
/* Sends an event of a user who has gone to where the user is now. */
enum verdict merge_follow(struct task *task, const struct user *user, const struct user_event *ev);
/* Writes the receipt of a merge that was not made, if one is wanted. */
void merge_refuse(struct task *task, const struct record *rec, const struct user_event *ev,
                  const char *why);
/* Writes a receipt of a merge, if it has a request_id. */
void merge_receipt_emit(struct task *task, const struct merge_receipt *receipt);

/* moves.c */

/* Takes a record of `moves`. */
enum verdict moves_process(struct task *task, const struct record *rec);
/* Returns the next offset of `moves`, as the task's state has it; OFFSET_NONE: it has none. */
int64_t moves_from(struct task *task);
/* Stages it, if it has changed. */
void moves_stage(struct task *task);

#endif
