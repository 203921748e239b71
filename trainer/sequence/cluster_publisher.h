/* Cluster publisher: the publisher (group_publisher.h) of clusters, and of the items' factors by
 * which readers find a user's one (cluster_counter.h). */
#ifndef FRESHET_TRAINER_SEQUENCE_CLUSTER_PUBLISHER_H
#define FRESHET_TRAINER_SEQUENCE_CLUSTER_PUBLISHER_H

#include "trainer/sequence/group_publisher.h"

/* Makes it; every clusters.every.ms a count begins. Free with group_publisher_free(). */
struct group_publisher *cluster_publisher_new(const struct group_publisher_parts *parts);

#endif
