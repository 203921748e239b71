#include "base/base.h"
#include "model/transformer/linear.h"
#include "tests/unit/numbers.h"

static void check(size_t rows, size_t in, size_t out, bool add)
{
    uint64_t rng = rows + in + out;
    _cleanup_(xfreep) float *x = draw_many(&rng, rows * in, 1.0);
    _cleanup_(xfreep) float *w = draw_many(&rng, in * out, 1.0);
    _cleanup_(xfreep) float *b = draw_many(&rng, out, 1.0);
    _cleanup_(xfreep) float *dy = draw_many(&rng, rows * out, 1.0);
    _cleanup_(xfreep) float *y = zeros(rows * out);
    _cleanup_(xfreep) float *dx = draw_many(&rng, rows * in, 1.0);
    _cleanup_(xfreep) float *before = xmemdup(dx, rows * in * sizeof(*dx));
    _cleanup_(xfreep) float *dw = zeros(in * out);
    _cleanup_(xfreep) float *db = zeros(out);
    const struct linear layer = {w, b, in, out}, grad = {dw, db, in, out};
    dw[0] = db[0] = 2.0f;
    linear(&layer, x, rows, y);
    linear_back(&layer, x, dy, rows, add, dx, &grad);
    for (size_t o = 0; o < out; o++) {
        double bias = o == 0 ? 2.0 : 0.0;
        for (size_t r = 0; r < rows; r++) {
            double want = b[o];
            for (size_t i = 0; i < in; i++) { want += (double)x[r * in + i] * w[i * out + o]; }
            near_to(y[r * out + o], want, 1e-5, "y", r * out + o);
            bias += dy[r * out + o];
        }
        near_to(db[o], bias, 1e-5, "db", o);
    }
    for (size_t i = 0; i < in; i++) {
        for (size_t o = 0; o < out; o++) {
            double want = i + o == 0 ? 2.0 : 0.0;
            for (size_t r = 0; r < rows; r++) { want += (double)x[r * in + i] * dy[r * out + o]; }
            near_to(dw[i * out + o], want, 1e-5, "dw", i * out + o);
        }
        for (size_t r = 0; r < rows; r++) {
            double want = add ? before[r * in + i] : 0.0;
            for (size_t o = 0; o < out; o++) { want += (double)dy[r * out + o] * w[i * out + o]; }
            near_to(dx[r * in + i], want, 1e-5, "dx", r * in + i);
        }
    }
}

static void test_both_ways(void **state)
{
    for (size_t rows = 1; rows < 11; rows++) { check(rows, 32, 16, rows % 2); }
    check(100, 16, 48, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
