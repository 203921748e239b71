/* Judge: how did the list that a user had been given do, now that the user has acted?
 *
 * The *next action* is the first one that arrived after what the list was built from: the action
 * with the smallest offset beyond the list's. It is a hit when its item is among the first ten of
 * the list and the action was no dislike. Of several new actions only the first is judged: the
 * later ones met a list that was out of date.
 *
 * Counters run from one commit to the next and go out as one ListQuality; see its contract for why
 * records with the same key replace each other.
 */
#ifndef FRESHET_SCORER_LIST_OUTCOME_H
#define FRESHET_SCORER_LIST_OUTCOME_H

#include "schemas/list_quality.h"
#include "schemas/user_history.h"

enum { OUTCOME_RANKS = 10 };

enum list_outcome {
    OUTCOME_NOTHING,  /* no new action, or the list cannot be compared */
    OUTCOME_UNLISTED, /* the user had no list */
    OUTCOME_MISS,
    OUTCOME_HIT,
};

/* Judges the list that the user had (NULL: none) by the user's newer history. A list of another
 * model or built from another partition is not compared. ret_rank: of a hit, from 1. */
enum list_outcome list_outcome_of(const struct recommendation_list *list,
                                  const struct user_history *history, struct slice model,
                                  int *ret_rank);

/* Finds the action that came first after what the list was built from; history->items.count when
 * there is none. */
size_t list_outcome_next_action(const struct recommendation_list *list,
                                const struct user_history *history);
/* Adds a outcome and the history's time to the counters of a range. */
void list_outcome_count(struct list_quality *range, enum list_outcome outcome, int rank,
                        const struct user_history *history);
/* Sets all counters to zero for a range that begins at an offset of `histories`. */
void list_outcome_begin(struct list_quality *range, struct slice model, int32_t partition,
                        int64_t from_offset);

#endif
