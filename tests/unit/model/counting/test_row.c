/* A row against a dense one; pruning and order against plain sorting. */
#include "base/base.h"
#include "base/xalloc.h"
#include "model/counting/row.h"

#include <setjmp.h>
#include <cmocka.h>

enum { ITEMS = 300 };

struct cell {
    double co, forward, backward;
};

static uint64_t seed;

static uint32_t rng(uint32_t sides)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(seed >> 33) % sides;
}

/* Long and short texts with shared beginnings, in an order that is not the order of numbers. */
static struct ids *make_ids(int32_t count)
{
    struct ids *ids = ids_new(count);
    for (int32_t i = 0; i < count; i++) {
        char text[40];
        int32_t n = (int32_t)((int64_t)i * 7919 % count);
        (void)snprintf(text, sizeof(text), n % 2 ? "%d" : "a-long-beginning-%d", n);
        assert_int_equal(ids_put(ids, slice_str(text)), i);
    }
    return ids;
}

static void assert_row(const struct row *row, const struct cell *cells, int32_t items)
{
    int32_t count = 0;
    for (int32_t i = 0; i < items; i++) {
        const struct cell *cell = &cells[i];
        const struct neighbour *got = row_find(row, i);
        bool zero = cell->co == 0 && cell->forward == 0 && cell->backward == 0;
        assert_int_equal(got == NULL, zero);
        if (zero) { continue; }
        count++;
        assert_int_equal(got->item, i);
        assert_true(got->co == cell->co && got->forward == cell->forward);
        assert_true(got->backward == cell->backward);
    }
    assert_int_equal(row->count, count);
}

static void sums_are_those_of_a_dense_row(void **state)
{
    static struct cell cells[ITEMS];
    struct ids *ids = make_ids(ITEMS);
    for (int round = 0; round < 20; round++) {
        seed = (uint64_t)round;
        memset(cells, 0, sizeof(cells));
        struct row row;
        row_init(&row);
        int32_t items = 1 + (int32_t)rng(ITEMS);
        for (int i = 0; i < 4000; i++) {
            int32_t item = (int32_t)rng((uint32_t)items);
            /* small whole numbers: many come back to 0 and go */
            struct cell add = {(int)rng(3) - 1, (int)rng(3) - 1, (int)rng(2) - 1};
            if (rng(3) == 0) {
                add = (struct cell){-cells[item].co, -cells[item].forward, -cells[item].backward};
            }
            row_add(&row, item, add.co, add.forward, add.backward);
            cells[item].co += add.co;
            cells[item].forward += add.forward;
            cells[item].backward += add.backward;
            if (i % 500 == 0) { assert_row(&row, cells, items); }
            if (i % 700 == 0) { row_order(&row, ids); }
        }
        assert_row(&row, cells, items);
        assert_true(row_bytes(&row) > 0);
        row_release(&row);
    }
    ids_free(ids);
}

static void epochs_move_forward_exactly(void **state)
{
    struct row row;
    row_init(&row);
    assert_true(row_scale(&row, 10) == 1);
    assert_true(row_trend_scale(&row, 100) == 1);
    row_add(&row, 1, 8, 4, 2);
    row.mass = 16;
    row.actions = 4;
    row.trend = 32;
    assert_true(row_scale(&row, 12) == 1);
    assert_true(row_find(&row, 1)->co == 2 && row_find(&row, 1)->forward == 1);
    assert_true(row_find(&row, 1)->backward == 0.5);
    assert_true(row.mass == 4 && row.actions == 1 && row.trend == 32);
    assert_true(row_scale(&row, 9) == 0.125);
    assert_true(row.epoch == 12 && row.mass == 4);
    assert_true(row_trend_scale(&row, 101) == 1);
    assert_true(row.trend == 16 && row.trend_epoch == 101);
    assert_true(row_trend_scale(&row, 99) == 0.25);
    row_release(&row);
    assert_true(row.epoch == ROW_EPOCH_NONE && row.count == 0);
}

static const struct ids *sort_ids;

static int by_published(const void *left, const void *right)
{
    const struct neighbour *a = left, *b = right;
    if (a->co != b->co) { return a->co > b->co ? -1 : 1; }
    return slice_compare(ids_text(sort_ids, a->item), ids_text(sort_ids, b->item));
}

static int by_worth(const void *left, const void *right)
{
    const struct neighbour *a = left, *b = right;
    double a_sum = a->forward + a->backward, b_sum = b->forward + b->backward;
    if (a->co == b->co && a_sum != b_sum) { return a_sum > b_sum ? -1 : 1; }
    return by_published(left, right);
}

