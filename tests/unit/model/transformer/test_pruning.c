#include "base/base.h"
#include "model/rng.h"
#include "model/transformer/pruning.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

enum { N = 203 };

static void draw(float *values, uint64_t rng)
{
    for (size_t i = 0; i < N; i++) { values[i] = (float)rng_normal(&rng); }
}

/* What is cut is smaller than what is left, and as much as was wished. */
static void test_cut(void **state)
{
    float before[N], after[N];
    for (int tenths = 0; tenths <= 10; tenths++) {
        draw(before, 4);
        memcpy(after, before, sizeof(after));
        pruning_cut(after, N, (float)tenths / 10);
        float most_cut = 0, least_left = INFINITY;
        size_t cut = 0;
        for (size_t i = 0; i < N; i++) {
            bool gone = after[i] == 0.0F;
            cut += gone;
            if (!gone) { assert_true(after[i] == before[i]); }
            float size = fabsf(before[i]);
            if (gone) { most_cut = fmaxf(most_cut, size); }
            if (!gone) { least_left = fminf(least_left, size); }
        }
        assert_true(most_cut < least_left);
        assert_in_range(cut, N * tenths / 10 - (tenths > 0), N * tenths / 10);
        assert_int_equal(pruning_kept(after, N), N - cut);
    }
    float equal[] = {2, -2, 2, -2, 3};
    pruning_cut(equal, 5, .4F);
    const float want[] = {0, 0, 2, -2, 3};
    assert_memory_equal(equal, want, sizeof(want));
}

static void test_packing(void **state)
{
    float values[N], back[N];
    for (size_t n = 0; n <= N; n += 7) {
        draw(values, n);
        pruning_cut(values, n, .5F);
        struct buf buf;
        buf_init(&buf, 1 << 16);
        size_t kept = pruning_kept(values, n);
        pruning_pack(values, n, &buf);
        assert_int_equal(buf.size, pruning_packed_size(n, kept));
        buf_append(&buf, "", 1); /* so that an empty run has bytes too */
        assert_true(pruning_unpack(buf.data, n, kept, back));
        for (size_t i = 0; i < n; i++) { assert_true(back[i] == values[i]); }
        assert_false(pruning_unpack(buf.data, n, kept + 1, back));
        if (n % 8) {
            buf.data[n / 8] = (char)(buf.data[n / 8] ^ 0x80); /* a bit behind the last number */
            assert_false(pruning_unpack(buf.data, n, kept + 1, back));
        }
        buf_release(&buf);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_packing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
