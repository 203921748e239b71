/* Segment publisher: lets segments be counted from time to time, and publishes them to `profiles`.
 *
 * Every `every_ms` a count begins, if anything has come into the tables since the last one. What
 * the topic has, and whether a record is sent, is the matter of published_groups.h. One thread: the
 * worker's.
 */
#ifndef FRESHET_TRAINER_SEQUENCE_SEGMENT_PUBLISHER_H
#define FRESHET_TRAINER_SEQUENCE_SEGMENT_PUBLISHER_H

#include "trainer/sequence/published_groups.h"
#include "trainer/sequence/segment_counter.h"

struct segment_publisher_parts {
    struct run *run;
    struct table_store *histories, *profiles;
    struct schema_cache *schemas; /* of the rows of both */
    int64_t every_ms;        /* 0: nothing is counted */
    int table_input;         /* `profiles`, to be read */
    struct published_groups *groups;
    struct segment_counter_settings counter;
};

struct segment_publisher;

/* Makes it; what the parts name must outlive it. Free with segment_publisher_free(). */
struct segment_publisher *segment_publisher_new(const struct segment_publisher_parts *parts);
/* Takes NULL; returns NULL. */
struct segment_publisher *segment_publisher_free(struct segment_publisher *publisher);
/* Goes on counting and sending, for some milliseconds; from the tick of the task that publishes,
 * once all tables are read. */
void segment_publisher_step(struct segment_publisher *publisher, struct task *task);
/* Says whether nothing is being counted or sent. */
bool segment_publisher_idle(const struct segment_publisher *publisher);
/* Drops what is being counted: a table is opened again, or the partition is not ours any more. */
void segment_publisher_drop(struct segment_publisher *publisher);

#endif
