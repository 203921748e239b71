/* delivery=at_least_once: no transactions. A fault may double counts, and loses none. */
#include "base/base.h"
#include "features/features.h"
#include "tests/topology/answers.h"
#include "trainer/similarity/trainer.h"

#include <setjmp.h>
#include <cmocka.h>

enum { EVENTS = 200, PARTITIONS = 2, ACK_POLLS = 3 };

static const char *const exactly[] = {"batch.records.max=40", "poll.records.max=15", NULL};
static const char *const at_least[] = {"batch.records.max=40", "poll.records.max=15",
                                       "delivery=at_least_once", NULL};
static const char *const one_batch[] = {"batch.records.max=200", "poll.records.max=200",
                                        "commit.interval.ms=1h", "delivery=at_least_once", NULL};

static void begin(struct rig *rig)
{
    rig_init(rig, PARTITIONS);
    memlog_batch(rig->log, 10);
    feed_events(rig, 1, 0, EVENTS);
}

static void start_both(struct rig *rig, const char *const *pairs)
{
    rig_start(rig, &features_worker, 0, pairs);
    rig_start(rig, &trainer_worker, 0, pairs);
}

static char *all_of(const struct rig *rig)
{
    struct answers answers;
    answers_init(&answers, rig);
    answers_states(&answers);
    answers_sums(&answers);
    answers_rows(&answers);
    char *text = answers_take(&answers);
    answers_release(&answers);
    return text;
}

/* Users' states, and what of the counts can only grow. */
static char *growing_of(const struct rig *rig)
{
    struct answers answers;
    answers_init(&answers, rig);
    answers_states(&answers);
    answers_growing_sums(&answers);
    answers_tables(&answers, /* epoch= */ 0, /* grows= */ true);
    char *text = answers_take(&answers);
    answers_release(&answers);
    return text;
}

static char *undisturbed(char *(*tell)(const struct rig *rig))
{
    struct rig rig;
    begin(&rig);
    start_both(&rig, exactly);
    rig_until_idle(&rig);
    char *text = tell(&rig);
    rig_release(&rig);
    return text;
}

static int64_t markers(const struct rig *rig, const char *topic)
{
    int64_t count = -memlog_count(rig->log, topic, MEMLOG_ALL);
    for (int32_t p = 0; p < PARTITIONS; p++) { count += memlog_end(rig->log, topic, p); }
    return count;
}

static void test_without_faults_nothing_differs(void **state)
{
    _cleanup_(xfreep) char *want = undisturbed(all_of);
    struct rig rig;
    begin(&rig);
    memlog_ack_delay(rig.log, ACK_POLLS);
    start_both(&rig, at_least);
    rig_until_idle(&rig);
    _cleanup_(xfreep) char *is = all_of(&rig);
    assert_true(answers_agree(want, is));
    assert_int_equal(memlog_passed(rig.log, MEMLOG_TXN_BEGIN), 0);
    assert_int_equal(markers(&rig, "pair-deltas"), 0);
    assert_int_equal(markers(&rig, "neighbours"), 0);
    for (size_t i = 0; i < rig.copies_count; i++) { rig_finish(&rig.copies[i]); }
    rig_release(&rig);
}

/* ---- The order ---- */

struct watch {
    struct rig *rig;
    int64_t deltas_first; /* how many there were when no changelog record was there yet */
    int64_t logged;       /* changelog records when the offsets were about to be committed */
    int commits;
};

static void watch_poll(void *arg)
{
    struct watch *watch = arg;
    struct memlog *log = watch->rig->log;
    if (memlog_count(log, "features-changelog", MEMLOG_ALL)) { return; }
    watch->deltas_first =
        memlog_count(log, "pair-deltas", MEMLOG_ALL);
}

static void watch_commit(void *arg)
{
    struct watch *watch = arg;
    watch->logged = memlog_count(watch->rig->log, "features-changelog", MEMLOG_ALL);
    watch->commits++;
}

static void test_deltas_then_changelog_then_offsets(void **state)
{
    struct rig rig;
    begin(&rig);
    memlog_batch(rig.log, EVENTS);
    memlog_ack_delay(rig.log, ACK_POLLS);
    struct watch watch = {.rig = &rig};
    memlog_hook(rig.log, MEMLOG_POLL, watch_poll, &watch);
    memlog_hook(rig.log, MEMLOG_OFFSETS_COMMIT, watch_commit, &watch);
    rig_start(&rig, &features_worker, 0, one_batch);
    for (int i = 0; i < 40; i++) { rig_round(&rig, false); }
    rig.now_ms += 3600 * 1000;
    rig_until_idle(&rig);
    assert_int_equal(watch.commits, 1);
    assert_true(watch.deltas_first > 0);
    assert_int_equal(watch.deltas_first, memlog_count(rig.log, "pair-deltas", MEMLOG_ALL));
    assert_true(watch.logged > 0);
    assert_int_equal(watch.logged, memlog_count(rig.log, "features-changelog", MEMLOG_ALL));
    rig_release(&rig);
}

/* ---- Faults ---- */

/* Says whether a fault at this pass doubled anything; users' states are equal in any case. */
static bool doubled(const char *want, enum memlog_point point, int nth, int error, bool empty)
{
    struct rig rig;
    begin(&rig);
    memlog_ack_delay(rig.log, ACK_POLLS);
    memlog_fail(rig.log, point, nth, error);
    rig.tolerant = true;
    start_both(&rig, at_least);
    rig_survive(&rig, empty);
    assert_int_equal(memlog_failed(rig.log, point), 1);
    _cleanup_(xfreep) char *is = growing_of(&rig);
    int result = answers_compare(want, is, /* tolerance= */ 0);
    if (result < 0) { fprintf(stderr, "after pass %d, error %d\n", nth, error); }
    assert_true(result >= 0);
    rig_release(&rig);
    return result > 0;
}

static void test_a_fault_doubles_and_loses_nothing(void **state)
{
    _cleanup_(xfreep) char *want = undisturbed(growing_of);
    int count = 0;
    for (int nth = 5; nth < 400; nth += 37) {
        count += doubled(want, MEMLOG_PRODUCE, nth, MEMLOG_KILL, nth % 2);
        count += doubled(want, MEMLOG_PRODUCE, nth, WIRE_ABORTED, false);
    }
    for (int nth = 1; nth <= 4; nth++) {
        count += doubled(want, MEMLOG_OFFSETS_COMMIT, nth, MEMLOG_KILL, nth % 2);
        count += doubled(want, MEMLOG_OFFSETS_COMMIT, nth, WIRE_ABORTED, false);
    }
    assert_true(count > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_faults_nothing_differs),
        cmocka_unit_test(test_deltas_then_changelog_then_offsets),
        cmocka_unit_test(test_a_fault_doubles_and_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
