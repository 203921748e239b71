/* Phases, each a walk over the points that may be cut anywhere:
 *
 *   SEED      distances to the newest centroid; at its end the next one is drawn
 *   ASSIGN    points go to the nearest centroid; at its end centroids become means
 *   LAST      the same, and centroids stay: behind the last mean, and when clusters were dropped
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "model/k_means.h"
#include "model/rng.h"

enum phase { PHASE_SEED, PHASE_ASSIGN, PHASE_LAST, PHASE_ENDED };

enum { NOWHERE = -1 };

struct k_means {
    struct k_means_settings settings;
    const float *points;
    size_t count, clusters, at, iterations, changed;
    enum phase phase;
    uint64_t rng;
    float *centroids, *squares; /* squares: of the distance to the nearest centroid, by point */
    double *sums;               /* clusters x dimensions */
    double total;               /* of the squares */
    size_t *sizes, *origins;
    int32_t *of; /* the cluster, by point */
};

static float square_between(const float *a, const float *b, size_t d)
{
    float sum = 0.0F;
    for (size_t i = 0; i < d; i++) { sum += (a[i] - b[i]) * (a[i] - b[i]); }
    return sum;
}

size_t k_means_nearest(const float *centroids, size_t clusters, size_t dimensions,
                       const float *point, float *ret_square)
{
    size_t best = 0;
    float least = INFINITY;
    assert(clusters > 0);
    for (size_t c = 0; c < clusters; c++) {
        float square = square_between(centroids + c * dimensions, point, dimensions);
        if (!(square < least)) { continue; }
        least = square;
        best = c;
    }
    if (ret_square) { *ret_square = least; }
    return best;
}

size_t k_means_bytes(const struct k_means_settings *settings, size_t count)
{
    size_t of_number = sizeof(float) + sizeof(double);
    size_t of_cluster = settings->dimensions * of_number + 2 * sizeof(size_t);
    return count * (sizeof(float) + sizeof(int32_t)) + settings->clusters * of_cluster;
}

static void begin_assigning(struct k_means *means, enum phase phase)
{
    size_t d = means->settings.dimensions;
    means->phase = means->clusters ? phase : PHASE_ENDED;
    means->at = means->changed = 0;
    memset(means->sums, 0, means->clusters * d * sizeof(*means->sums));
    memset(means->sizes, 0, means->clusters * sizeof(*means->sizes));
}

static void begin_seeding(struct k_means *means)
{
    means->phase = PHASE_SEED;
    means->at = 0;
    means->total = 0.0;
}

static void add_centroid(struct k_means *means, size_t point)
{
    size_t d = means->settings.dimensions;
    memcpy(means->centroids + means->clusters * d, means->points + point * d, d * sizeof(float));
    means->clusters++;
}

struct k_means *k_means_new(const struct k_means_settings *settings, const float *points,
                            size_t count, const float *start, size_t starts)
{
    struct k_means *means = xcalloc(1, sizeof(*means));
    size_t clusters = settings->clusters + 1, d = settings->dimensions;
    assert(starts <= settings->clusters && count <= INT32_MAX && settings->clusters < INT32_MAX);
    means->settings = *settings;
    means->points = points;
    means->count = count;
    means->rng = settings->seed;
    means->centroids = xcalloc(clusters * d, sizeof(float));
    means->sums = xcalloc(clusters * d, sizeof(double));
    means->sizes = xcalloc(clusters, sizeof(size_t));
    means->origins = xcalloc(clusters, sizeof(size_t));
    means->squares = xcalloc(count + 1, sizeof(float));
    means->of = xcalloc(count + 1, sizeof(int32_t));
    for (size_t c = 0; c < clusters; c++) { means->origins[c] = c; }
    for (size_t p = 0; p < count; p++) {
        means->squares[p] = INFINITY;
        means->of[p] = NOWHERE;
    }
    if (starts) { memcpy(means->centroids, start, starts * d * sizeof(float)); }
    means->clusters = starts;
    bool draws = !starts && count && settings->clusters;
    if (draws) { add_centroid(means, rng_below(&means->rng, count)); }
    begin_seeding(means);
    return means;
}

struct k_means *k_means_free(struct k_means *means)
{
    if (!means) { return NULL; }
    free(means->centroids);
    free(means->sums);
    free(means->sizes);
    free(means->origins);
    free(means->squares);
    free(means->of);
    free(means);
    return NULL;
}

