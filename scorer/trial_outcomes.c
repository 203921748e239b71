/* Only lists that were made while the trial ran count: each was seen by its user, and both arms
 * leave out the same, one list of each user.
 *
 * Counts go on from where `trials` has them. A crash between the acknowledgement of the counts and
 * the commit of the offsets brings histories again that are counted already; the offset in the
 * counts tells. The poll in which that ends is not counted at all: of a trial, some lists may be
 * missing, none may count twice. Counts up to an offset that is far ahead of the input are somebody
 * else's: it is counted anew.
 */
#include "base/base.h"
#include "schemas/offset_order.h"
#include "scorer/scorer_internal.h"

/* Begins to count, with what `trials` has, when another trial has begun. */
static void follow_trial(struct task *task, enum trial_arm arm)
{
    struct scorer *scorer = run_state(task_run(task));
    struct trial_part *part = &((struct partition_state *)task_state(task))->trial;
    const struct trials *trials = &scorer->trial.trials;
    if (part->number == trials->number) { return; }
    part->number = trials->number;
    part->now = (struct counted_outcomes){0};
    const struct trial_counts *counts =
        trials_counts(trials, arm, task_partition(task), &part->now.to_offset);
    if (counts) { part->now.counts = *counts; }
    part->flushed = part->committed = part->now;
    part->changed = false;
}

void trial_open(struct task *task)
{
    const struct scorer *scorer = run_state(task_run(task));
    enum trial_arm arm = trials_arm(&scorer->trial.trials, run_generation(task_run(task)));
    if (arm != TRIAL_ARMS) { follow_trial(task, arm); }
}

void trial_poll(struct task *task, int64_t offset)
{
    struct partition_state *state = task_state(task);
    if (!state->pending.count) { state->trial.polled_from = offset; }
}

void trial_count(struct task *task, const struct recommendation_list *list,
                 enum list_outcome outcome, int rank)
{
    struct scorer *scorer = run_state(task_run(task));
    struct trial_part *part = &((struct partition_state *)task_state(task))->trial;
    const struct trials *trials = &scorer->trial.trials;
    if (!list_outcome_is_judged(outcome) || list->as_of_ms < trials->began_ms ||
        !trials_run(trials, &scorer->cutover.generations)) {
        return;
    }
    enum trial_arm arm = trials_arm(trials, run_generation(task_run(task)));
    if (arm == TRIAL_ARMS) { return; }
    follow_trial(task, arm);
    const struct trial_user user = trials_user(trials, list->user_id);
    if (user.in_trial != (arm == TRIAL_ARM_TRIAL) ||
        offset_older(part->polled_from, part->now.to_offset)) {
        return;
    }
    if (part->polled_from < part->now.to_offset) { part->now = (struct counted_outcomes){0}; }
    part->now.counts.judged[user.bucket]++;
    part->changed = true;
    if (outcome != OUTCOME_HIT) { return; }
    part->now.counts.hits[user.bucket]++;
    part->now.counts.ndcg[user.bucket] += 1.0 / log2((double)rank + 1.0);
}

void trial_flush(struct task *task)
{
    struct scorer *scorer = run_state(task_run(task));
    struct trial_part *part = &((struct partition_state *)task_state(task))->trial;
    bool current = part->number == scorer->trial.trials.number;
    if (part->changed && current) {
        struct trial_counts *counts = &part->now.counts;
        part->now.to_offset = task_input_offset(task);
        const struct trial_record rec = {
            .kind = TRIAL_COUNTED,
            .trial = part->number,
            .generation = slice_str(run_generation(task_run(task))),
            .partition = task_partition(task),
            .to_offset = part->now.to_offset,
            .judged = {counts->judged, TRIAL_BUCKETS},
            .hits = {counts->hits, TRIAL_BUCKETS},
            .ndcg = {counts->ndcg, TRIAL_BUCKETS},
        };
        trial_send(&scorer->trial, task, &rec);
    }
    part->changed = false;
    part->flushed = part->now;
}

void trial_committed(struct task *task)
{
    struct trial_part *part = &((struct partition_state *)task_state(task))->trial;
    part->committed = part->flushed;
}

void trial_roll_back(struct task *task)
{
    struct trial_part *part = &((struct partition_state *)task_state(task))->trial;
    part->now = part->flushed = part->committed;
    part->changed = false;
    trial_copy_again(task);
}
