/* Recommender: what every model of lists can do, so that one validator, one blend and one worker
 * can hold any of them.
 *
 * A model learns actions one by one and scores all items for a history; a higher score is better,
 * and only the order within one query means anything. Settings are one struct of doubles a model,
 * described by a table of hyperparameters, so that they can be set by name. Models own their
 * memory, hold at most items_max items and users_max users, and use no clock and no rng but their
 * seed.
 */
#ifndef FRESHET_EVALUATE_MODELS_RECOMMENDER_H
#define FRESHET_EVALUATE_MODELS_RECOMMENDER_H

#include "base/base.h"
#include "model/content.h"

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

/* Says how good a model is as it stands, by validation; higher is better. */
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
    uint64_t seed;
    const struct validator *validator; /* for models that learn in rounds; NULL: there is none */
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

/* Whom to score the items 0 .. items - 1 for. */
struct query {
    int32_t user;
    const int32_t *history; /* oldest first */
    size_t count;
    int32_t items;
};

struct preset {
    const char *name;
    const void *settings;
    bool wants_content; /* differs from another only where content is known */
    bool lists_only;    /* rates as the first preset does */
};

struct recommender {
    const char *name;
    const char *about;
    bool served; /* the workers make lists of it; else it is there for comparison */
    const struct hyperparameter *hyperparameters;
    size_t hyperparameters_count;
    const struct preset *presets; /* at least one; the first is the default */
    size_t presets_count;
    size_t settings_size;
    /* Says which preset suits the data by its shape alone. NULL: a heat says it. */
    size_t (*prefer)(const struct model_context *context, const struct sequences *sequences);
    int32_t items_most; /* the model is not for more items than these; 0: any number */
    bool aside;         /* no member of the blend, where it adds little; for those who ask */
    bool every_preset;  /* presets see different things: a blend has room for each */
    bool streams;       /* learns of all users in order of time: not user after user */
    /* Says whether the model can work on this context. NULL: on any. */
    bool (*suits)(const struct model_context *context);
    /* Makes an empty model; copies the settings. */
    void *(*make)(const struct model_context *context, const void *settings);
    /* Frees it; takes NULL. */
    void (*free)(void *self);
    /* Learns one action. */
    void (*learn)(void *self, const struct training_example *example);
    /* Takes other settings without learning anew, where only reading depends on what changed;
     * false where it cannot. NULL: never can. */
    bool (*retune)(void *self, const void *settings);
    /* Computes what cannot be kept up action by action; called after learning, before scoring. NULL
     * where everything is kept up. */
    void (*settle)(void *self);
    /* Scores all items; every score is finite. */
    void (*score)(void *self, const struct query *query, float *scores);
    /* Foretells a rating, on the scale of the examples'; of users and items never seen too. NULL:
     * the model knows no ratings. */
    double (*rate)(void *self, int32_t user, int32_t item);
};

/* Finds a hyperparameter; NULL when there is none of that name. */
const struct hyperparameter *recommender_hyperparameter(const struct recommender *recommender,
                                                        const char *name);
/* Sets a hyperparameter in settings: 0, -ENOENT (no such hyperparameter) or -ERANGE. */
int recommender_set(const struct recommender *recommender, void *settings, const char *name,
                    double value);

#endif
