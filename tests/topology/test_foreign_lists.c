/* Lists of users whom only another generation knew: after a switch, a switch back and a trial they
 * are deleted, once, and whatever happens meanwhile. */
#include "base/base.h"

#include "schemas/trials.h"
#include "stream/metrics.h"
#include "tests/topology/two_generations.h"

enum { GONE = 7, BACKLOG = 300 };

static const char *const g2_json[] = {"generation=g2", "poll.records.max=20", "lists.json=true",
                                      "lists.remake.share=0", NULL};

/* Some users, whom one generation forgets: its histories have tombstones. */
static void forget_some(struct two_generations *both, const char *histories)
{
    struct fold *all = rig_fold(&both->rig, histories);
    assert_true(all->count > 2 * GONE);
    for (size_t i = 0; i < GONE; i++) {
        memlog_append(both->rig.log, histories, all->at[2 * i].partition, all->at[2 * i].key,
                      slice_of(NULL, 0), 1);
    }
    free(all);
    rig_survive(&both->rig, false);
}

static size_t count_lists(const struct rig *rig, const char *topic)
{
    struct fold *fold = rig_fold(rig, topic);
    size_t lists = 0;
    for (size_t i = 0; i < fold->count; i++) { lists += fold->at[i].value.data != NULL; }
    free(fold);
    return lists;
}

static double deleted(const struct copy *copy)
{
    return metric_value(
        metrics_counter(copy->metrics, "freshet_foreign_lists_deleted_total", "", ""));
}

/* Goes on until the scorers are at rest, several times in a row. */
static void settle(struct two_generations *both)
{
    for (int rested = 0, rounds = 0; rested < 20; rounds++) {
        assert_true(rounds < ROUNDS_MAX);
        rig_survive(&both->rig, false);
        rig_round(&both->rig, false);
        bool rest = both->base->run && run_at_rest(both->base->run);
        rested = rest && both->g2->run && run_at_rest(both->g2->run) ? rested + 1 : 0;
    }
}

/* No user has another list than that of the live generation, to the byte. */
static void check_live(struct two_generations *both, const char *own, const char *generation,
                       size_t lists)
{
    struct fold *seen = rig_fold(&both->rig, "recommendations");
    struct fold *wanted = rig_fold(&both->rig, own);
    size_t at = 0, count = 0;
    for (size_t i = 0; i < seen->count; i++) {
        if (!seen->at[i].value.data) { continue; }
        while (at < wanted->count && (!wanted->at[at].value.data ||
                                      !slice_equal(wanted->at[at].key, seen->at[i].key))) {
            at++;
        }
        assert_true(at < wanted->count);
        assert_true(slice_equal(wanted->at[at].value, seen->at[i].value));
        arena_reset(both->arena);
        assert_true(slice_equal(decode(both, seen->at[i].value).generation,
                                slice_str(generation)));
        count++;
    }
    free(seen);
    free(wanted);
    assert_int_equal(count, lists);
    assert_int_equal(count_lists(&both->rig, own), lists);
}

/* g2 does not know some users: their lists go with the switch, and come back with the one back. */
static void there_and_back(struct two_generations *both)
{
    forget_some(both, "histories.g2");
    settle(both);
    check_live(both, "recommendations", "", FEED_USERS);
    write_step(both, STEP_LIVE, 1, "g2", "", -1);
    until_taken(both, "g2", 1);
    settle(both);
    assert_true(count_lists(&both->rig, "recommendations") < FEED_USERS);
    check_live(both, "lists.g2", "g2", count_lists(&both->rig, "lists.g2"));
    write_step(both, STEP_LIVE, 2, "", "g2", -1);
    until_taken(both, "", 2);
    settle(both);
    check_live(both, "lists", "", FEED_USERS);
}

/* As there_and_back(), with new actions while the switch goes on, until_taken() makes some. So who
 * acted has a list of g2 again. */
