#include "base/base.h"
#include "cli/table_lines.h"

#include <unistd.h>

#include <setjmp.h>
#include <cmocka.h>

/* Reads a file of these bytes: its lines with a | behind each, or the reason. */
static const char *read_as(const char *columns, char separator, const char *bytes)
{
    static char told[1024];
    char path[] = "/tmp/test_table_lines-XXXXXX";
    int fd = mkstemp(path);
    assert_int_equal(write(fd, bytes, strlen(bytes)), strlen(bytes));
    close(fd);
    struct reason reason = {0};
    struct table_lines *lines;
    struct slice line;
    size_t size = 0;
    int rc = table_lines_open(path, columns, separator, &lines, &reason);
    told[0] = '\0';
    while (!rc && (rc = table_lines_next(lines, &line, &reason)) > 0) {
        size += (size_t)snprintf(told + size, sizeof(told) - size, "%.*s|", SLICE_ARGS(line));
        rc = 0;
        assert_true(table_lines_number(lines) > 0 && table_lines_position(lines) > 0);
    }
    if (reason.text[0]) {
        const char *text = strstr(reason.text, ": ");
        (void)snprintf(told, sizeof(told), "%s", text ? text + 2 : reason.text);
    } else {
        table_lines_close(lines);
    }
    (void)unlink(path);
    return told;
}

static void lines_as_they_are(void **state)
{
    assert_string_equal(read_as(NULL, '\0',
                                "\xef\xbb\xbf{}\r\n\r\n{\"a\":1}\r\n"), "{}|{\"a\":1}|");
    assert_string_equal(read_as(NULL, '\0', ""), "");
}

static void rows_become_objects(void **state)
{
    assert_string_equal(read_as("user=visitorid,item=itemid,time=timestamp:ms", '\0',
                                "timestamp,visitorid,itemid\n1396867929000,7,\"i,1\"\n5,8,\n"),
                        "{\"user\":\"7\",\"item\":\"i,1\",\"time\":1396867929000}|"
                        "{\"user\":\"8\",\"time\":5}|");
    assert_string_equal(read_as("u=1,t=2:%d.%m.%Y %H:%M", '\0', "7;23.11.2026 09:00\n"),
                        "{\"u\":\"7\",\"t\":1795424400000}|");
    assert_string_equal(read_as("u=2", '|', "a|b,c\n"), "{\"u\":\"b,c\"}|");
    assert_string_equal(read_as("u=2", '\0', "a\t\"b\n"), "{\"u\":\"\\\"b\"}|");
    assert_string_equal(read_as("u=a", '\0', "a,b\n\"x\ny\",1\n"), "{\"u\":\"x\\ny\"}|");
}

static void what_does_not_fit_is_refused(void **state)
{
    assert_non_null(strstr(read_as("u=c", '\0', "a,b\n1,2\n"), "there is no column c"));
    assert_null(strstr(read_as("u=c", '\0', "a,b\n1,2\n"), "--separator"));
    assert_non_null(strstr(read_as("u=a", ';', "a,b\n1,2\n"), "hint: --separator says"));
    assert_non_null(strstr(read_as("t=b:s", '\0', "a,b\n1,2026-11-23 09:00:00\n"),
                           "hint: write :iso8601"));
    assert_null(strstr(read_as("t=b:s", '\0', "a,b\n1,x\n"), "hint"));
    assert_non_null(strstr(read_as("u", '\0', "a,b\n1,2\n"), "NAME=COLUMN"));
    assert_non_null(strstr(read_as("u=b", '\0', "a,b\n1\n"), "has 1 columns"));
    assert_non_null(strstr(read_as("u=a:ms", '\0', "a,b\nnoon,2\n"), "is no time of the unit ms"));
    assert_non_null(strstr(read_as("u=a", '\0', "a,b\n\"x\n"), "a quote is not closed"));
    assert_non_null(strstr(read_as("u=a", '\0', ""), "it is empty"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_as_they_are),
        cmocka_unit_test(rows_become_objects),
        cmocka_unit_test(what_does_not_fit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
