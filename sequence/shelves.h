/* Shelves: the histories as they were read, a RocksDB for each partition of the topic.
 *
 * The topic is the changelog: what stands here is the newest value of each key up to the bookmark,
 * and the next start reads the topic from there. The state is a cache; one that does not fit the
 * topic any more is thrown away. One thread.
 */
#ifndef FRESHET_SEQUENCE_SHELVES_H
#define FRESHET_SEQUENCE_SHELVES_H

#include "stream/store.h"

struct shelves;

/* Makes shelves in a directory; free with shelves_free(). */
struct shelves *shelves_new(const char *path);
/* Closes all; what was not flushed is read again by the next start. Takes NULL; returns NULL. */
struct shelves *shelves_free(struct shelves *shelves);
/* Opens a partition's shelf and tells the offset from which its topic, which now reaches from low
 * to end, is to be read; 0 (also when it is open) or -errno. */
int shelves_open(struct shelves *shelves, int32_t partition, int64_t low, int64_t end,
                 int64_t *ret_from);
/* Puts a record that stands at an offset (value NULL: removes). 0 or -errno, also for a shelf that
 * could not be opened. */
int shelves_put(struct shelves *shelves, int32_t partition, struct slice key, struct slice value,
                int64_t offset);
/* Writes out what was put; 0 or -errno. */
int shelves_flush(struct shelves *shelves);
/* Calls each record of a partition; stops at non-zero, which is returned. */
int shelves_scan(struct shelves *shelves, int32_t partition,
                 int (*each)(void *arg, struct slice key, struct slice value), void *arg);
/* Tells the last failure in words; borrowed. */
const char *shelves_why(const struct shelves *shelves);

#endif
