/* Heads: the most popular and the most trending items that may be listed, in order.
 *
 * Popular: listed items and items with a row, by actions, then by id. Trending: items with a trend,
 * by trend, then by id. Barred items are in neither. The result depends on the tables alone, not on
 * the order of their changes.
 *
 * A head is not made again for each change: the change logs (model/change_log.h) of the table and
 * of the catalogue name the changed items, and only these are taken out and put in again. All items
 * are looked at when the logs are too short, or when more than half of a head has left it. One
 * thread.
 */
#ifndef FRESHET_MODEL_COUNTING_HEADS_H
#define FRESHET_MODEL_COUNTING_HEADS_H

#include "model/counting/item_flags.h"
#include "model/counting/item_table.h"
#include "model/ids.h"

enum {
    HEAD_POPULAR_ITEMS = 2048,
    HEAD_TRENDING_ITEMS = 512,
};

struct head_entry {
    double score;
    int32_t item;
};

/* One order of the items. Open data; entries past the first half may be missing. */
struct head {
    struct head_entry *entries; /* best first */
    size_t count;
    size_t length; /* of a new head */
    bool whole;    /* no other item belongs to the order */
    struct head_entry last; /* unless whole: all items that are not in the head come after it */
};

struct heads {
    const struct ids *ids;
    uint64_t scans; /* how often all items were looked at, for either head */
    uint64_t looked; /* at how many items, in scans and updates */
    struct head popular, trending;
    struct head_entry *changed; /* scratch: changed items with their new scores, then a merge */
    struct head_entry *merged;
    bool *marked; /* per item, during an update: it has changed; a byte each fits the CPU's cache */
    size_t marked_count;
    bool made;
    uint64_t table_version, flags_version;
};

/* Prepares empty heads; borrows ids for their life. Free with heads_release(). */
void heads_init(struct heads *heads, const struct ids *ids);
/* Frees the memory. */
void heads_release(struct heads *heads);
/* Brings the heads up to date. The same table and catalogue at every call. */
void heads_update(struct heads *heads, const struct item_table *table,
                  const struct item_flags *flags);

#endif
