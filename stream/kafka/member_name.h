/* The name of a group member: its copy and what it subscribes to.
 *
 * A coordinator gives a static member that comes back within its session the partitions that it had
 * before, without a look at the topics that it subscribes to now: those of a topic that it does not
 * read any more, and none of a source that was added, or of partitions that were added meanwhile.
 * So a copy with another subscription is another member. The former one is gone after its session
 * timeout, and the group waits for that.
 */
#ifndef FRESHET_STREAM_KAFKA_MEMBER_NAME_H
#define FRESHET_STREAM_KAFKA_MEMBER_NAME_H

#include "base/base.h"

/* Returns the copy's name with a hash of the topics and the numbers of their partitions, whatever
 * their order; the caller frees. */
char *member_name(const char *copy, const char *const *topics, const int32_t *partitions,
                  size_t count);
/* Says whether a member's name is one of this copy. */
bool member_name_is_of(const char *name, const char *copy);

#endif
