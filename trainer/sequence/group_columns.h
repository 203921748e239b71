/* Group columns: what was counted of one group (model/segment_counts.h), as the columns of its
 * record. */
#ifndef FRESHET_TRAINER_SEQUENCE_GROUP_COLUMNS_H
#define FRESHET_TRAINER_SEQUENCE_GROUP_COLUMNS_H

#include "model/ids.h"
#include "model/segment_counts.h"
#include "schemas/group_profile.h"

struct group_columns {
    struct segment_item found[GROUP_ITEMS_MAX];
    struct slice items[GROUP_ITEMS_MAX];
    int32_t users[GROUP_ITEMS_MAX], all_users[GROUP_ITEMS_MAX];
    float gains[GROUP_ITEMS_MAX];
};

/* Writes the users of a segment of the counts, and the items on its list: at most `items_max`, half
 * of them by their gains, each with at least `users_min` of its users. Borrowed from the columns
 * and the ids. */
void group_columns_write(struct group_columns *columns, struct segment_counts *counts,
                         int32_t segment, const struct ids *ids, size_t items_max,
                         int64_t users_min, struct group_profile *group);

#endif
