/* Change log: which items changed lately, for readers that keep something made of all items.
 *
 * A reader keeps the version up to which it has seen the changes. It asks for the next changed
 * items, or learns that the log no longer has them all; then it must look at every item. An item
 * may come more than once. Numbers are those of ids.h.
 */
#ifndef FRESHET_MODEL_CHANGE_LOG_H
#define FRESHET_MODEL_CHANGE_LOG_H

#include "base/base.h"

enum { CHANGE_LOG_ITEMS = 1 << 13 };

struct change_log {
    uint64_t version; /* changes so far; 0: none */
    int32_t items[CHANGE_LOG_ITEMS]; /* change v is at v % CHANGE_LOG_ITEMS */
};

/* Adds a change of one item. */
static inline void change_log_add(struct change_log *log, int32_t item)
{
    log->items[log->version++ % CHANGE_LOG_ITEMS] = item;
}

/* Adds a change of every item: no reader has seen them all. */
static inline void change_log_add_all(struct change_log *log)
{
    log->version += CHANGE_LOG_ITEMS + 1;
}

/* Says whether the log still has all changes after this version. */
static inline bool change_log_reaches(const struct change_log *log, uint64_t version)
{
    return log->version - version <= CHANGE_LOG_ITEMS;
}

/* Returns the item of the change that came when the log was at this version. */
static inline int32_t change_log_at(const struct change_log *log, uint64_t version)
{
    return log->items[version % CHANGE_LOG_ITEMS];
}

#endif
