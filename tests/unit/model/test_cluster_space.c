/* Versions whose records come in any order: factors and centroids of two are never mixed. */
#include "base/base.h"
#include "base/xalloc.h"
#include "model/cluster_space.h"
#include "model/ids.h"
#include "model/rng.h"

#include <setjmp.h>
#include <cmocka.h>

enum { D = 2, PARTS = 3, CLUSTERS = 2, RECORDS = PARTS + CLUSTERS, ALL = 2 * RECORDS };

/* Items a, b and c, one a part. In version n, whose numbers are all n, a user of a is near the
 * cluster x, one of b near y; in even versions the other way. */
static const char *put(struct cluster_space *space, int64_t n, size_t record)
{
    static const char *const items[PARTS] = {"a", "b", "c"}, *const names[CLUSTERS] = {"x", "y"};
    const struct cluster_version version = {n, CLUSTERS, PARTS, 0};
    float numbers[D] = {0};
    if (record < PARTS) {
        struct slice item = slice_str(items[record]);
        if (record < D) { numbers[record] = (float)n; }
        return cluster_space_put_factors(space, version, (int32_t)record,
                                         (struct slices){&item, 1}, (struct floats){numbers, D});
    }
    size_t cluster = record - PARTS;
    numbers[n % 2 ? cluster : 1 - cluster] = 0.5F;
    return cluster_space_put_cluster(space, version, slice_str(names[cluster]),
                                     (struct floats){numbers, D});
}

static void put_all(struct cluster_space *space, int64_t n)
{
    for (size_t r = 0; r < RECORDS; r++) { assert_null(put(space, n, r)); }
}

static char cluster_of(struct cluster_space *space, const char *item)
{
    const struct slice items[] = {slice_str("unknown"), slice_str(item)};
    const float strengths[] = {9.0F, 1.0F};
    float vector[D];
    struct user_cluster cluster;
    if (!cluster_space_fold(space, items, strengths, 2, vector)) { return '-'; }
    cluster_space_nearest(space, vector, &cluster);
    assert_true(fabs((double)cluster.distance - 0.5) < 1e-6);
    return cluster.name.data[0];
}

static void test_a_version_serves_when_it_is_complete(void **state)
{
    struct cluster_space *space = cluster_space_new(1 << 16);
    assert_int_equal(cluster_of(space, "a"), '-');
    for (size_t r = 0; r < RECORDS; r++) {
        assert_int_equal(cluster_space_version(space), 0);
        assert_null(put(space, 1, r));
        assert_null(put(space, 1, r)); /* again */
    }
    assert_int_equal(cluster_space_version(space), 1);
    assert_int_equal(cluster_space_clusters(space), CLUSTERS);
    assert_int_equal(cluster_space_dimensions(space), D);
    assert_int_equal(cluster_of(space, "a"), 'x');
    assert_int_equal(cluster_of(space, "b"), 'y');
    assert_int_equal(cluster_of(space, "c"), '-'); /* its factor is 0 */
    put_all(space, 2);
    assert_int_equal(cluster_space_version(space), 2);
    assert_int_equal(cluster_of(space, "a"), 'y');
    assert_null(put(space, 9, 0));
    assert_int_equal(cluster_space_newest(space), 9);
    put_all(space, 1); /* an older one */
    assert_int_equal(cluster_of(space, "a"), 'y');
    assert_int_equal(cluster_space_version(space), 2);
    cluster_space_free(space);
}

/* Records of two versions in any order: what serves is one of them, whole. */
static void test_versions_in_any_order(void **state)
{
    uint64_t rng = 1;
    for (int round = 0; round < 500; round++) {
        struct cluster_space *space = cluster_space_new(1 << 16);
        size_t order[ALL];
        for (size_t k = 0; k < ALL; k++) {
            size_t at = rng_below(&rng, k + 1);
            order[k] = order[at];
            order[at] = k;
        }
        for (size_t k = 0; k < ALL; k++) {
            assert_null(put(space, 1 + (int64_t)(order[k] / RECORDS), order[k] % RECORDS));
            int64_t version = cluster_space_version(space);
            assert_int_equal(cluster_of(space, "a"), !version ? '-' : version == 1 ? 'x' : 'y');
            assert_int_equal(cluster_of(space, "b"), !version ? '-' : version == 1 ? 'y' : 'x');
        }
        assert_int_equal(cluster_space_version(space), 2);
        cluster_space_free(space);
    }
}

