/* The whole way in one process: clicks to lists, however it is cut and shared out. */
#include "base/base.h"
#include "features/features.h"
#include "ingest/ingest.h"
#include "scorer/scorer.h"
#include "tests/topology/answers.h"
#include "trainer/similarity/trainer.h"

#include <setjmp.h>
#include <cmocka.h>

enum { EVENTS = FEED_EVENTS };

/* How the same input is worked on. */
struct manner {
    int32_t partitions;
    const char *batch; /* settings */
    const char *poll;
    int copies;
    bool moves; /* copies come and go while it is worked on */
};

static void start_copies(struct rig *rig, const struct worker *worker, int from, int to,
                         const struct manner *manner)
{
    const char *pairs[4] = {manner->batch, manner->poll, NULL};
    if (worker == &ingest_worker) { pairs[2] = "action.click=CLICK:1"; }
    for (int slot = from; slot < to; slot++) { rig_start(rig, worker, slot, pairs); }
}

/* 1 -> 3 -> 1 copies: two come after some rounds, two go after some more. */
static void move_copies(struct rig *rig, const struct worker *worker, const struct manner *manner)
{
    size_t first = rig->copies_count - 1;
    for (int i = 0; i < 5; i++) { rig_round(rig, false); }
    start_copies(rig, worker, 1, 3, manner);
    for (int i = 0; i < 10; i++) { rig_round(rig, false); }
    rig_finish(&rig->copies[first]);
    rig_kill(rig, &rig->copies[first + 1]);
    char *member = xprintf("freshet-%s-1", worker->name);
    _cleanup_(xfreep) char *group = xprintf("freshet-%s", worker->name);
    memlog_expire_member(rig->log, group, member);
    free(member);
}

/* One worker after the other, so that each finds all that the one before it made. */
static void work(struct rig *rig, const struct worker *worker, const struct manner *manner)
{
    size_t first = rig->copies_count;
    start_copies(rig, worker, 0, manner->copies, manner);
    if (manner->moves) { move_copies(rig, worker, manner); }
    rig_until_idle(rig);
    for (size_t i = first; i < rig->copies_count; i++) {
        if (rig->copies[i].run) { rig_finish(&rig->copies[i]); }
    }
}

static char *whole_way(const struct manner *manner)
{
    struct rig rig;
    struct answers answers;
    rig_init(&rig, manner->partitions);
    memlog_batch(rig.log, 50);
    feed_clicks(&rig, 1, 0, EVENTS);
    work(&rig, &ingest_worker, manner);
    assert_int_equal(memlog_count(rig.log, "events", MEMLOG_ALL), EVENTS);
    work(&rig, &features_worker, manner);
    work(&rig, &trainer_worker, manner);
    work(&rig, &scorer_worker, manner);
    answers_init(&answers, &rig);
    answers_states(&answers);
    answers_sums(&answers);
    answers_rows(&answers);
    answers_lists(&answers);
    char *text = answers_take(&answers);
    answers_release(&answers);
    assert_int_equal(memlog_count(rig.log, "dead-letters", MEMLOG_ALL), 0);
    rig_release(&rig);
    return text;
}

static const struct manner plain = {4, "batch.records.max=10000", "poll.records.max=500", 1, false};

static void check(const struct manner *manner)
{
    _cleanup_(xfreep) char *want = whole_way(&plain);
    _cleanup_(xfreep) char *is = whole_way(manner);
    assert_non_null(strstr(want, "\nlist u00 "));
    assert_non_null(strstr(want, "\nrow i00 "));
    assert_true(answers_agree(want, is));
}

static void test_again(void **state)
{
    check(&plain);
}

static void test_single_records(void **state)
{
    check(&(struct manner){4, "batch.records.max=1", "poll.records.max=1", 1, false});
}

static void test_one_partition(void **state)
{
    check(&(struct manner){1, "batch.records.max=10000", "poll.records.max=500", 1, false});
}

static void test_three_copies(void **state)
{
    check(&(struct manner){4, "batch.records.max=70", "poll.records.max=30", 3, false});
}

static void test_copies_come_and_go(void **state)
{
    check(&(struct manner){4, "batch.records.max=70", "poll.records.max=30", 1, true});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_again),
        cmocka_unit_test(test_single_records),
        cmocka_unit_test(test_one_partition),
        cmocka_unit_test(test_three_copies),
        cmocka_unit_test(test_copies_come_and_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
