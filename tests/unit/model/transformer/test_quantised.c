#include "base/base.h"
#include "model/transformer/quantised.h"
#include "tests/unit/numbers.h"

enum { ROWS = 300, D = 112, STRIDE = 128 };

/* Numbers within half a scale, scores within what that allows, for rows of very different sizes. */
static void test_bounds(void **state)
{
    uint64_t rng = 6;
    _cleanup_(xfreep) float *vectors = draw_many(&rng, ROWS * D, 1.0);
    _cleanup_(xfreep) float *query = draw_many(&rng, D, 1.0);
    _cleanup_(xfreep) int8_t *bytes = xcalloc(ROWS * STRIDE, 1);
    float scales[ROWS], scores[ROWS];
    double norm = 0;
    for (size_t i = 0; i < ROWS * D; i++) { vectors[i] *= powf(10.0f, (float)(i / D % 9) - 4.0f); }
    for (size_t i = 0; i < D; i++) { norm += fabs(query[i]); }
    assert_int_equal(quantised_stride(D), STRIDE);
    quantised_from(vectors, ROWS, D, bytes, scales);
    quantised_scores(bytes, scales, ROWS, D, query, scores);
    for (size_t r = 0; r < ROWS; r++) {
        double whole = 0, rounded = 0;
        int highest = 0;
        for (size_t i = r * D; i < (r + 1) * D; i++) {
            const int byte = bytes[r * STRIDE + quantised_place(i % D)];
            assert_true(fabs(byte * (double)scales[r] - vectors[i]) <= 0.50001 * scales[r]);
            highest = MAX_OF(highest, abs(byte));
            whole += (double)vectors[i] * query[i % D];
            rounded += (double)byte * scales[r] * query[i % D];
        }
        assert_int_equal(highest, 127);
        assert_true(fabs(scores[r] - whole) <= 0.5001 * norm * scales[r]);
        assert_true(fabs(scores[r] - rounded) <= 1e-5 * norm * 127 * scales[r]);
    }
}

static void test_nothing(void **state)
{
    const float vectors[32] = {[16] = 1e-45f}, query[16] = {1, 2, 3};
    int8_t bytes[128];
    float scales[2], scores[2];
    quantised_from(vectors, 2, 16, bytes, scales);
    quantised_scores(bytes, scales, 2, 16, query, scores);
    assert_true(scores[0] == 0.0f && fabsf(scores[1]) < 1e-43f && scales[0] == 0.0f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
