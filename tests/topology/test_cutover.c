/* Two generations of scorers on one log: what a reader of `recommendations` sees of a switch. */
#include "base/base.h"

#include "tests/topology/two_generations.h"

/* In each partition of `recommendations` the generations follow each other in this order, without
 * mixing. */
static void check_order(struct two_generations *both, const char *const *order, size_t count)
{
    for (int32_t p = 0; p < PARTITIONS; p++) {
        size_t at_order = 0;
        struct record rec;
        for (int64_t at = 0; memlog_read(both->rig.log, "recommendations", p, at, &rec) == 0;
             at = rec.offset + 1) {
            arena_reset(both->arena);
            struct slice of = decode(both, rec.value).generation;
            while (at_order < count && !slice_equal(of, slice_str(order[at_order]))) { at_order++; }
            assert_true(at_order < count);
        }
        assert_int_equal(at_order, count - 1);
    }
}

static void test_shadow(void **state)
{
    struct two_generations both;
    both_init(&both);
    check_order(&both, (const char *const[]){""}, 1);
    assert_int_equal(memlog_count(both.rig.log, "lists", MEMLOG_ALL), 0);
    struct fold *fold = rig_fold(&both.rig, "recommendations");
    struct fold *shadow = rig_fold(&both.rig, "lists.g2");
    assert_int_equal(fold->count, shadow->count);
    free(fold);
    free(shadow);
    both_release(&both);
}

static void promote_and_roll_back(struct two_generations *both)
{
    write_step(both, STEP_LIVE, 1, "g2", "", -1);
    until_taken(both, "g2", 1);
    feed(both, MORE);
    rig_survive(&both->rig, false);
    check_order(both, (const char *const[]){"", "g2"}, 2);
    check_same(both, "recommendations", "lists.g2", "g2");
    write_step(both, STEP_LIVE, 2, "", "g2", -1);
    until_taken(both, "", 2);
    feed(both, MORE);
    rig_survive(&both->rig, false);
    check_order(both, (const char *const[]){"", "g2", ""}, 3);
    check_same(both, "recommendations", "lists", "");
}

static void test_promote_and_roll_back(void **state)
{
    struct two_generations both;
    both_init(&both);
    promote_and_roll_back(&both);
    assert_int_equal(both.rig.restarts, 0);
    assert_int_equal(memlog_count(both.rig.log, "dead-letters", MEMLOG_ALL), 0);
    both_release(&both);
}

/* Somebody has written the last epoch that there is, and progress in it: switches go on, and each
 * partition is released before it is taken. */
static void test_no_epoch_is_the_last(void **state)
{
    struct two_generations both;
    both_init(&both);
    for (int32_t p = 0; p < PARTITIONS; p++) {
        write_step(&both, STEP_RELEASED, GENERATION_EPOCH_MAX, "", "", p);
        write_step(&both, STEP_TAKEN, GENERATION_EPOCH_MAX, "g2", "", p);
    }
    rig_survive(&both.rig, false);
    write_step(&both, STEP_LIVE, GENERATION_EPOCH_MAX, "g2", "", -1);
    until_taken(&both, "g2", GENERATION_EPOCH_MAX);
    feed(&both, MORE);
    rig_survive(&both.rig, false);
    check_same(&both, "recommendations", "lists.g2", "g2");
    write_step(&both, STEP_LIVE, 1, "", "g2", -1);
    until_taken(&both, "", 1);
    feed(&both, MORE);
    rig_survive(&both.rig, false);
    check_order(&both, (const char *const[]){"", "g2", ""}, 3);
    check_same(&both, "recommendations", "lists", "");
    both_release(&both);
}

static void test_slow_acknowledgements(void **state)
{
    struct two_generations both;
    both_init(&both);
    memlog_ack_delay(both.rig.log, 7);
    promote_and_roll_back(&both);
    both_release(&both);
}

/* A process is killed at some message of the switch: its successor repeats the step. */
static void test_killed_during_the_switch(void **state)
{
    for (int nth = 1; nth < 200; nth += 19) {
        struct two_generations both;
        both_init(&both);
        memlog_fail(both.rig.log, MEMLOG_PRODUCE, nth, MEMLOG_KILL);
        promote_and_roll_back(&both);
        assert_int_equal(both.rig.restarts, 1);
        both_release(&both);
    }
}

/* A message that is lost rolls the batch back in the middle of a switch. */
static void test_message_lost_during_the_switch(void **state)
{
    for (int nth = 1; nth < 200; nth += 23) {
        struct two_generations both;
        both_init(&both);
        memlog_fail(both.rig.log, MEMLOG_PRODUCE, nth, WIRE_ABORTED);
        promote_and_roll_back(&both);
        assert_int_equal(memlog_failed(both.rig.log, MEMLOG_PRODUCE), 1);
        both_release(&both);
    }
}

/* The base is down while `freshet promote` releases for it; it starts again without local state. */
static void test_released_while_the_base_is_down(void **state)
{
    struct two_generations both;
    both_init(&both);
    rig_finish(both.base);
    rig_empty(both.base);
    struct fold *fold = rig_fold(&both.rig, "recommendations");
    for (size_t i = 0; i < fold->count; i++) {
        memlog_append(both.rig.log, "lists", fold->at[i].partition, fold->at[i].key,
                      fold->at[i].value, 1);
    }
    free(fold);
    write_step(&both, STEP_LIVE, 1, "g2", "", -1);
    for (int32_t p = 0; p < PARTITIONS; p++) { write_step(&both, STEP_RELEASED, 1, "", "", p); }
    until_taken(&both, "g2", 1);
    assert_true(rig_launch(&both.rig, both.base));
    rig_survive(&both.rig, false);
    check_order(&both, (const char *const[]){"", "g2"}, 2);
    write_step(&both, STEP_LIVE, 2, "", "g2", -1);
    until_taken(&both, "", 2);
    rig_survive(&both.rig, false);
    check_same(&both, "recommendations", "lists", "");
    both_release(&both);
}

/* After a switch, a restore reads the generation's own lists. */
static void test_restored_after_a_switch(void **state)
{
    struct two_generations both;
    both_init(&both);
    write_step(&both, STEP_LIVE, 1, "g2", "", -1);
    until_taken(&both, "g2", 1);
    rig_survive(&both.rig, false);
    rig_kill(&both.rig, both.base);
    rig_kill(&both.rig, both.g2);
    rig_empty(both.base);
    rig_empty(both.g2);
    assert_true(rig_launch(&both.rig, both.base));
    assert_true(rig_launch(&both.rig, both.g2));
    feed(&both, MORE);
    rig_survive(&both.rig, false);
    check_same(&both, "recommendations", "lists.g2", "g2");
    write_step(&both, STEP_LIVE, 2, "", "g2", -1);
    until_taken(&both, "", 2);
    rig_survive(&both.rig, false);
    check_same(&both, "recommendations", "lists", "");
    check_order(&both, (const char *const[]){"", "g2", ""}, 3);
    both_release(&both);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shadow),
        cmocka_unit_test(test_promote_and_roll_back),
        cmocka_unit_test(test_no_epoch_is_the_last),
        cmocka_unit_test(test_slow_acknowledgements),
        cmocka_unit_test(test_killed_during_the_switch),
        cmocka_unit_test(test_message_lost_during_the_switch),
        cmocka_unit_test(test_released_while_the_base_is_down),
        cmocka_unit_test(test_restored_after_a_switch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
