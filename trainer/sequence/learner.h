/* Learner: trains a Transformer on the training set continuously, in slices of work.
 *
 * It trains in *training runs*: epochs over the sequences of all users. After each epoch the model
 * is validated on actions that the run leaves out (validation.h). When `patience` epochs brought no
 * gain, the learning rate falls to 0 over a third as many epochs again, and the best model is
 * restored (the same schedule as evaluate/models/transformer_recommender.h).
 *
 * After a run, and whenever enough users have new actions, a *fine-tune* goes once over those users
 * and up to as many others, in small steps. Their newest actions are evaluated first and trained on
 * afterwards (test, then train).
 *
 * When the number of actions has grown by `growth` since a run began, the next run begins from the
 * present weights; from new weights if another preset now fits the data (learner_preset).
 *
 * No clock, no I/O, no threads but the Transformer's own. The same training set, settings and
 * number of steps give the same weights. A step takes milliseconds; more with many items.
 */
#ifndef FRESHET_TRAINER_SEQUENCE_LEARNER_H
#define FRESHET_TRAINER_SEQUENCE_LEARNER_H

#include "base/buf.h"
#include "trainer/sequence/validation.h"
#include "trainer/sequence/model_snapshot.h"

/* 0 (dropout: below 0): use the preset's value. */
struct learner_settings {
    int64_t d;
    int64_t blocks;
    int64_t heads;
    int64_t length;
    double dropout;
    double mask_share; /* 0: causal */
    int64_t batch;
    double rate;
    int64_t epochs;
    int64_t patience;
    int64_t actions_least; /* before training begins */
    double growth;         /* of the number of actions, at which a new training run begins */
    int64_t items_max;
    int64_t threads;
    int64_t seed;
};

/* The presets; chosen as evaluate/models/transformer_recommender.h does. */
enum learner_preset {
    PRESET_NONE,
    PRESET_SPARSE,
    PRESET_ATTRIBUTES,
    PRESET_LONG,
    PRESET_CONTENT,
};

enum learner_phase {
    PHASE_WAITING,        /* for enough actions */
    PHASE_RESUMING,       /* continues a training run from a checkpoint */
    PHASE_TRAINING,       /* an epoch of a training run */
    PHASE_VALIDATING,     /* after that epoch */
    PHASE_IDLE,           /* until there are new actions */
    PHASE_FINE_TUNE_TEST, /* evaluates the new actions before training on them */
    PHASE_FINE_TUNING,
};

/* A reason to publish the model. */
enum learner_milestone {
    MILESTONE_NONE,
    MILESTONE_IMPROVED, /* the best model of the run so far; cleared by the next step */
    MILESTONE_ENDED,    /* a training run or fine-tune has ended; stays until a snapshot is made */
};

struct learner_report {
    enum learner_phase phase;
    uint64_t steps;        /* of the optimiser */
    int64_t training_runs; /* begun */
    int64_t epochs;        /* ended, fine-tunes included */
    int64_t epoch, ends;   /* of the training run: those that are over, and how many there will be
                            * at most */
    double loss;           /* mean of the last epoch, nats per action */
    double hr10, ndcg10;   /* of the last validation */
    int64_t items;         /* that the model has a vector for */
    int64_t content_items; /* whose content vector it takes, as of the epoch's beginning */
};

struct learner;

/* Returns the sequence length that a learner with these settings needs in its training set. */
size_t learner_length(const struct learner_settings *settings);
/* Makes a learner over a training set, which must outlive it; copies the settings. Free with
 * learner_free(). */
struct learner *learner_new(const struct learner_settings *settings,
                            struct training_set *training_set);
/* Lets new models take the content vectors of a table, which must outlive the learner, as `rank`
 * numbers; before the first step. */
void learner_use_content(struct learner *learner, struct content_table *table, size_t rank);
/* Lets sequences have searches, of a table that must outlive the learner; before the first step. */
void learner_use_searches(struct learner *learner, struct search_table *table);
/* Frees it; takes NULL; returns NULL. */
struct learner *learner_free(struct learner *learner);
/* Does the next slice of work; false when there is nothing to do until the training set changes. */
bool learner_step(struct learner *learner);
/* Reports progress. */
struct learner_report learner_report(const struct learner *learner);
/* Returns the milestone that no snapshot has been made for. */
enum learner_milestone learner_milestone(const struct learner *learner);
/* Copies the model for publishing and clears the milestone; NULL when the model has none of the
 * training set's items. Free with model_snapshot_free(). */
struct model_snapshot *learner_snapshot(struct learner *learner);
/* Says whether this is a good moment for a checkpoint: between two epochs. */
bool learner_between_epochs(const struct learner *learner);

/* Appends all that is needed to continue training: weights, the optimiser's moments, the state of
 * the training run. */
void learner_save(const struct learner *learner, struct buf *buf);
/* Continues from what learner_save() wrote. False, with the reason in *ret_why, when the bytes are
 * damaged or come from other settings; the learner then starts from nothing. Only before the first
 * step. */
bool learner_load(struct learner *learner, struct slice bytes, const char **ret_why);

#endif
