/* Room for ids: how many distinct ids a worker holds in memory before it drops them all.
 *
 * Anybody whose records are read can make ids up. A worker that numbers ids while they are in
 * memory, and has everything that it counts in its store, need not refuse any: at the limit its
 * input waits (VERDICT_WAIT) until all that was read is committed; then it drops the ids, and all
 * that is numbered by them, from memory. They are read from the store again as they come. So the
 * limit changes no result. It may be exceeded by what one record brings.
 */
#ifndef FRESHET_STREAM_ID_ROOM_H
#define FRESHET_STREAM_ID_ROOM_H

#include "stream/worker.h"

enum id_room_verdict {
    ID_ROOM_FREE, /* there is room */
    ID_ROOM_FULL, /* wait: something is not committed yet */
    ID_ROOM_DROP, /* drop them now; then there is room */
};

/* Open data, embedded in the worker's state. */
struct id_room {
    int64_t max;
    int64_t told_ms; /* when the log said that ids were dropped */
    struct metric *dropped;
};

/* Prepares it, with its metric. */
void id_room_init(struct id_room *room, struct run *run, int64_t max);
/* Says what to do before a record of a task, with `count` ids in memory. Between polls, or first
 * thing in process(). */
enum id_room_verdict id_room_ask(struct id_room *room, struct task *task, int32_t count);

#endif
