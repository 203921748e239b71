/* Cluster counter: groups all users by what they act on, from the stored histories, all anew.
 *
 *   1. A is the matrix of users by items: log(1 + w_ui) / n_i^CLUSTER_SCALE_POWER, with w_ui what
 *      the user's actions on the item count together (history_strength()) and n_i the item's users.
 *      Items on which fewer users than `item_users_min` acted, and those beyond `factors_max` with
 *      the most users, have no column.
 *   2. Its truncated SVD gives the factors (PureSVD: Cremonesi, Koren, Turrin, RecSys 2010;
 *      model/truncated_svd.h); each user is folded in (model/fold_in.h).
 *   3. K-means groups these vectors (model/k_means.h). It begins with the clusters that were
 *      published last: the mean of the users whose cluster each was, by the factors and centroids
 *      of then. So a cluster keeps its name, although factors of two counts have nothing in common.
 *      New ones are drawn when there are fewer than half as many clusters as there may be: one for
 *      4 `users_min` users, at most `clusters_max`. Clusters with fewer than `users_min` users are
 *      dropped, and their users go to the nearest of the others.
 *   4. What the clusters' users act on is counted as that of segments is (model/segment_counts.h).
 *   5. A sample of at most `users_told` users is told of, without their names (user_parts.h).
 *
 * The result is a function of the view of the histories and of the clusters before. Nothing else is
 * kept: who is forgotten is in no later count. Where memory is full, it begins again with half of
 * the users, chosen by a hash of their ids. One thread.
 */
#ifndef FRESHET_TRAINER_SEQUENCE_CLUSTER_COUNTER_H
#define FRESHET_TRAINER_SEQUENCE_CLUSTER_COUNTER_H

#include "model/cluster_space.h"
#include "schemas/group_profile.h"
#include "stream/state/table_store.h"

#define CLUSTER_SCALE_POWER 0.5

struct cluster_counter_settings {
    size_t bytes_max;
    size_t clusters_max;     /* at most GROUP_CLUSTERS_MAX */
    size_t dimensions;       /* of a vector, at most GROUP_NUMBERS_MAX */
    int64_t users_min;       /* of a cluster */
    int64_t item_users_min;  /* of an item in a cluster's record, and of one that has a factor */
    size_t items_max;        /* of a cluster's record; at most GROUP_ITEMS_MAX */
    size_t factors_max;      /* items that have a factor */
    uint64_t seed;
    size_t users_told;
};

enum cluster_counting { CLUSTERS_IDLE, CLUSTERS_COUNTING, CLUSTERS_COUNTED, CLUSTERS_FAILED };

struct cluster_counter;

/* Makes an idle counter; borrows for its life the settings, the schemas of the stored histories,
 * and the clusters that are published, which the owner keeps up. Free with
 * cluster_counter_free(). */
struct cluster_counter *cluster_counter_new(const struct cluster_counter_settings *settings,
                                            struct schema_cache *schemas,
                                            struct cluster_space *published);
/* Takes NULL; returns NULL. */
struct cluster_counter *cluster_counter_free(struct cluster_counter *counter);
/* Drops a count and its view: before a partition of the table is opened, begun again or closed. */
void cluster_counter_drop(struct cluster_counter *counter);
/* The same, and the next count is one of another table, whatever its offsets are. */
void cluster_counter_reset(struct cluster_counter *counter);
/* Says whether anything was put into the table since the last count began. */
bool cluster_counter_stale(const struct cluster_counter *counter,
                           const struct table_view *histories);
/* Begins a count of this view, which is taken. */
void cluster_counter_begin(struct cluster_counter *counter, struct table_view *histories);
/* Goes on for about so many multiplications. */
void cluster_counter_step(struct cluster_counter *counter, size_t work);
enum cluster_counting cluster_counter_state(const struct cluster_counter *counter);
/* Writes the next record of what was counted, from 0 on: clusters, then parts of the factors, then
 * parts of the sample; its contents are borrowed until the next call. False: there are no more. */
bool cluster_counter_record(struct cluster_counter *counter, size_t at,
                            struct group_profile *ret_group);
/* Returns how many clusters there are, how many users were counted, and n where one user in 2^n
 * was. */
size_t cluster_counter_clusters(const struct cluster_counter *counter);
size_t cluster_counter_users(const struct cluster_counter *counter);
int32_t cluster_counter_sample(const struct cluster_counter *counter);

#endif
