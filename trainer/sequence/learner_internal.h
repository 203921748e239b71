/* What learner.c and learner_checkpoint.c share. */
#ifndef FRESHET_TRAINER_SEQUENCE_LEARNER_INTERNAL_H
#define FRESHET_TRAINER_SEQUENCE_LEARNER_INTERNAL_H

#include "trainer/sequence/learner.h"

/* The progress of one training run. Written into checkpoints as it is. */
struct training_run {
    int64_t arrived; /* actions in the training set when the run began */
    double best;     /* objective of the best epoch: HR@10 + NDCG@10 */
    struct ranking_metrics best_metrics;
    int64_t best_epoch, epoch;
    int64_t tail_from, ends; /* epochs: the learning rate falls from the first to the second */
};

struct learner {
    struct learner_settings settings;
    struct training_set *training_set;
    size_t length; /* of the longest sequence that is read */
    enum learner_preset preset;
    enum learner_phase phase;
    enum learner_milestone milestone;
    struct transformer *model; /* NULL before the first training run */
    struct vocabulary vocabulary;
    struct content_table *content_table; /* NULL: models take no content */
    size_t content_rank;
    struct content_input content;
    int64_t content_items;
    struct search_input searches;
    uint64_t content_version; /* of the content table, when the model got its content */
    struct training_run training_run;
    struct buf best; /* the run's best model; empty: none yet */
    struct validation validation;
    int64_t training_runs, epochs;
    uint64_t steps;
    bool final_pass;         /* the next fine-tune ends a training run: it covers all users */
    uint64_t trained_stamp;  /* changes of the training set up to here have been trained on */
    bool resumed;            /* from a checkpoint that has not been matched to the training set */
    int64_t resumed_arrived; /* actions when the checkpoint was written */

    /* The epoch that is under way. */
    struct roster_entry *roster; /* its users, in training order */
    size_t roster_count, at;
    double loss;
    size_t losses;

    struct ranking_metrics metrics; /* means of the last validation */
    double last_loss;
    int32_t *items; /* scratch: batch x length */
    float *weights; /* the same */
    struct sequence *sequences;
    size_t batch;
};

/* Builds the Transformer's settings: the learner's own where they are set, else the preset's. */
struct transformer_settings learner_shape(const struct learner *learner,
                                          enum learner_preset preset);

#endif
