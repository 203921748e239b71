/* Counting, as the workers do it: calls the functions of `features` (model/counting/timeline.h,
 * pairs.h), `trainer` (row.h) and `scorer` (item_table.h, ranking.h) in one process, without
 * messages. An action passes its user's timeline and is counted in the accumulator. Before a list
 * is made, or when the accumulator is large, it is drained into the rows; changed rows are put into
 * the table as `trainer` sends them: pruned, the best of each.
 *
 * Settings are the workers' options. The preset `default` has the options' defaults; the others are
 * options for other data: `sparse` for short histories over many items, `ordered` for the same
 * where the order of actions predicts more, `dense` where every item has hundreds of actions. Every
 * action has weight 1. A history is what `features` publishes: the newest history_length actions,
 * and the other items that the user has had. A user without a history gets the list that the
 * ranking fills with trending and popular items.
 *
 * Scores are those of the ranking. Items that fill up the list have small negative scores; items
 * that are not listed have lower ones. The model's item numbers are the query's. One thread.
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
    double serving_neighbours_max;
    /* scorer */
    double recent_items;
    double directed_weight;
    double symmetric_weight;
    double similarity_measure; /* enum similarity_measure */
    double popularity_weight;
    double dislike_weight;
    double weights_power;
    double recent_weights_power;
    double rating_weights;
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

/* Ranks as the scorer does for a list: at most `length` items, borrowed until the next call. `self`
 * was made by counting_recommender. */
size_t counting_recommender_list(void *self, const struct query *query, size_t length,
                                 const struct ranked **ret_list);
/* Borrows the ranking, for the scores behind that list. */
const struct ranking *counting_recommender_ranking(const void *self);

#endif
