/* Item columns: the typed attributes of all items, by item number (model/ids.h), for conditions.
 *
 * Texts are numbers of `symbols`; ID_NONE: not known. Numbers below 0 are not known. Memory: 48
 * bytes an item, 4 a tag or level of a category, 50 or so and its bytes a distinct text. A text
 * that no item has any more is forgotten after a while, unless a condition names it. One thread.
 */
#ifndef FRESHET_RULES_ITEM_COLUMNS_H
#define FRESHET_RULES_ITEM_COLUMNS_H

#include "model/ids.h"
#include "schemas/item.h"

/* An item's tags, and behind them the levels of its category, among `texts`. */
struct item_texts {
    uint32_t at;
    uint16_t tags, levels;
    uint16_t room; /* for both */
};

struct item_columns {
    struct ids *symbols;
    uint32_t *uses; /* by symbol: how often it stands in the columns, and in conditions */
    size_t uses_capacity;
    int32_t symbols_used;
    int32_t count, capacity; /* items */
    double *prices, *stocks;
    int64_t *created_ms; /* 0: not known */
    int32_t *brands, *kinds, *groups;
    struct item_texts *texts_of;
    int32_t *texts;
    size_t texts_count, texts_capacity, texts_dead;
    uint64_t created_version; /* goes on when a time of creation changes */
};

/* Prepares empty columns. */
void item_columns_init(struct item_columns *columns);
/* Frees the memory. */
void item_columns_release(struct item_columns *columns);
/* Makes room for item numbers below count; nothing is known of new ones. */
void item_columns_reach(struct item_columns *columns, int32_t count);
/* Sets an item's attributes; nothing of the message is kept. */
void item_columns_put(struct item_columns *columns, int32_t item, const struct item *values);
/* Forgets an item's attributes. */
void item_columns_remove(struct item_columns *columns, int32_t item);
/* Returns the number of a condition's text, which is kept for good; ID_NONE: there are too many. */
int32_t item_columns_symbol(struct item_columns *columns, struct slice text);

/* Returns an item's tags; its category's levels. */
static inline const int32_t *item_columns_tags(const struct item_columns *columns, int32_t item,
                                               size_t *ret_count)
{
    const struct item_texts *texts = &columns->texts_of[item];
    *ret_count = texts->tags;
    return columns->texts + texts->at;
}
static inline const int32_t *item_columns_levels(const struct item_columns *columns, int32_t item,
                                                 size_t *ret_count)
{
    const struct item_texts *texts = &columns->texts_of[item];
    *ret_count = texts->levels;
    return columns->texts + texts->at + texts->tags;
}

#endif
