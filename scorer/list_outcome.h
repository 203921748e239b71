/* List outcome: evaluates a user's list on the user's next action (HR@10 and NDCG@10).
 *
 * The *next action* is the first one that arrived after the list was built: the action with the
 * smallest offset above the list's. It is a hit when its item is among the first ten of the list
 * and the action is not a dislike. Of several new actions only the first is evaluated; for the
 * others the list was out of date.
 *
 * Counters cover the range from one commit to the next and are sent as one ListQuality; its
 * contract says why records with the same key replace each other.
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
    OUTCOME_REPEAT, /* a miss that no list can avoid: the user had had the item before */
    OUTCOME_HIT,
};

/* Says whether a list was evaluated. */
static inline bool list_outcome_is_judged(enum list_outcome outcome)
{
    return outcome == OUTCOME_MISS || outcome == OUTCOME_REPEAT || outcome == OUTCOME_HIT;
}

/* Evaluates the list that the user had (NULL: none) on the user's newer history. A list of another
 * model or built from another partition is not evaluated. ret_rank: the rank of a hit, from 1.
 * A repeat is a miss here: see list_outcome_repeats(). */
enum list_outcome list_outcome_of(const struct recommendation_list *list,
                                  const struct user_history *history, struct slice model,
                                  int *ret_rank);

/* Finds the next action after a list; history->items.count when there is none. */
size_t list_outcome_next_action(const struct recommendation_list *list,
                                const struct user_history *history);
/* Says whether the next action after a list is on an item that the user had had before: by the
 * newer history, and by the one that the list was made of (NULL: not known). */
bool list_outcome_repeats(const struct recommendation_list *list,
                          const struct user_history *history, const struct user_history *before);
/* Adds an outcome and the history's time to the counters of a range. */
void list_outcome_count(struct list_quality *range, enum list_outcome outcome, int rank,
                        const struct user_history *history);
/* Sets all counters to zero for a range that begins at an offset of `histories`. */
void list_outcome_begin(struct list_quality *range, struct slice model, int32_t partition,
                        int64_t from_offset);

#endif
