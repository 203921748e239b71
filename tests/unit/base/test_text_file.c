#include "base/base.h"
#include "base/text_file.h"

#include <setjmp.h>
#include <cmocka.h>
#include <sys/stat.h>
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

/* A masked log must not begin behind the name of what is masked. */
static void test_the_end_begins_with_a_line(void **state)
{
    char path[] = "/tmp/freshet-text-XXXXXX";
    static const char text[] = "password=s3cret\nsecond\nthird\n";
    static const struct {
        size_t most;
        const char *is;
    } cases[] = {{100, text}, {sizeof(text) - 1, text}, {sizeof(text) - 2, "second\nthird\n"},
                 {20, "second\nthird\n"}, {13, "third\n"}, {3, ""}, {0, ""}};
    int fd = mkstemp(path);
    assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
    close(fd);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct buf out;
        buf_init(&out, 1000);
        assert_int_equal(text_file_read_end(path, cases[i].most, &out), 0);
        assert_true(slice_equal(buf_slice(&out), slice_str(cases[i].is)));
        buf_release(&out);
    }
    unlink(path);
}

/* Whoever may write to a directory must not make others read for him. */
static void test_links_and_pipes_are_not_read(void **state)
{
    char directory[] = "/tmp/freshet-text-XXXXXX", link[64], pipe[64];
    struct buf out;
    buf_init(&out, 1000);
    assert_non_null(mkdtemp(directory));
    (void)snprintf(link, sizeof(link), "%s/link", directory);
    (void)snprintf(pipe, sizeof(pipe), "%s/pipe", directory);
    assert_int_equal(symlink("/etc/passwd", link), 0);
    assert_int_equal(mkfifo(pipe, 0600), 0);
    assert_int_equal(text_file_read_end(link, 1000, &out), -ELOOP);
    assert_int_equal(text_file_read_end(pipe, 1000, &out), -EINVAL);
    assert_int_equal(text_file_read_end(directory, 1000, &out), -EINVAL);
    assert_int_equal(text_file_read_end("/nonexistent/file", 1000, &out), -ENOENT);
    assert_int_equal(out.size, 0);
    unlink(link);
    unlink(pipe);
    rmdir(directory);
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads),
        cmocka_unit_test(test_unreadable),
        cmocka_unit_test(test_the_end_begins_with_a_line),
        cmocka_unit_test(test_links_and_pipes_are_not_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
