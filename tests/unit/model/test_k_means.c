/* Centroids against Lloyd's iteration in plain loops, and in numpy (tests/golden/make_clusters.py),
 * from the same start; starts that are drawn; clusters that are dropped; steps of any size. */
#include "base/base.h"
#include "base/text_file.h"
#include "base/xalloc.h"
#include "model/k_means.h"
#include "model/rng.h"

#include <setjmp.h>
#include <cmocka.h>

enum { POINTS = 200, D = 5, CLUSTERS = 6 };

static const struct k_means_settings settings = {CLUSTERS, D, 1000, 7};

/* The points of tests/golden/make_clusters.py. */
static void make(float points[POINTS * D])
{
    for (size_t p = 0; p < POINTS; p++) {
        for (size_t i = 0; i < D; i++) {
            uint64_t rng = (UINT64_C(1) << 32) + p * D + i;
            points[p * D + i] = (float)(rng_unit(&rng) + (p % CLUSTERS == i ? 1.0 : 0.0));
        }
    }
}

static struct k_means *group(const struct k_means_settings *wanted, const float *points,
                             size_t count, const float *start, size_t starts, size_t work)
{
    struct k_means *means = k_means_new(wanted, points, count, start, starts);
    while (k_means_step(means, work)) {}
    return means;
}

/* ---- The oracle ---- */

static size_t nearest(const double *centroids, const float *point)
{
    size_t best = 0;
    double least = INFINITY;
    for (size_t c = 0; c < CLUSTERS; c++) {
        double square = 0.0;
        for (size_t i = 0; i < D; i++) {
            square += pow(centroids[c * D + i] - (double)point[i], 2.0);
        }
        if (square < least) { best = c; }
        least = MIN_OF(least, square);
    }
    return best;
}

static void lloyd(const float *points, double *centroids, size_t *sizes)
{
    for (int round = 0; round < 1000; round++) {
        double sums[CLUSTERS * D] = {0};
        memset(sizes, 0, CLUSTERS * sizeof(*sizes));
        for (size_t p = 0; p < POINTS; p++) {
            size_t c = nearest(centroids, points + p * D);
            sizes[c]++;
            for (size_t i = 0; i < D; i++) { sums[c * D + i] += (double)points[p * D + i]; }
        }
        for (size_t c = 0; c < CLUSTERS; c++) {
            for (size_t i = 0; sizes[c] && i < D; i++) {
                centroids[c * D + i] = sums[c * D + i] / (double)sizes[c];
            }
        }
    }
}

/* ---- Tests ---- */

static void test_against_loops(void **state)
{
    float points[POINTS * D];
    double centroids[CLUSTERS * D];
    size_t sizes[CLUSTERS];
    make(points);
    struct k_means *means = group(&settings, points, POINTS, points, CLUSTERS, 1000);
    for (size_t k = 0; k < CLUSTERS * D; k++) { centroids[k] = (double)points[k]; }
    lloyd(points, centroids, sizes);
    assert_int_equal(k_means_clusters(means), CLUSTERS);
    for (size_t c = 0; c < CLUSTERS; c++) {
        assert_int_equal(k_means_size(means, c), sizes[c]);
        assert_int_equal(k_means_origin(means, c), c);
        for (size_t i = 0; i < D; i++) {
            double found = (double)k_means_centroids(means)[c * D + i];
            assert_true(fabs(found - centroids[c * D + i]) < 1e-5);
        }
    }
    for (size_t p = 0; p < POINTS; p++) {
        assert_int_equal(k_means_of(means, p), nearest(centroids, points + p * D));
    }
    k_means_free(means);
}

static void test_against_numpy(void **state)
{
    float points[POINTS * D];
    make(points);
    struct k_means *means = group(&settings, points, POINTS, points, CLUSTERS, 1000);
    struct buf text;
    char *next = NULL;
    buf_init(&text, 1 << 16);
    if (text_file_read("tests/golden/clusters.txt", &text)) { fail_msg("no golden file"); }
    buf_append(&text, "", 1);
    size_t c = 0;
    for (char *line = strtok_r(text.data, "\n", &next); line; line = strtok_r(NULL, "\n", &next)) {
        size_t size;
        double at[D];
        if (sscanf(line, "cluster %zu %lf %lf %lf %lf %lf", &size, &at[0], &at[1], &at[2], &at[3],
                   &at[4]) != D + 1) {
            continue;
        }
        assert_true(c < CLUSTERS);
        assert_int_equal(k_means_size(means, c), size);
        for (size_t i = 0; i < D; i++) {
            assert_true(fabs((double)k_means_centroids(means)[c * D + i] - at[i]) < 1e-5);
        }
        c++;
    }
    assert_int_equal(c, CLUSTERS);
    buf_release(&text);
    k_means_free(means);
}

