/* Foreign lists: lists in `recommendations` that are not this generation's, while it is live and
 * has a changelog of its own.
 *
 * A switch replaces the lists of all users whom the new generation knows, and so does the end of a
 * trial. Of other users the former generation's lists stay: no history and no table of this one
 * gives them. And a process that dies may have sent a list to its changelog and not to
 * `recommendations`, where an older one stays.
 *
 * So once after each switch, each trial and each start, a pass reads the partition of
 * `recommendations` from its first record to where it ended when the pass began. If it has lists of
 * users of whom the task's state has none, it is read once more, and they get tombstones. Then the
 * lists of all users are sent again of whom the topic did not have the state's as the last.
 *
 * That is done in pieces of 1 ms, in the share of a core that lists are made again with, from some
 * seconds after the switch on, and only while the partition's histories have no lag: a user who is
 * not known yet may be in them. A user who becomes known later has a list that is sent behind the
 * tombstone.
 *
 * Nothing is kept of how far it is: after a kill, a rollback, or when the partition moves, it
 * begins again, and what is sent twice is the same.
 */
#include "base/base.h"
#include "scorer/scorer_internal.h"

/* A pass waits: for histories that the former generation had a moment earlier; after a failure. */
enum { PIECE_US = 1000, WAIT_MS = 5000, LISTS_A_STEP = 64 };

static struct foreign_lists *of(const struct task *task)
{
    return &((struct partition_state *)task_state(task))->foreign;
}

static struct foreign_source source_now(const struct task *task)
{
    const struct scorer *scorer = run_state(task_run(task));
    return (struct foreign_source){scorer->cutover.generations.epoch,
                                   scorer->trial.trials.number};
}

static bool is_done(const struct foreign_lists *foreign, const struct foreign_source *source)
{
    return foreign->done && foreign->source.epoch == source->epoch &&
           foreign->source.trial == source->trial;
}

/* Says whether another generation may have written where this one writes now. */
static bool may_have_some(struct task *task)
{
    const struct scorer *scorer = run_state(task_run(task));
    return task_changelog(task) != RECOMMENDATIONS && cutover_is_live(&scorer->cutover, task) &&
           !trial_shows(task);
}

void foreign_lists_look(struct task *task)
{
    struct foreign_lists *foreign = of(task);
    struct foreign_source source = source_now(task);
    bool left = may_have_some(task) && !is_done(foreign, &source);
    bool other =
        source.epoch != foreign->source.epoch || source.trial != foreign->source.trial;
    if (left && !foreign->left) { foreign->not_before_ms = run_now_ms(task_run(task)) + WAIT_MS; }
    foreign->left = left;
    if (!left || other) { foreign_lists_stop(task); }
}

bool foreign_lists_left(const struct task *task)
{
    return of(task)->left;
}

bool foreign_lists_workable(struct task *task)
{
    const struct foreign_lists *foreign = of(task);
    return foreign->left && run_now_ms(task_run(task)) >= foreign->not_before_ms;
}

static void send(struct task *task, struct slice user_id, struct slice value)
{
    struct scorer *scorer = run_state(task_run(task));
    task_emit(task, RECOMMENDATIONS, task_partition(task), user_id, value);
    if (scorer->cutover.json) { json_lists_send(scorer->cutover.json, task, user_id, value); }
}

/* ---- The topic's lists ---- */

/* Notes of a user which list the topic has, and whether it is one that nothing gives. */
static void look_at(struct task *task, const struct record *rec)
{
    struct foreign_lists *foreign = of(task);
    struct slice own;
    if (!rec->key.data || rec->key.size > ID_BYTES_MAX) { return; }
    bool known = task_get(task, rec->key, &own) != -ENOENT;
    if (known && rec->value.data && slice_equal(own, rec->value)) {
        (void)user_set_add(&foreign->right, rec->key);
    } else {
        user_set_drop(&foreign->right, rec->key);
    }
    if (!known && rec->value.data) {
        (void)user_set_add(&foreign->found, rec->key);
    } else {
        user_set_drop(&foreign->found, rec->key);
    }
}

