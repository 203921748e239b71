/* Remedies: the commands that mend a fault completely, for the hints of errors.
 *
 * Resetting a group alone never mends a worker with state: events would be counted twice, or not
 * at all. Commands have the flags with which they reach the brokers, topics, groups and state of
 * the worker, so that they can be run as they are written; FILE stands for the file with the login,
 * where one is needed.
 */
#ifndef FRESHET_STREAM_REMEDY_H
#define FRESHET_STREAM_REMEDY_H

#include "stream/env.h"

/* Returns how to make all that this generation made again, from the first event kept; for a worker
 * without state, how its group goes on with the first record kept. The caller frees. */
char *remedy_begin_again(const struct env *env, const char *topic, int32_t partition);
/* Returns what to do when a partition was added to the input of a worker with state. The caller
 * frees. */
char *remedy_partition_added(const struct env *env, const char *topic, int32_t partition);
/* Returns how to set the group's offset of a partition. The caller frees. */
char *remedy_set_offset(const struct env *env, const char *topic, int32_t partition,
                        int64_t offset);
/* Returns the name of the worker's group. The caller frees. */
char *remedy_group(const struct env *env);

#endif
