/* Rows are in blocks of sixteen: of a block first the first numbers of its rows, then the second
 * ones, and so on. So sixteen products grow at once without being added up in the end, and a number
 * of a vector is multiplied with sixteen rows. VECTORS vectors share what is fetched of the rows;
 * their sums stay in registers. Where there is one vector, as for a list that is asked for alone,
 * floats are made of rows as they are multiplied; the results are the same to the bit.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "model/transformer/row_scan.h"
#include "model/transformer/wide.h"

enum { BLOCK = WIDE_LANES, BLOCKS = SCAN_STRETCH / BLOCK, VECTORS = 4, STRETCHES_FIRST = 16 };

_Static_assert((int)BLOCK == (int)SCAN_COLUMNS, "a column is a lane");

struct row_scan {
    size_t d, rows, stretches; /* stretches: that there is room for */
    int8_t *bytes;
    float *scales;  /* by row */
    float *stretch; /* d x SCAN_STRETCH floats, from a whole line of the cache */
    void *memory;   /* of it */
};

struct row_scan *row_scan_new(size_t d)
{
    enum { LINE = 64 };
    struct row_scan *scan = xcalloc(1, sizeof(*scan));
    assert(d > 0 && d % WIDE_LANES == 0);
    scan->d = d;
    scan->memory = xcalloc(1, d * SCAN_STRETCH * sizeof(*scan->stretch) + LINE);
    scan->stretch = (float *)(((uintptr_t)scan->memory + LINE - 1) / LINE * LINE);
    return scan;
}

struct row_scan *row_scan_free(struct row_scan *scan)
{
    if (!scan) { return NULL; }
    free(scan->bytes);
    free(scan->scales);
    free(scan->memory);
    free(scan);
    return NULL;
}

static void reserve(struct row_scan *scan, size_t rows)
{
    const size_t before = scan->stretches, wanted = (rows + SCAN_STRETCH - 1) / SCAN_STRETCH;
    const size_t each = SCAN_STRETCH * scan->d;
    if (wanted <= before) { return; }
    scan->stretches = MAX_OF(MAX_OF(wanted, before + before / 8), (size_t)STRETCHES_FIRST);
    scan->bytes = xreallocarray(scan->bytes, scan->stretches, each);
    scan->scales =
        xreallocarray(scan->scales, scan->stretches, SCAN_STRETCH * sizeof(*scan->scales));
    memset(scan->bytes + before * each, 0, (scan->stretches - before) * each);
    memset(scan->scales + before * SCAN_STRETCH, 0,
           (scan->stretches - before) * SCAN_STRETCH * sizeof(*scan->scales));
}

void row_scan_put(struct row_scan *scan, size_t row, float scale, const int8_t *bytes)
{
    reserve(scan, row + 1);
    int8_t *to = scan->bytes + row / BLOCK * BLOCK * scan->d + row % BLOCK;
    for (size_t i = 0; i < scan->d; i++) { to[i * BLOCK] = bytes[i]; }
    scan->scales[row] = scale;
    scan->rows = MAX_OF(scan->rows, row + 1);
}

size_t row_scan_rows(const struct row_scan *scan)
{
    return scan->rows;
}

size_t row_scan_stretches(const struct row_scan *scan)
{
    return (scan->rows + SCAN_STRETCH - 1) / SCAN_STRETCH;
}

size_t row_scan_room(const struct row_scan *scan)
{
    return row_scan_stretches(scan) * SCAN_STRETCH;
}

typedef int8_t narrow_bytes __attribute__((vector_size(BLOCK)));
typedef int16_t narrow_shorts __attribute__((vector_size(2 * BLOCK)));

/* Makes floats of the bytes of sixteen rows, by steps that compilers have instructions for. */
WIDE_INLINE wide widened(const int8_t *bytes)
{
    narrow_bytes of;
    memcpy(&of, bytes, sizeof(of));
    const narrow_shorts shorts = __builtin_convertvector(of, narrow_shorts);
    return __builtin_convertvector(__builtin_convertvector(shorts, wide_int), wide);
}

/* Makes floats of a stretch. */
WIDE
static void widen(const int8_t *restrict bytes, const float *restrict scales, size_t d,
                  float *restrict to)
{
    for (size_t block = 0; block < BLOCKS; block++, scales += BLOCK) {
        const wide scale = wide_load(scales);
        for (size_t i = 0; i < d; i++, bytes += BLOCK, to += BLOCK) {
            wide_store(to, widened(bytes) * scale);
        }
    }
}

/* What becomes of a stretch's products with one vector. */
struct outcome {
    float *products, *columns;
    float greatest, sum, squares;
};

