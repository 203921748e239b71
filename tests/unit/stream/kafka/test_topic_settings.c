#include "base/base.h"
#include "base/xalloc.h"
#include "stream/kafka/topic_settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct topic_settings settings_of(const char *policy, const char *ms, const char *bytes)
{
    struct topic_settings settings = {.known = true};
    topic_settings_take(&settings, "cleanup.policy", policy);
    topic_settings_take(&settings, "retention.ms", ms);
    topic_settings_take(&settings, "retention.bytes", bytes);
    topic_settings_take(&settings, "delete.retention.ms", "604800000");
    topic_settings_take(&settings, "min.insync.replicas", "2");
    return settings;
}

static char *fault_of(const char *policy, const char *ms, const char *bytes,
                      enum topic_cleanup cleanup)
{
    const struct topic_settings settings = settings_of(policy, ms, bytes);
    return topic_settings_fault(&settings, cleanup, "neighbours", "b1:9092");
}

static void check_fine(const char *policy, const char *ms, const char *bytes,
                       enum topic_cleanup cleanup)
{
    _cleanup_(xfreep) char *fault = fault_of(policy, ms, bytes, cleanup);
    assert_null(fault);
}

static void check_fault(const char *policy, const char *ms, const char *bytes,
                        enum topic_cleanup cleanup, const char *mend)
{
    _cleanup_(xfreep) char *fault = fault_of(policy, ms, bytes, cleanup);
    assert_non_null(fault);
    if (!strstr(fault, mend) || !strstr(fault, "--bootstrap-server b1:9092") ||
        !strstr(fault, "--entity-name neighbours")) {
        fail_msg("%s", fault);
    }
}

static void test_tables(void **state)
{
    const char *mend = "--add-config cleanup.policy=compact,";
    check_fine("compact", "604800000", "-1", CLEANUP_TABLE);
    check_fine("delete", "-1", "-1", CLEANUP_TABLE); /* nothing is ever deleted */
    check_fault("delete", "604800000", "-1", CLEANUP_TABLE, mend);
    check_fault("delete", "-1", "1000", CLEANUP_TABLE, mend);
    check_fault("compact,delete", "604800000", "-1", CLEANUP_TABLE, mend);
    check_fault("delete,compact", "0", "-1", CLEANUP_TABLE, mend);
    check_fine("compact", "604800000", "-1", CLEANUP_TABLE_AGAIN);
    check_fault("compact,delete", "604800000", "-1", CLEANUP_TABLE_AGAIN, mend);
}

static void test_removals(void **state)
{
    struct topic_settings settings = settings_of("compact", "604800000", "-1");
    check_fault("delete", "604800000", "-1", CLEANUP_TABLE_REMOVALS, "cleanup.policy=compact,");
    assert_null(topic_settings_advice(&settings, CLEANUP_TABLE));
    _cleanup_(xfreep) char *advice = topic_settings_advice(&settings, CLEANUP_TABLE_REMOVALS);
    assert_non_null(strstr(advice, "delete.retention.ms=604800000"));
    settings.known = false;
    assert_null(topic_settings_advice(&settings, CLEANUP_TABLE_REMOVALS));
    topic_settings_take(&settings, "delete.retention.ms", "3155760000000");
    settings.known = true;
    assert_null(topic_settings_advice(&settings, CLEANUP_TABLE_REMOVALS));
}

static void test_logs(void **state)
{
    const char *mend = "--add-config cleanup.policy=delete,";
    check_fine("delete", "604800000", "1000", CLEANUP_LOG);
    check_fault("compact", "-1", "-1", CLEANUP_LOG, mend);
    check_fault("compact,delete", "-1", "-1", CLEANUP_LOG, mend);
}

static void test_nothing_to_check(void **state)
{
    check_fine("delete", "1", "1", CLEANUP_ANY);
    check_fine("compact", "1", "1", CLEANUP_ANY);
    const struct topic_settings unknown = {.deletes = true, .retention_ms = 1};
    assert_null(topic_settings_fault(&unknown, CLEANUP_TABLE, "neighbours", "b1:9092"));
}

static void test_taken(void **state)
{
    const struct topic_settings settings = settings_of("compact", "5", "6");
    assert_true(settings.compacts && !settings.deletes);
    assert_int_equal(settings.retention_ms, 5);
    assert_int_equal(settings.retention_bytes, 6);
    assert_int_equal(settings.delete_retention_ms, 604800000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_removals),
        cmocka_unit_test(test_logs),
        cmocka_unit_test(test_nothing_to_check),
        cmocka_unit_test(test_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