static void test_removals(void **state)
{
    struct cluster_space *space = cluster_space_new(1 << 16);
    put_all(space, 1);
    cluster_space_remove_factors(space, PARTS); /* of a version that had more */
    cluster_space_remove_factors(space, -1);
    cluster_space_remove_cluster(space, slice_str("z"));
    assert_int_equal(cluster_space_version(space), 1);
    cluster_space_remove_factors(space, 0);
    assert_int_equal(cluster_space_version(space), 0);
    assert_int_equal(cluster_of(space, "a"), '-');
    put_all(space, 2);
    cluster_space_remove_cluster(space, slice_str("x"));
    assert_int_equal(cluster_space_version(space), 0);
    put_all(space, 3);
    assert_int_equal(cluster_space_version(space), 3);
    cluster_space_free(space);
}

static void test_refusals(void **state)
{
    struct cluster_space *space = cluster_space_new(1 << 16), *small = cluster_space_new(64);
    const struct cluster_version version = {1, 2, 1, 0};
    float numbers[300] = {1.0F};
    assert_null(cluster_space_put_cluster(space, version, slice_str("x"),
                                          (struct floats){numbers, 2}));
    assert_string_equal(cluster_space_put_cluster(space, version, slice_str("y"),
                                                  (struct floats){numbers, 3}), "columns_differ");
    assert_string_equal(cluster_space_put_cluster(small, version, slice_str("x"),
                                                  (struct floats){numbers, 60}), "over_memory");
    assert_string_equal(cluster_space_put_cluster(small, version, slice_str("x"),
                                                  (struct floats){numbers, 300}), "columns_differ");
    assert_int_equal(cluster_space_version(small), 0);
    cluster_space_free(space);
    cluster_space_free(small);
}

/* Where there is room for one version and not for two, the newest one serves in the end, and not
 * the first one for ever. */
static void test_versions_without_room_for_two(void **state)
{
    const int32_t clusters[] = {1}, counts[] = {1}, items[] = {0};
    const struct sampled_users users = {clusters, counts, 1, items, NULL, 1};
    struct slice item = slice_str("a");
    const struct slices factors = {&item, 1};
    float numbers[D] = {1.0F};
    /* A version takes about 2,700 bytes. */
    struct cluster_space *space = cluster_space_new(5000);
    for (int64_t n = 1; n <= 4; n++) {
        const struct cluster_version version = {n, 1, 1, 1};
        assert_null(cluster_space_put_factors(space, version, 0, factors,
                                              (struct floats){numbers, D}));
        assert_null(cluster_space_put_cluster(space, version, slice_str("1"),
                                              (struct floats){numbers, D}));
        assert_null(cluster_space_put_users(space, version, 0, &users));
        assert_int_equal(cluster_space_version(space), n);
    }
    cluster_space_free(space);
}

/* What actions on an item count is added up; fingerprints give what texts do. */
static void test_folding(void **state)
{
    struct cluster_space *space = cluster_space_new(1 << 16);
    const struct slice items[] = {slice_str("a"), slice_str("b"), slice_str("a"), slice_str("b")};
    const float strengths[] = {1.0F, 2.0F, 3.0F, 0.0F}, ones[] = {1.0F, 1.0F};
    const uint64_t hashes[] = {ids_fingerprint(items[0]), 12345, ids_fingerprint(items[1])};
    float vector[D], other[D];
    put_all(space, 1);
    assert_true(cluster_space_fold(space, items, strengths, 4, vector));
    double x = log(5.0), y = log(3.0), length = sqrt(x * x + y * y);
    assert_true(fabs((double)vector[0] - x / length) < 1e-6);
    assert_true(fabs((double)vector[1] - y / length) < 1e-6);
    assert_true(cluster_space_fold(space, items, ones, 2, vector));
    assert_true(cluster_space_fold_hashes(space, hashes, 3, other));
    assert_memory_equal(vector, other, sizeof(vector));
    assert_false(cluster_space_fold(space, items, strengths, 0, vector));
    cluster_space_free(space);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_version_serves_when_it_is_complete),
        cmocka_unit_test(test_versions_in_any_order),
        cmocka_unit_test(test_removals),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_versions_without_room_for_two),
        cmocka_unit_test(test_folding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
