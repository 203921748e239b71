#include "base/base.h"
#include "schemas/generations.h"

#include <setjmp.h>
#include <cmocka.h>

static void step(struct generations *generations, enum generation_step_kind kind, int64_t epoch,
                 const char *generation, const char *previous, int32_t partition)
{
    const struct generation_step made = {.kind = kind,
                                         .epoch = epoch,
                                         .generation = slice_str(generation),
                                         .previous = slice_str(previous),
                                         .partition = partition};
    generations_apply(generations, &made);
}

static void check(const struct generations *generations, int32_t partition,
                  enum generation_role base, enum generation_role g2)
{
    assert_int_equal(generations_role(generations, "", partition), base);
    assert_int_equal(generations_role(generations, "g2", partition), g2);
    assert_int_equal(generations_role(generations, "other", partition), ROLE_SHADOW);
}

static void test_a_switch_there_and_back(void **state)
{
    struct generations generations;
    generations_init(&generations);
    check(&generations, 0, ROLE_LIVE, ROLE_SHADOW);
    step(&generations, STEP_LIVE, 1, "g2", "", -1);
    check(&generations, 0, ROLE_RELEASE, ROLE_SHADOW);
    step(&generations, STEP_RELEASED, 1, "", "", 0);
    check(&generations, 0, ROLE_SHADOW, ROLE_TAKE);
    check(&generations, 1, ROLE_RELEASE, ROLE_SHADOW); /* each partition for itself */
    step(&generations, STEP_TAKEN, 1, "g2", "", 0);
    check(&generations, 0, ROLE_SHADOW, ROLE_LIVE);
    step(&generations, STEP_LIVE, 2, "", "g2", -1);
    check(&generations, 0, ROLE_SHADOW, ROLE_RELEASE);
    step(&generations, STEP_RELEASED, 2, "g2", "", 0);
    check(&generations, 0, ROLE_TAKE, ROLE_SHADOW);
    step(&generations, STEP_TAKEN, 2, "", "", 0);
    check(&generations, 0, ROLE_LIVE, ROLE_SHADOW);
    assert_int_equal(generations_released(&generations, "", 0), 1);
    assert_int_equal(generations_released(&generations, "", 1), 0);
    assert_int_equal(generations_taken(&generations, "g2", 0), 1);
    generations_release(&generations);
}

/* Back before it was over: g2 has taken partition 0 only, 1 was released, 2 not even that. */
static void test_back_in_the_middle(void **state)
{
    struct generations generations;
    generations_init(&generations);
    step(&generations, STEP_LIVE, 1, "g2", "", -1);
    step(&generations, STEP_RELEASED, 1, "", "", 0);
    step(&generations, STEP_RELEASED, 1, "", "", 1);
    step(&generations, STEP_TAKEN, 1, "g2", "", 0);
    step(&generations, STEP_LIVE, 2, "", "g2", -1);
    for (int32_t p = 0; p < 3; p++) { check(&generations, p, ROLE_SHADOW, ROLE_RELEASE); }
    for (int32_t p = 0; p < 3; p++) {
        step(&generations, STEP_RELEASED, 2, "g2", "", p);
        check(&generations, p, ROLE_TAKE, ROLE_SHADOW);
        step(&generations, STEP_TAKEN, 2, "", "", p);
        check(&generations, p, ROLE_LIVE, ROLE_SHADOW);
    }
    generations_release(&generations);
}

static void test_what_changes_nothing(void **state)
{
    struct generations generations;
    generations_init(&generations);
    step(&generations, STEP_LIVE, 3, "g2", "", -1);
    step(&generations, STEP_LIVE, 2, "other", "g2", -1); /* older */
    step(&generations, STEP_OTHER, 9, "other", "g2", -1);
    step(&generations, STEP_LIVE, 9, "a-name-of-more-than-thirty-two-bytes", "g2", -1);
    step(&generations, STEP_RELEASED, 2, "", "", 0); /* of an earlier switch */
    check(&generations, 0, ROLE_RELEASE, ROLE_SHADOW);
    step(&generations, STEP_RELEASED, 3, "", "", 0);
    step(&generations, STEP_RELEASED, 2, "", "", 0);
    check(&generations, 0, ROLE_SHADOW, ROLE_TAKE);
    generations_release(&generations);
}

static void test_marks_have_a_limit(void **state)
{
    struct generations generations;
    generations_init(&generations);
    step(&generations, STEP_TAKEN, 7, "g2", "", -1);
    assert_int_equal(generations.progress_count, 0);
    for (int32_t i = 0; i <= GENERATION_PROGRESS_MAX; i++) {
        step(&generations, STEP_TAKEN, 7, "g2", "", i);
    }
    assert_int_equal(generations.progress_count, GENERATION_PROGRESS_MAX);
    assert_int_equal(generations_taken(&generations, "g2", GENERATION_PROGRESS_MAX - 1), 7);
    assert_int_equal(generations_taken(&generations, "g2", GENERATION_PROGRESS_MAX), 0);
    step(&generations, STEP_TAKEN, 8, "g2", "", 0);
    assert_int_equal(generations_taken(&generations, "g2", 0), 8);
    generations_release(&generations);
}

