#include "base/base.h"
#include "base/xalloc.h"
#include "evaluate/evaluation.h"
#include "evaluate/models/alike_recommender.h"
#include "evaluate/models/counting_recommender.h"
#include "evaluate/models/models.h"
#include "evaluate/models/transformer_online.h"
#include "evaluate/prequential.h"

/* The blend learns from about so many actions, whatever the length of the stream. */
enum { SKIPPED_ACTIONS = 100, TAUGHT_ACTIONS = 100000 };

struct team {
    struct model_context context;
    struct member members[BLEND_MEMBERS_MAX];
    size_t count;
    struct blend *blend;
    struct served_mixture *mixture; /* NULL: one model is evaluated */
};

static int join(struct team *team, const struct evaluation_request *request,
                const struct recommender *recommender, size_t preset)
{
    void *settings = evaluation_settings(request, recommender, preset);
    if (!settings) { return -1; }
    if (team->count == BLEND_MEMBERS_MAX) {
        free(settings);
        return reason_give(request->reason, "more than %d models at once", BLEND_MEMBERS_MAX);
    }
    team->members[team->count++] = (struct member){
        .recommender = recommender,
        .model = recommender->make(&team->context, settings),
        .preset = recommender->presets[preset].name,
    };
    free(settings);
    return 0;
}

/* Says whether the model takes part; -1, with the reason set, when the requested one cannot. */
static int takes_part(const struct team *team, const struct evaluation_request *request,
                      const struct recommender *recommender)
{
    if (request->mixture) {
        return recommender == &counting_recommender || recommender == &alike_recommender ||
               recommender == &transformer_online_recommender;
    }
    if (!request->model && recommender == &alike_recommender) { return 1; } /* for the mixture */
    int takes = evaluation_takes(request, recommender, &team->context);
    if (takes <= 0 || !recommender->settle) { return takes; }
    if (!request->model) { return 0; }
    return reason_give(request->reason,
                       "%s is learned as a whole, not action by action: it has no prequential "
                       "figure",
                       recommender->name);
}

/* Adds all presets of the requested model, or of all models that learn action by action; of served
 * models only the first preset, which is the workers' default. */
static int gather(struct team *team, const struct evaluation_request *request)
{
    for (size_t m = 0; m < models_count; m++) {
        const struct recommender *recommender = models[m];
        int takes = takes_part(team, request, recommender);
        if (takes < 0) { return -1; }
        if (!takes) { continue; }
        int only = request->model && request->preset ? evaluation_preset(request, recommender) : 0;
        if (only < 0) { return -1; }
        for (size_t at = 0; at < recommender->presets_count; at++) {
            if (request->model && request->preset && at != (size_t)only) { continue; }
            if (at > 0 && !request->model && recommender->served) { break; }
            if (!preset_suits(&recommender->presets[at], &team->context)) { continue; }
            if (join(team, request, recommender, at) < 0) { return -1; }
        }
    }
    return 0;
}

static void run(const struct dataset *dataset, struct prequential *prequential,
                struct evaluation_row *row)
{
    double began = evaluation_cpu_seconds();
    for (size_t at = 0; at < dataset->count; at++) {
        double before = evaluation_cpu_seconds();
        if (prequential_predict(prequential, &dataset->actions[at])) {
            row->scoring_seconds += evaluation_cpu_seconds() - before;
        }
        prequential_learn(prequential, &dataset->actions[at]);
    }
    row->learn_seconds = evaluation_cpu_seconds() - began - row->scoring_seconds;
    row->learn_us = 1e6 * row->learn_seconds / (double)dataset->count;
}

/* Returns a recommender's model among the members. */
static void *model_of(const struct team *team, const struct recommender *recommender)
{
    size_t m = 0;
    while (m < team->count && team->members[m].recommender != recommender) { m++; }
    assert(m < team->count);
    return team->members[m].model;
}

static void report_members(const struct team *team, const struct prequential *prequential,
                           const struct evaluation_request *request,
                           struct evaluation *evaluation)
{
    for (size_t m = 0; m < team->count; m++) {
        struct evaluation_row *row = &evaluation->rows[evaluation->count++];
        *row = (struct evaluation_row){
            .preset = team->members[m].preset,
            .served = team->members[m].recommender->served,
        };
        (void)snprintf(row->name, sizeof(row->name), "%s/%s", team->members[m].recommender->name,
                       row->preset);
        row->hits = prequential_member_metrics(prequential, m);
        bool alone = request->model || request->mixture;
        for (size_t s = 0; s < BLEND_SEGMENTS && !alone; s++) {
            row->weights[s] = blend_weight(team->blend, s, m);
        }
    }
}

