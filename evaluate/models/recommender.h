/* Recommender: the interface of every model, for the evaluation protocols and the blends.
 *
 * A model learns actions one by one and scores all items for a history. A higher score is better;
 * only the order within one query means anything. A model's settings are one struct of doubles,
 * described by a table of hyperparameters, so that they can be set by name. Models own their
 * memory, hold at most items_max items and users_max users, read no clock, and draw random numbers
 * from their seed only.
 */
#ifndef FRESHET_EVALUATE_MODELS_RECOMMENDER_H
#define FRESHET_EVALUATE_MODELS_RECOMMENDER_H

#include "base/base.h"
#include "evaluate/models/content.h"

/* One number of a model's settings. */
struct hyperparameter {
    const char *name;
    size_t offset; /* of a double */
    double min, max;
    const char *help;
};

#define HYPERPARAMETER(type, field, least, most, text)                                             \
    {                                                                                              \
#field, offsetof(struct type, field), least, most, text                                    \
    }

struct given_vectors;
struct recommender;
struct sequences;

/* Validates a model during training: a higher objective is better. */
struct validator {
    double (*objective)(void *arg, const struct recommender *recommender, void *model);
    void *arg;
};

/* What a model starts from; borrowed for the life of the model. */
struct model_context {
    int32_t users_max;
    int32_t items_max;
    struct content *content; /* NULL: nothing is known of the items; shared, in one thread */
    const struct given_vectors *vectors; /* NULL: none are given */
    const struct ids *features;          /* names of content's; NULL: not known */
    uint64_t seed;
    const struct validator *validator; /* for models that train in epochs; NULL: none */
};

/* A user's new action; `before` is what the user had, oldest first, borrowed. */
struct training_example {
    int32_t user;
    int32_t item;
    float rating;
    int64_t time_ms; /* 0 where the source has no times */
    const int32_t *before;
    size_t before_count;
};

/* A user and a history for which the items 0 .. items - 1 are scored. */
struct query {
    int32_t user;
    const int32_t *history; /* oldest first */
    size_t count;
    int32_t items;
};

struct preset {
    const char *name;
    const void *settings;
    bool wants_content; /* without content it is the same as another preset */
    bool wants_vectors; /* the same of given vectors */
    bool lists_only;    /* predicts the same ratings as the first preset */
};

/* Says whether a preset differs from the others in this context. */
static inline bool preset_suits(const struct preset *preset, const struct model_context *context)
{
    return (!preset->wants_content || context->content) &&
           (!preset->wants_vectors || context->vectors);
}

struct recommender {
    const char *name;
    const char *about;
    bool served; /* the workers make lists with it; false: only for comparison */
    const struct hyperparameter *hyperparameters;
    size_t hyperparameters_count;
    const struct preset *presets; /* at least one; the first is the default */
    size_t presets_count;
    size_t settings_size;
    /* Chooses a preset by the size and shape of the data. NULL: presets are compared (tuning.h). */
    size_t (*prefer)(const struct model_context *context, const struct sequences *sequences);
    int32_t items_most; /* the model takes no more items than these; 0: any number */
    bool aside;         /* excluded from the blend, where it adds little; runs only when named */
    bool every_preset;  /* its presets differ enough that the blend takes each as a member */
    bool streams;       /* needs the actions of all users in order of time, not user by user */
    /* Says whether the model can work on this context. NULL: it can on any. */
    bool (*suits)(const struct model_context *context);
    /* Makes an empty model; copies the settings. */
    void *(*make)(const struct model_context *context, const void *settings);
    /* Frees it; takes NULL. */
    void (*free)(void *self);
    /* Learns one action. */
    void (*learn)(void *self, const struct training_example *example);
    /* Changes settings without learning again. Returns false when learning depends on a changed
     * setting. NULL: always false. */
    bool (*retune)(void *self, const void *settings);
    /* Computes what learn() does not update; called after learning, before scoring. NULL: learn()
     * updates everything. */
    void (*settle)(void *self);
    /* Scores all items; every score is finite. */
    void (*score)(void *self, const struct query *query, float *scores);
    /* Predicts a rating, on the scale of the examples' ratings, for unknown users and items, too.
     * NULL: the model predicts no ratings. */
    double (*rate)(void *self, int32_t user, int32_t item);
};

/* Finds a hyperparameter; NULL when there is none of that name. */
const struct hyperparameter *recommender_hyperparameter(const struct recommender *recommender,
                                                        const char *name);
/* Sets a hyperparameter in settings: 0, -ENOENT (no such hyperparameter) or -ERANGE. */
int recommender_set(const struct recommender *recommender, void *settings, const char *name,
                    double value);

#endif
