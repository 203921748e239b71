/* Cluster space: what a reader needs to find the cluster of a user: the items' factors and the
 * clusters' centroids of one version (model/fold_in.h, model/k_means.h); and a sample of users, for
 * those who need it (model/user_sample.h).
 *
 * A version comes in records: parts of the factors, clusters, and parts of the sample. Two versions
 * have room: the one that serves, which is complete, and the newest one, which is coming; when that
 * is complete, it takes the other's place. So factors and centroids of two versions are never
 * mixed, in whatever order records come. Records of older versions do nothing.
 *
 * Memory is bounded. Where the newest version has no room beside the one that serves, that one goes
 * at once, and none serves until the newest is complete; what does not fit alone is refused. One
 * thread.
 */
#ifndef FRESHET_MODEL_CLUSTER_SPACE_H
#define FRESHET_MODEL_CLUSTER_SPACE_H

#include "base/base.h"
#include "base/slice.h"
#include "model/user_sample.h"

struct cluster_space;

enum {
    CLUSTER_NUMBERS_MAX = 64,   /* of a vector */
    CLUSTER_PART_ITEMS = 256,   /* of a part of the factors: each but the last has so many */
    CLUSTER_NAMES_MAX = 4096,   /* names of clusters of which a sample tells are below it */
};

/* Of which version a record is, and how many records that has. */
struct cluster_version {
    int64_t number; /* the newer one is greater */
    int32_t clusters, parts;
    int32_t user_parts; /* of the sample, if it is wanted; 0: it is not */
};

/* A user's cluster. */
struct user_cluster {
    size_t at;         /* its place in the version that serves */
    struct slice name; /* borrowed until the version changes */
    float distance;    /* from the centroid, 0 to 2 */
};

/* Makes an empty one of at most so many bytes; free with cluster_space_free(). */
struct cluster_space *cluster_space_new(size_t bytes_max);
/* Takes NULL; returns NULL. */
struct cluster_space *cluster_space_free(struct cluster_space *space);
/* Puts a part of a version's factors: rows of equal length, one an item. NULL, or why it is
 * refused: "over_memory", "columns_differ" (rows of another length than others of the version). */
const char *cluster_space_put_factors(struct cluster_space *space, struct cluster_version version,
                                      int32_t part, struct slices items, struct floats rows);
/* Puts a cluster of a version; the same reasons. */
const char *cluster_space_put_cluster(struct cluster_space *space, struct cluster_version version,
                                      struct slice name, struct floats centroid);
/* Puts a part of a version's sample; items are places among the factors. The same reasons. */
const char *cluster_space_put_users(struct cluster_space *space, struct cluster_version version,
                                    int32_t part, const struct sampled_users *users);
/* Takes a part, or a cluster, back: a version that it belongs to is incomplete without it, and
 * goes. */
void cluster_space_remove_factors(struct cluster_space *space, int32_t part);
void cluster_space_remove_cluster(struct cluster_space *space, struct slice name);
void cluster_space_remove_users(struct cluster_space *space, int32_t part);

/* Returns the number of the version that serves; 0: none does. */
int64_t cluster_space_version(const struct cluster_space *space);
/* Returns how often a version has become the one that serves: items have other numbers then. */
uint64_t cluster_space_serial(const struct cluster_space *space);
/* Returns the number of the newest version, which may be incomplete. */
int64_t cluster_space_newest(const struct cluster_space *space);
/* Returns how many clusters the one that serves has, how many numbers a vector, and the name of a
 * cluster. */
size_t cluster_space_clusters(const struct cluster_space *space);
size_t cluster_space_dimensions(const struct cluster_space *space);
struct slice cluster_space_name(const struct cluster_space *space, size_t cluster);
/* Returns its sample; borrowed until the version changes; NULL: it has none. */
const struct user_sample *cluster_space_sample(const struct cluster_space *space);
/* Returns how many items it has a number for, and the text of one. */
size_t cluster_space_items(const struct cluster_space *space);
struct slice cluster_space_item(const struct cluster_space *space, int32_t item);
/* Finds the number of an item; below 0: it has none. */
int32_t cluster_space_find(const struct cluster_space *space, struct slice item);
/* Borrows an item's factor, by its number, until the version changes. */
const float *cluster_space_factor(const struct cluster_space *space, int32_t item);

/* Folds a user in: the items of the actions, oldest first, which may repeat, and what each counts
 * (above 0, or it does not). Writes cluster_space_dimensions() numbers. False: none serves, or no
 * item has a factor. */
bool cluster_space_fold(struct cluster_space *space, const struct slice *items,
                        const float *strengths, size_t count, float *ret_vector);
/* The same for items by their numbers; below 0: it has no factor. */
bool cluster_space_fold_items(struct cluster_space *space, const int32_t *items,
                              const float *strengths, size_t count, float *ret_vector);
/* Returns how many items the last user had who was folded in so, their numbers, and what the
 * actions on each count together; borrowed until the next call. */
size_t cluster_space_folded(const struct cluster_space *space, const int32_t **ret_items,
                            const double **ret_sums);
/* The same for items by their fingerprints (model/ids.h), each once, that count 1. */
bool cluster_space_fold_hashes(struct cluster_space *space, const uint64_t *hashes, size_t count,
                               float *ret_vector);
/* Finds the cluster whose centroid is nearest to a vector of the version that serves. */
void cluster_space_nearest(const struct cluster_space *space, const float *vector,
                           struct user_cluster *ret_cluster);
/* Returns the square of the distance between a centroid and a vector. */
float cluster_space_square(const struct cluster_space *space, size_t cluster,
                           const float *vector);

#endif
