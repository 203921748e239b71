/* Item order: lists of items that depend on no user.
 *
 *     similar    neighbours of an item, by their similarity (the scorer's similarity.measure), and,
 *                where asked for, behind them those that are like it by content (content_scores.h)
 *     together   neighbours of an item, by how often users had both, near each other
 *     popular    all items, by actions
 *     trending   all items, by actions of late (trend.half.life)
 *     new        items of the catalogue, the newest first, by created_ms
 *
 * Barred items are left out. Equal ones are ordered by id. All memory is reused. One thread.
 */
#ifndef FRESHET_SERVE_ITEM_ORDER_H
#define FRESHET_SERVE_ITEM_ORDER_H

#include "model/content_scores.h"
#include "schemas/recommendation_list.h"
#include "scorer/lists/tables.h"
#include "serve/item_attributes.h"

enum item_order_kind {
    ORDER_SIMILAR,
    ORDER_TOGETHER,
    ORDER_POPULAR,
    ORDER_TRENDING,
    ORDER_NEW,
};

struct item_order;

/* Makes it over tables and attributes, which are borrowed; free with item_order_free(). */
struct item_order *item_order_new(const struct tables *tables,
                                  const struct item_attributes *attributes);
/* Takes NULL; returns NULL. */
struct item_order *item_order_free(struct item_order *order);
/* Fills the columns of a list (items, scores, reasons, because, evidence; no shares) with at most
 * LIST_ITEMS_MAX items, borrowed until the next call and the next change of the tables. `item`: of
 * the first two kinds. tag: only items with this tag; empty: all. False: the item is not known. */
bool item_order_make(struct item_order *order, enum item_order_kind kind, struct slice item,
                     struct slice tag, struct recommendation_list *ret_list);
/* Goes on with a list of similar items that was made just now, where it has room, with the items
 * that are like the same item by what the catalogue says: reason TAGS, scores -1, -2 ..., evidence
 * 0: no user had both. So an item is like others before anybody has acted on it. */
void item_order_add_alike(struct item_order *order, struct content_scores *content_scores,
                          struct slice item, struct recommendation_list *list);
/* Returns the versions of the rows of the newest list's items, parallel to them, and that of the
 * row of the item that it is about (0: of none). Borrowed as the list. */
struct longs item_order_versions(const struct item_order *order, int64_t *ret_version);

#endif
