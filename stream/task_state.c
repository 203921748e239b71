#include "base/base.h"
#include "stream/task_state.h"

static const struct {
    const char *name;
    bool to[TASK_STATES_COUNT];
} states[TASK_STATES_COUNT] = {
    [TASK_OPENING] = {"opening",
                      {[TASK_RESTORING] = true, [TASK_READY] = true, [TASK_CLOSED] = true}},
    [TASK_RESTORING] = {"restoring", {[TASK_READY] = true, [TASK_CLOSED] = true}},
    [TASK_READY] = {"ready", {[TASK_RUNNING] = true, [TASK_CLOSED] = true}},
    [TASK_RUNNING] = {"running", {[TASK_OPENING] = true, [TASK_CLOSED] = true}},
    [TASK_CLOSED] = {"closed", {false}},
};

bool task_state_may_move(enum task_state from, enum task_state to)
{
    assert(from < TASK_STATES_COUNT && to < TASK_STATES_COUNT);
    return states[from].to[to];
}

void task_state_move(enum task_state *state, enum task_state to)
{
    assert(task_state_may_move(*state, to));
    *state = to;
}

const char *task_state_name(enum task_state state)
{
    assert(state < TASK_STATES_COUNT);
    return states[state].name;
}
