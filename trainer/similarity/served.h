/* Served: what a row was when it was last sent to `serving-rows`, and how much it has changed
 * since.
 *
 * A change is measured by strength (neighbour_strength() in model/counting/row.h), because that is
 * how readers use a row: the sum of what was added, compared with the strength of the best
 * neighbours when the row was sent. Numbers are at the row's epoch.
 */
#ifndef FRESHET_TRAINER_SIMILARITY_SERVED_H
#define FRESHET_TRAINER_SIMILARITY_SERVED_H

#include "base/lru.h"
#include "model/counting/row.h"

#include <float.h>

enum served_state {
    SERVED_EQUAL,  /* the row is as it was sent; the first */
    SERVED_BEHIND, /* it has changed a little: sent when input rests, or has been behind too long */
    SERVED_DUE,    /* it has changed in what matters: sent as soon as possible */
};

struct served {
    struct lru_link link; /* in the queue of its state; not used while SERVED_EQUAL */
    enum served_state state;
    int64_t behind_ms; /* for pacing: since when the row is not as it was sent */
    double change;     /* strength added or removed since */
    double strength;   /* of the best neighbours then */
    double mark;       /* of the weakest neighbour at the top then */
    double actions;    /* then */
    double trend;
    bool newcomer; /* a neighbour has come to the top since */
};

/* Sets what was sent: the row as it is now; uses the selection. */
void served_set(struct served *served, const struct row *row, struct topk *best, size_t best_max);
/* Moves the numbers to another epoch. */
void served_rescale(struct served *served, double factor);
void served_trend_rescale(struct served *served, double factor);
/* Notes terms that are added to the row, each times `scale`. */
void served_note(struct served *served, const struct neighbour *terms, size_t count, double scale,
                 bool newcomer);
/* Says whether the row has changed in what matters: by more than this share, or at the top. */
bool served_differs(const struct served *served, const struct row *row, double share);

#endif
