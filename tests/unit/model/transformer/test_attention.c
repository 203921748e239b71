#include "base/base.h"
#include "model/transformer/attention.h"
#include "model/transformer/dropout.h"
#include "tests/unit/numbers.h"

struct world {
    struct attention of;
    size_t n;
    float *q, *kv, *out, *kept, *scratch, *dout, *dq, *dkv;
    double *mask; /* heads x n x n: what dropout multiplies P by */
};

/* The definition, in double, with one number of q or kv moved; weighs the output by dout. */
static double naive(const struct world *w, const float *moved, double by, double *out)
{
    const size_t d = w->of.d, n = w->n, width = d / w->of.heads;
    double sum = 0, *p = xcalloc(n, sizeof(*p));
#define AT(array, index) ((double)(array)[index] + ((array) + (index) == moved ? by : 0.0))
    for (size_t h = 0; h < w->of.heads; h++) {
        for (size_t i = 0; i < n; i++) {
            const size_t seen = w->of.causal ? i + 1 : n;
            double total = 0;
            for (size_t j = 0; j < seen; j++) {
                p[j] = 0;
                for (size_t c = h * width; c < (h + 1) * width; c++) {
                    p[j] += AT(w->q, i * d + c) * AT(w->kv, j * 2 * d + c);
                }
                p[j] = exp(p[j] / sqrt((double)width));
                total += p[j];
            }
            for (size_t c = h * width; c < (h + 1) * width; c++) {
                double o = 0;
                for (size_t j = 0; j < seen; j++) {
                    o += p[j] / total * w->mask[(h * n + i) * n + j] * AT(w->kv, j * 2 * d + d + c);
                }
                if (out) { out[i * d + c] = o; }
                sum += o * w->dout[i * d + c];
            }
        }
    }
#undef AT
    free(p);
    return sum;
}

/* What dropout does to each weight is read off its results: 0 or the scale. */
static void read_masks(struct world *w)
{
    _cleanup_(xfreep) float *ones = zeros(w->n);
    _cleanup_(xfreep) float *row = zeros(w->n);
    for (size_t i = 0; i < w->n; i++) { ones[i] = 1.0f; }
    for (size_t h = 0; h < w->of.heads; h++) {
        for (size_t i = 0; i < w->n; i++) {
            dropout_copy(row, ones, w->n, w->of.dropout,
                         dropout_key(w->of.key, i * w->of.heads + h));
            for (size_t j = 0; j < w->n; j++) { w->mask[(h * w->n + i) * w->n + j] = row[j]; }
        }
    }
}

static void check_gradients(const struct world *w, const float *of, const float *got, size_t count,
                            size_t stride, const char *what)
{
    for (size_t at = 0; at < count; at += stride) {
        double want = (naive(w, of + at, 1e-5, NULL) - naive(w, of + at, -1e-5, NULL)) / 2e-5;
        near_to(got[at], want, 2e-5, what, at);
    }
}

static void check(size_t n, size_t heads, bool causal, float rate)
{
    enum { D = 16 };
    uint64_t rng = n;
    struct world w = {
        .of = {.d = D, .heads = heads, .causal = causal, .dropout = rate, .key = 99},
        .n = n,
        .q = draw_many(&rng, n * D, 1.0),
        .kv = draw_many(&rng, n * 2 * D, 1.0),
        .out = zeros(n * D),
        .scratch = zeros(attention_scratch(n)),
        .dout = draw_many(&rng, n * D, 1.0),
        .dq = zeros(n * D),
        .dkv = zeros(n * 2 * D),
        .mask = xcalloc(heads * n * n, sizeof(double)),
    };
    _cleanup_(xfreep) double *want = xcalloc(n * D, sizeof(*want));
    w.kept = zeros(attention_kept(&w.of, n));
    read_masks(&w);
    attention(&w.of, n, w.q, w.kv, w.out, w.kept, w.scratch);
    (void)naive(&w, NULL, 0, want);
    for (size_t i = 0; i < n * D; i++) { near_to(w.out[i], want[i], 1e-5, "out", i); }
    attention_back(&w.of, n, w.q, w.kv, w.out, w.kept, w.dout, w.dq, w.dkv, w.scratch);
    const size_t stride = n > 20 ? 211 : 1;
    check_gradients(&w, w.q, w.dq, n * D, stride, "dq");
    check_gradients(&w, w.kv, w.dkv, n * 2 * D, stride, "dkv");
    float *const owned[] = {w.q, w.kv, w.out, w.kept, w.scratch, w.dout, w.dq, w.dkv};
    for (size_t i = 0; i < ARRAY_COUNT(owned); i++) { free(owned[i]); }
    free(w.mask);
}

/* Where keys and values are the inputs, what the last one attends to is the last output. */
static void check_last(size_t n)
{
    enum { D = 32 };
    uint64_t rng = n;
    const struct attention of = {.d = D, .heads = 1, .causal = n % 2 == 0};
    _cleanup_(xfreep) float *x = draw_many(&rng, n * D, 1.0);
    _cleanup_(xfreep) float *q = draw_many(&rng, n * D, 1.0);
    _cleanup_(xfreep) float *kv = zeros(n * 2 * D);
    _cleanup_(xfreep) float *out = zeros(n * D);
    _cleanup_(xfreep) float *kept = zeros(attention_kept(&of, n));
    _cleanup_(xfreep) float *scratch = zeros(attention_scratch(n));
    float asked[D], last[D];
    for (size_t at = 0; at < 2 * n; at++) { memcpy(kv + at * D, x + at / 2 * D, sizeof(last)); }
    attention(&of, n, q, kv, out, kept, scratch);
    for (size_t i = 0; i < D; i++) { asked[i] = q[(n - 1) * D + i] / sqrtf(D); }
    attention_last(n, D, x, asked, last, scratch);
    for (size_t i = 0; i < D; i++) {
        near_to(last[i], (double)out[(n - 1) * D + i], 1e-5, "last", i);
    }
}

static void test_last(void **state)
{
    const size_t lengths[] = {1, 2, 15, 16, 65};
    for (size_t i = 0; i < ARRAY_COUNT(lengths); i++) { check_last(lengths[i]); }
}

/* Lengths within a block, of whole blocks and beyond. */
static void test_definition(void **state)
{
    const size_t lengths[] = {1, 2, 7, 64, 65, 140};
    for (size_t i = 0; i < ARRAY_COUNT(lengths); i++) {
        for (size_t heads = 1; heads <= 4; heads *= 4) {
            check(lengths[i], heads, true, 0.0f);
            check(lengths[i], heads, false, 0.0f);
            check(lengths[i], heads, true, 0.25f);
            check(lengths[i], heads, false, 0.5f);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_definition),
        cmocka_unit_test(test_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
