#include "base/base.h"
#include "base/text_file.h"

#include <setjmp.h>
#include <cmocka.h>
#include <unistd.h>

static void test_reads(void **state)
{
    char path[] = "/tmp/freshet-text-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    char block[10000];
    memset(block, 'x', sizeof(block));
    assert_int_equal(write(fd, block, sizeof(block)), sizeof(block));
    close(fd);
    struct buf out;
    buf_init(&out, sizeof(block));
    assert_int_equal(text_file_read(path, &out), 0);
    assert_int_equal(out.size, sizeof(block));
    assert_memory_equal(out.data, block, sizeof(block));
    buf_release(&out);
    buf_init(&out, sizeof(block) - 1);
    assert_int_equal(text_file_read(path, &out), -EFBIG);
    buf_release(&out);
    unlink(path);
}

static void test_unreadable(void **state)
{
    struct buf out;
    buf_init(&out, 100);
    assert_int_equal(text_file_read("/nonexistent/file", &out), -ENOENT);
    assert_int_equal(text_file_read("/", &out), -EISDIR);
    assert_int_equal(out.size, 0);
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads),
        cmocka_unit_test(test_unreadable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