static void test_they_go_with_the_switch(void **state)
{
    struct two_generations both;
    both_init(&both);
    there_and_back(&both);
    assert_true(deleted(both.g2) > 0.0);
    assert_true(deleted(both.base) == 0.0);
    assert_int_equal(both.rig.restarts, 0);
    assert_int_equal(memlog_count(both.rig.log, "dead-letters", MEMLOG_ALL), 0);
    both_release(&both);
}

/* The way back: users whom g2 alone knows. */
static void test_they_go_with_the_switch_back(void **state)
{
    struct two_generations both;
    both_init(&both);
    write_step(&both, STEP_LIVE, 1, "g2", "", -1);
    until_taken(&both, "g2", 1);
    settle(&both);
    forget_some(&both, "histories");
    settle(&both);
    check_live(&both, "lists.g2", "g2", FEED_USERS);
    write_step(&both, STEP_LIVE, 2, "", "g2", -1);
    settle(&both);
    check_live(&both, "lists", "", FEED_USERS - GONE);
    assert_int_equal((int)deleted(both.base), GONE);
    assert_int_equal(count_lists(&both.rig, "lists.g2"), FEED_USERS);
    both_release(&both);
}

/* Also where no list is made again. */
static void test_their_json_goes_too(void **state)
{
    static const char *const base[] = {"poll.records.max=20", "lists.json=true", NULL};
    struct two_generations both;
    both_init_with(&both, base, g2_json);
    forget_some(&both, "histories.g2");
    write_step(&both, STEP_LIVE, 1, "g2", "", -1);
    settle(&both);
    assert_int_equal(count_lists(&both.rig, "recommendations-json"), FEED_USERS - GONE);
    assert_int_equal(count_lists(&both.rig, "recommendations"), FEED_USERS - GONE);
    both_release(&both);
}

static size_t records(const struct rig *rig, const char *topic)
{
    return (size_t)memlog_count(rig->log, topic, MEMLOG_ALL);
}

/* The next process looks again, with and without local state, and has nothing to do. */
static void test_once_is_enough(void **state)
{
    struct two_generations both;
    both_init(&both);
    forget_some(&both, "histories.g2");
    write_step(&both, STEP_LIVE, 1, "g2", "", -1);
    settle(&both);
    assert_int_equal((int)deleted(both.g2), GONE);
    size_t before = records(&both.rig, "recommendations");
    rig_kill(&both.rig, both.g2);
    assert_true(rig_launch(&both.rig, both.g2));
    settle(&both);
    assert_int_equal((int)deleted(both.g2), 0);
    assert_int_equal(records(&both.rig, "recommendations"), before);
    rig_kill(&both.rig, both.g2);
    rig_empty(both.g2);
    assert_true(rig_launch(&both.rig, both.g2));
    settle(&both);
    check_live(&both, "lists.g2", "g2", FEED_USERS - GONE);
    both_release(&both);
}

/* Killed at any message of switch and deletion: the next process does it again. */
static void test_killed_meanwhile(void **state)
{
    int died = 0;
    for (int nth = 1; nth < 260; nth += 13) {
        struct two_generations both;
        both_init(&both);
        memlog_fail(both.rig.log, MEMLOG_PRODUCE, nth, MEMLOG_KILL);
        there_and_back(&both);
        died += both.rig.restarts;
        both_release(&both);
    }
    assert_int_equal(died, 20);
}

static void test_message_lost_meanwhile(void **state)
{
    for (int nth = 1; nth < 260; nth += 17) {
        struct two_generations both;
        both_init(&both);
        memlog_ack_delay(both.rig.log, 7);
        memlog_fail(both.rig.log, MEMLOG_PRODUCE, nth, WIRE_ABORTED);
        there_and_back(&both);
        assert_int_equal(memlog_failed(both.rig.log, MEMLOG_PRODUCE), 1);
        both_release(&both);
    }
}

/* While histories wait, a user may be in them whom the generation does not know yet: of all, those
 * of the users that it does not know come last. */