static void assert_neighbours(const struct row *row, const struct neighbour *expect)
{
    for (int32_t i = 0; i < row->count; i++) {
        const struct neighbour *got = &row->neighbours[i];
        assert_int_equal(got->item, expect[i].item);
        assert_true(got->co == expect[i].co && got->forward == expect[i].forward);
        assert_true(got->backward == expect[i].backward);
    }
}

static void pruning_keeps_the_best_and_order_is_published(void **state)
{
    struct ids *ids = make_ids(ITEMS);
    sort_ids = ids;
    for (int round = 0; round < 60; round++) {
        seed = (uint64_t)round;
        struct row row;
        row_init(&row);
        int32_t items = 1 + (int32_t)rng(ITEMS), bound = 1 + (int32_t)rng((uint32_t)items + 5);
        for (int32_t i = 0; i < items; i++) {
            row_add(&row, (i * 37) % ITEMS, 1 + rng(4), rng(3), rng(3));
        }
        size_t size = (size_t)row.count * sizeof(struct neighbour);
        struct neighbour *expect = xmemdup(row.neighbours, size);
        qsort(expect, (size_t)row.count, sizeof(*expect), by_worth);
        int32_t before = row.count;
        assert_int_equal(row_prune(&row, bound, ids), MAX_OF(before - bound, 0));
        assert_int_equal(row.count, MIN_OF(before, bound));
        qsort(expect, (size_t)row.count, sizeof(*expect), by_published);
        row_order(&row, ids);
        assert_neighbours(&row, expect);
        for (int32_t i = 0; i < row.count; i++) {
            assert_ptr_equal(row_find(&row, row.neighbours[i].item), &row.neighbours[i]);
        }
        /* ordering again changes nothing; a change in the middle is put in its place */
        row_order(&row, ids);
        assert_neighbours(&row, expect);
        row_add(&row, row.neighbours[row.count / 2].item, 2, 0, 0);
        free(expect);
        expect = xmemdup(row.neighbours, (size_t)row.count * sizeof(*expect));
        qsort(expect, (size_t)row.count, sizeof(*expect), by_published);
        row_order(&row, ids);
        assert_neighbours(&row, expect);
        free(expect);
        row_release(&row);
    }
    ids_free(ids);
}

/* Rows of all widths: the index changes its form, sorting its way, and values are of every kind. */
static void wide_rows_of_any_values_are_sorted_too(void **state)
{
    enum { WIDE = 70000 };
    static const double some[] = {0.0, -0.0, -1.5, 1e-300, 0x1p-32, 3, 3.5, 1e12};
    static const int32_t sizes[] = {2, 24, 25, 500, 1023, 1024, 1025, 5000, WIDE};
    struct ids *ids = make_ids(WIDE);
    sort_ids = ids;
    for (size_t round = 0; round < ARRAY_COUNT(sizes) * 2; round++) {
        int32_t size = sizes[round / 2], bound = 1 + size * 2 / 3;
        struct row row;
        row_init(&row);
        seed = round;
        for (int32_t i = 0; i < size; i++) {
            double co =
                round % 2 ? (double)rng(1u << 30) * 0x1p-20 - 64 : some[rng(ARRAY_COUNT(some))];
            row_add(&row, (int32_t)((int64_t)i * 9973 % WIDE), co, rng(4) + 1, rng(4));
        }
        assert_int_equal(row.count, size);
        size_t bytes = (size_t)size * sizeof(struct neighbour);
        struct neighbour *expect = xmemdup(row.neighbours, bytes);
        qsort(expect, (size_t)size, sizeof(*expect), by_published);
        row_order(&row, ids);
        assert_neighbours(&row, expect);
        qsort(expect, (size_t)size, sizeof(*expect), by_worth);
        assert_int_equal(row_prune(&row, bound, ids), size - bound);
        qsort(expect, (size_t)bound, sizeof(*expect), by_published);
        assert_neighbours(&row, expect);
        for (int32_t i = 0; i < row.count; i++) {
            assert_ptr_equal(row_find(&row, row.neighbours[i].item), &row.neighbours[i]);
        }
        free(expect);
        row_release(&row);
    }
    ids_free(ids);
}

static void many_terms_are_each_added(void **state)
{
    for (int round = 0; round < 20; round++) {
        seed = (uint64_t)round;
        struct row one, all;
        row_init(&one);
        row_init(&all);
        for (int batch = 0; batch < 10; batch++) {
            struct neighbour terms[300];
            size_t count = rng(ARRAY_COUNT(terms));
            for (size_t i = 0; i < count; i++) {
                terms[i] = (struct neighbour){(int32_t)rng(ITEMS), (int)rng(5) - 2, (int)rng(3) - 1,
                                              rng(2)};
                row_add(&one, terms[i].item, terms[i].co * 0.5, terms[i].forward * 0.5,
                        terms[i].backward * 0.5);
            }
            (void)row_add_all(&all, terms, count, 0.5, INFINITY);
        }
        assert_int_equal(all.count, one.count);
        assert_neighbours(&all, one.neighbours);
        row_release(&one);
        row_release(&all);
    }
}

