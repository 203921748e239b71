/* Rows of tables that are refused: one dead letter each, however often a copy starts. */
#include "base/base.h"
#include "ingest/ingest.h"
#include "scorer/scorer.h"
#include "serve/serve.h"
#include "tests/topology/rig.h"
#include "trainer/sequence/sequence.h"

#include <setjmp.h>
#include <cmocka.h>

enum { PARTITIONS = 1, ROUNDS = 60, LONG = 2000 };

static const char *const scorer_pairs[] = {"candidates.used=true", NULL};
static const char *const serve_pairs[] = {"http.port=0", "candidates.used=true", NULL};
static const struct {
    const struct worker *worker;
    const char *const *pairs;
} cases[] = {
    {&scorer_worker, scorer_pairs},
    {&serve_worker, serve_pairs},
    {&sequence_worker, NULL},
    {&ingest_worker, NULL},
};

static void rounds(struct rig *rig)
{
    for (int i = 0; i < ROUNDS; i++) { rig_round(rig, false); }
}

static int64_t refused(struct rig *rig)
{
    return memlog_count(rig->log, "dead-letters", MEMLOG_ALL);
}

/* Says whether a worker makes answers or lists of a table: serve only shows some of them, and reads
 * item-lists where it writes it. */
static bool is_taken(const struct worker *worker, const char *topic)
{
    static const char *const shown[] = {"dead-letters", "trials", "generations", "item-lists"};
    for (size_t i = 0; i < ARRAY_COUNT(shown); i++) {
        if (worker == &serve_worker && strcmp(topic, shown[i]) == 0) { return false; }
    }
    return true;
}

/* Appends what no table has to each table that a worker reads by default; returns to how many. */
static size_t spoil_tables(struct rig *rig, const struct worker *worker, const char *text)
{
    size_t tables = 0;
    for (size_t i = 0; i < worker->inputs_count; i++) {
        const char *topic = worker->inputs[i].name;
        bool table = worker->inputs[i].kind == INPUT_BROADCAST;
        if (!table || !is_taken(worker, topic)) { continue; }
        memlog_append(rig->log, topic, 0, slice_str("u1"), slice_str(text), RIG_WALL_MS);
        tables++;
    }
    return tables;
}

static void test_each_once(void **state)
{
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct rig rig;
        rig_init(&rig, PARTITIONS);
        int64_t tables = (int64_t)spoil_tables(&rig, cases[i].worker, "nothing of ours");
        assert_true(tables > 0);
        struct copy *copy = rig_start(&rig, cases[i].worker, 0, cases[i].pairs);
        rounds(&rig);
        int64_t first = refused(&rig);
        assert_true(first >= tables - 1 && first > 0); /* models is a table and an input */
        for (int starts = 0; starts < 2; starts++) {
            rig_finish(copy);
            assert_true(rig_launch(&rig, copy));
            rounds(&rig);
            assert_int_equal(refused(&rig), first);
        }
        /* Others, and another record at the same place, are refused. */
        rig_finish(copy);
        (void)spoil_tables(&rig, cases[i].worker, "something else");
        assert_true(rig_launch(&rig, copy));
        rounds(&rig);
        assert_int_equal(refused(&rig), 2 * first);
        /* What was noted may be lost: once more, and nobody ends. */
        rig_finish(copy);
        rig_empty(copy);
        assert_true(rig_launch(&rig, copy));
        rounds(&rig);
        assert_true(refused(&rig) > 2 * first);
        rig_release(&rig);
    }
}

/* A dead letter that could not be sent is not taken for sent. */
static void test_a_lost_letter_is_sent_again(void **state)
{
    struct rig rig;
    rig_init(&rig, PARTITIONS);
    (void)spoil_tables(&rig, &scorer_worker, "nothing of ours");
    memlog_fail(rig.log, MEMLOG_PRODUCE, 1, WIRE_RETRY);
    struct copy *copy = rig_start(&rig, &scorer_worker, 0, NULL);
    rig_round(&rig, false);
    rig_drop(copy);
    assert_true(rig_launch(&rig, copy));
    rounds(&rig);
    int64_t all = refused(&rig);
    rig_finish(copy);
    assert_true(rig_launch(&rig, copy));
    rounds(&rig);
    assert_int_equal(refused(&rig), all);
    assert_true(all >= 7);
    rig_release(&rig);
}

/* serve reads the dead letters: one that it cannot take would be a dead letter about a dead letter,
 * which it reads again, without an end. */
static void test_no_letters_about_letters(void **state)
{
    static const char *const pairs[] = {"http.port=0", "record.bytes.max=1k", NULL};
    static char text[LONG + 1];
    struct rig rig;
    rig_init(&rig, PARTITIONS);
    memset(text, 'x', LONG);
    for (int i = 0; i < 3; i++) {
        memlog_append(rig.log, "dead-letters", 0, slice_of(NULL, 0), slice_str(text), RIG_WALL_MS);
    }
    (void)rig_start(&rig, &serve_worker, 0, pairs);
    rounds(&rig);
    assert_int_equal(refused(&rig), 3);
    rig_release(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_once),
        cmocka_unit_test(test_a_lost_letter_is_sent_again),
        cmocka_unit_test(test_no_letters_about_letters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
