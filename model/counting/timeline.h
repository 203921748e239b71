/* Timeline: one user's accepted actions in canonical order, and what each adds to the counts.
 *
 * The canonical order is event time, then sequence, then event id hash. The sums that a set of
 * events makes do not depend on the order of its arrival. The action y (item i, weight w) adds, as
 * a function of itself and its `pairs_window` predecessors only:
 *
 *     r_old = the greatest weight of i among the predecessors, r_new = max(r_old, w)
 *     mass(i)   += r_new - r_old          actions(i) += g(w)       trend(i) += g(w)
 *     co(q, i)  += min(r_new, r_q) - min(r_old, r_q)   for each other item q, r_q its greatest
 *     weight q -> i    += d^-exponent g(w)       for each predecessor x of item q at distance
 *                                         d <= transitions_window
 *
 * where g(w) = w^weights_power; 0: each action counts as one of weight 1. An action of the flat
 * kind (a rating, whose weight is an opinion) counts so at any power.
 *
 * co and mass are TencentRec's incremental item-based CF (Huang et al., SIGMOD 2015, section 4), as
 * differences, so that each user counts once per pair. Equal weights change all transitions and
 * actions by one factor, so that their shares stay. Weight 0 means a dislike: such an action
 * adds nothing, and later actions do not pair with it, but it counts in the distances. All is
 * scaled by the decay at y's time and rounded once per sum (decay.h).
 *
 * Cross pairs (cross_rules.h) and contexts (context_text.h) are counted by the same predecessors.
 *
 * An action that arrives late changes what up to pairs_window successors had added; the differences
 * are added, exactly. A timeline is bounded: the oldest action is dropped, and the fingerprint of
 * its item is kept in `seen`. After that the timeline is *trimmed*: an action that belongs among
 * its oldest pairs_window is refused, because its predecessors are no longer known.
 *
 * A whole user can be subtracted: what the actions added is computed again from the complete
 * sequence. Dropped actions belong to that sequence; they are returned as *departed*, for the owner
 * to store elsewhere. No later action can be placed before a departed one.
 *
 * A timeline is plain data that encoders read; only the functions here change it. One thread.
 */
#ifndef FRESHET_MODEL_COUNTING_TIMELINE_H
#define FRESHET_MODEL_COUNTING_TIMELINE_H

#include "base/base.h"
#include "model/counting/cross_rules.h"
#include "model/counting/decay.h"
#include "model/ids.h"
#include "model/counting/pairs.h"

/* The greatest weight of an action: sums stay within decay.h's exact range. */
#define TIMELINE_WEIGHT_MAX 1e6

/* The most milliseconds before or after 1970 of an action: to the end of the year 9999. */
#define TIMELINE_TIME_MAX_MS INT64_C(253402300799999)

/* The most actions of a user, so that sums of such numbers stay within an int64_t. */
#define TIMELINE_ACTIONS_MAX (INT64_C(1) << 53)

struct timeline_rules {
    int32_t actions_max;        /* actions kept; at least 2 * pairs_window */
    int32_t seen_max;           /* fingerprints of dropped items kept; may be 0 */
    int32_t pairs_window;       /* predecessors that pair with an action */
    int32_t transitions_window; /* predecessors that lead to it; at most pairs_window */
    double transitions_exponent;
    double weights_power; /* 0 .. 2 */
    int32_t flat_kind;    /* kind whose weight g leaves out; 0: none */
    struct decay decay; /* of all sums but the trend */
    struct decay trend_decay;
    struct cross_rules cross; /* none: nothing is counted by kind */
    bool contexts;            /* of actions are counted */
    bool departed_kept; /* dropped actions are returned; false: they cannot be subtracted later */
};

struct action {
    int64_t time_ms;
    int64_t sequence;
    uint64_t id_hash; /* XXH3-64 of the event id */
    int64_t offset;
    double weight; /* 0 .. TIMELINE_WEIGHT_MAX */
    int32_t item;  /* number in the window's ids */
    int32_t kind;  /* for cross pairs and the flat kind */
    int32_t context; /* 1 + the number of its text in the window's ids; 0: nothing is known */
};

/* An action that has left the timeline. Time, weight and item are needed to compute what it and its
 * successors added; the rest to find it, and to put it back. kind: below 0, it and the rest are not
 * known. */
struct departed {
    int64_t time_ms;
    double weight;
    int32_t item;
    int32_t kind;
    int64_t sequence;
    uint64_t id_hash;
    int64_t offset;
    int32_t context;
};

