/* What the learner and its checkpoint share. */
#ifndef FRESHET_TRAINER_SEQUENCE_LEARNER_INTERNAL_H
#define FRESHET_TRAINER_SEQUENCE_LEARNER_INTERNAL_H

#include "trainer/sequence/learner.h"

/* Where a training_run is. */
struct training_run {
    int64_t arrived; /* actions when it began */
    double best;
    struct ranking_metrics best_hits;
    int64_t best_epoch, epoch;
    int64_t tail_from, ends; /* the rate falls from the one to the other */
};

struct learner {
    struct learner_settings settings;
    struct training_set *training_set;
    size_t length; /* of the longest sequence that is read */
    enum learner_preset preset;
    enum learner_phase phase;
    enum learner_news news;
    struct transformer *model; /* NULL before the first training_run */
    struct vocabulary vocabulary;
    struct training_run training_run;
    struct buf best; /* the training_run's best model; empty: none yet */
    struct validation validation;
    int64_t training_runs, epochs;
    uint64_t steps;
    bool finishing; /* the next refresh is the one that ends a training_run: over everybody */
    uint64_t learned_stamp;
    bool resumed;            /* from a checkpoint, and has not looked at the training_set yet */
    int64_t resumed_arrived; /* actions when it was written */

    /* The round that is under way. */
    struct roster_entry *roster;
    size_t roster_count, at;
    double loss;
    size_t losses;

    struct ranking_metrics hits; /* means of the last validation */
    double last_loss;
    int32_t *items; /* scratch: batch x length */
    struct sequence *sequences;
    size_t batch;
};

/* The settings that a preset stands for, under the learner's own. */
struct transformer_settings learner_shape(const struct learner *learner,
                                          enum learner_preset preset);

#endif
