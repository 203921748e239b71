#include "base/base.h"
#include "model/nearest_rows.h"
#include "tests/unit/numbers.h"

enum { ITEMS = 150, ROWS = 10 };

struct line {
    float at[ITEMS]; /* items on a line: near ones are alike */
    int offers;
    size_t said; /* how many items there are said to be: the more, the longer rows follow */
};

static float compare(void *owner, int32_t item, int32_t other)
{
    const struct line *line = owner;
    return 1.0F - fabsf(line->at[item] - line->at[other]);
}

static void offer(void *owner, int32_t item, struct topk *top)
{
    struct line *line = owner;
    line->offers++;
    for (int32_t i = 0; i < ITEMS; i++) {
        if (i != item) { topk_push(top, (double)compare(line, item, i), i); }
    }
}

static size_t count_items(const void *owner)
{
    return ((const struct line *)owner)->said;
}

static void assert_row(struct nearest_rows *rows, struct line *line, int32_t item)
{
    size_t count, nearer = 0;
    const struct alike *row = nearest_rows_of(rows, item, &count);
    assert_int_equal(count, NEAREST_ITEMS);
    for (int32_t i = 0; i < ITEMS; i++) {
        nearer += i != item && compare(line, item, i) > row[count - 1].cosine;
    }
    assert_true(nearer < NEAREST_ITEMS);
    for (size_t k = 0; k < count; k++) {
        assert_true(row[k].cosine == compare(line, item, row[k].item));
        assert_true(k == 0 || row[k].cosine <= row[k - 1].cosine);
    }
}

/* Rows follow changes, whether few or many came between, and whether there is a slot. */
static void test_rows_follow(void **state)
{
    for (size_t said = ITEMS; said <= 100000; said *= 100) {
        struct line line = {.said = said};
        const struct nearest_measure measure = {offer, compare, count_items, &line};
        struct nearest_rows *rows = nearest_rows_new(&measure, NULL, ROWS);
        uint64_t rng = 9;
        for (int32_t i = 0; i < ITEMS; i++) { line.at[i] = (float)draw(&rng); }
        for (int step = 0; step < 3000; step++) {
            int many = step % 50 == 0 ? 200 : 3;
            for (int k = 0; k < many; k++) {
                int32_t item = (int32_t)(draw(&rng) * ITEMS);
                line.at[item] = (float)draw(&rng) * 0.9F;
                nearest_rows_change(rows, item);
            }
            assert_row(rows, &line, (int32_t)(draw(&rng) * (step % 2 ? ROWS : ITEMS)));
        }
        nearest_rows_free(rows);
    }
}

/* Where there are many items, a row follows more changes before it is computed again. */
static void test_many_changes(void **state)
{
    enum { CHANGES = 1000 };
    for (size_t said = ITEMS; said <= 100000; said *= 100) {
        struct line line = {.said = said};
        const struct nearest_measure measure = {offer, compare, count_items, &line};
        struct nearest_rows *rows = nearest_rows_new(&measure, NULL, ROWS);
        uint64_t rng = 9;
        for (int32_t i = 0; i < ITEMS; i++) { line.at[i] = (float)i / ITEMS; }
        assert_row(rows, &line, 0);
        for (int k = 0; k < CHANGES; k++) {
            int32_t item = ITEMS - 1 - (int32_t)(draw(&rng) * (ITEMS - NEAREST_ITEMS - 1));
            line.at[item] = 0.7F + (float)draw(&rng) * 0.3F;
            nearest_rows_change(rows, item);
        }
        assert_row(rows, &line, 0);
        assert_int_equal(line.offers, said < 16 * CHANGES ? 2 : 1);
        nearest_rows_free(rows);
    }
}

/* A row that stands is not computed again, but after all have changed. */
static void test_rows_are_kept(void **state)
{
    struct line line = {0};
    const struct nearest_measure measure = {offer, compare, count_items, &line};
    struct nearest_rows *rows = nearest_rows_new(&measure, NULL, ROWS);
    size_t count;
    for (int turn = 0; turn < 5; turn++) {
        for (int32_t item = 0; item < ROWS; item++) { (void)nearest_rows_of(rows, item, &count); }
    }
    assert_int_equal(line.offers, ROWS);
    nearest_rows_change_all(rows);
    (void)nearest_rows_of(rows, 3, &count);
    (void)nearest_rows_of(rows, 3, &count);
    assert_int_equal(line.offers, ROWS + 1);
    (void)nearest_rows_of(rows, ROWS, &count); /* in the place of another one */
    assert_int_equal(line.offers, ROWS + 2);
    assert_null(nearest_rows_free(NULL));
    nearest_rows_free(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_follow),
        cmocka_unit_test(test_many_changes),
        cmocka_unit_test(test_rows_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
