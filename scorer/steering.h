/* Steering: the rules of placements that the scorer has read, and what they have done.
 *
 * Rules that cannot be read become a dead letter and leave the former ones in force. One thread.
 */
#ifndef FRESHET_SCORER_STEERING_H
#define FRESHET_SCORER_STEERING_H

#include "schemas/applied_rules.h"
#include "scorer/lists/lists.h"
#include "stream/worker.h"

struct steering {
    struct rule_set *rules; /* NULL: none */
    int64_t offset;         /* of the newest rules; -1: none */
    int64_t next_ms;        /* when a rule begins or ends to hold; INT64_MAX: never */
    int64_t seen_ms;        /* the time at the last tick */
    size_t length;          /* of lists without a placement `main` */
    struct codec *codec;
    struct arena *arena;
    struct metric *placements;
    struct metric *(*counters)[2]; /* by placement and rule: moved, removed */
    uint64_t *told;                /* what they were told, in the same order */
    size_t counters_count;
};

/* Prepares it without rules. `length` is that of lists. */
void steering_init(struct steering *steering, struct run *run, size_t length);
/* Frees the memory; takes zeros. */
void steering_release(struct steering *steering);
/* Takes a record of the topic `rules`: from now on, lists are made by its rules. */
enum verdict steering_observe(struct steering *steering, struct run *run, const struct record *rec,
                              struct tables *tables, struct lists *lists);
/* Moves the tables' clock on when a rule has begun or ended to hold; updates the counters. */
void steering_tick(struct steering *steering, int64_t as_of_ms, struct tables *tables,
                   const struct lists *lists);
/* Returns how many items a user's list has. */
size_t steering_length(const struct steering *steering);

#endif
