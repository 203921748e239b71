/* The best of a generation by a look at every item and by the index, as the scorer asks them: in
 * batches of 64 histories. Prints `name value` lines; time is of the processor, except building.
 *
 *   bench_index [ROWS ...]     default: 200000; rows of one size each
 *
 * Rows are drawn about centres, as items of a kind lie near each other, and are of many lengths. */
#include "base/base.h"
#include "base/xalloc.h"
#include "bench/stopwatch.h"
#include "model/rng.h"
#include "model/gemm.h"
#include "model/topk.h"
#include "scorer/lists/vector_index.h"

enum { D = 64, BATCH = 64, WANTED = 100, BEST = 20, CENTRES = 500 };

static void draw(uint64_t *rng, const float *centres, float *to, size_t rows)
{
    for (size_t row = 0; row < rows; row++) {
        const float *centre = centres + rng_below(rng, CENTRES) * D;
        const float length = .3F + (float)rng_unit(rng);
        for (size_t i = 0; i < D; i++) {
            to[row * D + i] = length * (centre[i] + .7F * (float)rng_normal(rng));
        }
    }
}

static bool number_before(const void *arg, int32_t a, int32_t b)
{
    return a < b;
}

/* The exact best of each history: from the scores of all. */
static void look_at_all(const float *table, size_t rows, const float *hidden, float *scores,
                        int32_t *ret_best)
{
    struct topk top;
    topk_init(&top, number_before, NULL);
    gemm_nt((struct gemm_shape){BATCH, rows, D}, 1.0F, matrix_of(hidden, D), matrix_of(table, D),
            0.0F, scores, rows);
    for (size_t h = 0; h < BATCH; h++) {
        const float *at = scores + h * rows;
        topk_clear(&top, WANTED);
        for (size_t row = 0; row < rows; row++) {
            topk_push(&top, (double)at[row], (int32_t)row);
        }
        topk_sort(&top);
        for (size_t k = 0; k < WANTED; k++) { ret_best[h * WANTED + k] = top.entries[k].item; }
    }
    topk_release(&top);
}

static double share_found(const int32_t *best, const int32_t *found, size_t count)
{
    size_t right = 0;
    for (size_t i = 0; i < BEST; i++) {
        for (size_t k = 0; k < count; k++) { right += best[i] == found[k]; }
    }
    return (double)right / BEST;
}

static void measure(size_t rows)
{
    uint64_t rng = 1;
    float *centres = xcalloc((size_t)CENTRES * D, sizeof(*centres));
    float *table = xcalloc(rows * D, sizeof(*table)), *hidden = xcalloc(BATCH * D, sizeof(*hidden));
    float *scores = xcalloc(BATCH * rows, sizeof(*scores));
    int32_t *best = xcalloc((size_t)BATCH * WANTED, sizeof(*best)), found[WANTED];
    for (size_t i = 0; i < (size_t)CENTRES * D; i++) { centres[i] = (float)rng_normal(&rng); }
    draw(&rng, centres, table, rows);
    draw(&rng, centres, hidden, BATCH);
    look_at_all(table, rows, hidden, scores, best); /* the pages are there now */
    double begin = cpu_seconds();
    look_at_all(table, rows, hidden, scores, best);
    double exact = cpu_seconds() - begin;
    begin = wall_seconds();
    struct vector_index *index = vector_index_new(table, rows, D);
    if (!index) { return; }
    vector_index_wait(index);
    double built = wall_seconds() - begin, share = 0.0, took = 0.0;
    (void)vector_index_cover(index, table, rows);
    for (size_t h = 0; h < BATCH; h++) {
        double sum, squares;
        begin = cpu_seconds();
        size_t count = vector_index_find(index, hidden + h * D, WANTED, found);
        vector_index_sums(index, hidden + h * D, &sum, &squares);
        took += cpu_seconds() - begin;
        share += share_found(best + h * WANTED, found, count);
    }
    printf("index_%zu_exact_us_a_list %.1f\n", rows, exact * 1e6 / BATCH);
    printf("index_%zu_us_a_list %.1f\n", rows, took * 1e6 / BATCH);
    printf("index_%zu_found_of_best_%d %.4f\n", rows, BEST, share / BATCH);
    printf("index_%zu_build_s %.1f\n", rows, built);
    vector_index_free(index);
    free(centres);
    free(table);
    free(hidden);
    free(scores);
    free(best);
}

int main(int count, char **arguments)
{
    if (count < 2) { measure(200000); }
    for (int i = 1; i < count; i++) { measure((size_t)strtoul(arguments[i], NULL, 10)); }
    return 0;
}
