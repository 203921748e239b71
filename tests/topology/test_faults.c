/* What may go wrong between a worker and its broker, and goes on by itself: a message that is not
 * taken, one that is lost, a locked state, and a rebalance or a lost session in every round of a
 * restore. No process ends, and the tables are those of a run in which nothing happened. */
#include "base/base.h"
#include "features/features.h"
#include "stream/run_internal.h"
#include "tests/topology/answers.h"

#include <setjmp.h>
#include <cmocka.h>

enum { EVENTS = 240, PARTITIONS = 2, ROUNDS_TO_END = 300 };

static const char *const pairs[] = {"batch.records.max=40", "poll.records.max=15",
                                    "restore.timeout.ms=5s", NULL};

static char *answers_of(const struct rig *rig)
{
    struct answers answers;
    answers_init(&answers, rig);
    answers_states(&answers);
    answers_sums(&answers);
    char *text = answers_take(&answers);
    answers_release(&answers);
    return text;
}

static void begin(struct rig *rig, int events)
{
    rig_init(rig, PARTITIONS);
    memlog_batch(rig->log, 10);
    feed_events(rig, 1, 0, events);
}

static void check(const struct rig *rig)
{
    struct rig plain;
    begin(&plain, EVENTS);
    rig_start(&plain, &features_worker, 0, pairs);
    rig_until_idle(&plain);
    _cleanup_(xfreep) char *want = answers_of(&plain);
    _cleanup_(xfreep) char *is = answers_of(rig);
    assert_true(answers_agree(want, is));
    rig_release(&plain);
}

static double count(const struct copy *copy, const char *name)
{
    return metric_value(metrics_counter(copy->metrics, name, "", "Known already."));
}

/* ---- Messages ---- */

static void test_not_taken(void **state)
{
    for (int nth = 1; nth < 60; nth += 7) {
        struct rig rig;
        begin(&rig, EVENTS);
        memlog_fail(rig.log, MEMLOG_PRODUCE, nth, WIRE_RETRY);
        rig_start(&rig, &features_worker, 0, pairs);
        rig_until_idle(&rig);
        assert_int_equal(memlog_failed(rig.log, MEMLOG_PRODUCE), 1);
        check(&rig);
        rig_release(&rig);
    }
}

/* A dead letter that is larger than a message may be goes without its value, then without its key;
 * the record behind it is processed. */
static void test_letters_too_large(void **state)
{
    enum { LARGE = MEMLOG_MESSAGE_BYTES_MAX + 1 };
    char *large = xcalloc(1, LARGE);
    const struct slice huge = slice_of(large, LARGE), small = slice_of("k", 1);
    const struct slice keys[] = {small, huge, huge}, values[] = {huge, small, huge};
    struct rig rig;
    rig_init(&rig, /* partitions= */ 1);
    for (int i = 0; i < 3; i++) { memlog_append(rig.log, "events", 0, keys[i], values[i], 1); }
    feed_events(&rig, 1, 0, 1);
    rig_start(&rig, &features_worker, 0, pairs);
    rig_until_idle(&rig);
    for (int i = 0; i < 3; i++) {
        struct record letter;
        struct slice told;
        assert_int_equal(memlog_read(rig.log, "dead-letters", 0, i, &letter), 0);
        assert_null(letter.value.data);
        assert_true(i == 0 ? slice_equal(letter.key, small) : !letter.key.data);
        assert_int_equal(
            memlog_header(rig.log, "dead-letters", 0, i, HEADER_TRUNCATED, &told), 0);
        assert_true(slice_equal(told, slice_str("true")));
    }
    assert_int_equal(memlog_count(rig.log, "dead-letters", MEMLOG_ALL), 3);
    assert_int_equal(memlog_count(rig.log, "histories", MEMLOG_ALL), 1);
    rig_release(&rig);
    free(large);
}

/* The batch in flight is whole; the loss is the next one's. */
static void test_lost_message_fails_its_own_batch(void **state)
{
    struct rig rig;
    begin(&rig, EVENTS);
    memlog_ack_delay(rig.log, 4);
    struct copy *copy = rig_start(&rig, &features_worker, 0, pairs);
    int rounds = 0;
    while (!commit_awaits_acks(copy->run->commit)) {
        assert_true(rig_step(&rig, copy));
        assert_true(++rounds < ROUNDS_TO_END);
    }
    int64_t flying = copy->run->tasks.at[0]->flying.next_offset;
    int32_t partition = copy->run->tasks.at[0]->partition;
    memlog_fail(rig.log, MEMLOG_PRODUCE, 1, WIRE_ABORTED);
    while (memlog_failed(rig.log, MEMLOG_PRODUCE) == 0) { assert_true(rig_step(&rig, copy)); }
    while (count(copy, "freshet_aborts_total") == 0) {
        assert_true(rig_step(&rig, copy));
        assert_true(++rounds < ROUNDS_TO_END);
    }
    assert_true(memlog_committed(rig.log, "freshet-features", "events", partition) >= flying);
    rig_until_idle(&rig);
    check(&rig);
    rig_release(&rig);
}

