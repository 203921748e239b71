/* The metrics of the sequence trainer. */
#ifndef FRESHET_TRAINER_SEQUENCE_TRAINING_METRICS_H
#define FRESHET_TRAINER_SEQUENCE_TRAINING_METRICS_H

#include "stream/metrics.h"
#include "trainer/sequence/training_set.h"
#include "trainer/sequence/training_thread.h"

struct training_metrics {
    struct metric *steps, *training_runs, *epochs, *loss, *hr10, *ndcg10, *items_known,
        *content_items, *searches, *users, *actions, *bytes, *dropped, *checkpoints,
        *checkpoint_failures, *model_versions, *rows, *training, *idle;
};

/* Registers all. */
void training_metrics_start(struct training_metrics *to, struct metrics *metrics);
/* Sets those of the training thread and the training set; `searches` are known by a vector. */
void training_metrics_tell(const struct training_metrics *to,
                           const struct training_thread_report *report,
                           struct training_set *training_set, size_t searches);

#endif