static void test_not_while_histories_wait(void **state)
{
    struct two_generations both;
    both_init(&both);
    struct fold *before = rig_fold(&both.rig, "histories.g2");
    forget_some(&both, "histories.g2");
    rig_finish(both.g2);
    write_step(&both, STEP_LIVE, 1, "g2", "", -1);
    for (size_t turn = 0; turn < BACKLOG; turn++) {
        for (size_t i = 2 * GONE; i < before->count; i++) {
            memlog_append(both.rig.log, "histories.g2", before->at[i].partition,
                          before->at[i].key, before->at[i].value, 1);
        }
    }
    for (size_t i = 0; i < GONE; i++) {
        memlog_append(both.rig.log, "histories.g2", before->at[2 * i].partition,
                      before->at[2 * i].key, before->at[2 * i].value, 1);
    }
    free(before);
    rig_survive(&both.rig, false);
    assert_true(rig_launch(&both.rig, both.g2));
    settle(&both);
    assert_int_equal((int)deleted(both.g2), 0);
    check_live(&both, "lists.g2", "g2", FEED_USERS);
    both_release(&both);
}

/* A former owner's list of such a user arrives late: it goes as well. */
static void test_a_late_list_goes(void **state)
{
    struct two_generations both;
    both_init(&both);
    struct fold *old = rig_fold(&both.rig, "recommendations");
    forget_some(&both, "histories.g2");
    write_step(&both, STEP_LIVE, 1, "g2", "", -1);
    settle(&both);
    for (size_t i = 0; i < 2 * GONE; i += 2) {
        memlog_append(both.rig.log, "recommendations", old->at[i].partition, old->at[i].key,
                      old->at[i].value, 1);
    }
    free(old);
    assert_int_equal(count_lists(&both.rig, "recommendations"), FEED_USERS);
    feed(&both, MORE);
    settle(&both);
    for (int i = 0; i < 61000 / ROUND_MS; i++) { rig_round(&both.rig, false); } /* it asks then */
    settle(&both);
    check_live(&both, "lists.g2", "g2", count_lists(&both.rig, "lists.g2"));
    both_release(&both);
}

/* After a trial, users whom the other generation alone knows have no list any more. */
static void test_they_go_with_the_trial(void **state)
{
    struct two_generations both;
    both_init(&both);
    struct codec *codec = codec_new(&trial_record_contract, both.schemas);
    struct trial_record rec = {.kind = TRIAL_STARTED,
                               .trial = 1,
                               .generation = slice_str("g2"),
                               .share = 9000,
                               .metric = TRIAL_HIT_AT_10,
                               .time_ms = 1,
                               .partition = -1};
    forget_some(&both, "histories");
    settle(&both);
    for (int step = 0; step < 2; step++) {
        char key[TRIAL_KEY_BYTES_MAX];
        struct buf out;
        buf_init(&out, TRIAL_RECORD_BYTES_MAX);
        assert_int_equal(codec_encode(codec, &rec, &out), 0);
        memlog_append(both.rig.log, "trials", 0, slice_str(trial_record_key(&rec, key)),
                      buf_slice(&out), 1);
        buf_release(&out);
        settle(&both);
        if (step == 1) { break; }
        /* Those in the trial see the other one's list. */
        assert_true(count_lists(&both.rig, "recommendations") > FEED_USERS - GONE);
        rec.kind = TRIAL_ENDED;
        rec.ending = TRIAL_STOPPED;
    }
    codec_free(codec);
    check_live(&both, "lists", "", FEED_USERS - GONE);
    assert_true(deleted(both.base) > 0.0);
    both_release(&both);
}

int main(void)
{
    rig_choose_place();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_they_go_with_the_switch),
        cmocka_unit_test(test_they_go_with_the_switch_back),
        cmocka_unit_test(test_their_json_goes_too),
        cmocka_unit_test(test_once_is_enough),
        cmocka_unit_test(test_killed_meanwhile),
        cmocka_unit_test(test_message_lost_meanwhile),
        cmocka_unit_test(test_not_while_histories_wait),
        cmocka_unit_test(test_a_late_list_goes),
        cmocka_unit_test(test_they_go_with_the_trial),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
