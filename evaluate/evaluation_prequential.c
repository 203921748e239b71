#include "base/base.h"
#include "base/xalloc.h"
#include "evaluate/evaluation.h"
#include "evaluate/models/models.h"
#include "evaluate/prequential.h"

/* The blend learns from about so many actions, whatever the length of the stream. */
enum { SKIPPED_ACTIONS = 100, TAUGHT_ACTIONS = 100000 };

struct team {
    struct model_context context;
    struct member members[BLEND_MEMBERS_MAX];
    size_t count;
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

/* All presets of the wanted model, or of all models that learn action by action. */
static int gather(struct team *team, const struct evaluation_request *request)
{
    for (size_t m = 0; m < models_count; m++) {
        const struct recommender *recommender = models[m];
        int takes = evaluation_takes(request, recommender, &team->context);
        if (takes < 0) { return -1; }
        if (!takes) { continue; }
        if (recommender->settle) {
            if (!request->model) { continue; }
            return reason_give(request->reason,
                               "%s is learned as a whole, not action by action: it has no "
                               "prequential figure",
                               recommender->name);
        }
        int only = request->model && request->preset ? evaluation_preset(request, recommender) : 0;
        if (only < 0) { return -1; }
        for (size_t at = 0; at < recommender->presets_count; at++) {
            if (request->model && request->preset && at != (size_t)only) { continue; }
            if (at > 0 && !request->model && recommender->served) { break; } /* as by default */
            if (recommender->presets[at].wants_content && !team->context.content) { continue; }
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
        if (prequential_ask(prequential, &dataset->actions[at])) {
            row->scoring_seconds += evaluation_cpu_seconds() - before;
        }
        prequential_learn(prequential, &dataset->actions[at]);
    }
    row->learn_seconds = evaluation_cpu_seconds() - began - row->scoring_seconds;
    row->learn_us = 1e6 * row->learn_seconds / (double)dataset->count;
}

static void report(const struct team *team, struct blend *blend,
                   const struct prequential *prequential, const struct evaluation_request *request,
                   struct evaluation *evaluation)
{
    struct evaluation_row *total = &evaluation->rows[team->count];
    for (size_t m = 0; m < team->count; m++) {
        struct evaluation_row *row = &evaluation->rows[m];
        *row = (struct evaluation_row){
            .preset = team->members[m].preset,
            .served = team->members[m].recommender->served,
        };
        (void)snprintf(row->name, sizeof(row->name), "%s/%s", team->members[m].recommender->name,
                       row->preset);
        row->hits = prequential_member_metrics(prequential, m);
        for (size_t s = 0; s < BLEND_SEGMENTS; s++) {
            row->weights[s] = request->model ? 0.0F : blend_weight(blend, s, m);
        }
        if (m == blend_leader(blend)) {
            total->preset = request->model ? row->preset : team->members[m].recommender->name;
        }
    }
    total->served = request->model && request->model->served;
    total->hits = prequential_metrics(prequential, false);
    total->fresh = prequential_metrics(prequential, true);
    evaluation->count = team->count + 1;
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
                            .seed = request->seed,
                        }};
    struct evaluation evaluation = {0};
    int result = gather(&team, request);
    if (result == 0) {
        struct blend *blend = blend_new(request->model ? BLEND_LEADER : BLEND_LEARNED,
                                        team.context.items_max, team.members, team.count);
        const struct prequential_settings settings = {
            .every = request->every,
            .teach_every = request->model ? 0 : (int32_t)(dataset->count / TAUGHT_ACTIONS + 1),
            .skip = SKIPPED_ACTIONS,
            .seed = (uint32_t)request->seed,
        };
        struct prequential *prequential =
            prequential_new(&settings, team.context.users_max, team.context.items_max, blend);
        struct evaluation_row *total = &evaluation.rows[team.count];
        (void)snprintf(total->name, sizeof(total->name), "%s",
                       request->model ? request->model->name : "blend");
        run(dataset, prequential, total);
        report(&team, blend, prequential, request, &evaluation);
        evaluation.seconds = evaluation_cpu_seconds() - began;
        prequential_free(prequential);
        blend_free(blend);
        *ret_evaluation = evaluation;
    }
    for (size_t m = 0; m < team.count; m++) {
        team.members[m].recommender->free(team.members[m].model);
    }
    content_free(team.context.content);
    return result;
}
