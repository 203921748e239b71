/* Standby: warm copies of partitions that other copies of the worker serve, for the day when they
 * are gone. Worker's thread. All functions but standby_new() take NULL: no copies are wanted.
 */
#ifndef FRESHET_STREAM_STANDBY_H
#define FRESHET_STREAM_STANDBY_H

#include "base/buf.h"
#include "stream/task_list.h"

struct standby;

/* Borrows both. Free with standby_free(). */
struct standby *standby_new(struct env *env, struct task_list *tasks);
struct standby *standby_free(struct standby *standby);
/* Reads on in the changelogs of partitions that others serve; does little while there is work: the
 * last input came at fed_ms. For a healthy run. */
void standby_step(struct standby *standby, int64_t fed_ms);
/* Another assignment came: what to hold is thought over. */
void standby_wake(struct standby *standby);
/* Gives away the open copy of a partition that is ours now; NULL when there is none. */
struct store *standby_take(struct standby *standby, int32_t partition, int changelog);
/* True while a copy is so far behind that the run should not wait for input. */
bool standby_behind(const struct standby *standby);
bool standby_holds(const struct standby *standby, int32_t partition);
/* Writes the copies as a JSON list. */
void standby_status(const struct standby *standby, struct buf *out);

/* Tells a standby in another process of this machine to close the store in this directory, or takes
 * that back. */
void standby_claim(const char *path, bool wanted);

/* Says whether the member of this rank, one of so many that share the partitions by range, would be
 * given the partition if some others, `lost_max` at most, were gone: the group will bring it
 * exactly there. Its own partitions may be among them. */
bool standby_wants(size_t rank, size_t members, int32_t partitions, size_t lost_max,
                   int32_t partition);

#endif
