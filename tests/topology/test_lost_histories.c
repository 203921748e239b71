/* Lists whose histories are not kept: the copy that made them has gone, with what it kept. */
#include "base/base.h"
#include "features/features.h"
#include "scorer/scorer.h"
#include "tests/topology/resting.h"
#include "trainer/similarity/trainer.h"

enum { PARTITIONS = 2, EVENTS = 800, LIST = 5 };

static const char *const scoring[] = {"list.length=5", "lists.remake.share=20", NULL};

static struct copy *begin(struct rig *rig)
{
    rig_init(rig, PARTITIONS);
    rig_start(rig, &features_worker, 0, NULL);
    rig_start(rig, &trainer_worker, 0, NULL);
    struct copy *scorer = rig_start(rig, &scorer_worker, 0, scoring);
    feed_events(rig, 1, 0, EVENTS);
    rest(rig);
    return scorer;
}

/* The machine is lost; another one takes over, after some users have acted. */
static void lose(struct rig *rig, struct copy *scorer, int acts)
{
    rig_kill(rig, scorer);
    memlog_expire_member(rig->log, "freshet-scorer", "freshet-scorer-0");
    rig_empty(scorer);
    feed_events(rig, 1, EVENTS, EVENTS + acts);
    pass(rig, 20);
    assert_true(rig_launch(rig, scorer));
}

/* Counts the standing lists with fewer items than they may have. */
static size_t short_lists(const struct rig *rig)
{
    struct answers answers;
    struct recommendation_list list;
    size_t count = 0;
    answers_init(&answers, rig);
    struct fold *fold = rig_fold(rig, "recommendations");
    assert_true(fold->count > 40);
    for (size_t i = 0; i < fold->count; i++) {
        if (!fold->at[i].value.data) { continue; }
        answers_decode(&answers, answers.lists, fold->at[i].value, &list);
        count += list.items.count < LIST;
    }
    free(fold);
    answers_release(&answers);
    return count;
}

/* Some users act all the time, so that there are always lists that could be made again, or rest. */
static void lists_of_others_do_not_wait_for_the_end_of_the_traffic(void **state)
{
    struct rig rig;
    struct copy *scorer = begin(&rig);
    int one = most_listed(&rig, -1);
    assert_true(answers_listed(&rig, one) > 10);
    put_item(&rig, one, true, false);
    lose(&rig, scorer, 4);
    for (int at = EVENTS + 4; at < EVENTS + 20; at++) {
        feed_events(&rig, 1, at, at + 1);
        pass(&rig, 20);
    }
    assert_int_equal(answers_listed(&rig, one), 0);
    assert_int_equal(short_lists(&rig), 0);
    rest(&rig);
    assert_true_lists(&rig, scorer);
    rig_release(&rig);
}

/* Reads a user's newest list. */
static struct slice newest_list(struct rig *rig, struct slice user, int32_t *ret_partition)
{
    struct record rec;
    assert_int_equal(memlog_newest(rig->log, "recommendations", user, &rec), 0);
    assert_non_null(rec.value.data);
    *ret_partition = rec.partition;
    return rec.value;
}

static bool has_list(const struct rig *rig, struct slice user)
{
    struct record rec;
    assert_int_equal(memlog_newest(rig->log, "recommendations", user, &rec), 0);
    return rec.value.data != NULL;
}

static void forget(struct rig *rig, struct slice user)
{
    struct record rec;
    assert_int_equal(memlog_newest(rig->log, "histories", user, &rec), 0);
    memlog_append(rig->log, "histories", rec.partition, user, slice_of(NULL, 0), 0);
    rest(rig);
    assert_false(has_list(rig, user));
}

/* A list of a user who was forgotten comes behind the tombstone: while the owner runs, or before it
 * starts, with its state or without it; the tombstone is lost once. */
