/* While a trial runs, each partition of the live generation does this between polls:
 *
 *   1. The base moves its lists to `lists`, if it has them in `recommendations` alone: lists of
 *      another generation in its changelog would be taken for its own.
 *   2. It reads the other generation's lists from the first one on, and sends those of the trial's
 *      users to `recommendations`. Its own lists of these users go to its changelog only: all of
 *      them until it has caught up, then those of users who have a list of the trial. So a user
 *      whom the other generation does not know keeps seeing the live one's.
 *   3. When the trial is over, it sends its own lists of all the trial's users, waits until they
 *      are acknowledged, and sends RETURNED. The list of a user whom only the other generation
 *      knows goes then, as after a switch (foreign_lists.c).
 *
 * After a start, a rollback or an error it begins with 2 again: what is sent twice is the same.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "scorer/scorer_internal.h"

enum { COPY_US = 5000, AGAIN_MS = 5000 };

void trial_close(struct task *task)
{
    struct trial_part *part = &((struct partition_state *)task_state(task))->trial;
    trial_evaluate_no_more(task);
    user_set_release(&part->shown);
}

/* ---- Whose list a user sees ---- */

static bool is_live(struct task *task)
{
    const struct scorer *scorer = run_state(task_run(task));
    return trials_arm(&scorer->trial.trials, run_generation(task_run(task))) == TRIAL_ARM_LIVE &&
           cutover_is_live(&scorer->cutover, task);
}

static bool runs(struct task *task)
{
    const struct scorer *scorer = run_state(task_run(task));
    return trials_run(&scorer->trial.trials, &scorer->cutover.generations) && is_live(task);
}

static bool in_trial(struct task *task, struct slice user_id)
{
    const struct scorer *scorer = run_state(task_run(task));
    return trials_user(&scorer->trial.trials, user_id).in_trial;
}

/* Says whether the other generation's lists are read; a step that fails has ended that. */
static bool copies(struct task *task)
{
    const struct trial_part *part = &((struct partition_state *)task_state(task))->trial;
    return part->copies && task_follows(task);
}

bool trial_withholds(struct task *task, struct slice user_id)
{
    struct trial_part *part = &((struct partition_state *)task_state(task))->trial;
    if (!copies(task) || !runs(task) || !in_trial(task, user_id)) { return false; }
    if (part->caught_up) { return user_set_has(&part->shown, user_id); }
    part->withheld = true;
    return true;
}

/* ---- Copying ---- */

static void send(struct task *task, struct slice user_id, struct slice value)
{
    struct scorer *scorer = run_state(task_run(task));
    task_emit(task, RECOMMENDATIONS, task_partition(task), user_id, value);
    if (scorer->cutover.json) { json_lists_send(scorer->cutover.json, task, user_id, value); }
}

static void copy_record(struct task *task, const struct record *rec)
{
    struct scorer *scorer = run_state(task_run(task));
    struct trial_part *part = &((struct partition_state *)task_state(task))->trial;
    struct slice own = {0};
    if (!rec->key.data || rec->key.size > ID_BYTES_MAX || !in_trial(task, rec->key)) { return; }
    if (rec->value.data) {
        (void)user_set_add(&part->shown, rec->key);
        send(task, rec->key, rec->value);
        metric_add(scorer->trial.copied, 1);
        return;
    }
    user_set_drop(&part->shown, rec->key);
    int found = task_get(task, rec->key, &own);
    if (found == 0 || found == -ENOENT) { send(task, rec->key, own); }
}

/* Sends a list of our own whose user is in the trial and does not see the trial's. */
static int send_own(void *arg, struct slice key, struct slice value)
{
    struct task *task = arg;
    const struct trial_part *part = &((struct partition_state *)task_state(task))->trial;
    if (in_trial(task, key) && !user_set_has(&part->shown, key)) { send(task, key, value); }
    return 0;
}

static bool send_all_own(struct task *task)
{
    return task_commit(task) && task_scan(task, send_own, task) == 0 && task_commit(task);
}

static void forget_shown(struct trial_part *part)
{
    user_set_clear(&part->shown);
    part->copies = part->caught_up = part->withheld = false;
}

void trial_copy_again(struct task *task)
{
    struct trial_part *part = &((struct partition_state *)task_state(task))->trial;
    if (part->copies) { task_unfollow(task); }
    forget_shown(part);
    part->again_ms = 0;
}

static void begin_copying(struct task *task)
{
    struct scorer *scorer = run_state(task_run(task));
    struct trial_part *part = &((struct partition_state *)task_state(task))->trial;
    int64_t now_ms = run_now_ms(task_run(task));
    if (now_ms < part->again_ms) { return; }
    part->again_ms = now_ms + AGAIN_MS;
    forget_shown(part);
    foreign_lists_stop(task);
    _cleanup_(xfreep) char *topic =
        run_topic_of(task_run(task), "lists", scorer->trial.trials.generation);
    part->copies = task_follow(task, topic);
}

static void copy_some(struct task *task)
{
    struct trial_part *part = &((struct partition_state *)task_state(task))->trial;
    int64_t until_us = run_work_us(task_run(task)) + COPY_US;
    int result = 1;
    while (result > 0 && run_work_us(task_run(task)) < until_us) {
        result = task_follow_step(task, copy_record);
    }
    if (result != 0 || part->caught_up) { return; }
    part->caught_up = !part->withheld || send_all_own(task);
}

static void give_back(struct task *task)
{
    struct scorer *scorer = run_state(task_run(task));
    struct trial_part *part = &((struct partition_state *)task_state(task))->trial;
    const struct trial_record rec = {
        .kind = TRIAL_RETURNED,
        .trial = scorer->trial.trials.number,
        .partition = task_partition(task),
    };
    forget_shown(part);
    /* Without a changelog of its own the partition has no other lists. */
    if (task_changelog(task) != RECOMMENDATIONS && !send_all_own(task)) { return; }
    trial_send(&scorer->trial, task, &rec);
    if (task_commit(task)) { trials_apply(&scorer->trial.trials, &rec); }
}

static bool owes(struct task *task)
{
    const struct scorer *scorer = run_state(task_run(task));
    return is_live(task) && trials_owe(&scorer->trial.trials, &scorer->cutover.generations,
                                       task_partition(task));
}

void trial_copy(struct task *task)
{
    struct scorer *scorer = run_state(task_run(task));
    const struct trial_part *part = &((struct partition_state *)task_state(task))->trial;
    if (!runs(task)) {
        if (part->copies) { trial_copy_again(task); }
        if (owes(task)) { give_back(task); }
    } else if (task_changelog(task) == RECOMMENDATIONS) {
        cutover_move_lists(&scorer->cutover, task);
    } else {
        if (!copies(task)) { begin_copying(task); }
        if (copies(task)) { copy_some(task); }
    }
}

bool trial_at_rest(struct task *task)
{
    const struct trial_part *part = &((struct partition_state *)task_state(task))->trial;
    if (runs(task)) { return copies(task) && part->caught_up; }
    return !owes(task);
}

bool trial_shows(struct task *task)
{
    return runs(task) || owes(task);
}
