/* Published groups: what the topic `profiles` has, and what is sent to it.
 *
 * The keys of the topic are kept with a hash of what their records say. They change only when the
 * topic is read, which has our own records, too: so another copy goes on where this one ended, and
 * a record that was lost on its way is sent again by the next count. A record that says nothing
 * else than the topic's is not sent: offsets do not count.
 *
 * Kinds of groups are counted apart. A count sends the records of its kind, then tombstones for the
 * keys of this kind that none of them has. One thread: the worker's.
 */
#ifndef FRESHET_TRAINER_SEQUENCE_PUBLISHED_GROUPS_H
#define FRESHET_TRAINER_SEQUENCE_PUBLISHED_GROUPS_H

#include "schemas/group_profile.h"
#include "stream/worker.h"

struct published_groups;

/* Makes it, for an output of the run, which must outlive it. Free with published_groups_free(). */
struct published_groups *published_groups_new(struct run *run, int output);
/* Takes NULL; returns NULL. */
struct published_groups *published_groups_free(struct published_groups *groups);
/* Takes a record of the topic, from any copy. *ret_group, when the verdict is that it is done: what
 * it says, borrowed until the next one; for a tombstone, and for what is of no known kind, a group
 * of kind GROUP_OTHER. */
enum verdict published_groups_see(struct published_groups *groups, const struct record *rec,
                                  struct group_profile *ret_group);

/* Says whether records can be sent: the topic was there at the start. */
bool published_groups_can_send(const struct published_groups *groups);
/* Begins to send the records of a kind. */
void published_groups_begin(struct published_groups *groups, enum group_kind kind);
/* Sends a record if it says something else than the topic's; returns whether it does. */
bool published_groups_send(struct published_groups *groups, struct task *task,
                           const struct group_profile *group);
/* All records of a kind are sent: tombstones follow, */
void published_groups_end(struct published_groups *groups, enum group_kind kind);
/* one for the next key that has no record any more; *ret_sent counts it. False: there are no more
 * keys. */
bool published_groups_bury(struct published_groups *groups, struct task *task,
                           enum group_kind kind, size_t *ret_sent);

#endif
