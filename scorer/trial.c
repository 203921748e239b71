#include "base/base.h"
#include "scorer/trial.h"

enum { ARENA_BYTES = 1 << 13 };

static struct metric *judged_metric(struct metrics *metrics, const char *arm)
{
    char labels[32];
    (void)snprintf(labels, sizeof(labels), "arm=\"%s\"", arm);
    return metrics_gauge(metrics, "freshet_trial_judged", labels,
                         "Lists of a trial's arm that were followed by an action of their user.");
}

void trial_init(struct trial *trial, struct run *run, int32_t partitions)
{
    struct metrics *metrics = run_metrics(run);
    trials_init(&trial->trials, partitions);
    trial->codec = codec_new(&trial_record_contract, run_schemas(run));
    trial->arena = arena_new(ARENA_BYTES);
    buf_init(&trial->message, TRIAL_RECORD_BYTES_MAX);
    trial->runs = metrics_gauge(metrics, "freshet_trial_runs", "",
                                "1: a trial runs, and this copy tells its result.");
    trial->copied = metrics_counter(metrics, "freshet_trial_lists_copied_total", "",
                                    "Lists of a generation on trial sent to its users.");
    trial->judged[TRIAL_ARM_LIVE] = judged_metric(metrics, "live");
    trial->judged[TRIAL_ARM_TRIAL] = judged_metric(metrics, "trial");
    trial->difference = metrics_gauge(metrics, "freshet_trial_difference", "",
                                      "By which part the trial's metric is greater.");
    trial->lower = metrics_gauge(metrics, "freshet_trial_difference_lower", "",
                                 "Lower end of its interval.");
    trial->upper = metrics_gauge(metrics, "freshet_trial_difference_upper", "",
                                 "Upper end of its interval.");
}

void trial_release(struct trial *trial)
{
    trials_release(&trial->trials);
    codec_free(trial->codec);
    arena_free(trial->arena);
    buf_release(&trial->message);
}

enum verdict trial_observe(struct trial *trial, struct run *run, const struct record *rec)
{
    struct trial_record record;
    struct codec_error error;
    if (!rec->value.data) { return VERDICT_DONE; }
    arena_reset(trial->arena);
    if (codec_decode(trial->codec, rec->value, trial->arena, &record, &error) < 0) {
        return run_refuse_undecoded(run, &error);
    }
    if (trials_apply(&trial->trials, &record)) { return VERDICT_DONE; }
    return run_refuse_record(run, "bad_trial", "trial %" PRId64 " of %.*s, partition %d",
                             record.trial, SLICE_ARGS(record.generation), record.partition);
}

void trial_send(struct trial *trial, struct task *task, const struct trial_record *rec)
{
    char key[TRIAL_KEY_BYTES_MAX];
    buf_clear(&trial->message);
    int rc = codec_encode(trial->codec, rec, &trial->message);
    assert(rc == 0);
    task_emit(task, trial->output, 0, slice_str(trial_record_key(rec, key)),
              buf_slice(&trial->message));
}