/* Columns, oldest first; `first` is the place of the oldest action in each. */
struct timeline {
    int32_t first;
    int32_t count;
    int32_t capacity;
    int32_t *items;
    int32_t *kinds;
    int32_t *contexts;
    double *weights;
    int64_t *times_ms;
    int64_t *sequences;
    uint64_t *id_hashes;
    int64_t *offsets;
    uint64_t *seen; /* distinct fingerprints, oldest first */
    int32_t seen_first;
    int32_t seen_count;
    int32_t seen_capacity;
    int64_t total; /* actions accepted so far; more than `count`: trimmed */
    struct departed *departed; /* dropped and not yet fetched by the owner, oldest first */
    int32_t departed_count;
    int32_t departed_capacity;
};

enum timeline_result {
    TIMELINE_APPENDED, /* the newest so far */
    TIMELINE_INSERTED, /* late, its successors corrected */
    TIMELINE_REPEATED, /* the event is there already: nothing changed */
    TIMELINE_TOO_LATE, /* refused: nothing changed */
};

/* Rules, a table of d^-exponent and scratch space for computing contributions. */
struct window;

/* Makes a scratch; borrows ids for its life; the rules must hold together (assert). Free with
 * window_free(). */
struct window *window_new(const struct timeline_rules *rules, struct ids *ids);
/* Frees the scratch; takes NULL; returns NULL. */
struct window *window_free(struct window *window);

/* Prepares an empty timeline without memory. */
void timeline_init(struct timeline *timeline);
/* Frees the columns. */
void timeline_release(struct timeline *timeline);
/* Adds an action, and what it changes to the accumulator. timeline_allows() its time and
 * weight. */
enum timeline_result timeline_add(struct timeline *timeline, struct window *window,
                                  const struct action *action, struct pairs *pairs);
/* Says whether a time and a weight may be those of an action. */
bool timeline_allows(int64_t time_ms, double weight);
/* Fills an empty timeline from stored actions (ascending) and fingerprints. Returns 0, or -EINVAL
 * when they are invalid: out of order, a bad weight or time, more actions than were accepted or
 * than TIMELINE_ACTIONS_MAX. If the rules have become narrower since it was stored, the oldest
 * actions are dropped. */
int timeline_load(struct timeline *timeline, const struct window *window,
                  const struct action *actions, size_t count, const uint64_t *seen,
                  size_t seen_count, int64_t total);
/* Inserts departed actions that were stored earlier before those that have departed since. */
void timeline_recall(struct timeline *timeline, const struct departed *departed, size_t count);
/* Drops the oldest `count` departed actions, which the owner has stored elsewhere. */
void timeline_archived(struct timeline *timeline, int32_t count);
/* Subtracts what the timeline's actions added and empties it. `before` are the actions that
 * departed before those the timeline still holds. The first `skipped` of all these actions are not
 * subtracted: they are subtracted elsewhere, or their own predecessors are not known. Returns how
 * many were. */
int64_t timeline_take_back(struct timeline *timeline, struct window *window,
                           const struct departed *before, size_t count, size_t skipped,
                           struct pairs *pairs);
/* Subtracts what departed actions added, all but the first `skipped`. */
void timeline_subtract(struct window *window, const struct departed *actions, size_t count,
                       size_t skipped, struct pairs *pairs);
/* Subtracts what one action of a sequence added, and corrects what its successors did. The sequence
 * has pairs_window actions before it, or all, and as many behind it, or all. */
void timeline_take_out(struct window *window, const struct departed *actions, size_t count,
                       size_t index, struct pairs *pairs);
/* Removes one kept action, without any change of the counts. */
void timeline_remove(struct timeline *timeline, int32_t index);
/* Puts the newest departed action back to the front of the timeline; false: there is none, or what
 * is known of it is not enough. */
bool timeline_put_back(struct timeline *timeline, const struct window *window);
/* Drops a fingerprint from `seen`. */
void timeline_forget_seen(struct timeline *timeline, uint64_t hash);
/* Returns one kept action as it would depart. */
struct departed timeline_departed(const struct timeline *timeline, int32_t index);
/* Returns one action; 0 is the oldest. */
struct action timeline_at(const struct timeline *timeline, int32_t index);
/* Returns how many bytes the columns take. */
size_t timeline_bytes(const struct timeline *timeline);

#endif
