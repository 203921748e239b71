/* Trial: models judged on a data set by one of the three protocols, with their cost. */
#ifndef FRESHET_CLI_TRIAL_H
#define FRESHET_CLI_TRIAL_H

#include "base/base.h"
#include "cli/dataset.h"
#include "model/blend.h"
#include "model/hits.h"

enum { TRIAL_SETS_MAX = 64, TRIAL_LABEL_MAX = 64 };

/* What is wanted. */
struct trial_wish {
    const struct recommender *model; /* NULL: the blend of all */
    const char *preset;              /* NULL: chosen by validation, or by running hit rate */
    const char *sets[TRIAL_SETS_MAX]; /* "model.knob=value" */
    size_t sets_count;
    uint64_t seed; /* of models, questions and folds */
    int32_t every; /* prequential: one action in so many is a question */
    int tune;      /* leave-one-out: rounds of descent */
    bool progress; /* leave-one-out: tell each round of learning on stderr */
};

/* One line of the answer. */
struct trial_row {
    char name[TRIAL_LABEL_MAX]; /* "counting", or "counting/dense" for one preset beside others */
    const char *preset;
    struct hits hits;
    struct hits validation; /* leave-one-out; asked is 0 elsewhere */
    struct hits fresh;      /* prequential: users never seen before; asked is 0 elsewhere */
    double rmse, mae;       /* rating; 0 elsewhere */
    float weights[BLEND_SEGMENTS]; /* as a member of a blend */
    double choose_seconds;
    double learn_seconds;
    double judge_seconds;
    double learn_us; /* an action, on average */
};

struct trial {
    struct trial_row rows[BLEND_MEMBERS_MAX + 1]; /* the last: what was asked for */
    size_t count;
    double seconds;
};

/* Judges by leave-one-out; 0, or -1 with a message printed. (trial_leave_one_out.c) */
int trial_leave_one_out(const struct dataset *dataset, const struct trial_wish *wish,
                        struct trial *ret_trial);
/* Judges prequentially; 0, or -1 with a message printed. (trial_prequential.c) */
int trial_prequential(const struct dataset *dataset, const struct trial_wish *wish,
                      struct trial *ret_trial);

/* Judges foretold ratings by cross-validation; 0, or -1 with a message printed. (trial_rating.c) */
int trial_rating(const struct dataset *dataset, const struct trial_wish *wish,
                 struct trial *ret_trial);

/* Makes a preset's settings with the wish's changes; NULL with a message printed. The caller
 * frees. */
void *trial_settings(const struct trial_wish *wish, const struct recommender *recommender,
                     size_t preset);
/* Says whether the model takes part: it is the wished one, or one of the blend's, and can work on
 * this ground. 1, 0, or -1 with a message printed when the wished one cannot. */
int trial_takes(const struct trial_wish *wish, const struct recommender *recommender,
                const struct ground *ground);
/* Finds the wanted preset: its place, or -1 with a message printed. */
int trial_preset(const struct trial_wish *wish, const struct recommender *recommender);
/* Tells the processor time that this process has used. */
double trial_cpu_seconds(void);

#endif
