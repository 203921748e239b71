#include "base/base.h"
#include "stream/task_state.h"

#include <setjmp.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

struct move {
    enum task_state from, to;
};

/* All others are illegal, staying included. */
static const struct move legal[] = {
    {TASK_OPENING, TASK_RESTORING}, {TASK_OPENING, TASK_READY},    {TASK_RESTORING, TASK_READY},
    {TASK_READY, TASK_RUNNING},     {TASK_RUNNING, TASK_OPENING},  {TASK_OPENING, TASK_CLOSED},
    {TASK_RESTORING, TASK_CLOSED},  {TASK_READY, TASK_CLOSED},     {TASK_RUNNING, TASK_CLOSED},
};

static bool is_legal(enum task_state from, enum task_state to)
{
    for (size_t i = 0; i < ARRAY_COUNT(legal); i++) {
        if (legal[i].from == from && legal[i].to == to) { return true; }
    }
    return false;
}

static void test_table(void **state)
{
    for (enum task_state from = TASK_OPENING; from < TASK_STATES_COUNT; from++) {
        for (enum task_state to = TASK_OPENING; to < TASK_STATES_COUNT; to++) {
            assert_int_equal(task_state_may_move(from, to), is_legal(from, to));
        }
    }
}

/* From its first state a task reaches every other, and from each but the end the end. */
static void test_way(void **state)
{
    static const enum task_state way[] = {TASK_RESTORING, TASK_READY, TASK_RUNNING, TASK_OPENING,
                                          TASK_READY,     TASK_RUNNING, TASK_CLOSED};
    enum task_state at = TASK_OPENING;
    for (size_t i = 0; i < ARRAY_COUNT(way); i++) {
        task_state_move(&at, way[i]);
        assert_int_equal(at, way[i]);
    }
}

/* An assert is always on: the process that makes an illegal move dies of it. */
static void test_illegal_move_ends_the_process(void **state)
{
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        enum task_state at = TASK_RESTORING;
        if (!freopen("/dev/null", "w", stderr)) { _exit(1); }
        signal(SIGABRT, SIG_DFL);
        task_state_move(&at, TASK_RUNNING);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
}

static void test_names(void **state)
{
    assert_string_equal(task_state_name(TASK_OPENING), "opening");
    assert_string_equal(task_state_name(TASK_RESTORING), "restoring");
    assert_string_equal(task_state_name(TASK_READY), "ready");
    assert_string_equal(task_state_name(TASK_RUNNING), "running");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_way),
        cmocka_unit_test(test_illegal_move_ends_the_process),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
