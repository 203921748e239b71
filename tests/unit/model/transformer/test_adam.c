#include "base/base.h"
#include "model/transformer/adam.h"
#include "tests/unit/numbers.h"

/* Twenty steps of the paper's algorithm in double, at lengths that fill a vector and that don't. */
static void test_algorithm(void **state)
{
    uint64_t rng = 11;
    for (size_t n = 0; n < 40; n += 3) {
        _cleanup_(xfreep) float *w = draw_many(&rng, n, 1.0);
        _cleanup_(xfreep) float *m = zeros(n);
        _cleanup_(xfreep) float *v = zeros(n);
        _cleanup_(xfreep) float *g = zeros(n);
        _cleanup_(xfreep) double *want = xcalloc(3 * n + 1, sizeof(*want));
        const struct adam adam = adam_with(0.01f);
        for (uint64_t t = 1; t <= 20; t++) {
            for (size_t i = 0; i < n; i++) {
                g[i] = i == 0 ? 0.0f : (float)(draw(&rng) - 0.3);
                double *wi = want + 3 * i, grad = g[i];
                if (t == 1) { wi[0] = w[i], wi[1] = wi[2] = 0.0; }
                wi[1] = 0.9 * wi[1] + 0.1 * grad;
                wi[2] = 0.999 * wi[2] + 0.001 * grad * grad;
                double mean = wi[1] / (1 - pow(0.9, (double)t));
                double variance = wi[2] / (1 - pow(0.999, (double)t));
                wi[0] -= 0.01 * mean / (sqrt(variance) + 1e-8);
            }
            adam_step(&adam, t, n, w, g, m, v);
            for (size_t i = 0; i < n; i++) {
                near_to(w[i], want[3 * i], 2e-5, "w", i);
                assert_true(g[i] == 0.0f);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_algorithm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
