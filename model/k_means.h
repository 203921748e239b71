/* K-means: groups of points, each point in the one whose centroid is nearest.
 *
 * Lloyd's iteration ("Least squares quantization in PCM", IEEE Trans. Inf. Theory 28, 1982): points
 * go to the nearest centroid, centroids become the means of their points, until no point changes.
 * It begins with the centroids that are given; further ones are drawn among the points with the
 * square of the distance to the nearest one as probability (k-means++: Arthur, Vassilvitskii,
 * SODA 2007). Of equal distances the first centroid counts. One without points stays where it is.
 *
 * The same points, start and seed give the same numbers, however the work is cut into steps. One
 * thread.
 */
#ifndef FRESHET_MODEL_K_MEANS_H
#define FRESHET_MODEL_K_MEANS_H

#include "base/base.h"

struct k_means_settings {
    size_t clusters;   /* at most; fewer when the points have fewer places */
    size_t dimensions; /* of a point */
    size_t iterations_max;
    uint64_t seed;
};

struct k_means;

/* Begins with `starts` given centroids (starts x dimensions, copied), at most `clusters`; borrows
 * the points (count x dimensions) for its life. Free with k_means_free(). */
struct k_means *k_means_new(const struct k_means_settings *settings, const float *points,
                            size_t count, const float *start, size_t starts);
/* Takes NULL; returns NULL. */
struct k_means *k_means_free(struct k_means *means);
/* Goes on for about so many multiplications; false: it has ended. */
bool k_means_step(struct k_means *means, size_t work);
/* Drops the clusters with fewer points than that, when it has ended, and begins to assign all
 * points to those that are left, whose centroids stay. False: there are no such clusters. */
bool k_means_drop(struct k_means *means, size_t least);

/* What it has found when it has ended: clusters, */
size_t k_means_clusters(const struct k_means *means);
/* their centroids (clusters x dimensions), points, and places at the begin: those that were given
 * come first; */
const float *k_means_centroids(const struct k_means *means);
size_t k_means_size(const struct k_means *means, size_t cluster);
size_t k_means_origin(const struct k_means *means, size_t cluster);
/* and the cluster of a point. */
size_t k_means_of(const struct k_means *means, size_t point);
/* Returns the bytes that it takes for so many points, without these. */
size_t k_means_bytes(const struct k_means_settings *settings, size_t count);

/* Returns the place of the centroid that is nearest to a point, and the square of the distance in
 * *ret_square (it may be NULL); there must be one. */
size_t k_means_nearest(const float *centroids, size_t clusters, size_t dimensions,
                       const float *point, float *ret_square);

#endif
