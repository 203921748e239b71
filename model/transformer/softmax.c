#include "base/base.h"
#include "model/transformer/softmax.h"
#include "model/transformer/wide.h"

WIDE
float softmax_highest(const float *row, size_t n)
{
    assert(n > 0);
    wide highest = wide_all(row[0]);
    size_t at = 0;
    for (; at + WIDE_LANES <= n; at += WIDE_LANES) {
        highest = wide_max(highest, wide_load(row + at));
    }
    if (at < n) { highest = wide_max(highest, wide_load_some(row + at, n - at, row[0])); }
    return wide_highest(highest);
}

WIDE
float softmax_exponentials(float *row, size_t n, float shift)
{
    wide sum = {0};
    size_t at = 0;
    for (; at + WIDE_LANES <= n; at += WIDE_LANES) {
        wide e = wide_exp(wide_load(row + at) - shift);
        wide_store(row + at, e);
        sum += e;
    }
    float rest = 0.0f;
    if (at < n) {
        wide e = wide_exp(wide_load_some(row + at, n - at, shift) - shift);
        wide_store_some(row + at, n - at, e);
        for (; at < n; at++) { rest += row[at]; }
    }
    return wide_sum(sum) + rest;
}

WIDE
void softmax_row(float *row, size_t n)
{
    const float scale = 1.0f / softmax_exponentials(row, n, softmax_highest(row, n));
    size_t at = 0;
    for (; at + WIDE_LANES <= n; at += WIDE_LANES) {
        wide_store(row + at, wide_load(row + at) * scale);
    }
    for (; at < n; at++) { row[at] *= scale; }
}
