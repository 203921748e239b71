/* History items: histories as sequences of the training set.
 *
 * Actions that count become items, in the order of the history; what the user searched for stands
 * among them by its time, before what was done in the same millisecond. One thread.
 */
#ifndef FRESHET_TRAINER_SEQUENCE_HISTORY_ITEMS_H
#define FRESHET_TRAINER_SEQUENCE_HISTORY_ITEMS_H

#include "model/ids.h"
#include "schemas/user_history.h"
#include "trainer/sequence/search_table.h"
#include "trainer/sequence/training_set.h"

enum { HISTORY_TOKENS_MAX = HISTORY_ACTIONS_MAX + HISTORY_SEARCHES_MAX };

struct history_items {
    struct ids *ids;
    struct training_set *training_set;
    struct search_table *searches; /* NULL: searches are left out */
    double weights_power;          /* of an action's weight, in how much it counts as a target */
    int32_t items[HISTORY_TOKENS_MAX];
    float weights[HISTORY_TOKENS_MAX];
    size_t longest; /* history that was put, in actions */
    bool cut;       /* some histories hold fewer actions than their user has had */
};

/* Returns an item's number, a new one for a new item, in the training set as well; ID_NONE: there
 * are too many. */
int32_t history_items_number(const struct history_items *to, struct slice id);
/* Puts a user's history, whose columns agree, into the training set. */
void history_items_put(struct history_items *to, struct slice user,
                       const struct user_history *history);

#endif
