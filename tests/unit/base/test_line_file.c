#include "base/base.h"
#include "base/line_file.h"

#include <unistd.h>
#include <zlib.h>

#include <setjmp.h>
#include <cmocka.h>

static char path[] = "/tmp/test_line_file-XXXXXX";

static void write_bytes(const char *bytes, size_t size)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    fclose(file);
}

/* Reads all lines, with a | behind each; or the reason. */
static const char *read_lines(void)
{
    static char told[2048];
    struct reason reason = {0};
    struct line_file *file;
    struct slice line;
    size_t size = 0;
    int rc;
    told[0] = '\0';
    if (line_file_open(path, &file, &reason)) {
        (void)snprintf(told, sizeof(told), "%s", reason.text);
        return told;
    }
    while ((rc = line_file_next(file, &line, &reason)) > 0) {
        assert_int_equal(line.data[line.size], '\0');
        size += (size_t)snprintf(told + size, sizeof(told) - size, "%.*s|", SLICE_ARGS(line));
    }
    if (rc) { (void)snprintf(told, sizeof(told), "%s", reason.text); }
    line_file_close(file);
    return told;
}

#define READ(bytes) (write_bytes(bytes, sizeof(bytes) - 1), read_lines())

static void line_ends(void **state)
{
    assert_string_equal(READ("a\nb\n"), "a|b|");
    assert_string_equal(READ("a\r\n\r\nb"), "a||b|");
    assert_string_equal(READ("a\rb\r"), "a|b|");
    assert_string_equal(READ("a\rb\n"), "a\rb|");
    assert_string_equal(READ(""), "");
    assert_string_equal(READ("\n"), "|");
    assert_string_equal(READ("\xef\xbb\xbf" "a\n"), "a|");
    assert_non_null(strstr(READ("\xff\xfe" "a\0"), "UTF-16"));
}

/* A line without an end is told of, and not read for ever. */
static void a_line_without_an_end(void **state)
{
    struct reason reason = {{0}};
    struct line_file *file;
    struct slice line;
    assert_int_equal(line_file_open("/dev/zero", &file, &reason), 0);
    assert_int_equal(line_file_next(file, &line, &reason), -1);
    assert_string_equal(reason.text, "/dev/zero: line 1 has more than 67108864 bytes");
    line_file_close(file);
}

/* Lines that go over the ends of chunks, packed and plain. */
static void long_lines(void **state)
{
    enum { LINES = 30, LONG = 10007 };
    static char line[LONG + 2];
    memset(line, 'x', LONG);
    line[LONG] = '\n';
    for (int packed = 0; packed < 2; packed++) {
        gzFile gz = gzopen(path, packed ? "wb" : "wbT");
        for (int i = 0; i < LINES; i++) { gzputs(gz, line); }
        gzclose(gz);
        struct reason reason = {0};
        struct line_file *file;
        struct slice read;
        assert_int_equal(line_file_open(path, &file, &reason), 0);
        for (int i = 1; i <= LINES; i++) {
            assert_int_equal(line_file_next(file, &read, &reason), 1);
            assert_int_equal(read.size, LONG);
            assert_int_equal(line_file_number(file), i);
        }
        assert_int_equal(line_file_next(file, &read, &reason), 0);
        assert_true(line_file_position(file) > 0);
        line_file_close(file);
    }
}

static void what_cannot_be_read(void **state)
{
    gzFile gz = gzopen(path, "wb");
    for (int i = 0; i < 1000; i++) { gzprintf(gz, "%d\n", i * 7919); }
    gzclose(gz);
    assert_int_equal(truncate(path, 300), 0);
    assert_non_null(strstr(read_lines(), "damaged or cut off"));
    unlink(path);
    assert_non_null(strstr(read_lines(), "No such file"));
}

static int make_path(void **state)
{
    int fd = mkstemp(path);
    close(fd);
    return fd < 0;
}

static int remove_path(void **state)
{
    (void)unlink(path);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(line_ends),
        cmocka_unit_test(a_line_without_an_end),
        cmocka_unit_test(long_lines),
        cmocka_unit_test(what_cannot_be_read),
    };
    return cmocka_run_group_tests(tests, make_path, remove_path);
}
