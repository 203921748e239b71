/* Group publishers: what is published to `profiles`, by kinds of groups: segments by attributes of
 * users (segment_publisher.h), clusters by what they act on (cluster_publisher.h).
 *
 * One thread: the worker's.
 */
#ifndef FRESHET_TRAINER_SEQUENCE_GROUP_PUBLISHERS_H
#define FRESHET_TRAINER_SEQUENCE_GROUP_PUBLISHERS_H

#include "stream/worker.h"
#include "trainer/sequence/sequence_settings.h"

struct group_publishers_parts {
    struct run *run;
    const struct sequence_settings *settings;
    struct table_store *histories, *profiles;
    struct schema_cache *schemas; /* of the rows of both */
    int output, table_input;      /* `profiles`, to be written and read */
};

struct group_publishers;

/* Makes them; what the parts name must outlive them. Free with group_publishers_free(). */
struct group_publishers *group_publishers_new(const struct group_publishers_parts *parts);
/* Takes NULL; returns NULL. */
struct group_publishers *group_publishers_free(struct group_publishers *publishers);
/* Takes a record of `profiles`, from any copy. */
enum verdict group_publishers_see(struct group_publishers *publishers, const struct record *rec);
/* A user was forgotten: counts that would begin hours later begin within minutes. */
void group_publishers_hasten(struct group_publishers *publishers);
/* Goes on counting and sending, for some milliseconds; from the tick of the task that publishes,
 * once all tables are read. */
void group_publishers_step(struct group_publishers *publishers, struct task *task);
/* Says whether nothing is being counted or sent. */
bool group_publishers_idle(const struct group_publishers *publishers);
/* Drops what is being counted: a table is opened again, or the partition is not ours any more. */
void group_publishers_drop(struct group_publishers *publishers);

#endif
