/* Learner: trains a Transformer on what the pool holds, without end, a slice at a time.
 *
 * It learns in *seasons*: rounds over everybody's sequences, each judged by actions that it leaves
 * out (exam.h); when none of `patience` rounds was better, the rate falls to 0 within a third as
 * many rounds again, and the best model stays (as model/foretelling.h does). After a season, and
 * whenever enough users have new actions, a *refresh* goes once over those users and as many
 * others, in small steps; what it learns is asked first (test, then train). When the actions have
 * grown by `growth` since a season began, the next one begins, from the weights that are there;
 * from new ones when the data have taken another shape (learner_style).
 *
 * No clock, no I/O, no threads of its own but the Transformer's. The same pool, settings and number
 * of steps give the same weights. A step takes milliseconds, but that with many items more.
 */
#ifndef FRESHET_SEQUENCE_LEARNER_H
#define FRESHET_SEQUENCE_LEARNER_H

#include "base/buf.h"
#include "sequence/exam.h"
#include "sequence/graduate.h"

/* Where 0 (for dropout below 0) stands, the style says it. */
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
    double growth;         /* of the actions, by which a new season begins */
    int64_t items_max;
    int64_t threads;
    int64_t seed;
};

/* How the data look: the presets of model/foretelling.h. */
enum learner_style { STYLE_NONE, STYLE_SPARSE, STYLE_ATTRIBUTES, STYLE_LONG };

enum learner_phase {
    PHASE_WAITING,    /* for enough actions */
    PHASE_RESUMING,   /* a season that a checkpoint holds */
    PHASE_LEARNING,   /* a round of a season */
    PHASE_EXAM,       /* after it */
    PHASE_RESTING,    /* for new actions */
    PHASE_PREVIEW,    /* what a refresh is about to learn is asked */
    PHASE_REFRESHING,
};

enum learner_news {
    NEWS_NONE,
    NEWS_BETTER,  /* a better model than the last; gone with the next step */
    NEWS_SETTLED, /* a season or a refresh has ended; stays until taken */
};

struct learner_report {
    enum learner_phase phase;
    uint64_t steps;  /* of the optimiser */
    int64_t seasons; /* begun */
    int64_t rounds;  /* ended, refreshes too */
    int64_t epoch;   /* of the season */
    double loss;     /* of the last round, nats an action */
    double hr10, ndcg10; /* of the last exam */
    int64_t items;
};

struct learner;

/* Tells how long the sequences are that a learner with these settings wants of its pool. */
size_t learner_length(const struct learner_settings *settings);
/* Makes a learner over a pool, which must outlive it; copies the settings. Free with
 * learner_free(). */
struct learner *learner_new(const struct learner_settings *settings, struct pool *pool);
/* Frees it; takes NULL; returns NULL. */
struct learner *learner_free(struct learner *learner);
/* Does the next slice of work; false when there is nothing to do until the pool changes. */
bool learner_step(struct learner *learner);
/* Says how it stands. */
struct learner_report learner_report(const struct learner *learner);
/* Says whether there is a model worth publishing. */
enum learner_news learner_news(const struct learner *learner);
/* Makes a copy of the model for publishing, and settles the news; NULL when none of the pool's
 * items is in it. Free with graduate_free(). */
struct graduate *learner_graduate(struct learner *learner);
/* Says whether this is a good moment for a checkpoint: between two rounds. */
bool learner_between(const struct learner *learner);

/* Appends all that training needs to go on: weights, the optimiser's moments, where the season
 * stands. */
void learner_save(const struct learner *learner, struct buf *buf);
/* Goes on from what learner_save() wrote; false, with the reason told: the bytes are not that, or
 * of other settings, and the learner begins anew. Only before the first step. */
bool learner_load(struct learner *learner, struct slice bytes, const char **ret_why);

#endif
