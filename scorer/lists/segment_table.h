/* Segment table: what groups of users act on (topic `profiles`), by name: of one kind, segments by
 * attributes or clusters.
 *
 * Items stand as texts: one counts for a list as soon as the tables know it. Memory is bounded:
 * beyond it, records are refused. One thread.
 */
#ifndef FRESHET_SCORER_LISTS_SEGMENT_TABLE_H
#define FRESHET_SCORER_LISTS_SEGMENT_TABLE_H

#include "model/ids.h"
#include "model/segment_scores.h"
#include "schemas/group_profile.h"

enum { SEGMENT_LISTS_MAX = 32 }; /* that count for a list: the first by name */

struct segment_table;

/* Makes an empty table for a kind of groups, of at most so many bytes; free with
 * segment_table_free(). */
struct segment_table *segment_table_new(enum group_kind kind, size_t bytes_max);
/* Takes NULL; returns NULL. */
struct segment_table *segment_table_free(struct segment_table *table);
/* Puts a record that is right (group_profile_fault()), in place of the one with its name; of other
 * kinds than the table's: does nothing. NULL, or the reason why it is refused, and the former one
 * is gone: "over_memory". */
const char *segment_table_put(struct segment_table *table, const struct group_profile *group);
/* Removes the record with a key of the topic, if it is there. */
void segment_table_remove(struct segment_table *table, struct slice key);
/* Says whether the group of a name is there. */
bool segment_table_names(const struct segment_table *table, struct slice name);
/* Says whether one of the segments is there. */
bool segment_table_has(const struct segment_table *table, const struct user_segments *segments);
/* Finds the lists of a user's segments, with the numbers that `ids` has for items. Returns how
 * many; they are borrowed until the next call, as are their names. */
size_t segment_table_find(struct segment_table *table, const struct user_segments *segments,
                          const struct ids *ids, struct segment_list *ret_lists,
                          struct slice *ret_names);
/* Finds one group's list in the same way; false: it is not there. */
bool segment_table_find_one(struct segment_table *table, struct slice name, const struct ids *ids,
                            struct segment_list *ret_list, struct slice *ret_name);
/* Counts groups, and bytes. */
size_t segment_table_count(const struct segment_table *table);
size_t segment_table_bytes(const struct segment_table *table);

#endif