/* Multiplies a stretch with VECTORS vectors. */
WIDE
static void multiply(const float *stretch, size_t d, const float *const vectors[static VECTORS],
                     struct outcome to[static VECTORS])
{
    wide greatest[VECTORS], sum[VECTORS], squares[VECTORS];
#pragma GCC unroll 8
    for (size_t v = 0; v < VECTORS; v++) {
        greatest[v] = wide_all(-INFINITY);
        sum[v] = squares[v] = wide_all(0.0F);
    }
    for (size_t block = 0; block < BLOCKS; block++) {
        wide of[VECTORS];
#pragma GCC unroll 8
        for (size_t v = 0; v < VECTORS; v++) { of[v] = wide_all(0.0F); }
        for (size_t i = 0; i < d; i++, stretch += BLOCK) {
            const wide rows = wide_load(stretch);
#pragma GCC unroll 8
            for (size_t v = 0; v < VECTORS; v++) { of[v] += rows * vectors[v][i]; }
        }
#pragma GCC unroll 8
        for (size_t v = 0; v < VECTORS; v++) {
            wide_store(to[v].products + block * BLOCK, of[v]);
            greatest[v] = wide_max(greatest[v], of[v]);
            sum[v] += of[v];
            squares[v] += of[v] * of[v];
        }
    }
#pragma GCC unroll 8
    for (size_t v = 0; v < VECTORS; v++) {
        wide_store(to[v].columns, greatest[v]);
        to[v].greatest = wide_highest(greatest[v]);
        to[v].sum = wide_sum(sum[v]);
        to[v].squares = wide_sum(squares[v]);
    }
}

/* Multiplies a stretch of bytes with one vector, all its blocks at once. */
WIDE
static void multiply_alone(const int8_t *restrict bytes, const float *restrict scales, size_t d,
                           const float *restrict vector, struct outcome *to)
{
    wide of[BLOCKS], scale[BLOCKS], greatest = wide_all(-INFINITY);
    wide sum = wide_all(0.0F), squares = wide_all(0.0F);
#pragma GCC unroll 8
    for (size_t block = 0; block < BLOCKS; block++) {
        of[block] = wide_all(0.0F);
        scale[block] = wide_load(scales + block * BLOCK);
    }
    for (size_t i = 0; i < d; i++) {
#pragma GCC unroll 8
        for (size_t block = 0; block < BLOCKS; block++) {
            const wide rows = widened(bytes + (block * d + i) * BLOCK) * scale[block];
            of[block] += rows * vector[i];
        }
    }
#pragma GCC unroll 8
    for (size_t block = 0; block < BLOCKS; block++) {
        wide_store(to->products + block * BLOCK, of[block]);
        greatest = wide_max(greatest, of[block]);
        sum += of[block];
        squares += of[block] * of[block];
    }
    wide_store(to->columns, greatest);
    to->greatest = wide_highest(greatest);
    to->sum = wide_sum(sum);
    to->squares = wide_sum(squares);
}

/* Finds the greatest of the last stretch without what is behind the rows. */
static float greatest_of(const float *products, size_t count)
{
    float greatest = -INFINITY;
    for (size_t k = 0; k < count; k++) { greatest = MAX_OF(greatest, products[k]); }
    return greatest;
}

/* Takes what multiply() found of a stretch. */
static void take(const struct row_scan *scan, size_t stretch, const struct outcome *of,
                 struct row_products *to)
{
    const size_t left = scan->rows - stretch * SCAN_STRETCH;
    to->greatest[stretch] =
        left >= SCAN_STRETCH ? of->greatest : greatest_of(of->products, left);
    to->sum += (double)of->sum;
    to->squares += (double)of->squares;
}

/* Multiplies a stretch, which has been widened, with up to VECTORS vectors. */
static void multiply_some(const struct row_scan *scan, size_t stretch, const float *vectors,
                          size_t count, struct row_products *products)
{
    float spare[SCAN_STRETCH], spare_columns[SCAN_COLUMNS];
    const float *of[VECTORS];
    struct outcome to[VECTORS];
    for (size_t v = 0; v < VECTORS; v++) {
        const bool used = v < count;
        of[v] = vectors + (used ? v * scan->d : 0);
        to[v].products = used ? products[v].products + stretch * SCAN_STRETCH : spare;
        to[v].columns = used ? products[v].columns + stretch * SCAN_COLUMNS : spare_columns;
    }
    multiply(scan->stretch, scan->d, of, to);
    for (size_t v = 0; v < count; v++) { take(scan, stretch, &to[v], &products[v]); }
}

/* Multiplies all rows with one vector. */
static void scan_alone(const struct row_scan *scan, const float *vector,
                       struct row_products *products)
{
    for (size_t stretch = 0; stretch < row_scan_stretches(scan); stretch++) {
        struct outcome of = {.products = products->products + stretch * SCAN_STRETCH,
                             .columns = products->columns + stretch * SCAN_COLUMNS};
        multiply_alone(scan->bytes + stretch * SCAN_STRETCH * scan->d,
                       scan->scales + stretch * SCAN_STRETCH, scan->d, vector, &of);
        take(scan, stretch, &of, products);
    }
}

void row_scan_multiply(struct row_scan *scan, const float *vectors, size_t count,
                       struct row_products *products)
{
    const size_t d = scan->d, stretches = row_scan_stretches(scan);
    for (size_t v = 0; v < count; v++) { products[v].sum = products[v].squares = 0.0; }
    if (count == 1) {
        scan_alone(scan, vectors, products);
        return;
    }
    for (size_t stretch = 0; stretch < stretches; stretch++) {
        widen(scan->bytes + stretch * SCAN_STRETCH * d, scan->scales + stretch * SCAN_STRETCH, d,
              scan->stretch);
        for (size_t v = 0; v < count; v += VECTORS) {
            multiply_some(scan, stretch, vectors + v * d, MIN_OF(count - v, (size_t)VECTORS),
                          products + v);
        }
    }
}
