/* Training thread: runs the learner beside the worker, within its share of the processor, and keeps
 * its checkpoints.
 *
 * The worker's thread owns this object. Between training_thread_begin() and training_thread_end()
 * the learner belongs to the training thread (with `threads` 0: to the caller of
 * training_thread_work()). A checkpoint is written to a file beside the old one and renamed once it
 * is on the disk, so a whole one always exists.
 *
 * Clocks pace the work and nothing else: how long to sleep, when to write a checkpoint, whether a
 * model that improved in the middle of a training run is published. What is learned does not depend
 * on them. Checkpoints and publishing use the worker's clock (now_ms), which tests can stop.
 */
#ifndef FRESHET_TRAINER_SEQUENCE_TRAINING_THREAD_H
#define FRESHET_TRAINER_SEQUENCE_TRAINING_THREAD_H

#include "trainer/sequence/learner.h"

/* What an operator may change while it trains. */
struct training_pace {
    double cpu_share;      /* share of the time that training computes; the rest it sleeps */
    int64_t checkpoint_ms; /* between checkpoints */
    int64_t publish_ms;    /* least time between two models of one training run */
};

struct training_thread_settings {
    struct learner_settings learner;
    struct content_table *content_table; /* outlives it; NULL: models take no content */
    int64_t content_rank;         /* numbers of an item's content that a model takes */
    struct search_table *search_table;   /* outlives it; NULL: sequences have no searches */
    struct training_pace pace;    /* at first */
    int64_t (*now_ms)(void *arg); /* clock for both; called from the training thread too */
    void *clock_arg;
};

struct training_thread_report {
    struct learner_report learner;
    bool idle; /* nothing to train, and no snapshot to be taken */
    int64_t checkpoints;
    int64_t checkpoint_failures;
    bool resumed;    /* from a checkpoint */
    const char *why; /* why a checkpoint could not be used; NULL: it could, or there was none */
};

struct training_thread;

/* Makes a training thread over a training set, which must outlive it, with its checkpoint in this
 * file; nothing runs yet. Free with training_thread_free(). */
struct training_thread *training_thread_new(const struct training_thread_settings *settings,
                                            struct training_set *training_set,
                                            const char *checkpoint_path);
/* Ends and frees it; takes NULL; returns NULL. */
struct training_thread *training_thread_free(struct training_thread *training_thread);
/* Begins to train, from the checkpoint if there is one. */
void training_thread_begin(struct training_thread *training_thread);
/* Stops training, after a last checkpoint from which the next training_thread_begin() continues. */
void training_thread_end(struct training_thread *training_thread);
/* Says whether it has begun and not ended. */
bool training_thread_runs(const struct training_thread *training_thread);
/* Lets it go on at another pace, from its next slice of work on. */
void training_thread_set_pace(struct training_thread *training_thread, struct training_pace pace);
/* With `threads` 0: trains in the caller's thread for about budget_ms. Otherwise does nothing. */
void training_thread_work(struct training_thread *training_thread, int64_t budget_ms);
/* Takes the newest model that is to be published; NULL when there is none. Free with
 * model_snapshot_free(). */
struct model_snapshot *training_thread_take(struct training_thread *training_thread);
/* Reports progress, as of the last slice of work. */
struct training_thread_report training_thread_report(struct training_thread *training_thread);

#endif
