/* Item lists: similar, bought-together, popular, trending and new items as messages for
 * `item-lists`, for platforms that read lists from a topic.
 *
 * Each list has an owner: the copy that has a partition of `requests` owns the lists whose key has
 * a fingerprint (ids.h) with that number as the remainder by the number of partitions. The owner
 * makes each of its lists once in a while, and sends those that differ from what the topic has.
 * What the topic has all copies read from it, so an owner that takes over sends nothing twice. A
 * list without items gets a tombstone, and so does any key whose list nobody makes any more.
 *
 * A message is a function of the tables, to the byte. Work is done in pieces of some milliseconds.
 * Worker's thread.
 */
#ifndef FRESHET_SERVE_ITEM_LISTS_H
#define FRESHET_SERVE_ITEM_LISTS_H

#include "serve/live_tables.h"
#include "stream/worker.h"

/* More keys than that, and lists of tags beyond so many first ones, are not sent, which is counted:
 * a list of a tag reads all items. */
enum { ITEM_LISTS_MAX = 50000000, ITEM_LIST_TAGS_MAX = 10000 };

struct item_lists;
struct item_lists_part;

struct item_lists_parts {
    struct live_tables *live; /* borrowed */
    int output;
    int64_t every_ms; /* 0: nothing is sent or read */
    size_t length;
    bool tagged; /* lists of tags as well */
};

/* Makes it; free with item_lists_free(). */
struct item_lists *item_lists_new(struct run *run, const struct item_lists_parts *parts);
/* Takes NULL; returns NULL. */
struct item_lists *item_lists_free(struct item_lists *lists);
/* Makes a partition's place in its round; the caller frees it. */
struct item_lists_part *item_lists_part_new(void);
/* Notes a record of the topic. */
void item_lists_see(struct item_lists *lists, const struct record *rec);
/* Returns how many keys are known. */
int32_t item_lists_known(const struct item_lists *lists);
/* Goes on with the partition's round, or begins one when it is time. From the worker's tick, with
 * tables that are complete. */
void item_lists_send(struct item_lists *lists, struct task *task, struct item_lists_part *part);

#endif
