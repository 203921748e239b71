#include "base/base.h"
#include "base/xalloc.h"
#include "evaluate/evaluation.h"
#include "model/rng.h"
#include "evaluate/leave_one_out.h"
#include "evaluate/models/models.h"

/* Cross-validation: every rating is predicted once, by a model that has learned the other folds. */
enum { FOLDS = 5 };

static const struct leave_users everybody = {.stride = 1};

struct course {
    const struct dataset *dataset;
    const struct evaluation_request *request;
    uint8_t *folds;                   /* of the actions */
    struct sequences training[FOLDS]; /* all but the fold's */
    double least, most;               /* ratings */
};

static void deal(struct course *course)
{
    const struct dataset *dataset = course->dataset;
    struct user_action *training = xcalloc(dataset->count, sizeof(*training));
    uint64_t rng = course->request->seed;
    course->folds = xcalloc(dataset->count, sizeof(*course->folds));
    course->least = INFINITY;
    course->most = -INFINITY;
    for (size_t at = 0; at < dataset->count; at++) {
        course->folds[at] = (uint8_t)rng_below(&rng, FOLDS);
        double rating = (double)dataset->actions[at].rating;
        course->least = MIN_OF(course->least, rating);
        course->most = MAX_OF(course->most, rating);
    }
    for (int fold = 0; fold < FOLDS; fold++) {
        size_t count = 0;
        for (size_t at = 0; at < dataset->count; at++) {
            if (course->folds[at] != fold) { training[count++] = dataset->actions[at]; }
        }
        sequences_build(&course->training[fold], training, count, ids_count(dataset->users),
                        ids_count(dataset->items));
    }
    free(training);
}

/* Predicts the fold's ratings, user by user. */
static void rate_fold(const struct course *course, const struct recommender *recommender,
                      void *model, const struct sequences *held, struct evaluation_row *row)
{
    for (size_t at = 0; at < held->starts[held->users]; at++) {
        const struct user_action *action = &held->flat[at];
        double predicted = recommender->rate(model, action->user, action->item);
        predicted = MAX_OF(course->least, MIN_OF(course->most, predicted));
        double error = predicted - (double)action->rating;
        row->rmse += error * error;
        row->mae += fabs(error);
        row->hits.asked++;
    }
}

static void run_fold(const struct course *course, const struct recommender *recommender,
                     const void *settings, int fold, struct evaluation_row *row)
{
    const struct dataset *dataset = course->dataset;
    const struct model_context context = {
        .users_max = ids_count(dataset->users),
        .items_max = ids_count(dataset->items),
        .seed = course->request->seed,
    };
    double began = evaluation_cpu_seconds();
    void *model = recommender->make(&context, settings);
    leave_one_out_learn(recommender, model, &course->training[fold], everybody, /* held= */ 0);
    if (recommender->settle) { recommender->settle(model); }
    row->learn_seconds += evaluation_cpu_seconds() - began;
    began = evaluation_cpu_seconds();
    struct user_action *held = xcalloc(dataset->count, sizeof(*held));
    size_t count = 0;
    for (size_t at = 0; at < dataset->count; at++) {
        if (course->folds[at] == fold) { held[count++] = dataset->actions[at]; }
    }
    struct sequences sequences;
    sequences_build(&sequences, held, count, context.users_max, context.items_max);
    rate_fold(course, recommender, model, &sequences, row);
    sequences_release(&sequences);
    free(held);
    recommender->free(model);
    row->scoring_seconds += evaluation_cpu_seconds() - began;
}

static int run_preset(const struct course *course, const struct recommender *recommender,
                      size_t preset, struct evaluation *evaluation)
{
    void *settings = evaluation_settings(course->request, recommender, preset);
    if (!settings) { return -1; }
    if (evaluation->count == ARRAY_COUNT(evaluation->rows)) {
        free(settings);
        return reason_give(course->request->reason, "more than %zu models at once",
                           ARRAY_COUNT(evaluation->rows));
    }
    struct evaluation_row *row = &evaluation->rows[evaluation->count++];
    row->preset = recommender->presets[preset].name;
    row->served = recommender->served;
    (void)snprintf(row->name, sizeof(row->name), "%s/%s", recommender->name, row->preset);
    for (int fold = 0; fold < FOLDS; fold++) { run_fold(course, recommender, settings, fold, row); }
    double asked = (double)MAX_OF(row->hits.asked, (int64_t)1);
    row->rmse = sqrt(row->rmse / asked);
    row->mae /= asked;
    row->learn_us = 1e6 * row->learn_seconds / (asked * (FOLDS - 1));
    free(settings);
    return 0;
}

/* Evaluates all presets that differ in ratings, or the requested one. */
static int run_model(const struct course *course, const struct recommender *recommender,
                     struct evaluation *evaluation)
{
    const struct evaluation_request *request = course->request;
    int only = request->model && request->preset ? evaluation_preset(request, recommender) : 0;
    if (only < 0) { return -1; }
    for (size_t at = 0; at < recommender->presets_count; at++) {
        bool wished = request->model && request->preset;
        if (wished ? at != (size_t)only : recommender->presets[at].lists_only) { continue; }
        if (run_preset(course, recommender, at, evaluation) < 0) { return -1; }
    }
    return 0;
}

int evaluation_rating(const struct dataset *dataset, const struct evaluation_request *request,
                      struct evaluation *ret_evaluation)
{
    if (request->mixture) {
        return reason_give(request->reason, "the mixture learns from a stream: use -p prequential");
    }
    if (!dataset->rated) {
        return reason_give(request->reason,
                           "the rating protocol needs ratings: user::item::rating::seconds");
    }
    if (request->model && !request->model->rate) {
        return reason_give(request->reason,
                           "%s predicts no ratings: biased-mf, item-knn and user-knn do",
                           request->model->name);
    }
    double began = evaluation_cpu_seconds();
    struct course course = {.dataset = dataset, .request = request};
    struct evaluation evaluation = {0};
    deal(&course);
    int result = 0;
    for (size_t m = 0; result == 0 && m < models_count; m++) {
        if (!models[m]->rate || (request->model && request->model != models[m])) { continue; }
        result = run_model(&course, models[m], &evaluation);
    }
    for (int fold = 0; fold < FOLDS; fold++) { sequences_release(&course.training[fold]); }
    free(course.folds);
    evaluation.seconds = evaluation_cpu_seconds() - began;
    if (result == 0) { *ret_evaluation = evaluation; }
    return result;
}
