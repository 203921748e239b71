#include "base/base.h"
#include "base/edit_distance.h"

#include <setjmp.h>
#include <cmocka.h>

/* The definition, spelled out: optimal string alignment by recursion. */
static size_t naive(const char *a, size_t n, const char *b, size_t m)
{
    if (n == 0 || m == 0) { return n + m; }
    size_t least = naive(a, n - 1, b, m - 1) + (a[n - 1] != b[m - 1]);
    least = MIN_OF(least, naive(a, n - 1, b, m) + 1);
    least = MIN_OF(least, naive(a, n, b, m - 1) + 1);
    if (n > 1 && m > 1 && a[n - 1] == b[m - 2] && a[n - 2] == b[m - 1]) {
        least = MIN_OF(least, naive(a, n - 2, b, m - 2) + 1);
    }
    return least;
}

static void random_text(uint64_t *seed, char *into)
{
    size_t size = (*seed = *seed * 6364136223846793005u + 1442695040888963407u) >> 60;
    size %= 7;
    for (size_t i = 0; i < size; i++) {
        *seed = *seed * 6364136223846793005u + 1442695040888963407u;
        into[i] = (char)('a' + (*seed >> 62));
    }
    into[size] = '\0';
}

static void test_known(void **state)
{
    assert_int_equal(edit_distance("", ""), 0);
    assert_int_equal(edit_distance("max", "max"), 0);
    assert_int_equal(edit_distance("max", "maxx"), 1);
    assert_int_equal(edit_distance("bacth", "batch"), 1);
    assert_int_equal(edit_distance("kitten", "sitting"), 3);
    assert_int_equal(edit_distance("", "abc"), 3);
}

static void test_naive(void **state)
{
    uint64_t seed = 42;
    for (int i = 0; i < 2000; i++) {
        char a[8], b[8];
        random_text(&seed, a);
        random_text(&seed, b);
        assert_int_equal(edit_distance(a, b), naive(a, strlen(a), b, strlen(b)));
    }
}

static void test_long(void **state)
{
    char text[EDIT_TEXT_MAX + 2];
    memset(text, 'x', sizeof(text));
    text[EDIT_TEXT_MAX] = '\0';
    assert_int_equal(edit_distance(text, ""), EDIT_TEXT_MAX);
    assert_int_equal(edit_distance(text, text), 0);
    text[EDIT_TEXT_MAX] = 'x';
    text[EDIT_TEXT_MAX + 1] = '\0';
    assert_true(edit_distance(text, "") == SIZE_MAX);
    assert_true(edit_distance("", text) == SIZE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_naive),
        cmocka_unit_test(test_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
