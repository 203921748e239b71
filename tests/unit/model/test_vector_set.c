#include "base/base.h"
#include "model/vector_set.h"
#include "tests/unit/numbers.h"

enum { WIDTH = 19, MANY = 200 };

static void make_vector(int32_t item, int8_t vector[WIDTH])
{
    for (int i = 0; i < WIDTH; i++) { vector[i] = (int8_t)((item * 7 + i * 3) % 100 - 50); }
}

static void assert_slots(const struct vector_set *set)
{
    int8_t vector[WIDTH];
    size_t marked = 0;
    for (size_t slot = 0; slot < set->count; slot++) {
        const int8_t *numbers = vector_set_numbers(set, slot);
        const struct vector_slot *at = &set->slots[slot];
        make_vector(at->item, vector);
        assert_memory_equal(numbers, vector, WIDTH);
        for (size_t i = WIDTH; i < set->stride; i++) { assert_int_equal(numbers[i], 0); }
        const double squares = (double)vector_set_dot(numbers, numbers, set->stride);
        near_to((double)at->inverse, 1.0 / sqrt(squares), 1e-6, "inverse", slot);
        assert_int_equal(at->marked, at->item % 3 == 0);
        marked += at->marked;
    }
    assert_int_equal(set->marked, marked);
}

/* Slots come and go, in memory and in a file, into which they move at any time. */
static void test_slots(void **state)
{
    struct vector_set *set = vector_set_new(WIDTH);
    int8_t vector[WIDTH];
    assert_int_equal(set->stride % VECTOR_STEP, 0);
    for (int32_t item = 0; item < MANY; item++) {
        size_t slot = vector_set_add(set, item);
        make_vector(item, vector);
        vector_set_put(set, slot, vector);
        vector_set_mark(set, slot, true);
        vector_set_mark(set, slot, item % 3 == 0);
        if (item % 4 == 3) {
            size_t last = vector_set_remove(set, (size_t)item / 8);
            assert_int_equal(last, set->count);
        }
        if (item == MANY / 2) { vector_set_map(set, "/tmp"); }
        assert_int_equal(set->numbers.file != 0, item >= MANY / 2);
        assert_slots(set);
    }
    assert_int_equal(set->count, MANY - MANY / 4);
    while (set->count) { (void)vector_set_remove(set, set->count - 1); }
    assert_int_equal(set->marked, 0);
    vector_set_free(set);
    assert_null(vector_set_free(NULL));
}

/* Without a directory for the file they stay where they are. */
static void test_no_file(void **state)
{
    struct vector_set *set = vector_set_new(1);
    const int8_t one = 1, none = 0;
    vector_set_map(set, "/dev/null/none");
    vector_set_put(set, vector_set_add(set, 5), &one);
    vector_set_put(set, vector_set_add(set, 6), &none);
    vector_set_map(set, "/dev/null/none");
    assert_int_equal(set->numbers.file, 0);
    assert_true(set->slots[0].inverse == 1.0F && set->slots[1].inverse == 0.0F);
    vector_set_free(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slots),
        cmocka_unit_test(test_no_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
