/* Archive: what has left users' timelines, in segments beside their states.
 *
 * Needed for one thing only: to take out of the counts what a user added, when the user is to be
 * forgotten. An action that leaves the timeline waits in the user's state until ARCHIVE_SEGMENT of
 * them make a segment, which is written once and read again only then. A segment's key begins with
 * a byte that no user id does (it is no UTF-8).
 */
#ifndef FRESHET_FEATURES_ARCHIVE_H
#define FRESHET_FEATURES_ARCHIVE_H

#include "features/users.h"
#include "stream/worker.h"

/* Actions of a segment: more of them make each state longer while they wait, fewer make more
 * records. */
enum { ARCHIVE_SEGMENT = 64 };

struct archive;

/* Makes a scratch; kept = false: nothing is archived, and what is there goes when it has a gap.
 * Borrows ids for its life. Free with archive_free(). */
struct archive *archive_new(struct ids *ids, struct schema_cache *book, bool kept);
/* Frees the scratch; takes NULL; returns NULL. */
struct archive *archive_free(struct archive *archive);
/* Stages full segments of what has left the user's timeline; call before the state is staged. */
void archive_settle(struct archive *archive, struct task *task, struct user *user);
/* Reads all segments of a settled user, oldest action first: borrowed until the next call. 0;
 * -EINVAL when one is missing or damaged; -ENOSPC when ids are full. */
int archive_read(struct archive *archive, struct task *task, const struct user *user,
                 const struct departed **ret_departed, size_t *ret_count);
/* Stages the deletion of all segments of a user. */
void archive_drop(struct archive *archive, struct task *task, struct user *user);

#endif
