/* The cache of rows: eviction, flushes, rollback. */
#include "base/base.h"
#include "trainer/similarity/rows.h"

#include <setjmp.h>
#include <cmocka.h>

enum { MANY = 20000 };

static void finds_by_item(void **state)
{
    struct rows *rows = rows_new(SIZE_MAX);
    struct changed_rows a = {0}, b = {0};
    for (int32_t i = 0; i < MANY; i++) { (void)rows_add(rows, i % 2 ? &a : &b, i * 3); }
    for (int32_t i = 0; i < MANY; i++) {
        assert_int_equal(rows_find(rows, i * 3)->item, i * 3);
        assert_null(rows_find(rows, i * 3 + 1));
    }
    rows_forget(rows, &a);
    assert_int_equal(rows_count(rows), MANY / 2);
    assert_null(rows_find(rows, 3));
    rows_free(rows);
    changed_rows_release(&a);
    changed_rows_release(&b);
    assert_null(rows_free(NULL));
}

static void evicts_committed_rows_oldest_first(void **state)
{
    struct rows *rows = rows_new(2 * sizeof(struct held_row));
    struct changed_rows changed = {0};
    for (int32_t i = 0; i < 4; i++) { rows_changed(rows, rows_add(rows, &changed, i)); }
    rows_trim(rows);
    assert_int_equal(rows_count(rows), 4); /* dirty */
    changed_rows_flushed(&changed);
    rows_trim(rows);
    assert_int_equal(rows_count(rows), 4); /* staged, not committed */
    changed_rows_committed(&changed);
    rows_trim(rows);
    assert_int_equal(rows_count(rows), 2);
    assert_null(rows_find(rows, 0));
    assert_non_null(rows_find(rows, 3));
    row_add(&rows_find(rows, 3)->row, 9, 1, 1, 1);
    rows_changed(rows, rows_find(rows, 3));
    assert_int_equal(changed.dirty_count, 1);
    rows_trim(rows);
    assert_null(rows_find(rows, 2)); /* the changed row takes more memory now */
    assert_int_equal(rows_count(rows), 1);
    rows_forget(rows, &changed);
    assert_int_equal(rows_count(rows), 0);
    assert_int_equal(changed.dirty_count, 0);
    rows_free(rows);
    changed_rows_release(&changed);
}

/* Rows that are not there, empty ones and full ones; none becomes newer by it. */
static void fetching_ahead_changes_nothing(void **state)
{
    enum { TERMS = 20 };
    struct rows *rows = rows_new(2 * sizeof(struct held_row));
    struct changed_rows changed = {0};
    struct neighbour terms[TERMS];
    for (int32_t i = 0; i < TERMS; i++) { terms[i] = (struct neighbour){i + 100, 1, 1, 1}; }
    for (int32_t i = 0; i < 3; i++) { (void)rows_add(rows, &changed, i); }
    (void)row_add_all(&rows_find(rows, 1)->row, terms, TERMS / 2, 1.0, 1.0);
    rows_measure(rows, rows_find(rows, 1));
    for (int32_t i = 0; i < 5; i++) {
        rows_prefetch_bucket(rows, i);
        rows_prefetch_row(rows, i);
        rows_prefetch_slots(rows, i, terms, TERMS);
        rows_prefetch_cells(rows, i, terms, TERMS);
    }
    rows_trim(rows);
    assert_null(rows_find(rows, 0));
    assert_null(rows_find(rows, 2)); /* the oldest two; the full one takes the most */
    rows_free(rows);
    changed_rows_release(&changed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_by_item),
        cmocka_unit_test(evicts_committed_rows_oldest_first),
        cmocka_unit_test(fetching_ahead_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