/* ---- Seeding ---- */

/* Updates a point's distance by the centroids that have come: all that were given, or the one that
 * was drawn last. Returns its multiplications. */
static size_t look_at(struct k_means *means, size_t point)
{
    size_t d = means->settings.dimensions;
    bool first = !(means->squares[point] < INFINITY);
    size_t from = first ? 0 : means->clusters - 1;
    for (size_t c = from; c < means->clusters; c++) {
        float square = square_between(means->centroids + c * d, means->points + point * d, d);
        means->squares[point] = MIN_OF(means->squares[point], square);
    }
    means->total += (double)means->squares[point];
    return d * (means->clusters - from);
}

/* Draws a point by its square; the count of points: all lie on centroids. */
static size_t draw(struct k_means *means)
{
    double left = rng_unit(&means->rng) * means->total;
    size_t drawn = means->count;
    for (size_t p = 0; p < means->count; p++) {
        if (!(means->squares[p] > 0.0F)) { continue; }
        drawn = p;
        left -= (double)means->squares[p];
        if (left < 0.0) { break; }
    }
    return drawn;
}

static void end_seeding(struct k_means *means)
{
    bool full = means->clusters == means->settings.clusters || !means->count;
    size_t drawn = full ? means->count : draw(means);
    if (drawn == means->count) {
        begin_assigning(means, PHASE_ASSIGN);
    } else {
        add_centroid(means, drawn);
        begin_seeding(means);
    }
}

/* ---- Lloyd ---- */

static void assign(struct k_means *means, size_t point)
{
    size_t d = means->settings.dimensions;
    const float *at = means->points + point * d;
    size_t cluster = k_means_nearest(means->centroids, means->clusters, d, at, NULL);
    means->changed += means->of[point] != (int32_t)cluster;
    means->of[point] = (int32_t)cluster;
    means->sizes[cluster]++;
    for (size_t i = 0; i < d; i++) { means->sums[cluster * d + i] += (double)at[i]; }
}

static void move_centroids(struct k_means *means)
{
    size_t d = means->settings.dimensions;
    for (size_t c = 0; c < means->clusters; c++) {
        for (size_t i = 0; means->sizes[c] && i < d; i++) {
            means->centroids[c * d + i] =
                (float)(means->sums[c * d + i] / (double)means->sizes[c]);
        }
    }
}

static void end_assigning(struct k_means *means)
{
    if (means->phase == PHASE_LAST || !means->changed) {
        means->phase = PHASE_ENDED;
        return;
    }
    move_centroids(means);
    bool last = ++means->iterations >= means->settings.iterations_max;
    begin_assigning(means, last ? PHASE_LAST : PHASE_ASSIGN);
}

bool k_means_step(struct k_means *means, size_t work)
{
    size_t done = 0;
    while (means->phase != PHASE_ENDED && done < work) {
        bool ends = means->at == means->count;
        if (means->phase == PHASE_SEED) {
            if (ends) { end_seeding(means); }
            done += ends ? means->count : look_at(means, means->at++);
        } else if (ends) {
            end_assigning(means);
        } else {
            assign(means, means->at++);
            done += means->clusters * means->settings.dimensions;
        }
    }
    return means->phase != PHASE_ENDED;
}

bool k_means_drop(struct k_means *means, size_t least)
{
    size_t left = 0, d = means->settings.dimensions, before = means->clusters;
    assert(means->phase == PHASE_ENDED);
    for (size_t c = 0; c < before; c++) {
        if (means->sizes[c] < least) { continue; }
        memmove(means->centroids + left * d, means->centroids + c * d, d * sizeof(float));
        means->origins[left++] = means->origins[c];
    }
    means->clusters = left;
    if (left == before) { return false; }
    begin_assigning(means, PHASE_LAST);
    return true;
}

size_t k_means_clusters(const struct k_means *means)
{
    return means->clusters;
}

const float *k_means_centroids(const struct k_means *means)
{
    return means->centroids;
}

size_t k_means_size(const struct k_means *means, size_t cluster)
{
    assert(cluster < means->clusters);
    return means->sizes[cluster];
}

size_t k_means_origin(const struct k_means *means, size_t cluster)
{
    assert(cluster < means->clusters);
    return means->origins[cluster];
}

size_t k_means_of(const struct k_means *means, size_t point)
{
    assert(means->phase == PHASE_ENDED && point < means->count);
    return (size_t)means->of[point];
}
