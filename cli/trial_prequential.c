#include "base/base.h"
#include "base/xalloc.h"
#include "cli/client.h"
#include "cli/trial.h"
#include "model/models.h"
#include "model/prequential.h"

/* The blend learns from about so many actions, whatever the length of the stream. */
enum { SKIPPED_ACTIONS = 100, TAUGHT_ACTIONS = 100000 };

struct team {
    struct ground ground;
    struct member members[BLEND_MEMBERS_MAX];
    size_t count;
};

static int join(struct team *team, const struct trial_wish *wish,
                const struct recommender *recommender, size_t preset)
{
    void *settings = trial_settings(wish, recommender, preset);
    if (!settings) { return -1; }
    if (team->count == BLEND_MEMBERS_MAX) {
        free(settings);
        return client_fail("more than %d models at once", BLEND_MEMBERS_MAX), -1;
    }
    team->members[team->count++] = (struct member){
        .recommender = recommender,
        .model = recommender->make(&team->ground, settings),
        .preset = recommender->presets[preset].name,
    };
    free(settings);
    return 0;
}

/* All presets of the wanted model, or of all models that learn action by action. */
static int gather(struct team *team, const struct trial_wish *wish)
{
    for (size_t m = 0; m < models_count; m++) {
        const struct recommender *recommender = models[m];
        int takes = trial_takes(wish, recommender, &team->ground);
        if (takes < 0) { return -1; }
        if (!takes) { continue; }
        if (recommender->settle) {
            if (!wish->model) { continue; }
            return client_fail("%s is learned as a whole, not action by action: it has no "
                               "prequential figure", recommender->name), -1;
        }
        int only = wish->model && wish->preset ? trial_preset(wish, recommender) : 0;
        if (only < 0) { return -1; }
        for (size_t at = 0; at < recommender->presets_count; at++) {
            if (wish->model && wish->preset && at != (size_t)only) { continue; }
            if (recommender->presets[at].wants_content && !team->ground.content) { continue; }
            if (join(team, wish, recommender, at) < 0) { return -1; }
        }
    }
    return 0;
}

static void run(const struct dataset *dataset, struct prequential *prequential,
                struct trial_row *row)
{
    double began = trial_cpu_seconds();
    for (size_t at = 0; at < dataset->count; at++) {
        double before = trial_cpu_seconds();
        if (prequential_ask(prequential, &dataset->actions[at])) {
            row->judge_seconds += trial_cpu_seconds() - before;
        }
        prequential_learn(prequential, &dataset->actions[at]);
    }
    row->learn_seconds = trial_cpu_seconds() - began - row->judge_seconds;
    row->learn_us = 1e6 * row->learn_seconds / (double)dataset->count;
}

static void report(const struct team *team, struct blend *blend,
                   const struct prequential *prequential, const struct trial_wish *wish,
                   struct trial *trial)
{
    struct trial_row *total = &trial->rows[team->count];
    for (size_t m = 0; m < team->count; m++) {
        struct trial_row *row = &trial->rows[m];
        *row = (struct trial_row){.preset = team->members[m].preset};
        (void)snprintf(row->name, sizeof(row->name), "%s/%s", team->members[m].recommender->name,
                       row->preset);
        row->hits = prequential_member_hits(prequential, m);
        for (size_t s = 0; s < BLEND_SEGMENTS; s++) {
            row->weights[s] = wish->model ? 0.0F : blend_weight(blend, s, m);
        }
        if (m == blend_leader(blend)) {
            total->preset = wish->model ? row->preset : team->members[m].recommender->name;
        }
    }
    total->hits = prequential_hits(prequential, false);
    total->fresh = prequential_hits(prequential, true);
    trial->count = team->count + 1;
}

int trial_prequential(const struct dataset *dataset, const struct trial_wish *wish,
                      struct trial *ret_trial)
{
    if (!dataset->timed) {
        return client_fail("prequential needs actions with times: user::item::rating::seconds"), -1;
    }
    double began = trial_cpu_seconds();
    struct team team = {.ground = {
                            .users_max = ids_count(dataset->users),
                            .items_max = ids_count(dataset->items),
                            .content = dataset_content(dataset),
                            .vectors = dataset->vectors,
                            .seed = wish->seed,
                        }};
    struct trial trial = {0};
    int result = gather(&team, wish);
    if (result == 0) {
        struct blend *blend = blend_new(wish->model ? BLEND_LEADER : BLEND_LEARNED,
                                        team.ground.items_max, team.members, team.count);
        const struct prequential_settings settings = {
            .every = wish->every,
            .teach_every = wish->model ? 0 : (int32_t)(dataset->count / TAUGHT_ACTIONS + 1),
            .skip = SKIPPED_ACTIONS,
            .seed = (uint32_t)wish->seed,
        };
        struct prequential *prequential =
            prequential_new(&settings, team.ground.users_max, team.ground.items_max, blend);
        struct trial_row *total = &trial.rows[team.count];
        (void)snprintf(total->name, sizeof(total->name), "%s",
                       wish->model ? wish->model->name : "blend");
        run(dataset, prequential, total);
        report(&team, blend, prequential, wish, &trial);
        trial.seconds = trial_cpu_seconds() - began;
        prequential_free(prequential);
        blend_free(blend);
        *ret_trial = trial;
    }
    for (size_t m = 0; m < team.count; m++) {
        team.members[m].recommender->free(team.members[m].model);
    }
    content_free(team.ground.content);
    return result;
}
