/* Training log: lines that say how far training is, so that a log in which nothing happens for long
 * does not look like a worker that hangs. At most one each TRAINING_LOG_MS of the same kind. */
#ifndef FRESHET_TRAINER_SEQUENCE_TRAINING_LOG_H
#define FRESHET_TRAINER_SEQUENCE_TRAINING_LOG_H

#include "base/buf.h"
#include "trainer/sequence/training_thread.h"

enum { TRAINING_LOG_MS = 10000, TRAINING_LOG_STILL_MS = 60000 };

/* What was told last; zeros: nothing. */
struct training_log {
    int64_t told_ms, epochs, published;
    enum learner_phase phase;
};

/* Returns the message that is to be told now, with its key=value pairs; NULL: nothing. `published`:
 * model versions since the start. Pure. */
const char *training_log_next(struct training_log *log, const struct learner_report *report,
                              int64_t published, int64_t now_ms, struct buf *pairs);

#endif
