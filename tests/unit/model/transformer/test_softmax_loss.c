#include "base/base.h"
#include "model/transformer/softmax_loss.h"
#include "tests/unit/numbers.h"

enum { D = 16, ITEMS = 37, ROWS = 23, NEGATIVES = 9 };

struct world {
    float *x, *table;
    int32_t targets[ROWS];
    float counts[ROWS]; /* how much each row counts */
    float *dx, *dtable;
    double want_loss, want_dx[ROWS * D], want_dtable[ITEMS * D];
};

/* `counts` says which items are summed over for which row: an item's index into the row. */
static void naive(struct world *w, bool (*counts)(size_t item, int32_t target), double weight)
{
    w->want_loss = 0;
    memset(w->want_dx, 0, sizeof(w->want_dx));
    memset(w->want_dtable, 0, sizeof(w->want_dtable));
    for (size_t r = 0; r < ROWS; r++) {
        double logits[ITEMS] = {0}, highest = -INFINITY, sum = 0;
        for (size_t j = 0; j < ITEMS; j++) {
            for (size_t i = 0; i < D; i++) {
                logits[j] += (double)w->x[r * D + i] * w->table[j * D + i];
            }
            if (counts(j, w->targets[r])) { highest = fmax(highest, logits[j]); }
        }
        for (size_t j = 0; j < ITEMS; j++) {
            if (counts(j, w->targets[r])) { sum += exp(logits[j] - highest); }
        }
        const double count = (double)w->counts[r];
        w->want_loss += count * (log(sum) + highest - logits[w->targets[r]]);
        for (size_t j = 0; j < ITEMS; j++) {
            if (!counts(j, w->targets[r])) { continue; }
            double excess =
                count * (exp(logits[j] - highest) / sum - ((int32_t)j == w->targets[r]));
            for (size_t i = 0; i < D; i++) {
                w->want_dx[r * D + i] += weight * excess * w->table[j * D + i];
                w->want_dtable[j * D + i] += weight * excess * w->x[r * D + i];
            }
        }
    }
}

static void make(struct world *w, double size)
{
    uint64_t rng = 17;
    w->x = draw_many(&rng, ROWS * D, size);
    w->table = draw_many(&rng, ITEMS * D, size);
    w->dx = zeros(ROWS * D);
    w->dtable = zeros(ITEMS * D);
    for (size_t r = 0; r < ROWS; r++) { w->targets[r] = (int32_t)(draw(&rng) * ITEMS); }
    w->targets[1] = w->targets[0];
    for (size_t r = 0; r < ROWS; r++) { w->counts[r] = r % 3 ? 1.0f : 0.25f * (float)(r + 1); }
}

static void check(struct world *w, double loss, double share)
{
    near_to(loss, w->want_loss, share, "loss", 0);
    for (size_t i = 0; i < ROWS * D; i++) { near_to(w->dx[i], w->want_dx[i], share, "dx", i); }
    for (size_t i = 0; i < ITEMS * D; i++) {
        near_to(w->dtable[i], w->want_dtable[i], share, "dtable", i);
    }
    free(w->x);
    free(w->table);
    free(w->dx);
    free(w->dtable);
}

static bool every(size_t item, int32_t target)
{
    return true;
}

/* Tiles that divide the rows and that do not; logits so large that the maximum must be taken off,
 * so that without it the sum would be infinite. */
static void test_full(void **state)
{
    const double sizes[] = {0.4, 2.0, 8.0};
    for (size_t tile = 1; tile < 30; tile += 7) {
        for (size_t s = 0; s < ARRAY_COUNT(sizes); s++) {
            struct world w;
            make(&w, sizes[s]);
            _cleanup_(xfreep) float *scratch = zeros(softmax_loss_scratch(tile, ITEMS, D));
            const struct softmax_loss loss = {
                .d = D,
                .columns = w.table,
                .count = ITEMS,
                .longest = softmax_loss_longest(w.table, ITEMS, D),
                .weight = 0.125f,
                .dcolumns = w.dtable,
                .tile = tile,
                .scratch = scratch,
            };
            w.dtable[3] = 5.0f;
            double got = softmax_loss(&loss, &(struct softmax_rows){w.x, w.targets, w.counts, ROWS},
                                  w.dx);
            w.dtable[3] -= 5.0f;
            naive(&w, every, 0.125);
            check(&w, got, 3e-5 * fmax(1.0, sizes[s]));
        }
    }
}

/* Every fourth item is a negative. */
static bool of_sample(size_t item, int32_t target)
{
    return (int32_t)item == target || (item % 4 == 0 && item / 4 < NEGATIVES);
}

static void test_sampled(void **state)
{
    const double sizes[] = {0.4, 8.0};
    for (size_t s = 0; s < ARRAY_COUNT(sizes); s++) {
        struct world w;
        make(&w, sizes[s]);
        w.targets[5] = 8; /* its own negative */
        int32_t slots[ITEMS];
        _cleanup_(xfreep) float *columns = zeros(NEGATIVES * D);
        _cleanup_(xfreep) float *dcolumns = zeros(NEGATIVES * D);
        _cleanup_(xfreep) float *scratch = zeros(softmax_loss_scratch(10, NEGATIVES, D));
        for (size_t j = 0; j < ITEMS; j++) {
            slots[j] = of_sample(j, -1) ? (int32_t)j / 4 : -1;
            if (slots[j] < 0) { continue; }
            memcpy(columns + slots[j] * D, w.table + j * D, D * sizeof(float));
        }
        const struct softmax_loss loss = {
            .d = D,
            .columns = columns,
            .count = NEGATIVES,
            .longest = softmax_loss_longest(w.table, ITEMS, D),
            .weight = 1.0f,
            .dcolumns = dcolumns,
            .tile = 10,
            .scratch = scratch,
            .table = w.table,
            .dtable = w.dtable,
            .slots = slots,
        };
        double got = softmax_loss(&loss, &(struct softmax_rows){w.x, w.targets, w.counts, ROWS},
                                  w.dx);
        for (size_t i = 0; i < NEGATIVES * D; i++) {
            w.dtable[i / D * 4 * D + i % D] += dcolumns[i];
        }
        naive(&w, of_sample, 1.0);
        check(&w, got, 3e-5 * fmax(1.0, sizes[s]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_sampled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
