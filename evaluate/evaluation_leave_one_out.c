#include "base/base.h"
#include "base/xalloc.h"
#include "evaluate/evaluation.h"
#include "evaluate/leave_one_out.h"
#include "evaluate/models/models.h"
#include "evaluate/tuning.h"

static const struct leave_users everybody = {.stride = 1};

/* After each epoch, a model is validated on users with about so many actions in all. */
enum { VALIDATED_ACTIONS = 500000 };

/* The blend learns its weights on about so many users. */
enum { WEIGHED_USERS = 10000 };

/* Passes over these users: with so few weights, several passes do not overfit. */
enum { WEIGHED_PASSES = 4 };

/* With more actions than these, a model joins the blend with one preset only, to save memory. */
enum { EVERY_PRESET_ACTIONS_MAX = 2000000 };

struct course {
    const struct evaluation_request *request;
    struct sequences sequences;
    struct model_context context;
    struct member members[BLEND_MEMBERS_MAX];
    size_t count;
    struct blend *blend;
    struct evaluation *evaluation;
    /* of one pass over the users */
    struct ranking_metrics hits;
    struct ranking_metrics member_hits[BLEND_MEMBERS_MAX];
    float *scores;
    struct validator validator;
};

/* Validates a model in the middle of training. */
static double objective(void *arg, const struct recommender *recommender, void *model)
{
    const struct course *course = arg;
    const struct sequences *sequences = &course->sequences;
    const struct scoring scoring = {.score = recommender->score, .self = model};
    struct leave_users users =
        tuning_users((int64_t)sequences->starts[sequences->users], VALIDATED_ACTIONS);
    struct ranking_metrics hits =
        leave_one_out_evaluate(&scoring, sequences, users, LEAVE_VALIDATION);
    if (course->request->progress) {
        fprintf(stderr, "%s: validation %.4f/%.4f after %.1f s\n", recommender->name, hits.hr10,
                hits.ndcg10, evaluation_cpu_seconds());
    }
    return hits.ndcg10;
}

/* Trains one model with this preset; tunes its settings if the request says so. */
static int add_member(struct course *course, const struct recommender *recommender, size_t preset)
{
    const struct evaluation_request *request = course->request;
    struct evaluation_row *row = &course->evaluation->rows[course->count];
    if (course->count == BLEND_MEMBERS_MAX) {
        return reason_give(request->reason, "more than %d models at once", BLEND_MEMBERS_MAX);
    }
    void *settings = evaluation_settings(request, recommender, preset);
    if (!settings) { return -1; }

    double began = evaluation_cpu_seconds();
    void *model = recommender->make(&course->context, settings);
    leave_one_out_learn(recommender, model, &course->sequences, everybody, LEAVE_VALIDATION);
    if (recommender->settle) { recommender->settle(model); }
    row->learn_seconds = evaluation_cpu_seconds() - began;
    row->learn_us =
        1e6 * row->learn_seconds / (double)course->sequences.starts[course->sequences.users];

    began = evaluation_cpu_seconds();
    if (request->tune && recommender->retune) {
        tuning_descend(recommender, model, &course->sequences, request->tune, settings);
    }
    row->choose_seconds += evaluation_cpu_seconds() - began;
    free(settings);
    row->preset = recommender->presets[preset].name;
    row->served = recommender->served;
    course->members[course->count++] =
        (struct member){.recommender = recommender, .model = model, .preset = row->preset};
    return 0;
}

/* Adds one member, with the requested preset or the best one by validation. */
static int add_best_preset(struct course *course, const struct recommender *recommender)
{
    const struct evaluation_request *request = course->request;
    struct evaluation_row *row = &course->evaluation->rows[course->count];
    double began = evaluation_cpu_seconds();
    int preset = request->preset && request->model
                     ? evaluation_preset(request, recommender)
                     : (int)tuning_preset(recommender, &course->context, &course->sequences);
    if (preset < 0) { return -1; }
    row->choose_seconds = evaluation_cpu_seconds() - began;
    return add_member(course, recommender, (size_t)preset);
}

