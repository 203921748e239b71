/* Parts of a sample: arranged by the names of clusters and then by their places; what has no
 * number, cluster or direction is left out. */
#include "base/base.h"
#include "model/fold_in.h"
#include "model/user_sample.h"

#include <setjmp.h>
#include <cmocka.h>

enum { D = 2, ITEMS = 3, PLACES = 4 };

static const float factors[ITEMS * D] = {1, 0, 0, 2, 0, 0};
/* Places a, b, c and d: the second one has no number, and c no direction. */
static const int32_t numbers[PLACES] = {0, -1, 2, 1};
/* Clusters 1 and 3; 2 is not there. */
static const int32_t names[] = {-1, 1, -1, 0};
static const struct sample_space space = {
    .factors = factors, .items = ITEMS, .d = D, .numbers = numbers, .places = PLACES,
    .clusters = names, .names = ARRAY_COUNT(names), .clusters_count = 2};

static void put(struct user_sample *sample, int32_t part, bool counted)
{
    /* of 3: a twice, d; of 2: a; of 1: d, b; of 3: c alone; of 1: a */
    static const int32_t clusters[] = {3, 2, 1, 3, 1}, counts[] = {2, 1, 2, 1, 1};
    static const int32_t items[] = {0, 3, 0, 3, 1, 2, 0};
    static const float strengths[] = {2, 1, 1, 5, 1, 1, 1};
    const struct sampled_users users = {clusters, counts, 5, items, counted ? strengths : NULL, 7};
    user_sample_put(sample, part, &users);
}

/* Returns a number of a user's vector. */
static double number_of(const struct user_sample *sample, size_t user, size_t i)
{
    return (double)sample->vectors[i * SAMPLE_BLOCK + user];
}

static void test_arranged(void **state)
{
    struct user_sample sample = {.users = 0};
    put(&sample, 1, false);
    put(&sample, 0, true);
    put(&sample, 0, true); /* again */
    assert_int_equal(sample.parts_count, 2);
    assert_true(user_sample_has(&sample, 1) && !user_sample_has(&sample, 2));
    user_sample_arrange(&sample, &space);
    assert_int_equal(sample.users, 6);
    /* cluster 1, which has the number 1: of part 0, then of part 1 */
    assert_int_equal(sample.clusters[1].from, 0);
    assert_int_equal(sample.clusters[1].end, 4);
    assert_int_equal(sample.clusters[0].from, 4);
    assert_int_equal(sample.clusters[0].end, 6);
    static const int32_t items[] = {1, 0, 1, 0, 0, 1, 0, 1};
    static const double strengths[] = {5, 1, 1, 1, 2, 1, 1, 1};
    static const size_t begins[] = {0, 1, 2, 3, 4, 6, 8};
    for (size_t k = 0; k < ARRAY_COUNT(items); k++) {
        assert_int_equal(sample.items[k], items[k]);
        assert_true(fabs((double)sample.strengths[k] - strengths[k]) < 1e-9);
    }
    for (size_t u = 0; u <= sample.users; u++) { assert_int_equal(sample.begins[u], begins[u]); }
    assert_true(fabs((double)sample.lengths[0] - 5.0) < 1e-6);
    assert_true(fabs((double)sample.lengths[4] - sqrt(5.0)) < 1e-6);
    double a = log1p(2.0), b = 2.0 * log1p(1.0), length = sqrt(a * a + b * b);
    assert_true(fabs(number_of(&sample, 4, 0) - a / length) < 1e-6);
    assert_true(fabs(number_of(&sample, 4, 1) - b / length) < 1e-6);
    assert_true(number_of(&sample, 0, 0) == 0.0 && number_of(&sample, 1, 0) == 1.0);
    user_sample_release(&sample);
    assert_int_equal(sample.users, 0);
}

static void test_nobody(void **state)
{
    struct user_sample sample = {.users = 0};
    user_sample_arrange(&sample, &space);
    assert_int_equal(sample.users, 0);
    assert_int_equal(sample.clusters[0].end, 0);
    user_sample_release(&sample);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arranged),
        cmocka_unit_test(test_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