static void late_lists_of_gone_users_go(void **state)
{
    enum { WHILE_IT_RUNS, BEFORE_A_START, WITHOUT_STATE, WITH_LOSSES, WAYS };
    const struct slice user = slice_str("u07");
    for (int way = 0; way < WAYS; way++) {
        struct rig rig;
        int32_t partition;
        struct copy *scorer = begin(&rig);
        struct slice late = newest_list(&rig, user, &partition);
        forget(&rig, user);
        if (way != WHILE_IT_RUNS) { rig_finish(scorer); }
        memlog_append(rig.log, "recommendations", partition, user, late, 0);
        if (way >= WITHOUT_STATE) { rig_empty(scorer); }
        if (way != WHILE_IT_RUNS) { assert_true(rig_launch(&rig, scorer)); }
        assert_true(has_list(&rig, user));
        if (way == WITH_LOSSES) { memlog_fail(rig.log, MEMLOG_PRODUCE, 1, WIRE_ABORTED); }
        for (int64_t until_ms = rig.now_ms + 130000; rig.now_ms < until_ms;) {
            rig_round(&rig, false);
        }
        rest(&rig);
        assert_false(has_list(&rig, user));
        int64_t losses = way == WITH_LOSSES;
        assert_int_equal(memlog_failed(rig.log, MEMLOG_PRODUCE), losses);
        rig_release(&rig);
    }
}

/* Reads how a list was made. */
static void read_list(const struct rig *rig, struct slice user, struct answers *answers,
                      struct recommendation_list *ret_list)
{
    struct record rec;
    assert_int_equal(memlog_newest(rig->log, "recommendations", user, &rec), 0);
    answers_decode(answers, answers->lists, rec.value, ret_list);
}

/* Older lists come behind newer ones, from a former owner that was long under way, and the owner
 * dies before it sees them: the next one has them in its state. Its histories are newer. The lists
 * are made again of these, are judged by nothing, and users who act have theirs as ever. */
static void late_lists_before_a_start_do_not_stay(void **state)
{
    for (int emptied = 0; emptied < 2; emptied++) {
        struct rig rig;
        struct answers answers;
        struct recommendation_list list;
        struct copy *scorer = begin(&rig);
        answers_init(&answers, &rig);
        struct slice late[PARTITIONS][4];
        struct slice users[PARTITIONS][4];
        for (int32_t p = 0; p < PARTITIONS; p++) {
            struct record rec;
            for (int64_t at = 0, k = 0; k < 4; at = rec.offset + 1, k++) {
                assert_int_equal(memlog_read(rig.log, "recommendations", p, at, &rec), 0);
                users[p][k] = rec.key;
                late[p][k] = rec.value;
            }
        }
        feed_events(&rig, 1, EVENTS, EVENTS + 200);
        rest(&rig);
        rig_finish(scorer);
        for (int32_t p = 0; p < PARTITIONS; p++) {
            for (int k = 0; k < 4; k++) {
                memlog_append(rig.log, "recommendations", p, users[p][k], late[p][k], 0);
            }
        }
        if (emptied) { rig_empty(scorer); }
        assert_true(rig_launch(&rig, scorer));
        rest(&rig);
        assert_true_lists(&rig, scorer);
        for (int32_t p = 0; p < PARTITIONS; p++) {
            read_list(&rig, users[p][0], &answers, &list);
            assert_int_equal(list.cause, CAUSE_AGE);
        }
        feed_events(&rig, 1, EVENTS + 200, EVENTS + 300);
        rest(&rig);
        assert_true_lists(&rig, scorer);
        answers_release(&answers);
        rig_release(&rig);
    }
}

/* A start makes all lists again, as it is not known what has changed since: what they say of their
 * tables tells it. */
static void causes_are_true_after_a_start(void **state)
{
    struct rig rig;
    struct copy *scorer = begin(&rig);
    int one = most_listed(&rig, -1);
    put_item(&rig, one, true, false);
    rest(&rig);
    assert_int_equal(answers_listed(&rig, one), 0);
    rig_finish(scorer);
    put_item(&rig, one, true, true);
    assert_true(rig_launch(&rig, scorer));
    rest(&rig);
    size_t listed = answers_listed(&rig, one);
    assert_true(listed > 10);
    assert_true(remade(scorer, "catalogue") == (double)listed);
    assert_true(remade(scorer, "rows") + remade(scorer, "age") == 0);
    assert_true_lists(&rig, scorer);
    rig_release(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(late_lists_of_gone_users_go),
        cmocka_unit_test(late_lists_before_a_start_do_not_stay),
        cmocka_unit_test(causes_are_true_after_a_start),
        cmocka_unit_test(lists_of_others_do_not_wait_for_the_end_of_the_traffic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
