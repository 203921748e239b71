#include "base/base.h"
#include "base/xalloc.h"
#include "evaluate/tuning.h"

/* A step multiplies a hyperparameter by one of these; a hyperparameter at 0 stays there. */
static const double steps[] = {.75, 1.3};

/* A smaller gain is noise. */
#define GAIN_LEAST 1e-5

double tuning_objective(const struct ranking_metrics *hits)
{
    return hits->hr10 + hits->ndcg10;
}

struct leave_users tuning_users(int64_t all, int64_t most)
{
    return (struct leave_users){.stride = (int32_t)MAX_OF((all + most - 1) / most, (int64_t)1)};
}

static double objective_of(const struct recommender *recommender, void *model,
                           const struct sequences *sequences, struct leave_users users)
{
    const struct scoring scoring = {.score = recommender->score, .self = model};
    struct ranking_metrics hits =
        leave_one_out_evaluate(&scoring, sequences, users, LEAVE_VALIDATION);
    return tuning_objective(&hits);
}

size_t tuning_preset(const struct recommender *recommender, const struct model_context *context,
                     const struct sequences *sequences)
{
    if (recommender->presets_count == 1) { return 0; }
    if (recommender->prefer) { return recommender->prefer(context, sequences); }
    struct leave_users users =
        tuning_users((int64_t)sequences->starts[sequences->users], TUNING_SAMPLE_ACTIONS);
    size_t best = 0;
    double best_objective = -1.0;
    void *model = NULL;
    for (size_t at = 0; at < recommender->presets_count; at++) {
        if (!preset_suits(&recommender->presets[at], context)) { continue; }
        const void *settings = recommender->presets[at].settings;
        /* If the settings differ only in scoring, the model need not learn again. */
        if (!model || !recommender->retune || !recommender->retune(model, settings)) {
            recommender->free(model);
            model = recommender->make(context, settings);
            leave_one_out_learn(recommender, model, sequences, users, LEAVE_VALIDATION);
            if (recommender->settle) { recommender->settle(model); }
        }
        double objective = objective_of(recommender, model, sequences, users);
        if (objective > best_objective) {
            best = at;
            best_objective = objective;
        }
    }
    recommender->free(model);
    return best;
}

struct descent {
    const struct recommender *recommender;
    void *model;
    const struct sequences *sequences;
    struct leave_users users;
    void *settings;
    double objective;
};

/* Tries one value of one hyperparameter; keeps it when it is better. */
static bool attempt(struct descent *descent, const struct hyperparameter *hyperparameter,
                    double value)
{
    double old;
    char *place = (char *)descent->settings + hyperparameter->offset;
    memcpy(&old, place, sizeof(old));
    if (value < hyperparameter->min || value > hyperparameter->max || value == old) {
        return false;
    }
    memcpy(place, &value, sizeof(value));
    if (descent->recommender->retune(descent->model, descent->settings)) {
        double objective =
            objective_of(descent->recommender, descent->model, descent->sequences, descent->users);
        if (objective > descent->objective + GAIN_LEAST) {
            descent->objective = objective;
            return true;
        }
    }
    memcpy(place, &old, sizeof(old));
    bool back = descent->recommender->retune(descent->model, descent->settings);
    assert(back);
    (void)back;
    return false;
}

double tuning_descend(const struct recommender *recommender, void *model,
                      const struct sequences *sequences, int rounds, void *settings)
{
    struct descent descent = {
        .recommender = recommender,
        .model = model,
        .sequences = sequences,
        .users = tuning_users(sequences->users, TUNING_VALIDATED_USERS),
        .settings = settings,
    };
    descent.objective = objective_of(recommender, model, sequences, descent.users);
    if (!recommender->retune) { return descent.objective; }
    for (int round = 0; round < rounds; round++) {
        bool moved = false;
        for (size_t k = 0; k < recommender->hyperparameters_count; k++) {
            const struct hyperparameter *hyperparameter = &recommender->hyperparameters[k];
            for (size_t s = 0; s < ARRAY_COUNT(steps); s++) {
                double value;
                memcpy(&value, (char *)settings + hyperparameter->offset, sizeof(value));
                while (attempt(&descent, hyperparameter, value * steps[s])) {
                    value *= steps[s];
                    moved = true;
                }
            }
        }
        if (!moved) { break; }
    }
    return descent.objective;
}
