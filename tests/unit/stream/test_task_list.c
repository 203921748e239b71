#include "base/base.h"
#include "stream/task_list.h"

#include <setjmp.h>
#include <cmocka.h>

enum { COUNT = 3 };

static void fill(struct task_list *tasks, struct task at[COUNT])
{
    for (int i = 0; i < COUNT; i++) { task_list_add(tasks, &at[i]); }
}

static void test_finds(void **state)
{
    struct task at[COUNT] = {{.topic = "a", .partition = 0},
                             {.topic = "a", .partition = 1},
                             {.topic = "b", .partition = 1}};
    struct task_list tasks = {0};
    assert_null(task_list_find(&tasks, "a", 0));
    fill(&tasks, at);
    for (int i = 0; i < COUNT; i++) {
        assert_ptr_equal(task_list_find(&tasks, at[i].topic, at[i].partition), &at[i]);
    }
    assert_null(task_list_find(&tasks, "b", 0));
    assert_null(task_list_find(&tasks, NULL, 2));
    assert_ptr_equal(task_list_find(&tasks, NULL, 0), &at[0]);
    task_list_remove(&tasks, &at[0]);
    assert_int_equal(tasks.count, COUNT - 1);
    assert_null(task_list_find(&tasks, "a", 0));
    assert_ptr_equal(task_list_find(&tasks, "a", 1), &at[1]);
    assert_ptr_equal(task_list_find(&tasks, "b", 1), &at[2]);
    free(tasks.at);
}

static void test_states(void **state)
{
    struct task at[COUNT] = {{.partition = 0}, {.partition = 1}, {.partition = 2}};
    struct task_list tasks = {0};
    assert_true(task_list_all(&tasks, TASK_RUNNING)); /* there is none that is not */
    assert_false(task_list_any(&tasks, TASK_OPENING));
    fill(&tasks, at);
    assert_true(task_list_all(&tasks, TASK_OPENING));
    task_move(&at[1], TASK_READY);
    assert_false(task_list_all(&tasks, TASK_OPENING));
    assert_true(task_list_any(&tasks, TASK_OPENING));
    assert_true(task_list_any(&tasks, TASK_READY));
    assert_false(task_list_any(&tasks, TASK_RUNNING));
    free(tasks.at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finds),
        cmocka_unit_test(test_states),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