/* Messages of a batch fail one after the other, as they do at a broker that stands still: the batch
 * is rolled back once, and is not sent again into the failures of its former messages. */
static void test_lost_messages_fail_one_batch(void **state)
{
    for (int second = 2; second < 34; second += 4) {
        struct rig rig;
        begin(&rig, EVENTS);
        memlog_ack_delay(rig.log, 6);
        memlog_fail(rig.log, MEMLOG_PRODUCE, 1, WIRE_ABORTED);
        memlog_fail(rig.log, MEMLOG_PRODUCE, second, WIRE_ABORTED);
        struct copy *copy = rig_start(&rig, &features_worker, 0, pairs);
        rig_until_idle(&rig);
        assert_int_equal(memlog_failed(rig.log, MEMLOG_PRODUCE), 2);
        assert_int_equal(count(copy, "freshet_aborts_total"), 1);
        check(&rig);
        rig_release(&rig);
    }
}

/* ---- The lock ---- */

static struct store *hold(const struct copy *copy)
{
    _cleanup_(xfreep) char *path = xprintf("%s/features/0", copy->state_path);
    const struct store_limits limits = {1 << 20, 1 << 20, 0};
    struct store *store = NULL;
    char *why = NULL;
    assert_int_equal(store_open(path, &limits, &store, &why), 0);
    return store;
}

static struct copy *halfway(struct rig *rig)
{
    begin(rig, EVENTS / 2);
    struct copy *copy = rig_start(rig, &features_worker, 0, pairs);
    rig_until_idle(rig);
    rig_finish(copy);
    feed_events(rig, 1, EVENTS / 2, EVENTS);
    return copy;
}

static void test_lock_is_waited_for(void **state)
{
    struct rig rig;
    struct copy *copy = halfway(&rig);
    struct store *held = hold(copy);
    assert_true(rig_launch(&rig, copy));
    for (int i = 0; i < 20; i++) { assert_true(rig_step(&rig, copy)); }
    assert_false(run_healthy(copy->run));
    store_close(held);
    rig_until_idle(&rig);
    assert_true(count(copy, "freshet_store_wipes_total") == 0);
    check(&rig);
    rig_release(&rig);
}

static void test_lock_for_ever(void **state)
{
    struct rig rig;
    struct copy *copy = halfway(&rig);
    struct store *held = hold(copy);
    assert_true(rig_launch(&rig, copy));
    bool going = true;
    for (int i = 0; going && i < ROUNDS_TO_END; i++) {
        going = rig_step(&rig, copy);
        rig.now_ms += ROUND_MS;
    }
    assert_false(going);
    assert_int_equal(copy->exit_code, EXIT_BROKEN);
    assert_non_null(strstr(copy->why, "locked by another process; hint: "));
    store_close(held);
    assert_true(rig_launch(&rig, copy));
    rig_until_idle(&rig);
    check(&rig);
    rig_release(&rig);
}

/* ---- While it restores ---- */

enum disturbance { SECOND_COPY, SESSION_LOST, SECOND_COPY_AND_LOST };

/* Records come one by one, so that a restore takes many rounds. */
static bool disturb_restore(enum disturbance disturbance, int after)
{
    struct rig rig;
    struct copy *copy = halfway(&rig);
    rig_empty(copy);
    memlog_batch(rig.log, 1);
    memlog_marker_delay(rig.log, 3);
    assert_true(rig_launch(&rig, copy));
    for (int i = 0; i < after; i++) { assert_true(rig_step(&rig, copy)); }
    bool restoring = copy->run->tasks.count && !run_healthy(copy->run);
    if (disturbance != SESSION_LOST) { rig_start(&rig, &features_worker, 1, pairs); }
    if (disturbance == SECOND_COPY_AND_LOST) { rig_round(&rig, false); }
    if (disturbance != SECOND_COPY) { memlog_expire(rig.log, copy->wire); }
    rig_until_idle(&rig);
    memlog_marker_delay(rig.log, 0);
    for (int i = 0; i < 5; i++) { rig_round(&rig, false); }
    check(&rig);
    rig_release(&rig);
    return restoring;
}

static void test_rebalance_while_restoring(void **state)
{
    for (enum disturbance how = SECOND_COPY; how <= SECOND_COPY_AND_LOST; how++) {
        int while_restoring = 0;
        for (int after = 1; after <= 6; after++) { while_restoring += disturb_restore(how, after); }
        assert_true(while_restoring >= 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_not_taken),
        cmocka_unit_test(test_letters_too_large),
        cmocka_unit_test(test_lost_message_fails_its_own_batch),
        cmocka_unit_test(test_lost_messages_fail_one_batch),
        cmocka_unit_test(test_lock_is_waited_for),
        cmocka_unit_test(test_lock_for_ever),
        cmocka_unit_test(test_rebalance_while_restoring),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
