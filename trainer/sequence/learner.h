/* Learner: trains a Transformer on what the training_set holds, without end, a slice at a time.
 *
 * It learns in *training_runs*: epochs over everybody's sequences, each judged by actions that it
 * leaves out (validation.h); when none of `patience` epochs was better, the rate falls to 0 within
 * a third as many epochs again, and the best model stays (as
 * evaluate/models/transformer_recommender.h does). After a training_run, and whenever enough users
 * have new actions, a *refresh* goes once over those users and as many others, in small steps; what
 * it learns is asked first (test, then train). When the actions have grown by `growth` since a
 * training_run began, the next one begins, from the weights that are there; from new ones when the
 * data have taken another shape (learner_preset).
 *
 * No clock, no I/O, no threads of its own but the Transformer's. The same training_set, settings
 * and number of steps give the same weights. A step takes milliseconds, but that with many items
 * more.
 */
#ifndef FRESHET_TRAINER_SEQUENCE_LEARNER_H
#define FRESHET_TRAINER_SEQUENCE_LEARNER_H

#include "base/buf.h"
#include "trainer/sequence/validation.h"
#include "trainer/sequence/model_snapshot.h"

/* Where 0 (for dropout below 0) stands, the preset says it. */
struct learner_settings {
    int64_t d;
    int64_t blocks;
    int64_t heads;
    int64_t length;
    double dropout;
    int64_t batch;
    double rate;
    int64_t epochs;
    int64_t patience;
    int64_t actions_least; /* before training begins */
    double growth;         /* of the actions, by which a new training_run begins */
    int64_t items_max;
    int64_t threads;
    int64_t seed;
};

/* How the data look: the presets of evaluate/models/transformer_recommender.h. */
enum learner_preset { PRESET_NONE, PRESET_SPARSE, PRESET_ATTRIBUTES, PRESET_LONG };

enum learner_phase {
    PHASE_WAITING,    /* for enough actions */
    PHASE_RESUMING,   /* a training_run that a checkpoint holds */
    PHASE_LEARNING,   /* a round of a training_run */
    PHASE_VALIDATING, /* after it */
    PHASE_RESTING,    /* for new actions */
    PHASE_PREVIEW,    /* what a refresh is about to learn is asked */
    PHASE_FINE_TUNING,
};

enum learner_news {
    NEWS_NONE,
    NEWS_BETTER,   /* a better model than the last; gone with the next step */
    NEWS_FINISHED, /* a training_run or a refresh has ended; stays until taken */
};

struct learner_report {
    enum learner_phase phase;
    uint64_t steps;  /* of the optimiser */
    int64_t training_runs; /* begun */
    int64_t epochs;        /* ended, refreshes too */
    int64_t epoch;         /* of the training_run */
    double loss;     /* of the last round, nats an action */
    double hr10, ndcg10; /* of the last validation */
    int64_t items;
};

struct learner;

/* Tells how long the sequences are that a learner with these settings wants of its training_set. */
size_t learner_length(const struct learner_settings *settings);
/* Makes a learner over a training_set, which must outlive it; copies the settings. Free with
 * learner_free(). */
struct learner *learner_new(const struct learner_settings *settings,
                            struct training_set *training_set);
/* Frees it; takes NULL; returns NULL. */
struct learner *learner_free(struct learner *learner);
/* Does the next slice of work; false when there is nothing to do until the training_set changes. */
bool learner_step(struct learner *learner);
/* Says how it stands. */
struct learner_report learner_report(const struct learner *learner);
/* Says whether there is a model worth publishing. */
enum learner_news learner_news(const struct learner *learner);
/* Makes a copy of the model for publishing, and settles the news; NULL when none of the
 * training_set's items is in it. Free with model_snapshot_free(). */
struct model_snapshot *learner_snapshot(struct learner *learner);
/* Says whether this is a good moment for a checkpoint: between two epochs. */
bool learner_between(const struct learner *learner);

/* Appends all that training needs to go on: weights, the optimiser's moments, where the
 * training_run stands. */
void learner_save(const struct learner *learner, struct buf *buf);
/* Goes on from what learner_save() wrote; false, with the reason told: the bytes are not that, or
 * of other settings, and the learner begins anew. Only before the first step. */
bool learner_load(struct learner *learner, struct slice bytes, const char **ret_why);

#endif
