#include "base/base.h"
#include "model/transformer/layer_norm.h"
#include "tests/unit/numbers.h"

enum { ROWS = 5, D = 48 };

/* One row in double. */
static void naive(const double *x, const float *gain, const float *bias, double *y)
{
    double mean = 0, variance = 0;
    for (size_t i = 0; i < D; i++) { mean += x[i] / D; }
    for (size_t i = 0; i < D; i++) { variance += (x[i] - mean) * (x[i] - mean) / D; }
    for (size_t i = 0; i < D; i++) {
        y[i] = gain[i] * (x[i] - mean) / sqrt(variance + LAYER_NORM_EPSILON) + bias[i];
    }
}

/* What the naive row weighs by dy, with x[at] moved. */
static double weighed(const float *x, const float *gain, const float *bias, const float *dy,
                      size_t at, double moved)
{
    double row[D], y[D], sum = 0;
    for (size_t i = 0; i < D; i++) { row[i] = x[i]; }
    row[at] += moved;
    naive(row, gain, bias, y);
    for (size_t i = 0; i < D; i++) { sum += y[i] * dy[i]; }
    return sum;
}

static void test_rows(void **state)
{
    uint64_t rng = 3;
    _cleanup_(xfreep) float *x = draw_many(&rng, ROWS * D, 2.0);
    _cleanup_(xfreep) float *gain = draw_many(&rng, D, 1.5);
    _cleanup_(xfreep) float *bias = draw_many(&rng, D, 1.0);
    _cleanup_(xfreep) float *dy = draw_many(&rng, ROWS * D, 1.0);
    _cleanup_(xfreep) float *y = zeros(ROWS * D);
    _cleanup_(xfreep) float *dx = zeros(ROWS * D);
    _cleanup_(xfreep) float *dgain = zeros(D);
    _cleanup_(xfreep) float *dbias = zeros(D);
    float stats[2 * ROWS];
    double want_gain[D] = {0}, want_bias[D] = {0};
    const struct layer_norm norm = {gain, bias};
    layer_norm(x, norm, ROWS, D, y, stats);
    dx[7] = 10.0f;
    layer_norm_back(dy, x, stats, norm, ROWS, D, dx, (struct layer_norm){dgain, dbias});
    dx[7] -= 10.0f;
    for (size_t r = 0; r < ROWS; r++) {
        double row[D], want[D];
        for (size_t i = 0; i < D; i++) { row[i] = x[r * D + i]; }
        naive(row, gain, bias, want);
        for (size_t i = 0; i < D; i++) {
            const size_t at = r * D + i;
            const float *xr = x + r * D, *dyr = dy + r * D;
            near_to(y[at], want[i], 1e-5, "y", at);
            double up = weighed(xr, gain, bias, dyr, i, 1e-5);
            double down = weighed(xr, gain, bias, dyr, i, -1e-5);
            near_to(dx[at], (up - down) / 2e-5, 1e-5, "dx", at);
            want_gain[i] += dy[at] * (want[i] - bias[i]) / gain[i];
            want_bias[i] += dy[at];
        }
    }
    for (size_t i = 0; i < D; i++) {
        near_to(dgain[i], want_gain[i], 1e-4, "dgain", i);
        near_to(dbias[i], want_bias[i], 1e-5, "dbias", i);
    }
}

/* A row of equal numbers has no variance: it becomes the bias. */
static void test_flat(void **state)
{
    float x[16], gain[16], bias[16], y[16], stats[2];
    for (size_t i = 0; i < 16; i++) {
        x[i] = 3.25f;
        gain[i] = 1.0f;
        bias[i] = (float)i;
    }
    layer_norm(x, (struct layer_norm){gain, bias}, 1, 16, y, stats);
    for (size_t i = 0; i < 16; i++) { near_to(y[i], (double)i, 1e-6, "y", i); }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_flat),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
