/* What the learner and its checkpoint share. */
#ifndef FRESHET_SEQUENCE_LEARNER_INTERNAL_H
#define FRESHET_SEQUENCE_LEARNER_INTERNAL_H

#include "sequence/learner.h"

/* Where a season is. */
struct season {
    int64_t arrived; /* actions when it began */
    double best;
    struct hits best_hits;
    int64_t best_epoch, epoch;
    int64_t tail_from, ends; /* the rate falls from the one to the other */
};

struct learner {
    struct learner_settings settings;
    struct pool *pool;
    size_t length; /* of the longest sequence that is read */
    enum learner_style style;
    enum learner_phase phase;
    enum learner_news news;
    struct transformer *model; /* NULL before the first season */
    struct roll roll;
    struct season season;
    struct buf best; /* the season's best model; empty: none yet */
    struct exam exam;
    int64_t seasons, rounds;
    uint64_t steps;
    bool settling; /* the next refresh is the one that ends a season: over everybody */
    uint64_t learned_stamp;
    bool resumed;            /* from a checkpoint, and has not looked at the pool yet */
    int64_t resumed_arrived; /* actions when it was written */

    /* The round that is under way. */
    struct pool_place *places;
    size_t places_count, at;
    double loss;
    size_t losses;

    struct hits hits; /* means of the last exam */
    double last_loss;
    int32_t *items; /* scratch: batch x length */
    struct sequence *sequences;
    size_t batch;
};

/* The settings that a style stands for, under the learner's own. */
struct transformer_settings learner_shape(const struct learner *learner, enum learner_style style);

#endif
