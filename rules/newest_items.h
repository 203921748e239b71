/* Newest items: the items that were created last, as candidates for shares and fallbacks.
 *
 * They are found by a look at all items, only when a time of creation has changed since. Equal
 * times are ordered by id. One thread.
 */
#ifndef FRESHET_RULES_NEWEST_ITEMS_H
#define FRESHET_RULES_NEWEST_ITEMS_H

#include "model/topk.h"
#include "rules/item_columns.h"

enum { NEWEST_ITEMS = 96 };

struct newest_items {
    struct topk top;
    uint64_t version; /* of the columns' times of creation; 0: nothing was found yet */
};

/* Prepares it in place: it must not be moved. `ids` are the items'; borrowed. */
void newest_items_init(struct newest_items *newest, const struct ids *ids);
/* Frees the memory. */
void newest_items_release(struct newest_items *newest);
/* Finds the newest items, newest first: their numbers. Borrowed until the next call. */
size_t newest_items_find(struct newest_items *newest, const struct item_columns *columns,
                         const struct topk_entry **ret_items);

#endif
