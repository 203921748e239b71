#include "base/base.h"
#include "base/atomic_file.h"
#include "base/buf.h"
#include "base/directory.h"
#include "base/text_file.h"
#include "base/thread.h"
#include "base/xalloc.h"

#include <setjmp.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

enum { CONTENT_MAX = 1 << 20 };

static void check_content(const char *path, const char *expected)
{
    struct buf text;
    buf_init(&text, CONTENT_MAX);
    assert_int_equal(text_file_read(path, &text), 0);
    assert_true(slice_equal(buf_slice(&text), slice_str(expected)));
    buf_release(&text);
}

static void test_write(void **state)
{
    char dir[] = "/tmp/freshet-atomic-XXXXXX";
    assert_non_null(mkdtemp(dir));
    _cleanup_(xfreep) char *path = xprintf("%s/file", dir);
    _cleanup_(xfreep) char *next = xprintf("%s/file.next", dir);
    assert_int_equal(atomic_file_write(path, slice_str("first and long")), 0);
    check_content(path, "first and long");
    assert_int_equal(atomic_file_write(path, slice_str("second")), 0);
    check_content(path, "second");
    assert_int_equal(atomic_file_write(path, slice_of("", 0)), 0);
    check_content(path, "");
    assert_int_equal(access(next, F_OK), -1);
    assert_int_equal(directory_delete(dir), 0);
}

/* What a writer that died has left is not part of the next file. */
static void test_old_temporary_file(void **state)
{
    char dir[] = "/tmp/freshet-atomic-XXXXXX";
    assert_non_null(mkdtemp(dir));
    _cleanup_(xfreep) char *path = xprintf("%s/file", dir);
    _cleanup_(xfreep) char *next = xprintf("%s/file.next", dir);
    FILE *file = fopen(next, "w");
    assert_non_null(file);
    fputs("half of something much longer than the next file", file);
    fclose(file);
    assert_int_equal(atomic_file_write(path, slice_str("whole")), 0);
    check_content(path, "whole");
    assert_int_equal(directory_delete(dir), 0);
}

static void test_errors(void **state)
{
    assert_int_equal(atomic_file_write("/proc/nowhere/file", slice_str("x")), -ENOENT);
    char dir[] = "/tmp/freshet-atomic-XXXXXX";
    assert_non_null(mkdtemp(dir));
    _cleanup_(xfreep) char *path = xprintf("%s/file", dir);
    _cleanup_(xfreep) char *next = xprintf("%s/file.next", dir);
    assert_int_equal(mkdir(path, 0777), 0); /* a file cannot replace a directory */
    assert_int_equal(atomic_file_write(path, slice_str("x")), -EISDIR);
    assert_int_equal(access(next, F_OK), -1);
    assert_int_equal(directory_delete(dir), 0);
}

/* A disk that takes only a part of the file leaves the old one. */
static void test_full_disk(void **state)
{
    enum { ROOM = 1000 };
    char dir[] = "/tmp/freshet-atomic-XXXXXX";
    assert_non_null(mkdtemp(dir));
    _cleanup_(xfreep) char *path = xprintf("%s/file", dir);
    _cleanup_(xfreep) char *next = xprintf("%s/file.next", dir);
    assert_int_equal(atomic_file_write(path, slice_str("old")), 0);
    struct rlimit before, little;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    little = before;
    little.rlim_cur = ROOM;
    signal(SIGXFSZ, SIG_IGN);
    static char large[2 * ROOM];
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
    int result = atomic_file_write(path, slice_of(large, sizeof(large)));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(result, -EFBIG);
    assert_int_equal(access(next, F_OK), -1);
    check_content(path, "old");
    assert_int_equal(directory_delete(dir), 0);
}

enum { WRITES = 300, SIZE = 20000 };

/* Writes files of one letter each, of different lengths. */
static void write_many(const char *path, char letter)
{
    char text[SIZE];
    memset(text, letter, sizeof(text));
    for (size_t i = 0; i < WRITES; i++) {
        int result = atomic_file_write(path, slice_of(text, SIZE - (size_t)letter * (i % 50)));
        assert(result == 0);
    }
}

static void *write_in_thread(void *arg)
{
    write_many(arg, 'a');
    return NULL;
}

/* Two threads and a process write at once; each read finds the bytes of one of them. */
static void test_many_writers(void **state)
{
    char dir[] = "/tmp/freshet-atomic-XXXXXX";
    assert_non_null(mkdtemp(dir));
    _cleanup_(xfreep) char *path = xprintf("%s/file", dir);
    assert_int_equal(atomic_file_write(path, slice_str("aaa")), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        write_many(path, 'c');
        _exit(0);
    }
    pthread_t threads[2];
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(thread_start(&threads[i], "writer", write_in_thread, path), 0);
    }
    struct buf text;
    buf_init(&text, CONTENT_MAX);
    for (size_t i = 0; i < 500; i++) {
        buf_clear(&text);
        assert_int_equal(text_file_read(path, &text), 0);
        assert_true(text.size > 0);
        for (size_t at = 1; at < text.size; at++) { assert_int_equal(text.data[at], text.data[0]); }
    }
    for (size_t i = 0; i < 2; i++) { thread_join(threads[i]); }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    buf_release(&text);
    assert_int_equal(directory_delete(dir), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write),        cmocka_unit_test(test_old_temporary_file),
        cmocka_unit_test(test_errors),       cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_many_writers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