/* Adds a member for each preset. */
static int add_every_preset(struct course *course, const struct recommender *recommender)
{
    for (size_t at = 0; at < recommender->presets_count; at++) {
        const struct preset *preset = &recommender->presets[at];
        if (!preset_suits(preset, &course->context)) { continue; }
        if (add_member(course, recommender, at) < 0) { return -1; }
    }
    return 0;
}

static int add_members(struct course *course)
{
    const struct evaluation_request *request = course->request;
    bool small = course->sequences.starts[course->sequences.users] <= EVERY_PRESET_ACTIONS_MAX;
    for (size_t m = 0; m < models_count; m++) {
        const struct recommender *recommender = models[m];
        int takes = evaluation_takes(request, recommender, &course->context);
        if (takes < 0) { return -1; }
        if (!takes || (recommender->streams && !request->model)) { continue; }
        if (recommender->streams) {
            return reason_give(request->reason,
                               "%s learns actions in order of time: use -p prequential",
                               recommender->name);
        }
        bool every = recommender->every_preset && small && !request->model;
        if ((every ? add_every_preset : add_best_preset)(course, recommender) < 0) { return -1; }
    }
    return 0;
}

static void rank_target(void *arg, const struct query *query, int32_t target)
{
    struct course *course = arg;
    blend_score(course->blend, query, course->scores);
    blend_count(course->blend, query, target, course->member_hits);
    for (size_t at = 0; at < query->count; at++) { course->scores[query->history[at]] = -INFINITY; }
    ranking_metrics_count(&course->hits,
                          ranking_metrics_rank(course->scores, query->items, target));
}

static void rank_and_learn(void *arg, const struct query *query, int32_t target)
{
    struct course *course = arg;
    rank_target(course, query, target);
    blend_learn(course->blend, query, target);
}

static void visit_users(struct course *course, struct leave_users users, size_t from_end,
                        leave_visit visit)
{
    course->hits = (struct ranking_metrics){0};
    memset(course->member_hits, 0, sizeof(course->member_hits));
    leave_one_out_visit(&course->sequences, users, from_end, visit, course);
}

/* Returns the best member by validation, of one model or of all. */
static size_t best_member(const struct course *course, const struct recommender *recommender)
{
    const struct evaluation_row *rows = course->evaluation->rows;
    size_t best = course->count;
    for (size_t m = 0; m < course->count; m++) {
        if (recommender && course->members[m].recommender != recommender) { continue; }
        if (best == course->count ||
            tuning_objective(&rows[m].validation) > tuning_objective(&rows[best].validation)) {
            best = m;
        }
    }
    return best;
}

/* Names the rows: a model's best preset has the model's name, the others "model/preset". */
static void name_rows(struct course *course)
{
    for (size_t m = 0; m < course->count; m++) {
        struct evaluation_row *row = &course->evaluation->rows[m];
        const struct recommender *recommender = course->members[m].recommender;
        bool best = m == best_member(course, recommender);
        (void)snprintf(row->name, sizeof(row->name), "%s%s%s", recommender->name, best ? "" : "/",
                       best ? "" : row->preset);
    }
}

/* Learns the blend's weights on validation; the best member leads where it does better. */
static void learn_weights(struct course *course, struct evaluation_row *total)
{
    struct evaluation *evaluation = course->evaluation;
    struct leave_users users = tuning_users(course->sequences.users, WEIGHED_USERS);
    int passes = course->request->model ? 1 : WEIGHED_PASSES;
    for (int pass = 0; pass < passes; pass++) {
        visit_users(course, users, LEAVE_VALIDATION, rank_and_learn);
    }
    total->validation = ranking_metrics_mean(&course->hits);
    for (size_t m = 0; m < course->count; m++) {
        evaluation->rows[m].validation = ranking_metrics_mean(&course->member_hits[m]);
    }
    size_t best = best_member(course, NULL);
    const struct ranking_metrics *alone = &evaluation->rows[best].validation;
    if (tuning_objective(alone) < tuning_objective(&total->validation)) { return; }
    blend_lead(course->blend, best);
    total->validation = *alone;
}

