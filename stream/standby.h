/* Standby: local copies of the state of partitions that other copies of the worker serve, for a
 * fast takeover. Worker's thread. All functions but standby_new() take NULL (standby.copies=0).
 */
#ifndef FRESHET_STREAM_STANDBY_H
#define FRESHET_STREAM_STANDBY_H

#include "base/buf.h"
#include "stream/task_list.h"

struct standby;

/* Borrows both. Free with standby_free(). */
struct standby *standby_new(struct env *env, struct task_list *tasks);
struct standby *standby_free(struct standby *standby);
/* Reads further in the changelogs of partitions that others serve. Reads less while input comes;
 * the last input came at fed_ms. For a healthy run. */
void standby_step(struct standby *standby, int64_t fed_ms);
/* The assignment has changed: chooses the partitions to keep again. */
void standby_wake(struct standby *standby);
/* Hands over the open store of a partition that is ours now; NULL when there is none. */
struct store *standby_take(struct standby *standby, int32_t partition, int changelog);
/* True while a copy is so far behind that the run should not wait for input. */
bool standby_behind(const struct standby *standby);
bool standby_holds(const struct standby *standby, int32_t partition);
/* Writes the copies as a JSON list. */
void standby_status(const struct standby *standby, struct buf *out);

/* Asks a standby in another process of this machine to close the store in this directory, or
 * withdraws the request. */
void standby_claim(const char *path, bool wanted);

/* Says whether the group would assign the partition to the member of this rank if at most
 * `lost_max` others were gone. `members` members share the partitions by range. The result may be
 * true for the member's own partitions. */
bool standby_wants(size_t rank, size_t members, int32_t partitions, size_t lost_max,
                   int32_t partition);

#endif
