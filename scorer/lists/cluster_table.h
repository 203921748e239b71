/* Cluster table: the clusters of users that the topic `profiles` has: what each acts on
 * (segment_table.h), and by what a user's cluster is found (model/cluster_space.h).
 *
 * A user's cluster follows from one version alone. What a cluster acts on may be of the next one
 * for the moment in which its records come. Memory is bounded: beyond it, records are refused. One
 * thread.
 */
#ifndef FRESHET_SCORER_LISTS_CLUSTER_TABLE_H
#define FRESHET_SCORER_LISTS_CLUSTER_TABLE_H

#include "model/cluster_space.h"
#include "schemas/user_history.h"
#include "scorer/lists/segment_table.h"

struct cluster_table {
    struct cluster_space *space;
    struct segment_table *lists;
    bool sampled;
};

/* Makes an empty table of at most so many bytes, with the sample of users or without; free with
 * cluster_table_free(). */
struct cluster_table *cluster_table_new(size_t bytes_max, bool sampled);
/* Takes NULL; returns NULL. */
struct cluster_table *cluster_table_free(struct cluster_table *table);
/* Puts a record that is right (group_profile_fault()); of other kinds: does nothing. NULL, or the
 * reason why it is refused: "over_memory", "columns_differ". */
const char *cluster_table_put(struct cluster_table *table, const struct group_profile *group);
/* Removes the record with a key of the topic, if it is there. */
void cluster_table_remove(struct cluster_table *table, struct slice key);
/* Folds a history in: GROUP_NUMBERS_MAX numbers have room. False: there are no clusters, or none of
 * its items has a factor. */
bool cluster_table_fold(struct cluster_table *table, const struct user_history *history,
                        float *ret_vector);
/* Finds the cluster of a history; the same. */
bool cluster_table_find(struct cluster_table *table, const struct user_history *history,
                        struct user_cluster *ret_cluster);

#endif
