/* A list in order of use: the least recently used entry comes first.
 *
 * The links live inside the entries (LRU_ENTRY finds the entry of a link); the list owns nothing.
 */
#ifndef FRESHET_BASE_LRU_H
#define FRESHET_BASE_LRU_H

#include "base/base.h"

struct lru_link {
    struct lru_link *older;
    struct lru_link *newer;
};

/* The list is a ring through this head: head.newer is the oldest entry, head.older the newest. */
struct lru {
    struct lru_link head;
};

/* The entry whose member is this link. */
#define LRU_ENTRY(link, type, member) ((type *)(void *)((char *)(link)-offsetof(type, member)))

/* Prepares an empty list; it must not be moved afterwards. */
static inline void lru_init(struct lru *lru)
{
    lru->head.older = &lru->head;
    lru->head.newer = &lru->head;
}

/* Appends an entry as the newest. */
static inline void lru_push(struct lru *lru, struct lru_link *link)
{
    link->newer = &lru->head;
    link->older = lru->head.older;
    link->older->newer = link;
    lru->head.older = link;
}

/* Removes an entry. */
static inline void lru_remove(struct lru_link *link)
{
    link->older->newer = link->newer;
    link->newer->older = link->older;
    link->older = link->newer = NULL;
}

/* Makes an entry the newest. */
static inline void lru_use(struct lru *lru, struct lru_link *link)
{
    lru_remove(link);
    lru_push(lru, link);
}

/* Fetches the links beside an entry's, which lru_use() will change, into the processor's caches. */
static inline void lru_prefetch(const struct lru_link *link)
{
    __builtin_prefetch(link->older, 1);
    __builtin_prefetch(link->newer, 1);
}

/* Finds the oldest entry, NULL when the list is empty. */
static inline struct lru_link *lru_oldest(struct lru *lru)
{
    return lru->head.newer == &lru->head ? NULL : lru->head.newer;
}

/* Finds the next newer entry, NULL behind the newest. */
static inline struct lru_link *lru_newer(struct lru *lru, struct lru_link *link)
{
    return link->newer == &lru->head ? NULL : link->newer;
}

#endif
