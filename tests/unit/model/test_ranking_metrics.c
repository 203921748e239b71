#include "base/base.h"
#include "base/xalloc.h"
#include "model/ranking_metrics.h"
#include "tests/unit/tiny_world.h"

#include <setjmp.h>
#include <cmocka.h>

static void test_rank(void **state)
{
    const float scores[] = {3, 1, 3, -INFINITY, 5, 3};
    assert_true(ranking_metrics_rank(scores, 6, 4) == 0.0);
    assert_true(ranking_metrics_rank(scores, 6, 0) == 2.0); /* ranks 1, 2, 3 shared */
    assert_true(ranking_metrics_rank(scores, 6, 1) == 4.0);
    assert_true(isinf(ranking_metrics_rank(scores, 6, 3)));
    const float same[] = {0, 0, 0, 0};
    assert_true(ranking_metrics_rank(same, 4, 2) == 1.5);
}

/* Ranks 0, 1, 9, 9.5, 10, 19.5, 20 and none, worked out by hand. */
static void test_means(void **state)
{
    const double ranks[] = {0, 1, 9, 9.5, 10, 19.5, 20, (double)INFINITY};
    struct ranking_metrics hits = {0};
    for (size_t k = 0; k < ARRAY_COUNT(ranks); k++) { ranking_metrics_count(&hits, ranks[k]); }
    struct ranking_metrics mean = ranking_metrics_mean(&hits);
    assert_int_equal(mean.asked, 8);
    assert_near(mean.hr10, 4.0 / 8, 1e-12);
    assert_near(mean.r20, 6.0 / 8, 1e-12);
    double gains = 1.0 + 1.0 / log2(3.0) + 1.0 / log2(11.0) + 1.0 / log2(11.5);
    assert_near(mean.ndcg10, gains / 8, 1e-12);
    assert_true(ranking_metrics_mean(&(struct ranking_metrics){0}).hr10 == 0.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rank),
        cmocka_unit_test(test_means),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
