#include "base/base.h"
#include "base/xalloc.h"
#include "cli/installation_page.h"

#include <setjmp.h>
#include <cmocka.h>

enum { COLUMNS_MAX = 80 };

static const char rest[] =
    "\"dead_letters\":{\"topic\":\"dead-letters\",\"kept\":3},\"copies\":[]}";

/* A look with ingest as given, and a serve that does not run. */
static json_t *look(int64_t time_ms, const char *ingest)
{
    char text[4096];
    (void)snprintf(text, sizeof(text),
                   "{\"generation\":\"\",\"topic_prefix\":\"p-\",\"group_prefix\":\"g-\","
                   "\"time_ms\":%" PRId64 ",\"workers\":[{\"worker\":\"ingest\",\"optional\":false,"
                   "\"group\":\"g-ingest\",%s},{\"worker\":\"serve\",\"optional\":true,"
                   "\"group\":\"g-serve\",\"members\":0,\"committed\":false,\"lag\":null,"
                   "\"other_prefixes\":[],\"topics\":[]}],%s",
                   time_ms, ingest, rest);
    json_t *document = json_loads(text, 0, NULL);
    assert_non_null(document);
    return document;
}

static const char topics[] =
    "\"other_prefixes\":[],\"topics\":[{\"topic\":\"clicks\",\"partitions\":["
    "{\"partition\":0,\"committed\":10,\"end\":5010,\"lag\":5000,\"state\":\"running\","
    "\"restore_remaining\":0},{\"partition\":1,\"committed\":null,\"end\":7,\"lag\":null,"
    "\"state\":\"restoring\",\"restore_remaining\":12}]}]";

static json_t *running_look(int64_t time_ms, int read)
{
    _cleanup_(xfreep) char *text =
        xprintf("\"members\":2,\"committed\":true,\"lag\":5000,\"read\":%d,%s", read, topics);
    return look(time_ms, text);
}

static char *printed(json_t *now, json_t *before, bool table)
{
    char *page = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&page, &size);
    if (table) {
        installation_table(now, before, out);
    } else {
        installation_page(now, out);
    }
    (void)fclose(out);
    json_decref(now);
    json_decref(before);
    return page;
}

static void check_has(const char *page, const char *part)
{
    if (!strstr(page, part)) { fail_msg("%s\nlacks %s", page, part); }
}

static void check_width(const char *page)
{
    for (const char *line = page; *line; line += strcspn(line, "\n") + 1) {
        if (strcspn(line, "\n") > COLUMNS_MAX) { fail_msg("too wide: %s", line); }
    }
}

static void test_page(void **state _unused_)
{
    char *page = printed(running_look(1000, 10), NULL, false);
    check_has(page, "\ningest   clicks              0         10       5010      5000"
                    "  running\n");
    check_has(page, "1          -          7         -  restoring 12\n");
    check_has(page, "\ningest: 2 copies in group g-ingest\n");
    check_has(page, "\nserve: does not run (it is optional)\n");
    check_has(page, "\ndead-letters: 3 kept; `freshet refusals` shows why");
    assert_null(strstr(page, "NOTHING RUNS"));
    check_width(page);
    free(page);
}

static void test_nothing_runs(void **state _unused_)
{
    char *page = printed(look(1, "\"members\":0,\"committed\":false,\"lag\":null,"
                                 "\"other_prefixes\":[\"x-\"],\"topics\":[{\"topic\":\"p-clicks\","
                                 "\"why\":\"it does not exist\",\"partitions\":[]}]"),
                         NULL, false);
    check_has(page, "p-clicks            -  it does not exist\n");
    check_has(page, "ingest: NO COPY RUNS in group g-ingest, which has committed nothing of this "
                    "input; groups of its name exist with group.prefix=x-\n");
    check_has(page, "NOTHING RUNS: no worker has a copy with topic.prefix=p- group.prefix=g- "
                    "generation=base;");
    free(page);
}

/* Whose workers are looked for is told where another generation is live. */
static void test_another_generation_is_live(void **state _unused_)
{
    static const char part[] = "LIVE IS g2, and these are the workers of base;\n  `freshet status "
                               "-g g2` shows those of g2\n";
    json_t *now = running_look(1000, 10);
    json_object_set_new(now, "live", json_string("g2"));
    char *page = printed(now, NULL, false);
    check_has(page, part);
    free(page);
    now = running_look(1000, 10);
    json_object_set_new(now, "live", json_string(""));
    page = printed(now, NULL, false);
    assert_null(strstr(page, "LIVE"));
    free(page);
}

/* A group that may not be described may have members. */
static void test_what_is_not_known_is_not_told(void **state _unused_)
{
    char *page = printed(look(1, "\"members\":null,\"committed\":false,\"lag\":null,"
                                 "\"other_prefixes\":[],\"topics\":[]"),
                         NULL, false);
    assert_null(strstr(page, "RUNS"));
    free(page);
}

static void test_table(void **state _unused_)
{
    char *page = printed(running_look(3000, 210), running_look(1000, 10), true);
    check_has(page, "ingest        2     2        5000       100     50 s  restores 12\n");
    check_has(page, "serve         0     0           -         -        -  does not run\n");
    check_has(page, "1970-01-01T00:00:03.000Z  generation base\n");
    check_has(page, "dead letters: 3 kept, 0/s\n");
    check_width(page);
    free(page);
    page = printed(running_look(3000, 210), NULL, true);
    check_has(page, "ingest        2     2        5000         -        -  restores 12\n");
    check_has(page, "dead letters: 3 kept\n");
    free(page);
    page = printed(running_look(3000, 11), running_look(1000, 10), true);
    check_has(page, "5000         0   2:46 h  restores 12\n");
    check_width(page);
    free(page);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_page),
        cmocka_unit_test(test_another_generation_is_live),
        cmocka_unit_test(test_nothing_runs),
        cmocka_unit_test(test_what_is_not_known_is_not_told),
        cmocka_unit_test(test_table),
    };
    return cmocka_run_group_tests_name("installation_page", tests, NULL, NULL);
}
