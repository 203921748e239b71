/* What one task's batch will change: its state's puts and its messages for the transaction.
 *
 * Filled on the worker's thread, read by the committer while it is in flight, cleared when the
 * commit is over. The bytes live in the stage's own arena. The last put under a key wins; only that
 * one is sent and stored.
 */
#ifndef FRESHET_STREAM_STAGE_H
#define FRESHET_STREAM_STAGE_H

#include "base/arena.h"
#include "base/hash_index.h"
#include "stream/kafka/record.h"
#include "stream/state/store.h"

struct put {
    struct slice key;
    struct slice value; /* data NULL: delete */
    uint64_t hash;
};

struct stage {
    struct arena *arena;
    struct put *puts;
    size_t puts_count;
    size_t puts_capacity;
    const struct put **sorted; /* of stage_store() */
    size_t sorted_capacity;
    struct hash_index index; /* of the puts, by key */
    struct message *messages;
    size_t messages_count;
    size_t messages_capacity;
    int64_t next_offset; /* next input offset when the batch was closed */
};

/* Prepares an empty stage. */
void stage_init(struct stage *stage);
/* Frees all. */
void stage_release(struct stage *stage);
/* Empties the stage; memory stays for the next batch. */
void stage_clear(struct stage *stage);
/* Notes a put; the bytes are copied. */
void stage_put(struct stage *stage, struct slice key, struct slice value);
/* Finds the put under a key; NULL when there is none. */
const struct put *stage_find(const struct stage *stage, struct slice key);
/* Adds the puts to what is written to the store, in the order of their keys: the skip list of its
 * memory finds the place of a key beside that of the one before. */
void stage_store(struct stage *stage, struct store_batch *batch);
/* Notes a message; the bytes are copied, the topic's name is borrowed for the life of the run. */
void stage_send(struct stage *stage, const struct message *message);
/* Counts the bytes held. */
size_t stage_bytes(const struct stage *stage);

#endif
