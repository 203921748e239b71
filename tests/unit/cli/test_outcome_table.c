#include "base/base.h"
#include "base/xalloc.h"
#include "cli/outcome_table.h"

#include <setjmp.h>
#include <cmocka.h>

#define HOUR_MS INT64_C(3600000)

static void take(struct outcome_table *table, const char *key, const char *placement,
                 const char *generation, const char *rule, int64_t hour, int64_t shown,
                 int64_t clicks)
{
    const struct placement_outcomes outcomes = {
        .placement = slice_str(placement),
        .generation = slice_str(generation),
        .rule = slice_str(rule),
        .from_ms = hour * HOUR_MS,
        .to_ms = hour ? (hour + 1) * HOUR_MS : 0,
        .impressions = shown,
        .clicks = clicks,
        .actions = clicks + 1,
        .conversions = 1,
        .revenue_micros = 12345678,
    };
    assert_true(outcome_table_take(table, slice_str(key), &outcomes));
}

/* Two partitions, two generations, a rule with a character for the terminal; one record of two is
 * replaced, one deleted. */
static char *printed(enum outcome_by by, int64_t since_ms, bool json)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    struct outcome_table *table = outcome_table_new(by, since_ms);
    take(table, "all/0/home//", "home", "", "", 0, 5, 5);
    take(table, "all/0/home//", "home", "", "", 0, 100, 4);
    take(table, "all/1/home//", "home", "", "", 0, 60, 4);
    take(table, "all/0/home/g2/a\x1b", "home", "g2", "a\x1b", 0, 40, 2);
    take(table, "all/0/basket//", "basket", "", "", 0, 0, 1);
    take(table, "all/0/gone//", "gone", "", "", 0, 9, 9);
    take(table, "3600000/0/home//", "home", "", "", 1, 7, 1);
    take(table, "7200000/0/home//", "home", "", "", 2, 8, 0);
    assert_true(outcome_table_take(table, slice_str("all/0/gone//"), NULL));
    assert_true(outcome_table_take(table, slice_str("all/0/never//"), NULL));
    assert_true(outcome_table_print(table, json, out));
    outcome_table_free(table);
    table = outcome_table_new(by, since_ms);
    FILE *nowhere = fopen("/dev/null", "w");
    assert_false(outcome_table_print(table, json, nowhere));
    fclose(nowhere);
    outcome_table_free(table);
    fclose(out);
    return text;
}

static void test_by_placement(void **state _unused_)
{
    _cleanup_(xfreep) char *text = printed(OUTCOME_BY_PLACEMENT, INT64_MIN, true);
    assert_string_equal(text, "{\"placement\":\"basket\",\"impressions\":0,\"clicks\":1,\"ctr\":0,"
                              "\"actions\":2,\"conversions\":1,\"revenue\":12.345678}\n"
                              "{\"placement\":\"home\",\"impressions\":200,\"clicks\":10,"
                              "\"ctr\":0.05,\"actions\":13,\"conversions\":3,"
                              "\"revenue\":37.037034}\n");
}

static void test_by_rule(void **state _unused_)
{
    _cleanup_(xfreep) char *text = printed(OUTCOME_BY_RULE, INT64_MIN, true);
    assert_non_null(strstr(text, "{\"placement\":\"home\",\"rule\":\"\",\"impressions\":160,"));
    assert_non_null(
        strstr(text, "{\"placement\":\"home\",\"rule\":\"a\\u001b\",\"impressions\":40,"));
    _cleanup_(xfreep) char *table = printed(OUTCOME_BY_RULE, INT64_MIN, false);
    assert_null(strchr(table, '\x1b'));
}

static void test_by_hour(void **state _unused_)
{
    _cleanup_(xfreep) char *text = printed(OUTCOME_BY_HOUR, INT64_MIN, true);
    assert_non_null(strstr(text, "\"hour\":\"1970-01-01T01:00Z\",\"impressions\":7,"));
    assert_non_null(strstr(text, "\"hour\":\"1970-01-01T02:00Z\",\"impressions\":8,"));
    assert_null(strstr(text, "basket"));
    _cleanup_(xfreep) char *since = printed(OUTCOME_BY_PLACEMENT, 2 * HOUR_MS, true);
    assert_non_null(strstr(since, "\"placement\":\"home\",\"impressions\":8,"));
}

static void test_lines_fit_a_terminal(void **state _unused_)
{
    _cleanup_(xfreep) char *text = printed(OUTCOME_BY_GENERATION, INT64_MIN, false);
    assert_memory_equal(text, "placement ", 10);
    for (char *line = text; *line; line = strchr(line, '\n') + 1) {
        assert_true(strchr(line, '\n') - line <= 80);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_placement),
        cmocka_unit_test(test_by_rule),
        cmocka_unit_test(test_by_hour),
        cmocka_unit_test(test_lines_fit_a_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
