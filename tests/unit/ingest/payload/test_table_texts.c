#include "base/base.h"
#include "ingest/payload/table_texts.h"

#include <setjmp.h>
#include <cmocka.h>

/* Reads rows: their JSON with a | behind each, or the reason. */
static const char *read_rows(const char *columns, char separator, const char *bytes)
{
    static char told[1024];
    char why[200] = "";
    struct table_texts *table;
    struct text_list texts;
    struct codec_error error = {0};
    size_t size = 0;
    if (table_texts_new(columns, separator, 1000, &table, why, sizeof(why))) {
        (void)snprintf(told, sizeof(told), "%s", why);
        return told;
    }
    text_list_init(&texts, 900);
    told[0] = '\0';
    if (table_texts_read(table, slice_str(bytes), &texts, &error)) {
        (void)snprintf(told, sizeof(told), "%s", error.reason);
    } else {
        struct slices read = text_list_slices(&texts);
        for (size_t i = 0; i < read.count; i++) {
            size += (size_t)snprintf(told + size, sizeof(told) - size, "%.*s|",
                                     SLICE_ARGS(read.at[i]));
        }
    }
    text_list_release(&texts);
    table_texts_free(table);
    return told;
}

static void rows_become_objects(void **state)
{
    assert_string_equal(read_rows("a,b,c", ',', "1,\"2,\"\"\",3\r\n\r\n4,,6\n7"),
                        "{\"a\":\"1\",\"b\":\"2,\\\"\",\"c\":\"3\"}|{\"a\":\"4\",\"c\":\"6\"}|"
                        "{\"a\":\"7\"}|");
    assert_string_equal(read_rows("a,b", '\t', "\"1\t{\"x\":2}"),
                        "{\"a\":\"\\\"1\",\"b\":\"{\\\"x\\\":2}\"}|");
    assert_string_equal(read_rows("a", ';', "\xe4"), "{\"a\":\"\\u00e4\"}|");
    assert_string_equal(read_rows("a", ',', ""), "");
}

static void a_record_names_its_columns(void **state)
{
    assert_string_equal(read_rows("header", ',', "a,\"b\"\"\",\n1,2,3\n4,5\n"),
                        "{\"a\":\"1\",\"b\\\"\":\"2\"}|{\"a\":\"4\",\"b\\\"\":\"5\"}|");
    assert_string_equal(read_rows("header", ',', "a,b\n"), "bad_csv");
    assert_string_equal(read_rows("header", ',', "\n"), "");
    assert_string_equal(read_rows("header", ',', " a ,\tb\n1, 2 \n"),
                        "{\"a\":\"1\",\"b\":\" 2 \"}|");
    assert_string_equal(read_rows("a, b", ',', "1,2\n"), "{\"a\":\"1\",\"b\":\"2\"}|");
}

/* Snowplow's 131 columns: the last one is true_tstamp. */
static void snowplow_is_known(void **state)
{
    char row[200] = "shop";
    memset(row + 4, '\t', 130);
    memcpy(row + 134, "now", 4);
    assert_string_equal(read_rows("snowplow", '\t', row),
                        "{\"app_id\":\"shop\",\"true_tstamp\":\"now\"}|");
    memcpy(row + 134, "\t", 2);
    assert_string_equal(read_rows("snowplow", '\t', row), "bad_csv");
}

static void what_does_not_fit_is_refused(void **state)
{
    assert_string_equal(read_rows("a,b", ',', "1,2,3"), "bad_csv");
    assert_string_equal(read_rows("a,b", ',', "1,\"2"), "bad_csv");
    char long_row[500];
    memset(long_row, '\x01', sizeof(long_row) - 1);
    long_row[sizeof(long_row) - 1] = '\0';
    assert_string_equal(read_rows("a", ',', long_row), "over_limit");
    assert_non_null(strstr(read_rows("", ',', "1"), "name the columns"));
    assert_non_null(strstr(read_rows("a,,b", ',', "1"), "a name is empty"));
    assert_non_null(strstr(read_rows("a,a", ',', "1"), "twice"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_become_objects),
        cmocka_unit_test(a_record_names_its_columns),
        cmocka_unit_test(snowplow_is_known),
        cmocka_unit_test(what_does_not_fit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