/* Writes the leader of each segment, in place of a preset. */
static const char *leaders_of(const struct served_mixture *mixture)
{
    static const char *const names[] = {"counting", "sequence", "content", "users", "mixture"};
    static char text[64];
    (void)snprintf(text, sizeof(text), "%s, %s, %s",
                   names[served_mixture_leader(mixture, SEGMENT_NEW)],
                   names[served_mixture_leader(mixture, SEGMENT_SHORT)],
                   names[served_mixture_leader(mixture, SEGMENT_LONG)]);
    return text;
}

static void report_lists(const struct prequential *prequential, enum prequential_list list,
                         struct evaluation_row *row, struct evaluation *evaluation)
{
    row->hits = prequential_metrics(prequential, list, false);
    row->fresh = prequential_metrics(prequential, list, true);
    evaluation->rows[evaluation->count++] = *row;
}

static void report(const struct team *team, const struct prequential *prequential,
                   const struct evaluation_request *request, struct evaluation_row total,
                   struct evaluation *evaluation)
{
    report_members(team, prequential, request, evaluation);
    if (team->mixture) {
        total.served = true;
        total.preset = leaders_of(team->mixture);
        (void)snprintf(total.name, sizeof(total.name), "mixture");
        report_lists(prequential, PREQUENTIAL_MIXTURE, &total, evaluation);
    }
    if (request->mixture) { return; }
    const struct member *leader = blend_leader(team->blend) < team->count
                                      ? &team->members[blend_leader(team->blend)]
                                      : NULL;
    total.served = request->model && request->model->served;
    total.preset = !leader ? NULL : request->model ? leader->preset : leader->recommender->name;
    (void)snprintf(total.name, sizeof(total.name), "%s",
                   request->model ? request->model->name : "blend");
    report_lists(prequential, PREQUENTIAL_BLEND, &total, evaluation);
}

static void evaluate_team(struct team *team, const struct dataset *dataset,
                          const struct evaluation_request *request, struct evaluation *evaluation)
{
    const struct model_context *context = &team->context;
    bool alone = request->model || request->mixture;
    team->blend = blend_new(alone ? BLEND_LEADER : BLEND_LEARNED, context->items_max,
                            team->members, team->count);
    if (!request->model) {
        team->mixture = served_mixture_new(context, model_of(team, &counting_recommender),
                                           &transformer_online_recommender,
                                           model_of(team, &transformer_online_recommender));
        served_mixture_use_users(team->mixture, &alike_recommender,
                                 model_of(team, &alike_recommender));
    }
    const struct prequential_settings settings = {
        .every = request->every,
        .learn_every = request->model ? 0 : (int32_t)(dataset->count / TAUGHT_ACTIONS + 1),
        .skip = SKIPPED_ACTIONS,
        .seed = (uint32_t)request->seed,
    };
    struct prequential *prequential = prequential_new(
        &settings, context->users_max, context->items_max, team->blend, team->mixture);
    struct evaluation_row total = {0};
    run(dataset, prequential, &total);
    report(team, prequential, request, total, evaluation);
    prequential_free(prequential);
    served_mixture_free(team->mixture);
    blend_free(team->blend);
}

int evaluation_prequential(const struct dataset *dataset, const struct evaluation_request *request,
                           struct evaluation *ret_evaluation)
{
    if (!dataset->timed) {
        return reason_give(request->reason,
                           "prequential needs actions with times: user::item::rating::seconds");
    }
    double began = evaluation_cpu_seconds();
    struct team team = {.context = {
                            .users_max = ids_count(dataset->users),
                            .items_max = ids_count(dataset->items),
                            .content = dataset_content(dataset),
                            .vectors = dataset->vectors,
                            .features = dataset->features,
                            .seed = request->seed,
                        }};
    struct evaluation evaluation = {0};
    int result = gather(&team, request);
    if (result == 0) {
        evaluate_team(&team, dataset, request, &evaluation);
        evaluation.seconds = evaluation_cpu_seconds() - began;
        *ret_evaluation = evaluation;
    }
    for (size_t m = 0; m < team.count; m++) {
        team.members[m].recommender->free(team.members[m].model);
    }
    content_free(team.context.content);
    return result;
}
