/* Threads: until `stage` leaves STAGE_BUILDING, everything but `stage`, `cancelled`, `thread` and
 * `joined` belongs to the building thread. It stores the stage with release order when it ends;
 * vector_index_cover() loads it with acquire order, and from then on the owner's thread uses the
 * graph and the sums alone. vector_index_free() sets `cancelled`, which the builder checks for each
 * row, so an index that is not needed any more ends within one insertion.
 */
#include "base/base.h"
#include "base/thread.h"
#include "base/xalloc.h"
#include "model/gemm.h"
#include "model/nearest.h"
#include "scorer/lists/vector_index.h"

#include <stdatomic.h>

enum { LINKS = 16, BUILD_BREADTH = 100, SEARCH_BREADTH = 160, TILE_ROWS = 1024 };

enum stage { STAGE_BUILDING, STAGE_READY, STAGE_FAILED };

struct vector_index {
    size_t d, rows; /* rows: of the copy while it is built; then those that are covered */
    float *copy;    /* of the table, while it is built */
    struct nearest *nearest;
    double *sum;    /* d */
    double *outer;  /* d x d */
    pthread_t thread;
    bool joined;
    _Atomic enum stage stage;
    atomic_bool cancelled;
};

/* ---- Sums ---- */

static void add_outer(struct vector_index *index, const float *rows, size_t count, float *product)
{
    const size_t d = index->d;
    const struct matrix matrix = matrix_of(rows, d);
    gemm_tn((struct gemm_shape){d, d, count}, 1.0F, matrix, matrix, 0.0F, product, d);
    for (size_t i = 0; i < d * d; i++) { index->outer[i] += (double)product[i]; }
    for (size_t row = 0; row < count; row++) {
        for (size_t i = 0; i < d; i++) { index->sum[i] += (double)rows[row * d + i]; }
    }
}

/* In tiles: sums of floats over this few rows are precise enough. */
static void add_sums(struct vector_index *index, const float *rows, size_t count)
{
    float *product = xmalloc(index->d * index->d * sizeof(*product));
    for (size_t from = 0; from < count; from += TILE_ROWS) {
        const size_t tile = MIN_OF(count - from, (size_t)TILE_ROWS);
        add_outer(index, rows + from * index->d, tile, product);
    }
    free(product);
}

void vector_index_sums(const struct vector_index *index, const float *hidden, double *ret_sum,
                       double *ret_squares)
{
    const size_t d = index->d;
    double sum = 0.0, squares = 0.0;
    for (size_t i = 0; i < d; i++) {
        double row = 0.0;
        for (size_t j = 0; j < d; j++) { row += index->outer[i * d + j] * (double)hidden[j]; }
        squares += row * (double)hidden[i];
        sum += index->sum[i] * (double)hidden[i];
    }
    *ret_sum = sum;
    *ret_squares = squares;
}

/* ---- Building ---- */

static enum stage build_graph(struct vector_index *index)
{
    const struct nearest_settings settings = {
        .d = index->d,
        .rows = index->rows,
        .links = LINKS,
        .breadth = BUILD_BREADTH,
    };
    index->nearest = nearest_new(&settings);
    if (!index->nearest) { return STAGE_FAILED; }
    for (size_t row = 0; row < index->rows; row++) {
        if (atomic_load_explicit(&index->cancelled, memory_order_relaxed)) { return STAGE_FAILED; }
        if (nearest_add(index->nearest, index->copy + row * index->d) < 0) { return STAGE_FAILED; }
    }
    return STAGE_READY;
}

static void *build(void *arg)
{
    struct vector_index *index = arg;
    add_sums(index, index->copy, index->rows);
    enum stage stage = build_graph(index);
    free(index->copy);
    index->copy = NULL;
    atomic_store_explicit(&index->stage, stage, memory_order_release);
    return NULL;
}

struct vector_index *vector_index_new(const float *table, size_t rows, size_t d)
{
    struct vector_index *index = xcalloc(1, sizeof(*index));
    index->d = d;
    index->rows = rows;
    index->copy = xmemdup(table, rows * d * sizeof(*table));
    index->sum = xcalloc(d, sizeof(*index->sum));
    index->outer = xcalloc(d * d, sizeof(*index->outer));
    if (thread_start(&index->thread, "vector-index", build, index) < 0) {
        index->joined = true;
        return vector_index_free(index);
    }
    return index;
}

void vector_index_wait(struct vector_index *index)
{
    if (!index->joined) { thread_join(index->thread); }
    index->joined = true;
}

struct vector_index *vector_index_free(struct vector_index *index)
{
    if (!index) { return NULL; }
    atomic_store_explicit(&index->cancelled, true, memory_order_relaxed);
    vector_index_wait(index);
    nearest_free(index->nearest);
    free(index->copy);
    free(index->sum);
    free(index->outer);
    free(index);
    return NULL;
}

/* ---- Searching ---- */

size_t vector_index_cover(struct vector_index *index, const float *table, size_t rows)
{
    if (atomic_load_explicit(&index->stage, memory_order_acquire) != STAGE_READY) { return 0; }
    for (; index->rows < rows; index->rows++) {
        const float *row = table + index->rows * index->d;
        if (nearest_add(index->nearest, row) < 0) {
            atomic_store_explicit(&index->stage, STAGE_FAILED, memory_order_relaxed);
            return 0;
        }
        add_sums(index, row, 1);
    }
    return index->rows;
}

size_t vector_index_find(struct vector_index *index, const float *hidden, size_t wanted,
                         int32_t *ret_rows)
{
    return nearest_find(index->nearest, hidden, wanted, SEARCH_BREADTH, ret_rows);
}
