#include "base/base.h"
#include "base/mapped_bytes.h"
#include "base/xalloc.h"

#include <setjmp.h>
#include <cmocka.h>

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BYTES = 3 << 20 };

static void fill(struct mapped_bytes *bytes, size_t from, size_t end)
{
    unsigned char *at = bytes->at;
    for (size_t i = from; i < end; i++) { at[i] = (unsigned char)(i * 7 % 251); }
}

static void assert_filled(const struct mapped_bytes *bytes, size_t end)
{
    const unsigned char *at = bytes->at;
    for (size_t i = 0; i < end; i++) { assert_int_equal(at[i], i * 7 % 251); }
}

/* Grows by steps, in memory and in a file, which has no name. */
static void test_grows(void **state _unused_)
{
    char root[] = "/tmp/freshet-mapped-XXXXXX";
    assert_non_null(mkdtemp(root));
    for (int mapped = 0; mapped < 2; mapped++) {
        struct mapped_bytes bytes = {0};
        size_t before = 0;
        if (mapped) { assert_int_equal(mapped_bytes_open(&bytes, root), 0); }
        for (size_t size = 1000; size < BYTES; size *= 3) {
            assert_int_equal(mapped_bytes_reserve(&bytes, size), 0);
            assert_int_equal(mapped_bytes_reserve(&bytes, size / 2), 0);
            assert_int_equal(bytes.size, size);
            assert_filled(&bytes, before);
            fill(&bytes, before, size);
            before = size;
        }
        assert_int_equal(bytes.file != 0, mapped);
        assert_int_equal(rmdir(root), 0); /* nothing is in it */
        mapped_bytes_release(&bytes);
        assert_null(bytes.at);
        if (!mapped) { assert_int_equal(mkdir(root, 0700), 0); }
    }
}

/* A file that may not grow any more: the bytes move to memory, with what was in them. */
static void test_a_full_disk(void **state _unused_)
{
    struct mapped_bytes bytes = {0};
    struct rlimit before, little = {1 << 16, 1 << 16};
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    little.rlim_max = before.rlim_max;
    assert_int_equal(mapped_bytes_open(&bytes, "/tmp"), 0);
    assert_int_equal(mapped_bytes_reserve(&bytes, 1 << 15), 0);
    fill(&bytes, 0, 1 << 15);
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
    int result = mapped_bytes_reserve(&bytes, 1 << 20);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(result, -EFBIG);
    assert_int_equal(bytes.file, 0);
    assert_filled(&bytes, 1 << 15);
    fill(&bytes, 0, 1 << 20);
    assert_int_equal(mapped_bytes_reserve(&bytes, BYTES), 0);
    assert_filled(&bytes, 1 << 20);
    mapped_bytes_release(&bytes);
}

static void test_no_directory(void **state _unused_)
{
    struct mapped_bytes bytes = {0};
    assert_int_equal(mapped_bytes_open(&bytes, "/dev/null/none"), -ENOTDIR);
    assert_int_equal(mapped_bytes_reserve(&bytes, 100), 0);
    fill(&bytes, 0, 100);
    mapped_bytes_release(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grows),
        cmocka_unit_test(test_a_full_disk),
        cmocka_unit_test(test_no_directory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
