/* Local state on disk: the directory of a partition's store, how the store is opened, and when it
 * cannot be trusted. Restore, standby and cleanup use the same rules.
 */
#ifndef FRESHET_STREAM_STATE_DIRECTORY_H
#define FRESHET_STREAM_STATE_DIRECTORY_H

#include "stream/env.h"
#include "stream/state/store.h"
#include "stream/state/trust.h"

/* Returns the directory of a partition's state. Each changelog (an output's index) has its own
 * directory, because a bookmark has offsets of one topic. The caller frees. */
char *state_directory_path(const struct env *env, int32_t partition, int changelog);
/* Opens the store of a partition as the settings say; a damaged one is deleted and recreated, with
 * a line in the log. Errors as of store_open(). */
int state_directory_open(struct env *env, int32_t partition, int changelog,
                         struct store **ret_store, char **ret_why);
/* Says whether so many partitions can be open at a time; ends the run when they cannot. */
bool state_directory_descriptors(struct env *env, size_t partitions);
/* Ends the run because a store cannot be opened, read or written ("open", "read", "write"): what
 * helps and the exit code follow from `result`, a fault of store.h. */
void state_directory_break(struct env *env, const char *what, int32_t partition, const char *path,
                           int result, const char *why);
/* Returns why state with this bookmark does not fit the group's committed offset; NULL when it
 * does. State that knows its changelog's identity is checked by that instead, unless it reaches
 * beyond the changelog's end. */
const char *state_directory_doubt(const struct bookmark *bookmark, int64_t committed, int64_t end);
/* Returns what is known of a changelog that reaches from low to end, to decide about a bookmark. */
struct log_facts state_directory_facts(const struct env *env, int changelog, int64_t low,
                                       int64_t end);
/* Returns the counter of local states that were deleted to be restored from the start. */
struct metric *state_directory_wipes(struct env *env);

#endif
