/* Trial result: both arms together, from the counts of all partitions. Any copy may tell it, and
 * tell it again; the one that owns partition 0 of the live generation does.
 */
#include "base/base.h"
#include "model/rate_difference.h"
#include "scorer/scorer_internal.h"

enum { LOOK_MS = 1000, TELL_MS = 10000 };

struct result {
    struct trial_totals arms[TRIAL_ARMS];
    struct rate_difference difference;
};

static void find_result(const struct trials *trials, struct result *ret_result)
{
    struct rate_sums sums[TRIAL_ARMS];
    for (int arm = 0; arm < TRIAL_ARMS; arm++) {
        struct trial_totals *totals = &ret_result->arms[arm];
        trials_sum(trials, arm, totals);
        sums[arm] = (struct rate_sums){totals->judged, trials_gains(trials, totals)};
    }
    rate_difference_find(TRIAL_BUCKETS, &sums[TRIAL_ARM_LIVE], &sums[TRIAL_ARM_TRIAL],
                         &ret_result->difference);
}

static enum trial_verdict verdict_of(const struct rate_difference *difference)
{
    static const enum trial_verdict verdicts[] = {[RATE_UNKNOWN] = TRIAL_VERDICT_OTHER,
                                                  [RATE_UNDECIDED] = TRIAL_UNDECIDED,
                                                  [RATE_WORSE] = TRIAL_WORSE,
                                                  [RATE_BETTER] = TRIAL_BETTER};
    return verdicts[rate_difference_verdict(difference)];
}

static void tell(struct task *task, const struct result *result)
{
    struct scorer *scorer = run_state(task_run(task));
    struct trial *trial = &scorer->trial;
    struct trial_record rec;
    int64_t judged[TRIAL_ARMS], hits[TRIAL_ARMS];
    double ndcg[TRIAL_ARMS];
    for (int arm = 0; arm < TRIAL_ARMS; arm++) {
        judged[arm] = (int64_t)result->arms[arm].all_judged;
        hits[arm] = (int64_t)result->arms[arm].all_hits;
        ndcg[arm] = result->arms[arm].all_ndcg;
    }
    trials_describe(&trial->trials, TRIAL_RESULT, &rec);
    rec.time_ms = run_wall_ms(task_run(task));
    rec.judged = (struct longs){judged, TRIAL_ARMS};
    rec.hits = (struct longs){hits, TRIAL_ARMS};
    rec.ndcg = (struct doubles){ndcg, TRIAL_ARMS};
    rec.verdict = verdict_of(&result->difference);
    rec.difference = result->difference.part;
    rec.lower = result->difference.lower;
    rec.upper = result->difference.upper;
    trial_send(trial, task, &rec);
}

static void take_back(struct task *task)
{
    struct scorer *scorer = run_state(task_run(task));
    struct trial_record rec;
    trials_describe(&scorer->trial.trials, TRIAL_ENDED, &rec);
    rec.time_ms = run_wall_ms(task_run(task));
    rec.ending = TRIAL_TAKEN_BACK;
    trial_send(&scorer->trial, task, &rec);
    run_log(task_run(task), LOG_WARN, "the generation on trial does worse and is taken back",
            "trial=%" PRId64 " generation=%.*s", rec.trial, SLICE_ARGS(rec.generation));
}

static void set_metrics(struct trial *trial, const struct result *result)
{
    for (int arm = 0; arm < TRIAL_ARMS; arm++) {
        metric_set(trial->judged[arm], result->arms[arm].all_judged);
    }
    metric_set(trial->difference, result->difference.part);
    metric_set(trial->lower, result->difference.lower);
    metric_set(trial->upper, result->difference.upper);
}

void trial_evaluate(struct task *task)
{
    struct scorer *scorer = run_state(task_run(task));
    struct trial *trial = &scorer->trial;
    const struct trials *trials = &trial->trials;
    int64_t now_ms = run_now_ms(task_run(task));
    if (task_partition(task) != 0) { return; }
    bool ours = trials_run(trials, &scorer->cutover.generations) &&
                trials_arm(trials, run_generation(task_run(task))) == TRIAL_ARM_LIVE &&
                cutover_is_live(&scorer->cutover, task);
    metric_set(trial->runs, ours);
    if (!ours || now_ms - trial->looked_ms < LOOK_MS) { return; }
    struct result result;
    trial->looked_ms = now_ms;
    find_result(trials, &result);
    set_metrics(trial, &result);
    bool worse = trials->guarded && rate_difference_is_below(&result.difference, trials->margin);
    double judged =
        result.arms[TRIAL_ARM_LIVE].all_judged + result.arms[TRIAL_ARM_TRIAL].all_judged;
    if (worse || (judged != trial->told_judged && now_ms - trial->told_ms >= TELL_MS)) {
        tell(task, &result);
        trial->told_ms = now_ms;
        trial->told_judged = judged;
    }
    if (worse) { take_back(task); }
}

void trial_evaluate_no_more(struct task *task)
{
    struct scorer *scorer = run_state(task_run(task));
    if (task_partition(task) == 0) { metric_set(scorer->trial.runs, 0.0); }
}
