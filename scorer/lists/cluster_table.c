#include "base/base.h"
#include "base/xalloc.h"
#include "scorer/lists/cluster_table.h"

_Static_assert((int)CLUSTER_PART_ITEMS == (int)GROUP_FACTORS_MAX, "places of items");
_Static_assert((int)CLUSTER_NAMES_MAX == (int)GROUP_PARTS_MAX, "names of clusters");
_Static_assert((int)CLUSTER_NUMBERS_MAX == (int)GROUP_NUMBERS_MAX, "vectors");

struct cluster_table *cluster_table_new(size_t bytes_max, bool sampled)
{
    struct cluster_table *table = xcalloc(1, sizeof(*table));
    table->sampled = sampled;
    table->space = cluster_space_new(bytes_max / 4 * 3);
    table->lists = segment_table_new(GROUP_CLUSTER, bytes_max / 4);
    return table;
}

struct cluster_table *cluster_table_free(struct cluster_table *table)
{
    if (!table) { return NULL; }
    cluster_space_free(table->space);
    segment_table_free(table->lists);
    free(table);
    return NULL;
}

static const char *put_users(struct cluster_table *table, struct cluster_version version,
                             const struct group_profile *group)
{
    const struct sampled_users users = {
        .clusters = group->user_clusters.at,
        .counts = group->user_counts.at,
        .users = group->user_counts.count,
        .items = group->user_items.at,
        .strengths = group->user_strengths.count ? group->user_strengths.at : NULL,
        .items_count = group->user_items.count,
    };
    return cluster_space_put_users(table->space, version, group_profile_part(group->name), &users);
}

const char *cluster_table_put(struct cluster_table *table, const struct group_profile *group)
{
    const struct cluster_version version = {group->version, group->clusters, group->parts,
                                            table->sampled ? group->user_parts : 0};
    if (group->kind == GROUP_FACTORS) {
        return cluster_space_put_factors(table->space, version, group_profile_part(group->name),
                                         group->items, group->vectors);
    }
    if (group->kind == GROUP_TOLD_USERS && table->sampled) {
        return put_users(table, version, group);
    }
    if (group->kind != GROUP_CLUSTER) { return NULL; }
    const char *fault = segment_table_put(table->lists, group);
    if (fault) { return fault; }
    return cluster_space_put_cluster(table->space, version, group->name, group->vectors);
}

void cluster_table_remove(struct cluster_table *table, struct slice key)
{
    struct slice name;
    enum group_kind kind = group_profile_name(key, &name);
    segment_table_remove(table->lists, key);
    if (kind == GROUP_CLUSTER) { cluster_space_remove_cluster(table->space, name); }
    if (kind == GROUP_FACTORS) {
        cluster_space_remove_factors(table->space, group_profile_part(name));
    }
    if (kind == GROUP_TOLD_USERS) {
        cluster_space_remove_users(table->space, group_profile_part(name));
    }
}

bool cluster_table_fold(struct cluster_table *table, const struct user_history *history,
                        float *ret_vector)
{
    float strengths[HISTORY_ACTIONS_MAX];
    size_t count = history_strengths(history, strengths);
    return cluster_space_fold(table->space, history->items.at, strengths, count, ret_vector);
}

bool cluster_table_find(struct cluster_table *table, const struct user_history *history,
                        struct user_cluster *ret_cluster)
{
    float vector[GROUP_NUMBERS_MAX];
    if (!cluster_table_fold(table, history, vector)) { return false; }
    cluster_space_nearest(table->space, vector, ret_cluster);
    return true;
}
