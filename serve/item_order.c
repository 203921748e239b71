#include "base/base.h"
#include "base/xalloc.h"
#include "model/topk.h"
#include "serve/item_order.h"

#include <float.h>

struct item_order {
    const struct tables *tables;
    const struct item_attributes *attributes;
    struct topk top;
    struct slice items[LIST_ITEMS_MAX], because[LIST_ITEMS_MAX];
    float scores[LIST_ITEMS_MAX], evidence[LIST_ITEMS_MAX], shares[LIST_ITEMS_MAX];
    int32_t reasons[LIST_ITEMS_MAX];
    int64_t versions[LIST_ITEMS_MAX];
    int64_t version;
    size_t count; /* of the newest list */
};

struct item_order *item_order_new(const struct tables *tables,
                                  const struct item_attributes *attributes)
{
    struct item_order *order = xcalloc(1, sizeof(*order));
    order->tables = tables;
    order->attributes = attributes;
    topk_init(&order->top, ids_before, tables->ids);
    return order;
}

struct item_order *item_order_free(struct item_order *order)
{
    if (!order) { return NULL; }
    topk_release(&order->top);
    free(order);
    return NULL;
}

/* Which items may be listed. */
struct item_filter {
    struct item_flags flags;
    bool tagged;
    int32_t tag;
};

static bool passes(const struct item_order *order, const struct item_filter *filter,
                        int32_t item)
{
    if (item_flags_barred(&filter->flags, item)) { return false; }
    return !filter->tagged || item_attributes_has(order->attributes, item, filter->tag);
}

/* Bounds a score, which a list says as a float. */
static double bounded(double number)
{
    return isfinite(number) ? MIN_OF(number, (double)FLT_MAX) : 0.0;
}

/* Returns how often users had a neighbour with the item; 0: it is no neighbour. */
static double co_rating(const struct neighbours *row, int32_t item)
{
    for (size_t k = 0; k < row->count; k++) {
        if (row->items[k] == item) { return (double)(row->co_ratings[k] * row->co_scale); }
    }
    return 0.0;
}

static void push_neighbours(struct item_order *order, const struct item_filter *filter,
                            enum item_order_kind kind, int32_t item, const struct neighbours *row)
{
    struct item_table *table = order->tables->items;
    for (size_t k = 0; k < row->count; k++) {
        int32_t other = row->items[k];
        if (other == item || !passes(order, filter, other)) { continue; }
        double co = (double)(row->co_ratings[k] * row->co_scale);
        double score = kind == ORDER_TOGETHER ? co : item_table_similarity(table, item, other, co);
        score = bounded(score);
        if (score > 0.0) { topk_push(&order->top, score, other); }
    }
}

static void push_all(struct item_order *order, const struct item_filter *filter,
                     enum item_order_kind kind)
{
    const struct item_table *table = order->tables->items;
    int32_t end = MAX_OF(item_table_end(table), filter->flags.count);
    for (int32_t item = 0; item < end; item++) {
        double score = kind == ORDER_POPULAR    ? item_table_actions(table, item)
                       : kind == ORDER_TRENDING ? item_table_trend(table, item)
                                                : (double)item_attributes_created_ms(
                                                      order->attributes, item);
        if (score > 0.0 && passes(order, filter, item)) {
            topk_push(&order->top, bounded(score), item);
        }
    }
}

static int32_t reason_of(enum item_order_kind kind)
{
    static const int32_t reasons[] = {
        [ORDER_SIMILAR] = REASON_BECAUSE,     [ORDER_TOGETHER] = REASON_BECAUSE,
        [ORDER_POPULAR] = REASON_POPULAR,     [ORDER_TRENDING] = REASON_TRENDING,
        [ORDER_NEW] = REASON_NEW,
    };
    return reasons[kind];
}

static void write_columns(struct item_order *order, enum item_order_kind kind, struct slice because,
                          const struct neighbours *row)
{
    const struct tables *tables = order->tables;
    for (size_t k = 0; k < order->top.count; k++) {
        struct topk_entry entry = order->top.entries[k];
        bool beside = kind == ORDER_SIMILAR || kind == ORDER_TOGETHER;
        order->items[k] = ids_text(tables->ids, entry.item);
        order->because[k] = because;
        /* Times are too large for a float: places, as of items that fill up a list. */
        order->scores[k] = kind == ORDER_NEW ? -(float)(k + 1) : (float)entry.score;
        order->evidence[k] = (float)(beside ? co_rating(row, entry.item)
                                            : item_table_actions(tables->items, entry.item));
        order->shares[k] = beside ? 1.0F : 0.0F;
        order->reasons[k] = reason_of(kind);
        order->versions[k] = tables_version(tables, entry.item);
    }
}

