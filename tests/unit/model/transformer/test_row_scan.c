#include "base/base.h"
#include "base/xalloc.h"
#include "model/transformer/row_scan.h"
#include "tests/unit/numbers.h"

enum { VECTORS_MOST = 9 };

/* A table and what is multiplied with it. */
struct world {
    size_t d, rows;
    struct row_scan *scan;
    float *table; /* rows x d */
    float *vectors;
    struct row_products products[VECTORS_MOST];
};

static void make_room(struct world *w)
{
    for (size_t v = 0; v < VECTORS_MOST; v++) {
        w->products[v] = (struct row_products){
            .products = zeros(row_scan_room(w->scan)),
            .columns = zeros(row_scan_stretches(w->scan) * SCAN_COLUMNS),
            .greatest = zeros(row_scan_stretches(w->scan)),
        };
    }
}

static void put(struct world *w, size_t row, float scale, const int8_t *bytes)
{
    row_scan_put(w->scan, row, scale, bytes);
    for (size_t i = 0; i < w->d; i++) { w->table[row * w->d + i] = scale * bytes[i]; }
}

/* Every fifth row is zeros, every seventh that of row 0. */
static void make(struct world *w, size_t d, size_t rows, double size)
{
    uint64_t rng = d + rows;
    int8_t first[512], bytes[512];
    *w = (struct world){.d = d, .rows = rows, .scan = row_scan_new(d)};
    w->table = zeros(rows * d);
    w->vectors = draw_many(&rng, VECTORS_MOST * d, 1.0);
    for (size_t row = 0; row < rows; row++) {
        float scale = (float)(size * draw(&rng));
        for (size_t i = 0; i < d; i++) { bytes[i] = (int8_t)(256.0 * draw(&rng) - 128.0); }
        if (row % 5 == 4) { memset(bytes, 0, d); }
        if (!row) { memcpy(first, bytes, d); }
        if (row % 7 == 6) { memcpy(bytes, first, d); }
        put(w, row, row % 7 == 6 ? 1.0F : scale, bytes);
    }
    make_room(w);
}

static void clear(struct world *w)
{
    for (size_t v = 0; v < VECTORS_MOST; v++) {
        free(w->products[v].products);
        free(w->products[v].columns);
        free(w->products[v].greatest);
    }
    free(w->table);
    free(w->vectors);
    row_scan_free(w->scan);
}

/* Compares a vector's products with sums in double. */
static void check_products(const struct world *w, size_t v)
{
    const struct row_products *of = &w->products[v];
    double sum = 0.0, squares = 0.0, sizes = 0.0;
    for (size_t row = 0; row < w->rows; row++) {
        double want = 0.0, size = 0.0;
        for (size_t i = 0; i < w->d; i++) {
            double part = (double)w->table[row * w->d + i] * (double)w->vectors[v * w->d + i];
            want += part;
            size += fabs(part);
        }
        double got = (double)of->products[row];
        if (!(fabs(got - want) <= 1e-5 * size)) { fail_msg("row %zu: %g, not %g", row, got, want); }
        sum += got;
        squares += got * got;
        sizes += size;
    }
    assert_true(fabs(of->sum - sum) <= 1e-6 * sizes);
    assert_true(fabs(of->squares - squares) <= 1e-5 * squares);
}

/* The greatest of stretches and columns are those of their rows. */
static void check_greatest(const struct world *w, size_t v)
{
    const struct row_products *of = &w->products[v];
    for (size_t s = 0; s < row_scan_stretches(w->scan); s++) {
        float greatest = -INFINITY, columns[SCAN_COLUMNS];
        for (size_t c = 0; c < SCAN_COLUMNS; c++) { columns[c] = -INFINITY; }
        for (size_t row = s * SCAN_STRETCH; row < (s + 1) * SCAN_STRETCH; row++) {
            float product = row < w->rows ? of->products[row] : 0.0F;
            float *column = &columns[row % SCAN_COLUMNS];
            *column = MAX_OF(*column, product);
            if (row < w->rows) { greatest = MAX_OF(greatest, product); }
        }
        assert_true(of->greatest[s] == greatest);
        for (size_t c = 0; c < SCAN_COLUMNS; c++) {
            assert_true(of->columns[s * SCAN_COLUMNS + c] == columns[c]);
        }
    }
}

