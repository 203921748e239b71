#include "base/base.h"
#include "model/transformer/quantised.h"
#include "model/transformer/wide.h"

void quantised_from(const float *vectors, size_t rows, size_t d, int8_t *bytes, float *scales)
{
    const size_t stride = quantised_stride(d);
    memset(bytes, 0, rows * stride);
    for (size_t r = 0; r < rows; r++, vectors += d, bytes += stride) {
        float largest = 0.0f;
        for (size_t i = 0; i < d; i++) { largest = MAX_OF(largest, fabsf(vectors[i])); }
        assert(isfinite(largest));
        scales[r] = largest / 127.0f;
        /* A row too small for a scale is a row of zeros. */
        const double times = scales[r] > 0.0f ? 1.0 / scales[r] : 0.0;
        for (size_t i = 0; i < d; i++) {
            const long byte = lrint((double)vectors[i] * times);
            bytes[quantised_place(i)] = (int8_t)MAX_OF(-127L, MIN_OF(127L, byte));
        }
    }
}

WIDE
void quantised_scores(const int8_t *bytes, const float *scales, size_t rows, size_t d,
                      const float *query, float *scores)
{
    assert(d % WIDE_LANES == 0);
    const size_t stride = quantised_stride(d);
    for (size_t r = 0; r < rows; r++, bytes += stride) {
        wide sum = {0};
        for (size_t i = 0; i < d; i += WIDE_LANES) {
            wide_bits words;
            memcpy(&words, bytes + i / 64 * 64, sizeof(words));
            const wide_int numbers = (wide_int)(words << (24 - i % 64 / 2)) >> 24;
            sum += __builtin_convertvector(numbers, wide) * wide_load(query + i);
        }
        scores[r] = wide_sum(sum) * scales[r];
    }
}
