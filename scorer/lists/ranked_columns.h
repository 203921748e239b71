/* Ranked columns: ranked items as the columns of a message. Ids are borrowed. One thread. */
#ifndef FRESHET_SCORER_LISTS_RANKED_COLUMNS_H
#define FRESHET_SCORER_LISTS_RANKED_COLUMNS_H

#include "model/counting/context_table.h"
#include "model/counting/ranking.h"
#include "schemas/recommendation_list.h"
#include "scorer/lists/brought_items.h"

struct ranked_columns {
    const struct brought_items *brought; /* names sources; NULL: nothing is brought */
    const struct slice *segments;        /* their names; NULL: not used */
    struct slice query;                  /* what was searched for */
    const struct context_table *contexts; /* names indicators; NULL: not used */
    int32_t numbers[LIST_ITEMS_MAX];
    struct slice items[LIST_ITEMS_MAX];
    struct slice because[LIST_ITEMS_MAX]; /* "": none */
    float scores[LIST_ITEMS_MAX];
    float evidence[LIST_ITEMS_MAX];
    float shares[LIST_ITEMS_MAX];
    int32_t reasons[LIST_ITEMS_MAX]; /* enum reason */
};

/* Writes an item's columns at a place below LIST_ITEMS_MAX. */
void ranked_columns_write(struct ranked_columns *columns, size_t at, const struct ids *ids,
                          const struct ranked *ranked);

#endif
