/* Archive: actions that have left users' timelines, in segments stored beside their states.
 *
 * It serves to subtract what a user added to the counts: all when the user is erased, one action
 * when it is taken back (take_back.h). An action that leaves the timeline waits in the user's state
 * until ARCHIVE_SEGMENT of them form a segment, which is written once and read only for those two.
 * Its key begins with a byte that no user id begins with (it is not valid UTF-8).
 */
#ifndef FRESHET_FEATURES_ARCHIVE_H
#define FRESHET_FEATURES_ARCHIVE_H

#include "features/users.h"
#include "stream/worker.h"

/* Actions of a segment. A larger one makes states longer while actions wait, a smaller one makes
 * more records. */
enum { ARCHIVE_SEGMENT = 64 };

/* The greatest number of a segment: 69 thousand million actions, erased ones included. */
enum { ARCHIVE_NUMBER_MAX = 1 << 30 };

struct archive;

/* Makes an archive. enabled = false: nothing is archived, and a user's segments are deleted as soon
 * as they are incomplete. Borrows ids for its life. Free with archive_free(). */
struct archive *archive_new(struct ids *ids, struct schema_cache *schemas, bool enabled);
/* Frees it; takes NULL; returns NULL. */
struct archive *archive_free(struct archive *archive);
/* Stages full segments of actions that have left the user's timeline. To be called before the state
 * is staged. */
void archive_stage(struct archive *archive, struct task *task, struct user *user);
/* Returns the number of a user's oldest segment. */
int32_t archive_first(const struct user *user);
/* Reads a user's segments `from` to (not including) `to`, oldest action first, borrowed until the
 * next call. 0; -EINVAL when one is missing or damaged; -ENOSPC when ids are full. */
int archive_read(struct archive *archive, struct task *task, struct slice user, int32_t from,
                 int32_t to, const struct departed **ret_departed, size_t *ret_count);
/* Stages the segments from number `from` on anew: they hold these actions, oldest first. What does
 * not fill a segment waits in the timeline. */
void archive_rewrite(struct archive *archive, struct task *task, struct user *user, int32_t from,
                     const struct departed *actions, size_t count);
/* Stages the deletion of the segments that a user's state would have named, had it been read. */
void archive_drop_lost(struct archive *archive, struct task *task, struct user *user);
/* Stages the deletion of a user's segments `from` to (not including) `to`, of those that are there.
 * It ends where very many in a row are not: numbers that somebody else has written name more
 * segments than anybody has. */
void archive_drop(struct archive *archive, struct task *task, struct slice user, int32_t from,
                  int32_t to);

#endif
