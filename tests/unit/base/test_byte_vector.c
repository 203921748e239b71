#include "base/base.h"
#include "base/byte_vector.h"
#include "tests/unit/numbers.h"

enum { WIDTH = 37 };

static void test_bytes(void **state _unused_)
{
    uint64_t rng = 5;
    for (int turn = 0; turn < 200; turn++) {
        int8_t bytes[WIDTH];
        float *numbers = draw_many(&rng, WIDTH, pow(10.0, turn % 20 - 10.0));
        float scale = byte_vector_make(numbers, WIDTH, bytes), most = 0.0F;
        for (size_t i = 0; i < WIDTH; i++) {
            most = MAX_OF(most, fabsf(numbers[i]));
            assert_true(fabsf((float)bytes[i] * scale - numbers[i]) <= scale * 0.501F);
        }
        assert_true(fabsf(scale * 127.0F - most) <= most * 1e-6F);
        free(numbers);
    }
}

static void test_none(void **state _unused_)
{
    const float zero[] = {0.0F, 0.0F}, odd[] = {1.0F, NAN}, wide[] = {INFINITY, 1.0F};
    int8_t bytes[2] = {7, 7};
    assert_true(byte_vector_make(zero, 2, bytes) == 0.0F);
    assert_true(byte_vector_make(odd, 2, bytes) == 0.0F);
    assert_true(byte_vector_make(wide, 2, bytes) == 0.0F);
    assert_int_equal(bytes[0], 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