/* The second time, only for the ids of those that were found. */
static void delete_found(struct task *task, const struct record *rec)
{
    const struct scorer *scorer = run_state(task_run(task));
    struct foreign_lists *foreign = of(task);
    struct slice own;
    if (!rec->key.data || !rec->value.data || !user_set_has(&foreign->found, rec->key)) { return; }
    user_set_drop(&foreign->found, rec->key);
    if (task_get(task, rec->key, &own) != -ENOENT) { return; }
    send(task, rec->key, slice_of(NULL, 0));
    metric_add(scorer->foreign, 1);
    foreign->deleted++;
}

/* Reads on for a millisecond, one fetch at least; returns what task_follow_step() does. */
static int read_some(struct task *task)
{
    struct run *run = task_run(task);
    int64_t until_us = run_work_us(run) + PIECE_US;
    bool deletes = of(task)->phase == FOREIGN_DELETES;
    int result;
    do {
        result = task_follow_step(task, deletes ? delete_found : look_at);
    } while (result > 0 && run_work_us(run) < until_us);
    return result;
}

/* ---- The state's lists ---- */

/* Sends lists again, from the last record of the standing lists to the first: a record that takes
 * the place of one that goes has had its turn, and a new one's list was just sent. */
static void send_some(struct task *task)
{
    struct foreign_lists *foreign = of(task);
    const struct standing_lists *standing = &((struct partition_state *)task_state(task))->standing;
    foreign->next = MIN_OF(foreign->next, standing->count);
    for (int i = 0; i < LISTS_A_STEP && foreign->next > 0; i++) {
        const struct standing *one = &standing->at[--foreign->next];
        struct slice own;
        if (!one->id || user_set_has(&foreign->right, standing_id(one))) { continue; }
        if (task_get(task, standing_id(one), &own) != 0) { continue; }
        send(task, standing_id(one), own);
        foreign->sent++;
    }
}

static void end_pass(struct task *task)
{
    struct foreign_lists *foreign = of(task);
    if (foreign->deleted || foreign->sent) {
        run_log(task_run(task), LOG_INFO, "recommendations has no other generation's lists",
                "partition=%d deleted=%zu sent_again=%zu", task_partition(task), foreign->deleted,
                foreign->sent);
    }
    foreign_lists_stop(task);
    foreign->done = true;
    foreign->left = false;
}

/* Goes on to a phase; false: the topic cannot be read now. */
static bool begin(struct task *task, enum foreign_phase phase)
{
    struct foreign_lists *foreign = of(task);
    const struct standing_lists *standing = &((struct partition_state *)task_state(task))->standing;
    foreign->phase = phase;
    foreign->next = standing->count;
    if (phase == FOREIGN_SENDS) {
        task_unfollow(task);
        return true;
    }
    return task_follow(task, run_output_topic(task_run(task), RECOMMENDATIONS));
}

/* One piece; negative: the topic cannot be read now. */
static int go_on(struct task *task)
{
    struct foreign_lists *foreign = of(task);
    if (foreign->phase == FOREIGN_NONE) {
        foreign->source = source_now(task);
        foreign->deleted = foreign->sent = 0;
        if (!begin(task, FOREIGN_READS)) { return -EIO; }
    }
    if (foreign->phase == FOREIGN_SENDS) {
        send_some(task);
        if (!foreign->next) { end_pass(task); }
        return 0;
    }
    int result = read_some(task);
    if (result != 0) { return result; }
    bool found = foreign->phase == FOREIGN_READS && foreign->found.count;
    return begin(task, found ? FOREIGN_DELETES : FOREIGN_SENDS) ? 0 : -EIO;
}

void foreign_lists_step(struct task *task)
{
    struct foreign_lists *foreign = of(task);
    foreign_lists_look(task);
    if (!foreign->left || go_on(task) >= 0) { return; }
    foreign_lists_stop(task);
    foreign->not_before_ms = run_now_ms(task_run(task)) + WAIT_MS;
}

void foreign_lists_stop(struct task *task)
{
    struct foreign_lists *foreign = of(task);
    if (foreign->phase == FOREIGN_READS || foreign->phase == FOREIGN_DELETES) {
        task_unfollow(task);
    }
    foreign->phase = FOREIGN_NONE;
    user_set_release(&foreign->found);
    user_set_release(&foreign->right);
}

void foreign_lists_again(struct task *task)
{
    foreign_lists_stop(task);
    of(task)->done = false;
    foreign_lists_look(task);
}
