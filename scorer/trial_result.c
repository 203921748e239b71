/* Trial result: both arms together, from the counts of all partitions. Any copy may tell it, and
 * tell it again; the one that owns partition 0 of the live generation does.
 */
#include "base/base.h"
#include "model/rate_difference.h"
#include "scorer/scorer_internal.h"

enum { LOOK_MS = 1000, TELL_MS = 10000 };

struct result {
    int64_t judged[TRIAL_ARMS], hits[TRIAL_ARMS];
    double ndcg[TRIAL_ARMS];
    struct rate_difference difference;
};

static void find_result(const struct trials *trials, struct result *ret_result)
{
    struct trial_totals totals[TRIAL_ARMS];
    struct rate_sums sums[TRIAL_ARMS];
    *ret_result = (struct result){0};
    for (int arm = 0; arm < TRIAL_ARMS; arm++) {
        trials_sum(trials, arm, &totals[arm]);
        bool hits = trials->metric == TRIAL_HIT_AT_10;
        sums[arm] = (struct rate_sums){totals[arm].judged,
                                       hits ? totals[arm].hits : totals[arm].ndcg};
        for (size_t b = 0; b < TRIAL_BUCKETS; b++) {
            ret_result->judged[arm] += (int64_t)totals[arm].judged[b];
            ret_result->hits[arm] += (int64_t)totals[arm].hits[b];
            ret_result->ndcg[arm] += totals[arm].ndcg[b];
        }
    }
    rate_difference_find(TRIAL_BUCKETS, &sums[TRIAL_ARM_LIVE], &sums[TRIAL_ARM_TRIAL],
                         &ret_result->difference);
}

static enum trial_verdict verdict_of(const struct rate_difference *difference)
{
    if (!difference->known) { return TRIAL_VERDICT_OTHER; }
    if (difference->upper < 0.0) { return TRIAL_WORSE; }
    return difference->lower > 0.0 ? TRIAL_BETTER : TRIAL_UNDECIDED;
}

static void tell(struct task *task, struct result *result)
{
    struct scorer *scorer = run_state(task_run(task));
    struct trial *trial = &scorer->trial;
    struct trial_record rec;
    trials_describe(&trial->trials, TRIAL_RESULT, &rec);
    rec.time_ms = run_wall_ms(task_run(task));
    rec.judged = (struct longs){result->judged, TRIAL_ARMS};
    rec.hits = (struct longs){result->hits, TRIAL_ARMS};
    rec.ndcg = (struct doubles){result->ndcg, TRIAL_ARMS};
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
        metric_set(trial->judged[arm], (double)result->judged[arm]);
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
    const struct rate_difference *difference = &result.difference;
    bool worse = trials->guarded && difference->known && difference->upper < -trials->margin;
    double judged = (double)result.judged[TRIAL_ARM_LIVE] + (double)result.judged[TRIAL_ARM_TRIAL];
    if (worse || (judged != trial->told_judged && now_ms - trial->told_ms >= TELL_MS)) {
        tell(task, &result);
        trial->told_ms = now_ms;
        trial->told_judged = judged;
    }
    if (worse) { take_back(task); }
}
