/* How much less an item counts for a user who was shown it and did not take it:
 *
 *     factor = 1 / (1 + weight * sum of 2^(-age / half-life) / (1 + (place - 1) / 10))
 *
 * over its exposures. An exposure's age is measured from the newest thing that the history knows,
 * an action or an exposure, so that a list follows from the history alone. What was shown again and
 * again goes down the list, others come up, and it comes back as time passes.
 */
#ifndef FRESHET_SCORER_LISTS_SHOWN_WEIGHTS_H
#define FRESHET_SCORER_LISTS_SHOWN_WEIGHTS_H

#include "model/ids.h"
#include "model/shown_items.h"
#include "schemas/user_history.h"

/* Finds the factors; ret_items has room for HISTORY_SHOWN_MAX. Returns how many; none where weight
 * is 0. Items that are not known are left out. */
size_t shown_weights_find(const struct user_history *history, struct ids *ids, double weight,
                          int64_t half_life_ms, struct shown_item *ret_items);

#endif
