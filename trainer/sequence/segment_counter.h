/* Segment counter: counts what segments of users act on, from the stored tables of histories and
 * profiles, all anew.
 *
 * It counts views of both tables, so the result is a function of the newest histories and profiles
 * up to the offsets that it names, in whatever order they came and however the work is cut into
 * pieces. Nothing is kept from one count to the next: who is forgotten is in no later one.
 *
 * Users are walked twice. The first time names are counted, and the most frequent become segments.
 * The second time each user with a history counts in the segments of the user's profile, with the
 * items of the history that have a weight above 0. Where memory is full, counting begins again with
 * half of the users, chosen by a hash of their ids. A count fails when that is not enough, when the
 * state cannot be read, and when the schema of a history is not known. One thread.
 */
#ifndef FRESHET_TRAINER_SEQUENCE_SEGMENT_COUNTER_H
#define FRESHET_TRAINER_SEQUENCE_SEGMENT_COUNTER_H

#include "schemas/group_profile.h"
#include "stream/state/table_store.h"

struct segment_counter_settings {
    size_t bytes_max;
    size_t segments_max;     /* the most frequent ones */
    int64_t users_min;       /* of a segment */
    int64_t item_users_min;  /* of an item in a segment's record */
    size_t items_max;        /* of a record: half of them by their gains; at most GROUP_ITEMS_MAX */
};

enum segment_counting { SEGMENTS_IDLE, SEGMENTS_COUNTING, SEGMENTS_COUNTED, SEGMENTS_FAILED };

struct segment_counter;

/* Makes an idle counter; borrows the settings for its life, and the schemas of the stored histories
 * and profiles. Free with segment_counter_free(). */
struct segment_counter *segment_counter_new(const struct segment_counter_settings *settings,
                                            struct schema_cache *schemas);
/* Takes NULL; returns NULL. */
struct segment_counter *segment_counter_free(struct segment_counter *counter);
/* Drops a count and its views: before a partition of a table is opened, begun again or closed. */
void segment_counter_drop(struct segment_counter *counter);
/* The same, and the next count is one of other tables, whatever their offsets are. */
void segment_counter_reset(struct segment_counter *counter);
/* Says whether anything was put into one of the tables since the last count began. */
bool segment_counter_stale(const struct segment_counter *counter,
                           const struct table_view *histories, const struct table_view *profiles);
/* Begins a count of these views, which are taken. */
void segment_counter_begin(struct segment_counter *counter, struct table_view *histories,
                           struct table_view *profiles);
/* Goes on with at most so many users. */
void segment_counter_step(struct segment_counter *counter, size_t users);
enum segment_counting segment_counter_state(const struct segment_counter *counter);
/* Writes the record of the segment at a place of what was counted, in the order of the names; its
 * contents are borrowed until the next call. 0; -ENOENT: there are no more; -EAGAIN: too few of its
 * users have a history. */
int segment_counter_record(struct segment_counter *counter, size_t at,
                           struct group_profile *ret_group);
/* Returns for how many users that were counted one is: a power of two. */
int32_t segment_counter_sample(const struct segment_counter *counter);

#endif
