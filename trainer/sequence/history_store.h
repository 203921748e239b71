/* Shelves: the histories as they were read, a RocksDB for each partition of the topic.
 *
 * The topic is the changelog: what stands here is the newest value of each key up to the bookmark,
 * and the next start reads the topic from there. The state is a cache; one that does not fit the
 * topic any more is thrown away. One thread.
 */
#ifndef FRESHET_TRAINER_SEQUENCE_HISTORY_STORE_H
#define FRESHET_TRAINER_SEQUENCE_HISTORY_STORE_H

#include "stream/store.h"

struct history_store;

/* Makes history_store in a directory; free with history_store_free(). */
struct history_store *history_store_new(const char *path);
/* Closes all; what was not flushed is read again by the next start. Takes NULL; returns NULL. */
struct history_store *history_store_free(struct history_store *history_store);
/* Opens a partition's partition_store and tells the offset from which its topic, which now reaches
 * from low to end, is to be read; 0 (also when it is open) or -errno. */
int history_store_open(struct history_store *history_store, int32_t partition, int64_t low,
                       int64_t end, int64_t *ret_from);
/* Puts a record that stands at an offset (value NULL: removes). 0 or -errno, also for a
 * partition_store that could not be opened. */
int history_store_put(struct history_store *history_store, int32_t partition, struct slice key,
                      struct slice value, int64_t offset);
/* Writes out what was put; 0 or -errno. */
int history_store_flush(struct history_store *history_store);
/* Calls each record of a partition; stops at non-zero, which is returned. */
int history_store_scan(struct history_store *history_store, int32_t partition,
                       int (*each)(void *arg, struct slice key, struct slice value), void *arg);
/* Tells the last failure in words; borrowed. */
const char *history_store_why(const struct history_store *history_store);

#endif
