/* Evaluation: runs models on a data set by one of three protocols; measures quality and cost. */
#ifndef FRESHET_EVALUATE_EVALUATION_H
#define FRESHET_EVALUATE_EVALUATION_H

#include "base/base.h"
#include "base/reason.h"
#include "evaluate/dataset.h"
#include "evaluate/models/blend.h"
#include "model/ranking_metrics.h"

enum { EVALUATION_SETS_MAX = 64, EVALUATION_LABEL_MAX = 64 };

/* What to evaluate, and how. */
struct evaluation_request {
    const struct recommender *model;       /* NULL: the blend of all */
    bool mixture;                          /* with model NULL: only the served mixture */
    const char *preset;                    /* NULL: chosen by validation, or by running hit rate */
    const char *sets[EVALUATION_SETS_MAX]; /* "model.hyperparameter=value" */
    size_t sets_count;
    uint64_t seed;         /* of models, validation examples and folds */
    int32_t every;         /* prequential: one action in so many is evaluated */
    int tune;              /* leave-one-out: passes of tuning */
    bool progress;         /* leave-one-out: report each epoch on stderr */
    struct reason *reason; /* receives why a function below failed */
};

/* One line of the result. */
struct evaluation_row {
    /* "counting", or "counting/dense" for one preset beside others. */
    char name[EVALUATION_LABEL_MAX];
    const char *preset;
    bool served; /* the workers make lists with it; false: only for comparison */
    struct ranking_metrics hits;
    struct ranking_metrics validation; /* leave-one-out; asked is 0 elsewhere */
    struct ranking_metrics fresh;  /* prequential: users never seen before; asked is 0 elsewhere */
    double rmse, mae;              /* rating; 0 elsewhere */
    float weights[BLEND_SEGMENTS]; /* as a member of a blend */
    double choose_seconds;
    double learn_seconds;
    double scoring_seconds;
    double learn_us; /* an action, on average */
};

struct evaluation {
    struct evaluation_row rows[BLEND_MEMBERS_MAX + 2]; /* the last: the requested model or blend */
    size_t count;
    double seconds;
};

/* Evaluates by leave-one-out (evaluation_leave_one_out.c). The functions below that return int
 * return -1 when they fail, with request->reason set. */
int evaluation_leave_one_out(const struct dataset *dataset,
                             const struct evaluation_request *request,
                             struct evaluation *ret_evaluation);
/* Evaluates prequentially (evaluation_prequential.c). */
int evaluation_prequential(const struct dataset *dataset, const struct evaluation_request *request,
                           struct evaluation *ret_evaluation);

/* Evaluates predicted ratings by cross-validation (evaluation_rating.c). */
int evaluation_rating(const struct dataset *dataset, const struct evaluation_request *request,
                      struct evaluation *ret_evaluation);

/* Makes a preset's settings with the request's changes; NULL, with request->reason set, when a
 * change is invalid. The caller frees. */
void *evaluation_settings(const struct evaluation_request *request,
                          const struct recommender *recommender, size_t preset);
/* Returns 1 when the model takes part: it is the requested one, or a member of the blend, and can
 * work on this context; else 0, or -1 when the requested model cannot work on it. */
int evaluation_takes(const struct evaluation_request *request,
                     const struct recommender *recommender, const struct model_context *context);
/* Returns the index of the requested preset, or -1. */
int evaluation_preset(const struct evaluation_request *request,
                      const struct recommender *recommender);
/* Returns the processor time that this process has used. */
double evaluation_cpu_seconds(void);

#endif
