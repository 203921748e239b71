#include "base/base.h"
#include "features/context_column.h"

#include <setjmp.h>
#include <cmocka.h>

#define TV "\x1f" "dtv"
#define NIGHT "\x1f" "tnight"

static void a_column_is_read_as_it_was_written(void **state _unused_)
{
    struct ids *ids = ids_new(10), *others = ids_new(10);
    (void)ids_put(ids, slice_str("item"));
    int32_t tv = ids_put(ids, slice_str(TV)) + 1, night = ids_put(ids, slice_str(NIGHT)) + 1;
    const int32_t actions[] = {0, tv, tv, night, 0, tv};
    struct context_column column = {0};
    for (int round = 0; round < 2; round++) {
        context_column_begin(&column, ARRAY_COUNT(actions));
        for (size_t i = 0; i < ARRAY_COUNT(actions); i++) {
            context_column_add(&column, ids, actions[i]);
        }
    }
    struct slices texts = context_column_texts(&column);
    struct ints numbers = context_column_numbers(&column);
    assert_int_equal(texts.count, 2);
    assert_int_equal(numbers.count, ARRAY_COUNT(actions));
    assert_true(context_column_valid(&texts, &numbers, ARRAY_COUNT(actions)));
    for (size_t i = 0; i < ARRAY_COUNT(actions); i++) {
        int32_t got;
        assert_int_equal(context_column_get(&texts, &numbers, i, others, &got), 0);
        assert_int_equal(got > 0, actions[i] > 0);
        if (!got) { continue; }
        assert_true(slice_equal(ids_text(others, got - 1), ids_text(ids, actions[i] - 1)));
    }
    context_column_begin(&column, 2);
    context_column_add(&column, ids, 0);
    assert_int_equal(context_column_texts(&column).count, 0);
    assert_int_equal(context_column_numbers(&column).count, 0);
    context_column_release(&column);
    ids_free(ids);
    ids_free(others);
}

static void what_others_wrote_is_checked(void **state _unused_)
{
    struct slice good[] = {slice_str(TV)}, bad[] = {slice_str("tv")};
    int32_t one[] = {1, 0}, two[] = {2, 0}, below[] = {-1, 0}, got;
    const struct slices texts = {good, 1}, wrong = {bad, 1}, none = {NULL, 0};
    const struct ints fine = {one, 2}, over = {two, 2}, under = {below, 2}, empty = {NULL, 0};
    assert_true(context_column_valid(&texts, &fine, 2));
    assert_true(context_column_valid(&none, &empty, 2));
    assert_false(context_column_valid(&texts, &fine, 3));
    assert_false(context_column_valid(&wrong, &fine, 2));
    assert_false(context_column_valid(&texts, &over, 2));
    assert_false(context_column_valid(&texts, &under, 2));
    struct ids *ids = ids_new(1);
    (void)ids_put(ids, slice_str("item"));
    assert_int_equal(context_column_get(&texts, &fine, 0, ids, &got), -ENOSPC);
    assert_int_equal(context_column_get(&none, &empty, 1, ids, &got), 0);
    assert_int_equal(got, 0);
    ids_free(ids);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_column_is_read_as_it_was_written),
        cmocka_unit_test(what_others_wrote_is_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
