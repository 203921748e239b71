/* A copy that comes back within its session with another subscription: a source renamed, added or
 * removed. The group gives a static member the partitions that it had before. */
#include "base/base.h"
#include "ingest/ingest.h"
#include "stream/run_internal.h"
#include "tests/topology/rig.h"

#include <setjmp.h>
#include <cmocka.h>

enum { ROUNDS = 100 };

static void feed(struct rig *rig, const char *topic)
{
    static const char value[] = "{\"user_id\":1,\"item_id\":2,\"event_time_ms\":1700000000}";
    for (int32_t p = 0; p < 2; p++) {
        memlog_append(rig->log, topic, p, slice_str("1"), slice_str(value), 1700000000000);
    }
}

static void run_for(struct rig *rig)
{
    for (int i = 0; i < ROUNDS; i++) { rig_round(rig, false); }
}

/* Runs a copy with the first settings, then one in its place with the second; the session of the
 * first one ends while the second one waits. Returns the events of the second one. */
static int64_t change(const char *const *before, const char *const *after, const char *added)
{
    struct rig rig;
    rig_init(&rig, 2);
    memlog_static_stay(rig.log, true);
    memlog_topic(rig.log, "shop.orders", 2);
    memlog_topic(rig.log, "shop.views", 2);
    struct copy *copy = rig_start(&rig, &ingest_worker, 0, before);
    feed(&rig, "shop.orders");
    run_for(&rig);
    rig_finish(copy);
    int64_t events = memlog_count(rig.log, "events", MEMLOG_ALL);
    assert_int_equal(events, 2);
    copy = rig_start(&rig, &ingest_worker, 0, after);
    feed(&rig, added);
    run_for(&rig);
    memlog_expire_member(rig.log, "freshet-ingest", "freshet-ingest-0");
    run_for(&rig);
    assert_non_null(copy->run);
    events = memlog_count(rig.log, "events", MEMLOG_ALL) - events;
    rig_release(&rig);
    return events;
}

#define COMMON "time.format=s", "map.action==VIEW"
static const char *const orders[] = {COMMON, "sources=orders", "topic.orders=shop.orders", NULL};
static const char *const views[] = {COMMON, "sources=views", "topic.views=shop.views", NULL};
static const char *const both[] = {COMMON, "sources=orders,views", "topic.orders=shop.orders",
                                   "topic.views=shop.views", NULL};

static void a_renamed_topic_is_read(void **state)
{
    assert_int_equal(change(orders, views, "shop.views"), 2);
}

static void an_added_source_is_read(void **state)
{
    assert_int_equal(change(orders, both, "shop.views"), 2);
    assert_int_equal(change(orders, both, "shop.orders"), 2);
}

static void a_removed_source_is_not_read(void **state)
{
    assert_int_equal(change(both, views, "shop.orders"), 0);
    assert_int_equal(change(both, orders, "shop.orders"), 2);
}

/* With the same subscription nothing waits for the end of a session. */
static void the_same_subscription_goes_on_at_once(void **state)
{
    struct rig rig;
    rig_init(&rig, 2);
    memlog_static_stay(rig.log, true);
    memlog_topic(rig.log, "shop.orders", 2);
    struct copy *copy = rig_start(&rig, &ingest_worker, 0, orders);
    run_for(&rig);
    rig_finish(copy);
    assert_true(rig_launch(&rig, copy));
    feed(&rig, "shop.orders");
    run_for(&rig);
    assert_int_equal(memlog_count(rig.log, "events", MEMLOG_ALL), 2);
    rig_release(&rig);
}

/* Another program with our names can still bring a topic that is not ours. */
static void a_foreign_topic_ends_the_copy_with_the_reason(void **state)
{
    struct rig rig;
    rig_init(&rig, 2);
    struct copy *copy = rig_start(&rig, &ingest_worker, 0, NULL);
    const struct wire_listener listener = run_listener(copy->run);
    const struct topic_partition foreign = {"shop.orders", 0, OFFSET_NONE};
    listener.assigned(listener.arg, &foreign, 1);
    assert_false(rig_step(&rig, copy));
    assert_int_equal(copy->exit_code, EXIT_BROKEN);
    assert_non_null(strstr(copy->why, "topic shop.orders, which this copy does not read"));
    rig_release(&rig);
}

int main(void)
{
    rig_choose_place();
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_renamed_topic_is_read),
        cmocka_unit_test(an_added_source_is_read),
        cmocka_unit_test(a_removed_source_is_not_read),
        cmocka_unit_test(the_same_subscription_goes_on_at_once),
        cmocka_unit_test(a_foreign_topic_ends_the_copy_with_the_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
