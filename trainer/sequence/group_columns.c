#include "base/base.h"
#include "trainer/sequence/group_columns.h"

static int32_t narrow(uint32_t users)
{
    return (int32_t)MIN_OF(users, (uint32_t)INT32_MAX);
}

void group_columns_write(struct group_columns *columns, struct segment_counts *counts,
                         int32_t segment, const struct ids *ids, size_t items_max,
                         int64_t users_min, struct group_profile *group)
{
    const struct segment_list_settings wanted = {
        .gains_max = items_max / 2,
        .users_max = items_max - items_max / 2,
        .item_users_min = (uint32_t)users_min,
        .before = ids_before,
        .arg = ids,
    };
    uint32_t rest;
    size_t count = segment_counts_list(counts, segment, &wanted, columns->found, &rest);
    for (size_t k = 0; k < count; k++) {
        const struct segment_item *one = &columns->found[k];
        columns->items[k] = ids_text(ids, one->item);
        columns->users[k] = narrow(one->users);
        columns->all_users[k] = narrow(one->all_users);
        columns->gains[k] = (float)one->gain;
    }
    group->users = segment_counts_users(counts, segment);
    group->all_users = segment_counts_all_users(counts);
    group->items = (struct slices){columns->items, count};
    group->item_users = (struct ints){columns->users, count};
    group->item_all_users = (struct ints){columns->all_users, count};
    group->gains = (struct floats){columns->gains, count};
    group->rest_users = narrow(rest);
}
