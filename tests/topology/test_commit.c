/* The commit order: what a fault at any point leaves behind, the next start makes good. */
#include "base/base.h"
#include "features/features.h"
#include "tests/topology/answers.h"
#include "trainer/similarity/trainer.h"

#include <setjmp.h>
#include <cmocka.h>

enum { EVENTS = 200, PARTITIONS = 1 };

/* Small batches: many commits in a short run. */
static const char *const pairs[] = {"batch.records.max=40", "poll.records.max=15", NULL};

static char *answers_of(const struct rig *rig)
{
    struct answers answers;
    answers_init(&answers, rig);
    answers_whole(&answers, "features-changelog");
    answers_sums(&answers);
    answers_rows(&answers);
    char *text = answers_take(&answers);
    answers_release(&answers);
    return text;
}

static void begin(struct rig *rig)
{
    rig_init(rig, PARTITIONS);
    memlog_batch(rig->log, 10);
    feed_events(rig, 1, 0, EVENTS);
}

static void start_both(struct rig *rig)
{
    rig_start(rig, &features_worker, 0, pairs);
    rig_start(rig, &trainer_worker, 0, pairs);
}

static char *undisturbed(void)
{
    struct rig rig;
    begin(&rig);
    start_both(&rig);
    rig_until_idle(&rig);
    assert_true(memlog_passed(rig.log, MEMLOG_TXN_COMMIT) > 6);
    char *text = answers_of(&rig);
    rig_release(&rig);
    return text;
}

/* What the histories say must hold too: the newest of each user is the newest state. */
static void check(const struct rig *rig, const char *want, const char *name, int nth, int error)
{
    _cleanup_(xfreep) char *is = answers_of(rig);
    bool agree = answers_agree(want, is);
    if (!agree) { fprintf(stderr, "after %s, pass %d, error %d\n", name, nth, error); }
    assert_true(agree);
}

/* ---- Faults ---- */

struct place {
    enum memlog_point point;
    const char *name;
    int mildest; /* error that can be injected there */
};

static const struct place places[] = {
    {MEMLOG_PRODUCE, "produce", WIRE_RETRY},
    {MEMLOG_TXN_BEGIN, "txn begin", WIRE_ABORTED},
    {MEMLOG_TXN_PRODUCE, "txn produce", WIRE_ABORTED},
    {MEMLOG_TXN_OFFSETS, "txn offsets", WIRE_ABORTED},
    {MEMLOG_TXN_COMMIT, "before the commit", WIRE_ABORTED},
    {MEMLOG_TXN_DONE, "after the commit", WIRE_FATAL},
    {MEMLOG_COMMITTED, "committed", WIRE_RETRY},
    {MEMLOG_BOUNDS, "bounds", WIRE_RETRY},
    {MEMLOG_POLL, "poll", WIRE_RETRY},
    {MEMLOG_READER_POLL, "reader poll", WIRE_RETRY},
    {MEMLOG_SUBSCRIBE, "subscribe", WIRE_RETRY},
};

static int64_t sweep(const char *want, const struct place *place, int nth, int error, bool empty)
{
    struct rig rig;
    begin(&rig);
    memlog_fail(rig.log, place->point, nth, error);
    rig.tolerant = true;
    start_both(&rig);
    rig_survive(&rig, empty);
    check(&rig, want, place->name, nth, error);
    int64_t failed = memlog_failed(rig.log, place->point);
    rig_release(&rig);
    return failed;
}

static void sweep_error(int error, bool empty)
{
    _cleanup_(xfreep) char *want = undisturbed();
    static const int passes[] = {1, 5};
    for (size_t i = 0; i < ARRAY_COUNT(places); i++) {
        if (error > places[i].mildest) { continue; }
        int64_t failed = 0;
        for (size_t n = 0; n < ARRAY_COUNT(passes); n++) {
            failed += sweep(want, &places[i], passes[n], error, empty);
        }
        bool only_in_restore = places[i].point == MEMLOG_READER_POLL;
        if (!failed && !only_in_restore) { fprintf(stderr, "never at %s\n", places[i].name); }
        assert_true(failed > 0 || only_in_restore);
    }
}

static void test_rolled_back(void **state)
{
    sweep_error(WIRE_ABORTED, false);
}

static void test_retry(void **state)
{
    sweep_error(WIRE_RETRY, false);
}

static void test_fatal_with_state(void **state)
{
    sweep_error(WIRE_FATAL, false);
}

static void test_fatal_without_state(void **state)
{
    sweep_error(WIRE_FATAL, true);
}

static void test_killed_with_state(void **state)
{
    sweep_error(MEMLOG_KILL, false);
}

static void test_killed_without_state(void **state)
{
    sweep_error(MEMLOG_KILL, true);
}

