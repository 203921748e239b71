#include "base/base.h"
#include "cli/provision/topic_plan.h"

#include <setjmp.h>
#include <cmocka.h>

static const char table_text[] = "# topics\n"
                                 "[events]\ndoc = All.\nstateful = yes\npartitions = 4\n"
                                 "cleanup.policy = delete\nretention.ms = -1\n\n"
                                 "[changelog]\r\ndoc = State.\nstateful = yes\n"
                                 "partitions = events\n"
                                 "cleanup.policy = compact\n"
                                 "[letters]\ndoc = Refused.\npartitions = 4\n"
                                 "[one]\ndoc = One.\npartitions = 1\n"
                                 "[clicks]\ndoc = Yours.\noptional = yes\npartitions=4\n";
enum { EVENTS, CHANGELOG, LETTERS, ONE, CLICKS };

static struct ini *table;
static struct topic_plan plan;
static struct buf out;

static int begin(void **state)
{
    table = ini_read(table_text);
    topic_plan_init(&plan, table);
    buf_init(&out, 1 << 16);
    return 0;
}

static int end(void **state)
{
    topic_plan_release(&plan);
    ini_free(table);
    buf_release(&out);
    return 0;
}

static const char *said(void)
{
    buf_append(&out, "", 1);
    return out.data;
}

static void test_table(void **state)
{
    assert_string_equal(ini_section(table, CLICKS), "clicks");
    assert_null(ini_section(table, CLICKS + 1));
    assert_string_equal(ini_get(table, "changelog", "doc"), "State.");
    assert_null(ini_get(table, "changelog", "retention.ms"));
    assert_null(ini_get(table, "none", "doc"));
    ini_put(table, "one", "doc", "Other.");
    assert_string_equal(ini_get(table, "one", "doc"), "Other.");
    topic_plan_table(table, &out);
    assert_non_null(strstr(
        said(), "| `events` | 4 | `cleanup.policy=delete` `retention.ms=-1` | All. |\n"));
}

static void test_nothing_there(void **state)
{
    assert_true(topic_plan_work_out(&plan, 0, &out));
    assert_int_equal(plan.topics[CHANGELOG].partitions, 4);
    assert_int_equal(plan.topics[ONE].partitions, 1);
    assert_false(plan.topics[CLICKS].wanted);
    assert_true(topic_plan_add(&plan, "clicks") && plan.topics[CLICKS].wanted);
    assert_false(topic_plan_add(&plan, "none"));
    struct topic_form *form = topic_plan_form(&plan, &plan.topics[EVENTS], 3);
    assert_int_equal(topic_form_partitions(form), 4);
    assert_string_equal(topic_form_get(form, "retention.ms"), "-1");
    assert_null(topic_form_get(form, "doc"));
    topic_form_free(form);
}

static void test_asked_for_more(void **state)
{
    assert_true(topic_plan_work_out(&plan, 8, &out));
    assert_int_equal(plan.topics[CHANGELOG].partitions, 8);
    assert_int_equal(plan.topics[ONE].partitions, 1);
}

static void test_what_its_owner_chose_stays(void **state)
{
    plan.topics[EVENTS].there = topic_form_new(6, 1);
    plan.topics[CHANGELOG].there = topic_form_new(6, 1);
    assert_true(topic_plan_work_out(&plan, 0, &out));
    assert_int_equal(plan.topics[EVENTS].partitions, 6);
}

static void test_added(void **state)
{
    plan.topics[LETTERS].there = topic_form_new(4, 1);
    assert_true(topic_plan_work_out(&plan, 8, &out));
    assert_int_equal(plan.topics[LETTERS].partitions, 8);
}

static void test_refused(void **state)
{
    plan.topics[EVENTS].there = topic_form_new(4, 1);
    plan.topics[LETTERS].there = topic_form_new(9, 1);
    assert_false(topic_plan_work_out(&plan, 8, &out));
    const char *text = said();
    assert_non_null(strstr(text, "events has 4 partitions, 8 are asked for: keys would leave"));
    assert_non_null(strstr(text, "letters has 9 partitions, 8 are asked for: Kafka cannot"));
    assert_non_null(strstr(text, "changelog has 8 partitions and events 4: their numbers"));
}

static void test_settings(void **state)
{
    struct planned_topic *topic = &plan.topics[EVENTS];
    topic->there = topic_form_new(4, 1);
    topic_form_put(topic->there, "cleanup.policy", "delete");
    topic_form_put(topic->there, "retention.ms", "604800000");
    assert_true(topic_plan_settings(&plan, topic, "change", "a.", /* put= */ true, &out));
    assert_string_equal(said(), "change a.events: retention.ms 604800000 -> -1\n");
    assert_string_equal(topic_form_get(topic->there, "retention.ms"), "-1");
    assert_false(topic_plan_settings(&plan, topic, "change", "a.", /* put= */ false, &out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_table, begin, end),
        cmocka_unit_test_setup_teardown(test_nothing_there, begin, end),
        cmocka_unit_test_setup_teardown(test_asked_for_more, begin, end),
        cmocka_unit_test_setup_teardown(test_what_its_owner_chose_stays, begin, end),
        cmocka_unit_test_setup_teardown(test_added, begin, end),
        cmocka_unit_test_setup_teardown(test_refused, begin, end),
        cmocka_unit_test_setup_teardown(test_settings, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
