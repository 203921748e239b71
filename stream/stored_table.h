/* Stored tables: broadcast inputs whose rows a worker keeps in a table store, so that its next
 * start reads only what came since. Worker's thread.
 */
#ifndef FRESHET_STREAM_STORED_TABLE_H
#define FRESHET_STREAM_STORED_TABLE_H

#include "stream/state/table_store.h"
#include "stream/worker.h"

/* For a worker's resume(): opens the store of a partition and returns the offset to read from.
 * What is stored of another topic, or is older than the topic's tombstones, is deleted, with a line
 * in the log. `each` (NULL: nobody) gets every stored row that stays; when it returns below 0, as
 * for a row that it cannot read, all are deleted. OFFSET_NONE when the store cannot be opened;
 * table_store_put() then fails and says why. */
int64_t stored_table_resume(struct run *run, struct table_store *table_store, int input,
                            int32_t partition, int64_t low, int64_t end,
                            int (*each)(void *arg, struct slice key, struct slice value),
                            void *arg);

#endif