static void evaluate_blend(struct course *course)
{
    struct evaluation *evaluation = course->evaluation;
    struct evaluation_row *total = &evaluation->rows[course->count];
    double began = evaluation_cpu_seconds();
    learn_weights(course, total);
    name_rows(course);
    total->choose_seconds = evaluation_cpu_seconds() - began;
    for (size_t m = 0; m < course->count; m++) {
        for (size_t s = 0; s < BLEND_SEGMENTS; s++) {
            evaluation->rows[m].weights[s] = blend_weight(course->blend, s, m);
        }
    }
    began = evaluation_cpu_seconds();
    visit_users(course, everybody, LEAVE_TEST, rank_target);
    total->scoring_seconds = evaluation_cpu_seconds() - began;
    total->hits = ranking_metrics_mean(&course->hits);
    for (size_t m = 0; m < course->count; m++) {
        evaluation->rows[m].hits = ranking_metrics_mean(&course->member_hits[m]);
    }
    size_t leader = blend_leader(course->blend);
    total->preset = leader < course->count ? course->members[leader].recommender->name : "mixture";
    (void)snprintf(total->name, sizeof(total->name), "blend");
    evaluation->count = course->count + 1;
    if (course->request->model) { /* one model: one row */
        evaluation->rows[0].choose_seconds += total->choose_seconds;
        evaluation->rows[0].scoring_seconds = total->scoring_seconds;
        evaluation->count = 1;
    }
}

static bool has_users(const struct sequences *sequences)
{
    for (int32_t user = 0; user < sequences->users; user++) {
        size_t count;
        (void)sequences_of(sequences, user, &count);
        if (count >= LEAVE_ACTIONS_MIN) { return true; }
    }
    return false;
}

int evaluation_leave_one_out(const struct dataset *dataset,
                             const struct evaluation_request *request,
                             struct evaluation *ret_evaluation)
{
    if (request->mixture) {
        return reason_give(request->reason, "the mixture learns from a stream: use -p prequential");
    }
    double began = evaluation_cpu_seconds();
    struct evaluation evaluation = {0};
    struct course course = {.request = request, .evaluation = &evaluation};
    sequences_build(&course.sequences, dataset->actions, dataset->count, ids_count(dataset->users),
                    ids_count(dataset->items));
    course.context = (struct model_context){
        .users_max = course.sequences.users,
        .items_max = course.sequences.items,
        .content = dataset_content(dataset),
        .vectors = dataset->vectors,
        .seed = request->seed,
        .validator = &course.validator,
    };
    course.validator = (struct validator){.objective = objective, .arg = &course};
    course.scores = xcalloc((size_t)course.sequences.items, sizeof(*course.scores));
    int result = 0;
    if (!has_users(&course.sequences)) {
        (void)reason_give(request->reason, "no user has %d actions: there is nothing to leave out",
                          LEAVE_ACTIONS_MIN);
        result = -1;
    }
    if (result == 0) { result = add_members(&course); }
    if (result == 0) {
        course.blend = blend_new(request->model ? BLEND_LEADER : BLEND_MIXTURE,
                                 course.sequences.items, course.members, course.count);
        evaluate_blend(&course);
        evaluation.seconds = evaluation_cpu_seconds() - began;
        *ret_evaluation = evaluation;
    }
    blend_free(course.blend);
    for (size_t m = 0; m < course.count; m++) {
        course.members[m].recommender->free(course.members[m].model);
    }
    free(course.scores);
    content_free(course.context.content);
    sequences_release(&course.sequences);
    return result;
}