static void check(size_t d, size_t rows, double size)
{
    struct world w;
    make(&w, d, rows, size);
    assert_int_equal(row_scan_rows(w.scan), rows);
    float *whole = zeros(rows);
    for (size_t count = VECTORS_MOST; count > 0; count--) {
        row_scan_multiply(w.scan, w.vectors, count, w.products);
        if (count == VECTORS_MOST) { memcpy(whole, w.products[0].products, rows * sizeof(float)); }
        /* The same, whichever vectors are beside it. */
        assert_memory_equal(whole, w.products[0].products, rows * sizeof(float));
        for (size_t v = 0; v < count; v++) {
            check_products(&w, v);
            check_greatest(&w, v);
        }
    }
    free(whole);
    clear(&w);
}

static void test_products(void **state)
{
    const size_t rows[] = {1, 15, 16, 63, 64, 65, 128, 200, 1500};
    for (size_t k = 0; k < ARRAY_COUNT(rows); k++) {
        check(16, rows[k], .01);
        check(64, rows[k], 1e-20);
        check(512, rows[k], 1e12);
    }
}

/* Rows come in any order, and take the place of former ones. */
static void test_rows_are_replaced(void **state)
{
    struct world w;
    int8_t bytes[32];
    make(&w, 32, 70, .01);
    memset(bytes, -128, sizeof(bytes));
    put(&w, 69, .5F, bytes);
    put(&w, 3, 1.0F, bytes);
    row_scan_multiply(w.scan, w.vectors, VECTORS_MOST, w.products);
    check_products(&w, 2);
    check_greatest(&w, 2);
    clear(&w);

    struct row_scan *late = row_scan_new(16);
    memset(bytes, 1, sizeof(bytes));
    row_scan_put(late, 2000, 2.0F, bytes);
    row_scan_put(late, 5, 1.0F, bytes);
    w = (struct world){.d = 16, .rows = 2001, .scan = late, .table = zeros(2001 * 16)};
    w.vectors = zeros(VECTORS_MOST * 16);
    for (size_t i = 0; i < 16; i++) {
        w.vectors[i] = 1.0F;
        w.table[2000 * 16 + i] = 2.0F;
        w.table[5 * 16 + i] = 1.0F;
    }
    make_room(&w);
    row_scan_multiply(late, w.vectors, 1, w.products);
    check_products(&w, 0);
    check_greatest(&w, 0);
    assert_true(w.products[0].greatest[31] == 32.0F);
    clear(&w);
}

/* What is no number spoils the sums, but no greatest product. */
static void test_no_numbers(void **state)
{
    struct world w;
    make(&w, 16, 100, .01);
    w.vectors[16] = NAN;
    w.vectors[2 * 16] = INFINITY;
    row_scan_multiply(w.scan, w.vectors, 3, w.products);
    check_products(&w, 0);
    assert_true(isnan(w.products[1].sum) && isnan(w.products[1].squares));
    assert_false(isnan(w.products[1].greatest[0]));
    assert_false(isfinite(w.products[2].sum));
    clear(&w);
}

static void test_nothing(void **state)
{
    struct row_scan *scan = row_scan_new(16);
    float vector[16] = {0};
    struct row_products products;
    assert_int_equal(row_scan_room(scan), 0);
    row_scan_multiply(scan, vector, 1, &products);
    assert_true(products.sum == 0.0 && products.squares == 0.0);
    row_scan_free(scan);
    row_scan_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_products),
        cmocka_unit_test(test_rows_are_replaced),
        cmocka_unit_test(test_no_numbers),
        cmocka_unit_test(test_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
