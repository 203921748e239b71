/* Study: the learner at work: its thread, its share of the processor, its checkpoints.
 *
 * The worker's thread owns the training_thread; while it is begun, the learner belongs to the
 * training_thread's thread (or, with `threads` 0, to whoever calls training_thread_turn()). A
 * checkpoint is written beside the old one and takes its name when it is on the disk: there is
 * always a whole one.
 *
 * Clocks are for pacing alone: how long to sleep, when to write a checkpoint, whether a model that
 * got better in the middle of a training_run is published. What is learned does not depend on them.
 * When those two are due is told by the worker's clock, which stands still where a test wants it
 * to.
 */
#ifndef FRESHET_TRAINER_SEQUENCE_TRAINING_THREAD_H
#define FRESHET_TRAINER_SEQUENCE_TRAINING_THREAD_H

#include "trainer/sequence/learner.h"

struct training_thread_settings {
    struct learner_settings learner;
    double cpu_share;      /* of the time that training computes */
    int64_t checkpoint_ms; /* between checkpoints */
    int64_t publish_ms;    /* between two models of one training_run */
    int64_t (*now_ms)(
        void *arg); /* the clock for these, also asked by the training_thread's thread */
    void *clock_arg;
};

struct training_thread_report {
    struct learner_report learner;
    bool resting; /* nothing to do, and nothing to be taken */
    int64_t checkpoints;
    int64_t checkpoint_failures;
    bool resumed;    /* from a checkpoint */
    const char *why; /* there was a checkpoint that could not be used; NULL: none */
};

struct training_thread;

/* Makes a training_thread over a training_set, which must outlive it, with its checkpoint in this
 * file; nothing runs yet. Free with training_thread_free(). */
struct training_thread *training_thread_new(const struct training_thread_settings *settings,
                                            struct training_set *training_set,
                                            const char *checkpoint_path);
/* Ends and frees it; takes NULL; returns NULL. */
struct training_thread *training_thread_free(struct training_thread *training_thread);
/* Goes on from the checkpoint, if there is one, and begins to learn. */
void training_thread_begin(struct training_thread *training_thread);
/* Stops learning, after a last checkpoint. The next training_thread_begin() goes on from it. */
void training_thread_end(struct training_thread *training_thread);
/* Says whether it is begun. */
bool training_thread_runs(const struct training_thread *training_thread);
/* With `threads` 0: learns for about so long. */
void training_thread_turn(struct training_thread *training_thread, int64_t budget_ms);
/* Takes the newest model that is to be published; NULL when there is none. Free with
 * model_snapshot_free(). */
struct model_snapshot *training_thread_take(struct training_thread *training_thread);
/* Says how it stands. */
struct training_thread_report training_thread_report(struct training_thread *training_thread);

#endif
