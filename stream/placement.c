/* Whether the input is still the topic that a position is about is seen by its newest record: the
 * same offset must have the same timestamp. This is asked only where group and changelog differ, so
 * a usual start costs nothing. A record that is gone (retention) says nothing, and then the
 * position counts; topic ids would say more, but the client library that Debian ships has none.
 *
 * Hazard: a position that is not the newest record. Its writer died before the next position, or
 * was an older version of Freshet. Then the state counts at least to the position: the input may
 * go on behind it, never before it.
 */
#include "base/base.h"
#include "base/exit_code.h"
#include "base/xalloc.h"
#include "stream/log_probe.h"
#include "stream/placement.h"
#include "stream/remedy.h"

/* Compares the input with the one that the position is about. */
static enum probe probe_input(const struct task *task, const struct placement *placement)
{
    const struct position *position = &placement->found->position;
    if (strcmp(position->topic, task->topic) != 0) { return PROBE_OTHER; }
    if (position->newest == OFFSET_NONE || position->newest < placement->low) {
        return PROBE_UNKNOWN;
    }
    if (position->newest >= placement->end) { return PROBE_OTHER; }
    const struct topic_partition at = {
        .topic = task->topic, .partition = task->partition, .offset = position->newest};
    return log_probe_record(task->parts.env, &at, position->newest_ms);
}

/* ---- Refusals ---- */

/* The changelog has state, but the group has no committed offset. Only a committed record proves
 * this: an aborted first transaction makes the changelog longer, too. */
static bool refuse_state(struct task *task)
{
    struct env *env = task->parts.env;
    _cleanup_(xfreep) char *again = remedy_begin_again(env, task->topic, task->partition);
    env_break(env, EXIT_CONFIG,
              "the group has no committed offset for partition %d of %s, but its changelog %s "
              "holds state: counting again would count twice; hint: is group.prefix that of the "
              "workers which wrote it? else %s",
              task->partition, task->topic, task_changelog_topic(task), again);
    return false;
}

static bool refuse_outside(struct task *task, const struct placement *placement, int64_t offset)
{
    struct env *env = task->parts.env;
    _cleanup_(xfreep) char *again = remedy_begin_again(env, task->topic, task->partition);
    env_break(env, EXIT_CONFIG,
              "partition %d of %s holds offsets %" PRId64 " to %" PRId64
              ", the group's committed offset is %" PRId64 ": %s; hint: %s",
              task->partition, task->topic, placement->low, placement->end, offset,
              offset < placement->low ? "retention has passed it, events are lost"
                                      : "the topic was recreated",
              again);
    return false;
}

static bool refuse_ahead(struct task *task, const struct placement *placement)
{
    struct env *env = task->parts.env;
    int64_t next = placement->found->position.next;
    _cleanup_(xfreep) char *back = remedy_set_offset(env, task->topic, task->partition, next);
    _cleanup_(xfreep) char *again = remedy_begin_again(env, task->topic, task->partition);
    env_break(env, EXIT_CONFIG,
              "the group's offset of partition %d of %s is %" PRId64
              ", but the changelog %s counts to %" PRId64
              " only: the records between would never be counted; hint: to count them, stop the "
              "group and run: %s; when the changelog has lost its end, %s",
              task->partition, task->topic, placement->committed, task_changelog_topic(task), next,
              back, again);
    return false;
}

/* ---- The choice ---- */

/* The input has lost records, but what was made of the others can be made again. */
static int64_t from_start(struct task *task, const struct placement *placement)
{
    env_log(task->parts.env, LOG_WARN, "input lacks the group's offset, it is read again",
            "topic=%s partition=%d group_offset=%" PRId64 " from=%" PRId64 " end=%" PRId64,
            task->topic, task->partition, placement->committed, placement->low, placement->end);
    return placement->low;
}

