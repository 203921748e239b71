/* Alignment: the partitions of a source are read side by side, by event time.
 *
 * Where a source's topic is not keyed by user, one user's events are in several partitions. In a
 * backlog these are read at different speeds, and features refuses what comes later than 550
 * actions of its user. So a partition that is ahead of the slowest one waits: by more than
 * partitions.ahead.max of event time, and for partitions.wait.max at most while that one does not
 * move. Only partitions with a backlog are waited for. In any case they may be apart by a stretch
 * of a thousand records or two, because waiting means to fetch again.
 *
 * The partitions of other copies count as well: each copy tells how far it is with its committed
 * offsets. With partitions.align=auto all this lasts until users are seen to come back by the same
 * partitions only: a source that is keyed by user is not held up. Until one user's events have come
 * by several partitions, only this copy's own partitions wait for each other.
 *
 * An order of arrival changes no count (docs/design.md), so neither does an alignment. One thread.
 */
#ifndef FRESHET_INGEST_ALIGNMENT_H
#define FRESHET_INGEST_ALIGNMENT_H

#include "ingest/mapping/sources.h"
#include "stream/worker.h"

/* A source. */
struct alignment;
/* One of its partitions, as this copy reads it. */
struct reading;

/* Makes the alignment of a source whose records become events; borrows all; free with
 * alignment_free(). `topic` is the full name. */
struct alignment *alignment_new(struct run *run, const struct source *source, const char *topic);
/* Takes the source's new settings; borrows it from now on. */
void alignment_use(struct alignment *alignment, const struct source *source);
/* Frees it when no reading is left. Takes NULL; returns NULL. */
struct alignment *alignment_free(struct alignment *alignment);

/* Begins to read a partition; free with reading_free(). */
struct reading *reading_new(struct alignment *alignment, struct task *task);
/* Ends it. Takes NULL; returns NULL. */
struct reading *reading_free(struct reading *reading);
/* Says whether the next record must wait: the partition is ahead. */
bool reading_must_wait(struct reading *reading);
/* Says whether a partition that waits may go on. */
bool reading_goes_on(struct reading *reading);
/* Takes note of a record that was processed. */
void reading_count(struct reading *reading);
/* Takes note of its (first) event. */
void reading_take(struct reading *reading, struct slice user, int64_t time_ms);
/* Returns what other copies are told of the partition: its event time, or TOLD_END. */
int64_t reading_tells(struct reading *reading);

#endif
