/* Local state on disk: in which directory a partition's store is, how it is opened, and when it is
 * not to be trusted. Restoring, standing by and cleaning up go by the same rules.
 */
#ifndef FRESHET_STREAM_STATE_DIRECTORY_H
#define FRESHET_STREAM_STATE_DIRECTORY_H

#include "stream/env.h"
#include "stream/state/store.h"

/* Directory of a partition's state, by the output that is its changelog: a bookmark counts the
 * offsets of one topic. The caller frees. */
char *state_directory_path(const struct env *env, int32_t partition, int changelog);
/* Opens the store of a partition as the settings say; a damaged one is deleted and recreated, with
 * a line in the log. Errors as of store_open(). */
int state_directory_open(struct env *env, int32_t partition, int changelog,
                         struct store **ret_store, char **ret_why);
/* Says why state with this bookmark cannot be trusted, when the group's committed offset is this
 * and the changelog begins at low; NULL when it can. */
const char *state_directory_distrust(const struct bookmark *bookmark, int64_t committed,
                                     int64_t low);
/* Counter of local states that were deleted to be restored whole. */
struct metric *state_directory_wipes(struct env *env);

#endif