static void set_columns(struct item_order *order, size_t count, struct recommendation_list *list)
{
    list->items = (struct slices){order->items, count};
    list->scores = (struct floats){order->scores, count};
    list->reasons = (struct ints){order->reasons, count};
    list->because = (struct slices){order->because, count};
    list->evidence = (struct floats){order->evidence, count};
    list->shares = (struct floats){order->shares, count};
    order->count = count;
}

bool item_order_make(struct item_order *order, enum item_order_kind kind, struct slice item,
                     struct slice tag, struct recommendation_list *ret_list)
{
    const struct tables *tables = order->tables;
    bool beside = kind == ORDER_SIMILAR || kind == ORDER_TOGETHER;
    int32_t number = beside ? ids_find(tables->ids, item) : ID_NONE;
    if (beside && number == ID_NONE) { return false; }
    struct neighbours row = {0};
    const struct item_filter filter = {
        .flags = catalogue_flags(&tables->catalogue),
        .tagged = tag.size > 0,
        .tag = item_attributes_tag(order->attributes, tag),
    };
    topk_clear(&order->top, LIST_ITEMS_MAX);
    if (beside) {
        row = item_table_neighbours(tables->items, number);
        push_neighbours(order, &filter, kind, number, &row);
    } else {
        push_all(order, &filter, kind);
    }
    topk_sort(&order->top);
    order->version = beside ? tables_version(tables, number) : 0;
    write_columns(order, kind, beside ? ids_text(tables->ids, number) : slice_str(""), &row);
    set_columns(order, order->top.count, ret_list);
    return true;
}

static bool is_neighbour(const struct neighbours *row, int32_t item)
{
    for (size_t k = 0; k < row->count; k++) {
        if (row->items[k] == item) { return true; }
    }
    return false;
}

/* Finds the items that are like one by content, and are none of its neighbours, the best first. */
static void find_alike(struct item_order *order, struct content_scores *content_scores,
                       int32_t number, size_t most)
{
    const float weight = 1.0F;
    const int32_t *items;
    const struct neighbours row = item_table_neighbours(order->tables->items, number);
    const struct item_filter filter = {.flags = catalogue_flags(&order->tables->catalogue)};
    size_t count = content_scores_find(content_scores, &number, &weight, 1, &items);
    const float *scores = content_scores_found(content_scores);
    topk_clear(&order->top, most);
    for (size_t k = 0; k < count; k++) {
        bool other = items[k] != number && passes(order, &filter, items[k]);
        if (!other || is_neighbour(&row, items[k])) { continue; }
        topk_push(&order->top, (double)scores[k], items[k]);
    }
    topk_sort(&order->top);
}

void item_order_add_alike(struct item_order *order, struct content_scores *content_scores,
                          struct slice item, struct recommendation_list *list)
{
    const struct tables *tables = order->tables;
    int32_t number = ids_find(tables->ids, item);
    size_t count = list->items.count;
    if (number == ID_NONE || count == LIST_ITEMS_MAX) { return; }
    find_alike(order, content_scores, number, LIST_ITEMS_MAX - count);
    for (size_t k = 0; k < order->top.count; k++, count++) {
        int32_t other = order->top.entries[k].item;
        order->items[count] = ids_text(tables->ids, other);
        order->because[count] = ids_text(tables->ids, number);
        order->scores[count] = -(float)(k + 1);
        order->evidence[count] = 0.0F;
        order->shares[count] = 1.0F;
        order->reasons[count] = REASON_TAGS;
        order->versions[count] = tables_version(tables, other);
    }
    set_columns(order, count, list);
}

struct longs item_order_versions(const struct item_order *order, int64_t *ret_version)
{
    *ret_version = order->version;
    return (struct longs){(int64_t *)(uintptr_t)order->versions, order->count};
}
