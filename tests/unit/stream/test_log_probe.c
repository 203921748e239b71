#include "base/base.h"
#include "stream/log_probe.h"
#include "stream/sim/memlog.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct position some_position(void)
{
    struct position position = {.topic = "in", .next = 1, .newest = OFFSET_NONE};
    position_make_id(position.log_id);
    return position;
}

static void send(struct wire *wire, const struct position *position)
{
    struct position_text text;
    const struct message message = position_message(position, "log", 0, &text);
    assert_int_equal(wire_produce(wire, &message, 1), 0);
}

static void test_records(void **state)
{
    struct memlog *log = memlog_new(1);
    memlog_topic(log, "log", 1);
    struct env env = {.wire = memlog_wire(log, NULL, NULL, NULL)};
    for (int i = 0; i < 5; i++) {
        memlog_append(log, "log", 0, slice_str("k"), slice_str("v"), 100 + i);
    }
    struct topic_partition at = {"log", 0, 2};
    assert_int_equal(log_probe_record(&env, &at, 102), PROBE_SAME);
    assert_int_equal(log_probe_record(&env, &at, 103), PROBE_OTHER);
    memlog_compact(log, "log");
    assert_int_equal(log_probe_record(&env, &at, 102), PROBE_UNKNOWN);
    at.offset = 5;
    assert_int_equal(log_probe_record(&env, &at, 105), PROBE_LATER);
    memlog_fail(log, MEMLOG_READER_POLL, 1, WIRE_RETRY);
    at.offset = 4;
    assert_int_equal(log_probe_record(&env, &at, 104), PROBE_LATER);
    wire_close(env.wire);
    memlog_free(log);
}

static void test_identities(void **state)
{
    struct memlog *log = memlog_new(1);
    memlog_topic(log, "log", 1);
    struct env env = {.wire = memlog_wire(log, NULL, NULL, NULL)};
    const struct topic_partition at = {"log", 0, 0};
    const struct position one = some_position(), other = some_position();
    memlog_append(log, "log", 0, slice_str("k"), slice_str("v"), 1);
    assert_int_equal(log_probe_identity(&env, &at, 1, one.log_id), PROBE_UNKNOWN);
    send(env.wire, &one);
    assert_int_equal(log_probe_identity(&env, &at, 2, one.log_id), PROBE_SAME);
    assert_int_equal(log_probe_identity(&env, &at, 2, other.log_id), PROBE_OTHER);
    send(env.wire, &other);
    assert_int_equal(log_probe_identity(&env, &at, 3, one.log_id), PROBE_OTHER);
    assert_int_equal(log_probe_identity(&env, &at, 9, one.log_id), PROBE_LATER);
    wire_close(env.wire);
    memlog_free(log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_identities),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
