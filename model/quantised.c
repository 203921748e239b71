#include "base/base.h"
#include "model/quantised.h"
#include "model/wide.h"

typedef int8_t wide_bytes __attribute__((vector_size(16)));

void quantised_from(const float *vectors, size_t rows, size_t d, int8_t *bytes, float *scales)
{
    for (size_t r = 0; r < rows; r++, vectors += d, bytes += d) {
        float largest = 0.0f;
        for (size_t i = 0; i < d; i++) { largest = MAX_OF(largest, fabsf(vectors[i])); }
        assert(isfinite(largest));
        scales[r] = largest / 127.0f;
        /* A row too small for a scale is a row of zeros. */
        const double times = scales[r] > 0.0f ? 1.0 / scales[r] : 0.0;
        for (size_t i = 0; i < d; i++) {
            const long byte = lrint((double)vectors[i] * times);
            bytes[i] = (int8_t)MAX_OF(-127L, MIN_OF(127L, byte));
        }
    }
}

WIDE
void quantised_scores(const int8_t *bytes, const float *scales, size_t rows, size_t d,
                      const float *query, float *scores)
{
    assert(d % WIDE_LANES == 0);
    for (size_t r = 0; r < rows; r++, bytes += d) {
        wide sum = {0};
        for (size_t i = 0; i < d; i += WIDE_LANES) {
            wide_bytes here;
            memcpy(&here, bytes + i, sizeof(here));
            /* By way of integers: gcc has no instruction in mind for bytes to floats at once. */
            wide_int widened = __builtin_convertvector(here, wide_int);
            sum += __builtin_convertvector(widened, wide) * wide_load(query + i);
        }
        scores[r] = wide_sum(sum) * scales[r];
    }
}
