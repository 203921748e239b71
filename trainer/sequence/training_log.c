/* What is told is compared with what was told last, not with what was known last: an epoch that
 * ends too soon after a line is told of with the next one, and a run whose epochs take long is told
 * of every TRAINING_LOG_STILL_MS. A model version is told of at once.
 */
#include "base/base.h"
#include "trainer/sequence/training_log.h"

static bool is_training(enum learner_phase phase)
{
    return phase == PHASE_TRAINING || phase == PHASE_VALIDATING;
}

static const char *tell_epoch(const struct learner_report *report, struct buf *pairs)
{
    buf_printf(pairs,
               "run=%" PRId64 " epoch=%" PRId64 " of=%" PRId64 " steps=%" PRIu64
               " items=%" PRId64 " loss=%.4f hr10=%.4f",
               report->training_runs, report->epoch + 1, report->ends, report->steps,
               report->items, report->loss, report->hr10);
    return "training";
}

const char *training_log_next(struct training_log *log, const struct learner_report *report,
                              int64_t published, int64_t now_ms, struct buf *pairs)
{
    const char *msg = NULL;
    buf_clear(pairs);
    int64_t quiet_ms = log->told_ms ? now_ms - log->told_ms : TRAINING_LOG_STILL_MS;
    bool begins = is_training(report->phase) && !is_training(log->phase);
    bool moves = report->epochs != log->epochs;
    if (published != log->published) {
        buf_printf(pairs, "versions=%" PRId64 " items=%" PRId64 " steps=%" PRIu64 " hr10=%.4f",
                   published, report->items, report->steps, report->hr10);
        msg = "model version published";
    } else if (is_training(report->phase) &&
               (quiet_ms >= TRAINING_LOG_STILL_MS ||
                ((begins || moves) && quiet_ms >= TRAINING_LOG_MS))) {
        msg = tell_epoch(report, pairs);
    }
    if (!msg) { return NULL; }
    *log = (struct training_log){.told_ms = MAX_OF(now_ms, (int64_t)1),
                                 .epochs = report->epochs,
                                 .published = published,
                                 .phase = report->phase};
    return msg;
}
