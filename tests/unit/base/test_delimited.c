#include "base/base.h"
#include "base/delimited.h"

#include <setjmp.h>
#include <cmocka.h>

static const struct delimited_format csv = {',', true}, tsv = {'\t', false};

/* Reads all rows: fields in <...>, rows with a | behind them, or the result. */
static const char *read_all(struct delimited_format format, const char *text)
{
    static char told[512];
    static struct delimited_row row;
    struct slice rest = slice_str(text);
    size_t size = 0;
    int rc;
    told[0] = '\0';
    delimited_row_init(&row, 1000);
    while ((rc = delimited_row_read(&row, format, &rest)) == 0) {
        for (size_t i = 0; i < row.count; i++) {
            size += (size_t)snprintf(told + size, sizeof(told) - size, "%s<%.*s>",
                                     row.quoted[i] ? "q" : "", SLICE_ARGS(row.fields[i]));
        }
        size += (size_t)snprintf(told + size, sizeof(told) - size, "|");
    }
    if (rc != -ENODATA) { (void)snprintf(told, sizeof(told), "%d", rc); }
    delimited_row_release(&row);
    return told;
}

static void fields_and_rows(void **state)
{
    assert_string_equal(read_all(csv, "a,b\n1,2\n"), "<a><b>|<1><2>|");
    assert_string_equal(read_all(csv, "a,b\r\n1,2"), "<a><b>|<1><2>|");
    assert_string_equal(read_all(csv, "a\rb\r"), "<a>|<b>|");
    assert_string_equal(read_all(csv, ",\n"), "<><>|");
    assert_string_equal(read_all(csv, "\na"), "<>|<a>|");
    assert_string_equal(read_all(csv, ""), "");
    assert_string_equal(read_all(tsv, "a\t\"b\tc\"\n"), "<a><\"b><c\">|");
}

static void quotes(void **state)
{
    assert_string_equal(read_all(csv, "\"a,\nb\",c"), "q<a,\nb><c>|");
    assert_string_equal(read_all(csv, "\"a\"\"b\"\"\",\"\",\"\"\"\""), "q<a\"b\">q<>q<\">|");
    assert_string_equal(read_all(csv, "a\"b,c"), "<a\"b><c>|");
    assert_string_equal(read_all(csv, "\"a"), "-74");
    assert_string_equal(read_all(csv, "\"a\"b"), "-74");
    assert_string_equal(read_all(csv, "\"a\"\""), "-74");
}

static void fields_are_limited(void **state)
{
    char text[DELIMITED_FIELDS_MAX + 1] = "";
    memset(text, ',', DELIMITED_FIELDS_MAX);
    assert_string_equal(read_all(csv, text), "-7");
}

static void names_are_found(void **state)
{
    static struct delimited_row row;
    struct slice rest = slice_str("UserID,\"Item\"");
    delimited_row_init(&row, 100);
    assert_int_equal(delimited_row_read(&row, csv, &rest), 0);
    assert_int_equal(delimited_row_find(&row, "userid"), 0);
    assert_int_equal(delimited_row_find(&row, "item"), 1);
    assert_int_equal(delimited_row_find(&row, "user"), -1);
    delimited_row_release(&row);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_and_rows),
        cmocka_unit_test(quotes),
        cmocka_unit_test(fields_are_limited),
        cmocka_unit_test(names_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
