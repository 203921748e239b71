/* Cluster publisher: lets users be grouped from time to time, and publishes the groups, and the
 * items' factors by which readers find a user's one, to `profiles`.
 *
 * Every `every_ms` a count begins, if anything has come into the histories since the last one. What
 * the topic has, and whether a record is sent, is the matter of published_groups.h. One thread: the
 * worker's.
 */
#ifndef FRESHET_TRAINER_SEQUENCE_CLUSTER_PUBLISHER_H
#define FRESHET_TRAINER_SEQUENCE_CLUSTER_PUBLISHER_H

#include "trainer/sequence/cluster_counter.h"
#include "trainer/sequence/published_groups.h"

struct cluster_publisher_parts {
    struct run *run;
    struct table_store *histories;
    struct schema_cache *schemas; /* of its rows */
    int64_t every_ms;             /* 0: nothing is counted */
    int table_input;              /* `profiles`, to be read */
    struct published_groups *groups;
    struct cluster_counter_settings counter;
};

struct cluster_publisher;

/* Makes it; what the parts name must outlive it. Free with cluster_publisher_free(). */
struct cluster_publisher *cluster_publisher_new(const struct cluster_publisher_parts *parts);
/* Takes NULL; returns NULL. */
struct cluster_publisher *cluster_publisher_free(struct cluster_publisher *publisher);
/* Takes what a record of `profiles` says (published_groups_see()), of the key. */
void cluster_publisher_see(struct cluster_publisher *publisher, struct slice key,
                           const struct group_profile *group);
/* Goes on counting and sending, for some milliseconds; from the tick of the task that publishes,
 * once all tables are read. */
void cluster_publisher_step(struct cluster_publisher *publisher, struct task *task);
/* Says whether nothing is being counted or sent. */
bool cluster_publisher_idle(const struct cluster_publisher *publisher);
/* Drops what is being counted: a table is opened again, or the partition is not ours any more. */
void cluster_publisher_drop(struct cluster_publisher *publisher);

#endif