/* Everything goes wrong now and then, late acknowledgements and markers too. */
static void test_often(void **state)
{
    _cleanup_(xfreep) char *want = undisturbed();
    struct rig rig;
    begin(&rig);
    rig.tolerant = true;
    memlog_ack_delay(rig.log, 3);
    memlog_marker_delay(rig.log, 4);
    memlog_fail_often(rig.log, MEMLOG_TXN_PRODUCE, 400, WIRE_ABORTED);
    memlog_fail_often(rig.log, MEMLOG_TXN_COMMIT, 7, WIRE_ABORTED);
    memlog_fail_often(rig.log, MEMLOG_TXN_DONE, 9, WIRE_FATAL);
    memlog_fail_often(rig.log, MEMLOG_POLL, 60, MEMLOG_KILL);
    memlog_fail_often(rig.log, MEMLOG_COMMITTED, 5, WIRE_RETRY);
    start_both(&rig);
    rig_survive(&rig, false);
    assert_true(rig.restarts > 1);
    for (int i = 0; i < 5; i++) { rig_round(&rig, false); } /* the last marker is late, too */
    check(&rig, want, "everything", 0, 0);
    rig_release(&rig);
}

/* ---- Ends at any step ---- */

enum ending { DROPPED, KILLED, EMPTIED, OLD_STATE };

/* Ends both processes after so many rounds; what they start from again, the ending says. */
static void end_at(const char *want, int rounds, enum ending ending)
{
    struct rig rig;
    begin(&rig);
    memlog_ack_delay(rig.log, 2);
    start_both(&rig);
    _cleanup_(xfreep) char *kept = xprintf("%s/kept", rig.dir);
    for (int part = 0; part < 2; part++) {
        for (int i = 0; i < rounds; i++) { rig_round(&rig, false); }
        for (size_t i = 0; i < rig.copies_count; i++) {
            struct copy *copy = &rig.copies[i];
            if (ending == DROPPED) {
                rig_drop(copy);
            } else {
                rig_kill(&rig, copy);
            }
            if (ending == EMPTIED) { rig_empty(copy); }
            if (ending == OLD_STATE && i == 0 && part == 0) {
                rig_duplicate(copy->state_path, kept);
            }
            if (ending == OLD_STATE && i == 0 && part == 1) {
                rig_delete(copy->state_path);
                rig_duplicate(kept, copy->state_path);
            }
            assert_true(rig_launch(&rig, copy));
        }
    }
    rig_until_idle(&rig);
    check(&rig, want, "end in round", rounds, (int)ending);
    rig_release(&rig);
}

static void test_ends(void **state)
{
    _cleanup_(xfreep) char *want = undisturbed();
    for (int rounds = 1; rounds < 16; rounds += 3) {
        for (enum ending ending = DROPPED; ending <= OLD_STATE; ending++) {
            end_at(want, rounds, ending);
        }
    }
}

/* ---- The order ---- */

struct watch {
    struct rig *rig;
    int64_t committed_before; /* the group's offset when the transaction was about to commit */
    int64_t histories;
    int64_t polls;
};

/* At the commit all at-once messages are in the log, and nothing of the transaction is visible. */
static void watch_commit(void *arg)
{
    struct watch *watch = arg;
    const struct rig *rig = watch->rig;
    watch->committed_before = memlog_committed(rig->log, "freshet-features", "events", 0);
    watch->histories = memlog_count(rig->log, "histories", 0);
    watch->polls++;
    assert_true(memlog_stable_end(rig->log, "features-changelog", 0) <
                memlog_end(rig->log, "features-changelog", 0));
}

static void test_at_once_is_acknowledged_first(void **state)
{
    struct rig rig;
    begin(&rig);
    memlog_ack_delay(rig.log, 5);
    struct watch watch = {.rig = &rig};
    memlog_hook(rig.log, MEMLOG_TXN_COMMIT, watch_commit, &watch);
    const char *const one_batch[] = {"batch.records.max=200", "poll.records.max=200",
                                     "commit.interval.ms=1h", NULL};
    rig_start(&rig, &features_worker, 0, one_batch);
    rig_until_idle(&rig);
    assert_int_equal(watch.polls, 1);
    assert_int_equal(watch.committed_before, OFFSET_NONE);
    assert_int_equal(watch.histories, memlog_count(rig.log, "histories", 0));
    rig_release(&rig);
}

/* A step that moves everything to another process while the old one does not know: a zombie. */
static void test_zombie(void **state)
{
    _cleanup_(xfreep) char *want = undisturbed();
    struct rig rig;
    begin(&rig);
    start_both(&rig);
    for (int i = 0; i < 4; i++) { rig_round(&rig, false); }
    memlog_expire(rig.log, rig.copies[0].wire);
    rig_start(&rig, &features_worker, 1, pairs);
    rig.tolerant = true;
    rig_survive(&rig, false);
    check(&rig, want, "a zombie", 0, 0);
    rig_release(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rolled_back),
        cmocka_unit_test(test_retry),
        cmocka_unit_test(test_fatal_with_state),
        cmocka_unit_test(test_fatal_without_state),
        cmocka_unit_test(test_killed_with_state),
        cmocka_unit_test(test_killed_without_state),
        cmocka_unit_test(test_often),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_at_once_is_acknowledged_first),
        cmocka_unit_test(test_zombie),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
