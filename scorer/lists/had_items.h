/* What a user has had beyond the newest actions, by what the history says of it. */
#ifndef FRESHET_SCORER_LISTS_HAD_ITEMS_H
#define FRESHET_SCORER_LISTS_HAD_ITEMS_H

#include "model/ids.h"
#include "schemas/user_history.h"

enum { HAD_ITEMS_MAX = 2 * HISTORY_SEEN_MAX };

/* Finds the numbers of the items beyond the newest actions, at most `max`. Unknown ones are left
 * out: they cannot be recommended anyway. Items that share their prefix with one of them count,
 * too. */
size_t had_items_number(struct ids *ids, const struct user_history *history, int32_t *ret_numbers,
                        size_t max);
/* Says whether an item is among them. */
bool had_items_has(const struct user_history *history, struct slice item);

#endif