/* Steps of others: none ends the numbers of switches, and no name is more than a name. */
static void test_what_makes_no_sense(void **state)
{
    struct generations generations;
    const struct generation_step steps[] = {
        {.kind = STEP_LIVE, .epoch = INT64_MAX, .generation = slice_str("g2")},
        {.kind = STEP_LIVE, .epoch = GENERATION_EPOCH_MAX + 1, .generation = slice_str("g2")},
        {.kind = STEP_TAKEN, .epoch = INT64_MIN, .generation = slice_str("g2")},
        {.kind = STEP_RELEASED, .epoch = 1, .generation = slice_str("g2"), .partition = -1},
        {.kind = STEP_LIVE, .epoch = 1, .generation = slice_str("../g2")},
        {.kind = STEP_LIVE, .epoch = 1, .generation = slice_str("g2"),
         .previous = slice_str("\033]0;x\007")},
        {.kind = STEP_LIVE, .epoch = 1,
         .generation = slice_str("a-name-of-a-generation-that-is-far-too-long")},
    };
    generations_init(&generations);
    for (size_t i = 0; i < ARRAY_COUNT(steps); i++) {
        assert_false(generations_apply(&generations, &steps[i]));
        assert_int_equal(generations.epoch, 0);
        assert_int_equal(generations.progress_count, 0);
    }
    const struct generation_step last = {
        .kind = STEP_LIVE, .epoch = GENERATION_EPOCH_MAX, .generation = slice_str("g2")};
    assert_true(generations_apply(&generations, &last));
    generations_release(&generations);
}

static void switch_all(struct generations *generations, int64_t epoch, const char *to,
                       const char *from)
{
    step(generations, STEP_LIVE, epoch, to, from, -1);
    step(generations, STEP_RELEASED, epoch, from, "", 0);
    step(generations, STEP_TAKEN, epoch, to, "", 0);
    assert_int_equal(generations_role(generations, to, 0), ROLE_LIVE);
    assert_int_equal(generations_role(generations, from, 0), ROLE_SHADOW);
}

/* One step of the last epoch there is, or of the one before: the next switch follows all the same,
 * and a reader of the compacted topic finds what the others know. */
static void test_no_epoch_ends_the_switches(void **state)
{
    for (int64_t before = 0; before < 2; before++) {
        struct generations generations, compacted;
        generations_init(&generations);
        generations_init(&compacted);
        assert_int_equal(generations_next(&generations), 1);
        switch_all(&generations, 1, "g2", "");
        step(&generations, STEP_LIVE, GENERATION_EPOCH_MAX - before, "", "g2", -1);
        int64_t epoch = 0;
        for (int turn = 0; turn < 4; turn++) {
            epoch = generations_next(&generations);
            assert_true(epoch > 0 && epoch <= GENERATION_EPOCH_MAX);
            bool back = turn % 2;
            switch_all(&generations, epoch, back ? "" : "g2", back ? "g2" : "");
            assert_int_equal(generations.epoch, epoch);
        }
        step(&compacted, STEP_RELEASED, epoch - 1, "", "", 0);
        step(&compacted, STEP_TAKEN, epoch - 1, "g2", "", 0);
        step(&compacted, STEP_LIVE, epoch, "", "g2", -1);
        step(&compacted, STEP_RELEASED, epoch, "g2", "", 0);
        step(&compacted, STEP_TAKEN, epoch, "", "", 0);
        check(&compacted, 0, ROLE_LIVE, ROLE_SHADOW);
        generations_release(&generations);
        generations_release(&compacted);
    }
}

/* Progress in a switch that has not begun is nobody's, now and when it begins: without this a
 * partition would never be taken, or be taken while the other generation still writes to it. */
static void test_progress_of_a_switch_to_come(void **state)
{
    static const int64_t epochs[] = {2, 3, GENERATION_EPOCH_MAX};
    for (size_t i = 0; i < ARRAY_COUNT(epochs); i++) {
        struct generations generations;
        generations_init(&generations);
        switch_all(&generations, 1, "g2", "");
        step(&generations, STEP_RELEASED, epochs[i], "g2", "", 0);
        step(&generations, STEP_TAKEN, epochs[i], "", "", 0);
        check(&generations, 0, ROLE_SHADOW, ROLE_LIVE);
        step(&generations, STEP_LIVE, 2, "", "g2", -1);
        check(&generations, 0, ROLE_SHADOW, ROLE_RELEASE);
        step(&generations, STEP_TAKEN, epochs[i] + 1, "", "", 0); /* meanwhile, once more */
        step(&generations, STEP_RELEASED, 2, "g2", "", 0);
        check(&generations, 0, ROLE_TAKE, ROLE_SHADOW);
        step(&generations, STEP_TAKEN, 2, "", "", 0);
        check(&generations, 0, ROLE_LIVE, ROLE_SHADOW);
        generations_release(&generations);
    }
}

static void test_keys(void **state)
{
    char key[STEP_KEY_BYTES_MAX];
    struct generation_step one = {.kind = STEP_LIVE, .generation = slice_str("g2")};
    assert_string_equal(generation_step_key(&one, key), "live");
    one.kind = STEP_RELEASED;
    one.partition = 12;
    assert_string_equal(generation_step_key(&one, key), "released/g2/12");
    one.kind = STEP_TAKEN;
    one.generation = slice_str("");
    assert_string_equal(generation_step_key(&one, key), "taken//12");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_switch_there_and_back),
        cmocka_unit_test(test_back_in_the_middle),
        cmocka_unit_test(test_what_changes_nothing),
        cmocka_unit_test(test_marks_have_a_limit),
        cmocka_unit_test(test_what_makes_no_sense),
        cmocka_unit_test(test_no_epoch_ends_the_switches),
        cmocka_unit_test(test_progress_of_a_switch_to_come),
        cmocka_unit_test(test_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
