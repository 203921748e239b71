/* Counting, as the workers do it: the functions that `features` (model/counting/timeline.h,
 * pairs.h), `trainer` (row.h) and `scorer` (item_table.h, ranking.h) call, in one process and
 * without messages. An action goes through its user's timeline into the accumulator; before a list
 * is made, and when the accumulator is large, it is drained into the rows, and changed rows are put
 * into the table as `trainer` publishes them: pruned, in order.
 *
 * Settings are the workers' options. The preset `default` has the options' defaults; the others are
 * the options to set for other data: `sparse` for short histories over many items, `ordered` for
 * the same where order says more, `dense` where every item has hundreds of actions. Actions weigh
 * 1. A history is what features publishes: the newest history_length actions, and which other items
 * the user has had. A user without a history gets the list that the ranking fills with trending and
 * popular items.
 *
 * Scores are those of the ranking; items that fill the list up have small negative ones, and what
 * is not listed a lower one yet. Model numbers are the items' own. One thread.
 */
#ifndef FRESHET_EVALUATE_MODELS_COUNTING_RECOMMENDER_H
#define FRESHET_EVALUATE_MODELS_COUNTING_RECOMMENDER_H

#include "base/base.h"
#include "evaluate/models/recommender.h"
#include "model/counting/ranking.h"

struct counting_settings {
    /* features */
    double history_length;
    double history_actions_max;
    double history_seen_max;
    double pairs_window;
    double transitions_window;
    double transitions_exponent;
    double decay_half_life; /* days; 0: never */
    double trend_half_life;
    /* trainer */
    double neighbours_max;
    /* scorer */
    double recent_items;
    double directed_weight;
    double symmetric_weight;
    double similarity_measure; /* enum similarity_measure */
    double popularity_weight;
    double backward_weight;
    double shrink;
    double source_power;
    double target_power;
    double kernel_power;
    double recency_decay;
    double recency_power;
    double neighbours_used;
};

/* Its settings are struct counting_settings. */
extern const struct recommender counting_recommender;

/* Ranks as a list is made: at most `length` items, borrowed until the next call. `self` was made by
 * counting_recommender. */
size_t counting_recommender_list(void *self, const struct query *query, size_t length,
                                 const struct ranked **ret_list);
/* Borrows the ranking, for the scores behind that list. */
const struct ranking *counting_recommender_ranking(const void *self);

#endif
