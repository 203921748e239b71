#include "base/base.h"
#include "rules/newest_items.h"

void newest_items_init(struct newest_items *newest, const struct ids *ids)
{
    *newest = (struct newest_items){0};
    topk_init(&newest->top, ids_before, ids);
}

void newest_items_release(struct newest_items *newest)
{
    topk_release(&newest->top);
    *newest = (struct newest_items){0};
}

size_t newest_items_find(struct newest_items *newest, const struct item_columns *columns,
                         const struct topk_entry **ret_items)
{
    if (newest->version != columns->created_version) {
        newest->version = columns->created_version;
        topk_clear(&newest->top, NEWEST_ITEMS);
        for (int32_t item = 0; item < columns->count; item++) {
            if (columns->created_ms[item] <= 0) { continue; }
            topk_push(&newest->top, (double)columns->created_ms[item], item);
        }
        topk_sort(&newest->top);
    }
    *ret_items = newest->top.entries;
    return newest->top.count;
}