/* A neighbour passes the mark when its strength was below it and is not any more. */
static void a_mark_is_passed_once(void **state)
{
    struct row row;
    row_init(&row);
    const struct neighbour one = {7, 0, 1, 0}, none = {7, 0, -3, 0}, other = {8, 0, 4, 4};
    assert_false(row_add_all(&row, &one, 1, 1.0, 3.0));
    assert_false(row_add_all(&row, &one, 1, 1.0, 3.0));
    assert_true(row_add_all(&row, &one, 1, 1.0, 3.0));
    assert_false(row_add_all(&row, &one, 1, 1.0, 3.0));
    assert_false(row_add_all(&row, &none, 1, 1.0, 3.0));
    assert_true(row_add_all(&row, &one, 1, 2.0, 3.0));
    assert_true(row_add_all(&row, &other, 1, 1.0, 5.0)); /* a new one; 4 + 4 / 4 */
    row_release(&row);
}

/* A bounded row sees a zipf stream in 100 commits; the unbounded one tells what it should hold. */
static void a_bounded_row_keeps_its_top_20(void **state)
{
    enum { WIDE = 4000, COMMITS = 100, ADDS = 400, BOUND = 256, TOP = 20, ROUNDS = 5 };
    struct ids *ids = make_ids(WIDE);
    sort_ids = ids;
    int kept = 0;
    for (int round = 0; round < ROUNDS; round++) {
        seed = (uint64_t)round;
        struct row bounded, whole;
        row_init(&bounded);
        row_init(&whole);
        for (int i = 0; i < COMMITS * ADDS; i++) {
            double u = (double)(rng(1u << 30) + 1) / (double)(1u << 30);
            int32_t item = (int32_t)(exp(u * log(WIDE))) % WIDE;
            row_add(&whole, item, 1, 0.5, 0.25);
            row_add(&bounded, item, 1, 0.5, 0.25);
            if (bounded.count > BOUND * 3 / 2 || i % ADDS == ADDS - 1) {
                (void)row_prune(&bounded, BOUND, ids);
            }
        }
        row_order(&whole, ids);
        row_order(&bounded, ids);
        assert_int_equal(bounded.count, BOUND);
        for (int i = 0; i < TOP; i++) {
            for (int j = 0; j < TOP; j++) {
                kept += whole.neighbours[i].item == bounded.neighbours[j].item;
            }
        }
        row_release(&whole);
        row_release(&bounded);
    }
    assert_true(kept >= TOP * ROUNDS * 95 / 100);
    ids_free(ids);
}

/* What is left when something was taken out: nothing where all was, no traces, no debts. */
static void a_swept_row_holds_no_traces(void **state)
{
    struct row row;
    row_init(&row);
    assert_true(row_empty(&row));
    row.mass = row.actions = 0x1p-45;
    row_add(&row, 1, 0x1p-50, -0x1p-50, 0);
    row_add(&row, 2, -3, 0, -1); /* more taken out than pruning had left */
    assert_false(row_empty(&row));
    for (int32_t i = 3; i < 40; i++) { row_add(&row, i, i % 3 == 0, i % 3 == 1, i % 3 == 2); }
    row_sweep(&row);
    assert_int_equal(row.count, 37);
    assert_null(row_find(&row, 1));
    assert_null(row_find(&row, 2));
    for (int32_t i = 3; i < 40; i++) {
        assert_int_equal(row_find(&row, i)->item, i);
        row_add(&row, i, -(i % 3 == 0), -(i % 3 == 1), -(i % 3 == 2));
    }
    assert_true(row_empty(&row));
    row.actions = -1;
    assert_false(row_empty(&row));
    row_release(&row);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_are_those_of_a_dense_row),
        cmocka_unit_test(epochs_move_forward_exactly),
        cmocka_unit_test(pruning_keeps_the_best_and_order_is_published),
        cmocka_unit_test(wide_rows_of_any_values_are_sorted_too),
        cmocka_unit_test(many_terms_are_each_added),
        cmocka_unit_test(a_mark_is_passed_once),
        cmocka_unit_test(a_swept_row_holds_no_traces),
        cmocka_unit_test(a_bounded_row_keeps_its_top_20),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
