/* Study: the learner at work: its thread, its share of the processor, its checkpoints.
 *
 * The worker's thread owns the study; while it is begun, the learner belongs to the study's thread
 * (or, with `threads` 0, to whoever calls study_turn()). A checkpoint is written beside the old one
 * and takes its name when it is on the disk: there is always a whole one.
 *
 * Clocks are for pacing alone: how long to sleep, when to write a checkpoint, whether a model that
 * got better in the middle of a season is published. What is learned does not depend on them. When
 * those two are due is told by the worker's clock, which stands still where a test wants it to.
 */
#ifndef FRESHET_SEQUENCE_STUDY_H
#define FRESHET_SEQUENCE_STUDY_H

#include "sequence/learner.h"

struct study_settings {
    struct learner_settings learner;
    double cpu_share;              /* of the time that training computes */
    int64_t checkpoint_ms;         /* between checkpoints */
    int64_t publish_ms;            /* between two models of one season */
    int64_t (*now_ms)(void *arg);  /* the clock for these, also asked by the study's thread */
    void *clock_arg;
};

struct study_report {
    struct learner_report learner;
    bool resting; /* nothing to do, and nothing to be taken */
    int64_t checkpoints;
    int64_t checkpoint_failures;
    bool resumed;    /* from a checkpoint */
    const char *why; /* there was a checkpoint that could not be used; NULL: none */
};

struct study;

/* Makes a study over a pool, which must outlive it, with its checkpoint in this file; nothing runs
 * yet. Free with study_free(). */
struct study *study_new(const struct study_settings *settings, struct pool *pool,
                        const char *checkpoint_path);
/* Ends and frees it; takes NULL; returns NULL. */
struct study *study_free(struct study *study);
/* Goes on from the checkpoint, if there is one, and begins to learn. */
void study_begin(struct study *study);
/* Stops learning, after a last checkpoint. The next study_begin() goes on from it. */
void study_end(struct study *study);
/* Says whether it is begun. */
bool study_runs(const struct study *study);
/* With `threads` 0: learns for about so long. */
void study_turn(struct study *study, int64_t budget_ms);
/* Takes the newest model that is to be published; NULL when there is none. Free with
 * graduate_free(). */
struct graduate *study_take(struct study *study);
/* Says how it stands. */
struct study_report study_report(struct study *study);

#endif