static void test_steps_of_any_size(void **state)
{
    float points[POINTS * D];
    make(points);
    struct k_means *whole = group(&settings, points, POINTS, NULL, 0, SIZE_MAX),
                   *cut = group(&settings, points, POINTS, NULL, 0, 1);
    assert_int_equal(k_means_clusters(whole), CLUSTERS);
    assert_memory_equal(k_means_centroids(whole), k_means_centroids(cut),
                        CLUSTERS * D * sizeof(float));
    k_means_free(whole);
    k_means_free(cut);
}

/* Groups far from each other: k-means++ draws a start in each, also beside one that is given. */
static void test_starts_that_are_drawn(void **state)
{
    float points[POINTS];
    const float start[] = {1000.0F};
    const struct k_means_settings one = {4, 1, 100, 11};
    uint64_t rng = 3;
    for (size_t p = 0; p < POINTS; p++) {
        points[p] = (float)(p % 4) * 1000.0F + (float)rng_unit(&rng);
    }
    for (size_t starts = 0; starts < 2; starts++) {
        struct k_means *means = group(&one, points, POINTS, start, starts, 100);
        for (size_t c = 0; c < 4; c++) { assert_int_equal(k_means_size(means, c), POINTS / 4); }
        if (starts) { assert_true(fabs((double)k_means_centroids(means)[0] - 1000.5) < 0.5); }
        k_means_free(means);
    }
}

static void test_fewer_places_than_clusters(void **state)
{
    const float points[] = {1.0F, 2.0F, 1.0F, 2.0F, 2.0F};
    const struct k_means_settings one = {4, 1, 100, 1}, none = {0, 1, 100, 1};
    struct k_means *means = group(&one, points, 5, NULL, 0, 1);
    assert_int_equal(k_means_clusters(means), 2);
    assert_int_equal(k_means_size(means, 0) + k_means_size(means, 1), 5);
    k_means_free(means);
    means = group(&one, points, 0, NULL, 0, 1);
    assert_int_equal(k_means_clusters(means), 0);
    k_means_free(means);
    means = group(&none, points, 5, NULL, 0, 1);
    assert_int_equal(k_means_clusters(means), 0);
    k_means_free(means);
}

static void test_small_clusters_are_dropped(void **state)
{
    const float points[] = {0.0F, 0.1F, 0.2F, 10.0F, 10.1F, 20.0F, 20.1F, 20.2F};
    const float start[] = {0.0F, 10.0F, 20.0F, 99.0F};
    const struct k_means_settings one = {4, 1, 100, 1};
    struct k_means *means = group(&one, points, 8, start, 4, 3);
    assert_int_equal(k_means_clusters(means), 4);
    assert_int_equal(k_means_size(means, 3), 0);
    assert_true(k_means_drop(means, 3));
    while (k_means_step(means, 1)) {}
    assert_int_equal(k_means_clusters(means), 2);
    assert_int_equal(k_means_origin(means, 1), 2);
    assert_int_equal(k_means_size(means, 0) + k_means_size(means, 1), 8);
    assert_true(fabs((double)k_means_centroids(means)[1] - 20.1) < 1e-5);
    assert_false(k_means_drop(means, 3));
    assert_true(k_means_drop(means, 9));
    assert_false(k_means_step(means, 1));
    assert_int_equal(k_means_clusters(means), 0);
    k_means_free(means);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_loops),
        cmocka_unit_test(test_against_numpy),
        cmocka_unit_test(test_steps_of_any_size),
        cmocka_unit_test(test_starts_that_are_drawn),
        cmocka_unit_test(test_fewer_places_than_clusters),
        cmocka_unit_test(test_small_clusters_are_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
