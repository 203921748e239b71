/* The input beside: a topic of which each task reads the partition of its own number, beside its
 * input. It is for what tasks of one worker send each other.
 *
 * How far a task has read is part of its state: the worker stages it with what the records changed,
 * so both are in one transaction, and no group's offsets are needed. After a rollback, and where
 * another copy takes the partition over, reading goes on from what is committed. One reader serves
 * all tasks of the copy. Worker's thread.
 */
#ifndef FRESHET_STREAM_BESIDE_H
#define FRESHET_STREAM_BESIDE_H

#include "stream/dead_letter.h"
#include "stream/pace.h"
#include "stream/schema_hold.h"

struct beside;

/* What it needs of the run; all borrowed. */
struct beside_parts {
    struct env *env;
    struct task_list *tasks;
    struct at_once *at_once;
    struct dead_letters *letters;
    struct schema_hold *hold;
    struct pace *pace;
};

/* Makes it; NULL when the worker has no such input. Free with beside_free(). */
struct beside *beside_new(const struct beside_parts *parts);
/* Closes the reader; before the wire is closed. Takes NULL; returns NULL. */
struct beside *beside_free(struct beside *beside);
/* Processes records that have come, for a few milliseconds or until the open batch is full. Takes
 * NULL. */
void beside_step(struct beside *beside);
/* Returns how many records a running task has not processed; at least 1 when that is not known.
 * Takes NULL. */
int64_t beside_lag(const struct beside *beside, const struct task *task);
/* Says whether there may be records to read. Takes NULL. */
bool beside_reads(const struct beside *beside);

#endif
