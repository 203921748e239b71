#include "base/base.h"
#include "model/transformer/adam.h"
#include "model/transformer/wide.h"

struct constants {
    float rate; /* with the first correction */
    float root; /* 1 / sqrt(1 - b2^t) */
};

static struct constants corrected(const struct adam *adam, uint64_t t)
{
    return (struct constants){
        .rate = (float)(adam->rate / (1.0 - pow(adam->beta1, (double)t))),
        .root = (float)(1.0 / sqrt(1.0 - pow(adam->beta2, (double)t))),
    };
}

WIDE
void adam_step(const struct adam *adam, uint64_t t, size_t n, float *w, float *g, float *m,
               float *v)
{
    assert(t > 0);
    const struct constants now = corrected(adam, t);
    for (size_t at = 0; at < n; at += WIDE_LANES) {
        size_t lanes = MIN_OF(n - at, (size_t)WIDE_LANES);
        bool whole = lanes == WIDE_LANES;
        wide grad = whole ? wide_load(g + at) : wide_load_some(g + at, lanes, 0.0f);
        wide mean = whole ? wide_load(m + at) : wide_load_some(m + at, lanes, 0.0f);
        wide var = whole ? wide_load(v + at) : wide_load_some(v + at, lanes, 0.0f);
        wide weight = whole ? wide_load(w + at) : wide_load_some(w + at, lanes, 0.0f);
        mean += (1.0f - adam->beta1) * (grad - mean);
        var += (1.0f - adam->beta2) * (grad * grad - var);
        weight -= now.rate * mean / (wide_sqrt(var) * now.root + adam->epsilon);
        if (whole) {
            wide_store(m + at, mean);
            wide_store(v + at, var);
            wide_store(w + at, weight);
        } else {
            wide_store_some(m + at, lanes, mean);
            wide_store_some(v + at, lanes, var);
            wide_store_some(w + at, lanes, weight);
        }
        memset(g + at, 0, lanes * sizeof(*g));
    }
}
