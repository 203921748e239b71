#include "base/base.h"
#include "model/counting/similarity.h"

#include <setjmp.h>

#include <cmocka.h>

static void near(double got, double want)
{
    if (fabs(got - want) > 1e-9 * fmax(1.0, fabs(want))) {
        fail_msg("%.12g, not %.12g", got, want);
    }
}

static void test_cosine(void **state)
{
    near(similarity_cosine(3, 4, 9), 0.5);
    near(similarity_cosine(5, 5, 5), 1.0);
    assert_true(similarity_cosine(0, 4, 9) == 0.0);
    assert_true(similarity_cosine(1, 0, 9) == 0.0);
    assert_true(similarity_cosine(-1e-9, 4, 9) == 0.0);
    /* Masses whose product overflows a double. */
    near(similarity_cosine(1e200, 1e200, 1e200), 1.0);
}

static void test_jaccard(void **state)
{
    near(similarity_jaccard(2, 4, 6), 0.25);
    near(similarity_jaccard(5, 5, 5), 1.0);
    assert_true(similarity_jaccard(0, 4, 6) == 0.0);
    assert_true(similarity_jaccard(3, 1, 1) == 0.0);
}

/* The min rule and the measures on three users' ratings, straight from the definitions. */
static void test_ratings(void **state)
{
    const double a[] = {5, 1, 0, 2}, b[] = {3, 4, 2, 0};
    double co = 0, either = 0, mass_a = 0, mass_b = 0;
    for (size_t u = 0; u < ARRAY_COUNT(a); u++) {
        co += fmin(a[u], b[u]);
        either += fmax(a[u], b[u]);
        mass_a += a[u];
        mass_b += b[u];
    }
    near(similarity_jaccard(co, mass_a, mass_b), co / either);
    near(similarity_cosine(co, mass_a, mass_b), co / sqrt(mass_a * mass_b));
}

/* Values worked out with 50 digits from Dunning's formula. */
static void test_llr_table(void **state)
{
    near(similarity_llr_table(1, 0, 0, 1), 2.772588722239781);
    near(similarity_llr_table(10, 0, 0, 10), 27.725887222397812);
    near(similarity_llr_table(5, 1995, 0, 100000), 39.3305216549061378);
    near(similarity_llr_table(110, 2442, 111, 29114), 270.7218769362325556);
    assert_true(similarity_llr_table(0, 0, 0, 0) == 0.0);
    assert_true(fabs(similarity_llr_table(10, 20, 30, 60)) < 1e-9);
}

/* The statistic as mutual information: 2 n I(row; column), by three entropies. */
static void test_llr_entropies(void **state)
{
    for (int k = 0; k < 500; k++) {
        double c[4];
        for (int i = 0; i < 4; i++) { c[i] = (double)((k * 7919 + i * 104729 + k * k * i) % 97); }
        double n = c[0] + c[1] + c[2] + c[3];
        const double sums[] = {c[0] + c[1], c[2] + c[3], c[0] + c[2], c[1] + c[3]};
        double want = n > 0 ? n * log(n) : 0.0;
        for (int i = 0; i < 4; i++) {
            want += c[i] > 0 ? c[i] * log(c[i]) : 0.0;
            want -= sums[i] > 0 ? sums[i] * log(sums[i]) : 0.0;
        }
        double got = similarity_llr_table(c[0], c[1], c[2], c[3]);
        if (fabs(got - 2 * want) > 1e-7) { fail_msg("%.12g, not %.12g", got, 2 * want); }
    }
}

static void test_llr(void **state)
{
    near(similarity_llr(110, 2552, 221, 31777), similarity_llr_table(110, 2442, 111, 29114));
    near(similarity_llr(110, 221, 2552, 31777), similarity_llr(110, 2552, 221, 31777));
    /* As often as chance, less often, never: no similarity. */
    assert_true(similarity_llr(10, 100, 100, 1000) == 0.0);
    assert_true(similarity_llr(3, 100, 100, 1000) == 0.0);
    assert_true(similarity_llr(0, 100, 100, 1000) == 0.0);
    assert_true(similarity_llr(20, 100, 100, 1000) > 0.0);
    /* Counts that do not fit each other stay finite. */
    assert_true(isfinite(similarity_llr(20, 10, 5, 1)));
}

/* Correlations that can be told by hand. */
static void test_pearson(void **state)
{
    const float x[] = {1, 2, 3, 4, 5};
    struct similarity_moments up = {0}, down = {0}, flat = {0}, one = {0};
    for (int k = 0; k < 5; k++) {
        similarity_moments_add(&up, x[k], 2 * x[k] + 7);
        similarity_moments_add(&down, x[k], 6 - x[k]);
        similarity_moments_add(&flat, x[k], 3);
    }
    similarity_moments_add(&one, 4, 2);
    assert_true(fabs(similarity_pearson(&up, 0) - 1) < 1e-6);
    assert_true(fabs(similarity_pearson(&down, 0) + 1) < 1e-6);
    assert_true(fabs(similarity_pearson(&up, 15) - .25) < 1e-6);
    assert_true(similarity_pearson(&flat, 0) == 0.0);
    assert_true(similarity_pearson(&one, 0) == 0.0);
    /* 1 2 3 with 1 3 2: one half */
    struct similarity_moments half = {0};
    similarity_moments_add(&half, 1, 1);
    similarity_moments_add(&half, 2, 3);
    similarity_moments_add(&half, 3, 2);
    assert_true(fabs(similarity_pearson(&half, 0) - .5) < 1e-6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cosine),        cmocka_unit_test(test_jaccard),
        cmocka_unit_test(test_ratings),       cmocka_unit_test(test_llr_table),
        cmocka_unit_test(test_llr_entropies), cmocka_unit_test(test_llr),
        cmocka_unit_test(test_pearson),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