static bool within(struct task *task, const struct placement *placement, int64_t offset,
                   int64_t *ret_offset)
{
    bool inside = offset >= placement->low && offset <= placement->end;
    bool again = !inside && placement->found && !env_has_positions(task->parts.env);
    if (!inside && !again) { return refuse_outside(task, placement, offset); }
    *ret_offset = again ? from_start(task, placement) : offset;
    return true;
}

/* Goes on where the local state ends: somebody has set the group's offset past what it lacks. */
static int64_t as_stored(struct task *task, const struct placement *placement)
{
    int64_t stored = placement->found->stored;
    env_log(task->parts.env, LOG_WARN, "input goes on where the local state ends",
            "partition=%d group_offset=%" PRId64 " offset=%" PRId64, task->partition,
            placement->committed, stored);
    return stored;
}

/* The group's word alone. */
static bool as_committed(struct task *task, const struct placement *placement, int64_t *ret_offset)
{
    const struct found_position *found = placement->found;
    bool lacks = found && found->stored > placement->low && found->stored < placement->committed;
    if (lacks && placement->committed <= placement->end) {
        *ret_offset = as_stored(task, placement);
        return true;
    }
    if (placement->committed != OFFSET_NONE) {
        return within(task, placement, placement->committed, ret_offset);
    }
    bool counts = found && (found->state || found->any);
    if (counts && env_transactional(task->parts.env)) { return refuse_state(task); }
    *ret_offset = placement->low;
    return true;
}

/* Goes on where the changelog ends, past what the group would read again. */
static bool as_counted(struct task *task, const struct placement *placement, int64_t *ret_offset)
{
    struct env *env = task->parts.env;
    int64_t next = placement->found->position.next;
    if (!within(task, placement, next, ret_offset)) { return false; }
    int64_t from = MAX_OF(placement->committed, placement->low);
    struct metric *skipped = metrics_counter(
        env->metrics, "freshet_input_skipped_total", "",
        "Input records passed over because the changelog counts them already.");
    metric_add(skipped, (double)(next - MIN_OF(from, next)));
    env_log(env, LOG_WARN, "input goes on where the changelog ends",
            "partition=%d group_offset=%" PRId64 " offset=%" PRId64, task->partition,
            placement->committed, next);
    return true;
}

/* Says whether the group's offset agrees with the position, or nothing follows if it does not. */
static bool agree(const struct task *task, const struct placement *placement)
{
    const struct found_position *found = placement->found;
    int64_t committed = placement->committed;
    if (!found || !found->any || committed == found->position.next) { return true; }
    if (committed > found->position.next) { return !found->newest; }
    return committed == OFFSET_NONE && !found->newest && env_transactional(task->parts.env);
}

/* The newest record of an input that goes on behind it. */
static void take_newest(struct task *task, const struct found_position *found, int64_t offset)
{
    const struct position *position = &found->position;
    bool known = found->any && position->newest < offset;
    task->input.newest = known ? position->newest : OFFSET_NONE;
    task->input.newest_ms = known ? position->newest_ms : 0;
}

static bool choose(struct task *task, const struct placement *placement, int64_t *ret_offset)
{
    const struct found_position *found = placement->found;
    if (agree(task, placement)) { return as_committed(task, placement, ret_offset); }
    enum probe probe = probe_input(task, placement);
    if (probe == PROBE_LATER) { return false; }
    if (probe == PROBE_OTHER) {
        env_log(task->parts.env, LOG_WARN, "input is not the topic that the changelog counts",
                "partition=%d", task->partition);
        return as_committed(task, placement, ret_offset);
    }
    if (placement->committed > found->position.next) { return refuse_ahead(task, placement); }
    return as_counted(task, placement, ret_offset);
}

bool placement_choose(struct task *task, const struct placement *placement, int64_t *ret_offset)
{
    if (!choose(task, placement, ret_offset)) { return false; }
    if (placement->found) { take_newest(task, placement->found, *ret_offset); }
    return true;
}
