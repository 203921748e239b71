#include "base/base.h"
#include "base/xalloc.h"
#include "evaluate/models/directed_counting.h"
#include "evaluate/models/transitions.h"

enum { EXPANSION_ITEMS = 10, RECENT_MAX = 512 };

/* Older items weigh less than this part of the newest and are left out. */
#define WEIGHT_LEAST 1e-7

struct directed_counting {
    struct directed_counting_settings settings;
    struct transitions *transitions;
    struct content *content;
    int32_t items_max;
    float *target;  /* n_i^(-nt kp), by item; 0 before the first action */
    float *root;    /* pe sqrt(n_i) */
    float *content_scores;
    float recent[RECENT_MAX];  /* r^-g h^(r-1) */
    float recent_content[RECENT_MAX]; /* hc^(r-1) */
    size_t recent_count;
    size_t recent_content_count;
};

static const struct directed_counting_settings dense = {
    .window = 8, .distance_power = 1, .backward = .05, .shrink = 0, .source_power = .8,
    .target_power = .3, .kernel_power = .3, .recency_decay = .8, .recency_power = .5,
    .popularity = 3e-4, .content_power = .75, .content_decay = .5, .content_popularity = -.1,
};
static const struct directed_counting_settings sparse = {
    .window = 20, .distance_power = .5, .backward = .5, .shrink = .3, .source_power = .2,
    .target_power = .2, .kernel_power = .8, .recency_decay = .7, .recency_power = 0,
    .popularity = 3e-3, .content = .6, .content_power = .75, .content_decay = .5,
    .content_popularity = -.1, .expansion = .06,
};
static const struct directed_counting_settings ordered = {
    .window = 20, .distance_power = .5, .backward = .1, .shrink = .3, .source_power = .2,
    .target_power = .1, .kernel_power = .7, .recency_decay = .6, .recency_power = 0,
    .popularity = 1e-5, .content = .6, .content_power = .75, .content_decay = .8,
    .content_popularity = 0, .expansion = .2,
};
static const struct directed_counting_settings even = {
    .window = 20, .distance_power = .75, .backward = .2, .shrink = 1, .source_power = .1,
    .target_power = .2, .kernel_power = .4, .recency_decay = .8, .recency_power = .25,
    .popularity = 1e-3, .content_power = .75, .content_decay = .7, .content_popularity = -.1,
};
static const struct directed_counting_settings even_content = {
    .window = 20, .distance_power = .75, .backward = .2, .shrink = 1, .source_power = .1,
    .target_power = .2, .kernel_power = .5, .recency_decay = .8, .recency_power = .25,
    .popularity = 1e-3, .content = .4, .content_power = .75, .content_decay = .7,
    .content_popularity = -.1, .expansion = .1,
};
static const struct preset presets[] = {
    {.name = "even", .settings = &even},
    {.name = "sparse", .settings = &sparse},
    {.name = "ordered", .settings = &ordered},
    {.name = "dense", .settings = &dense},
    {.name = "even-content", .settings = &even_content, .wants_content = true},
};

static const struct hyperparameter hyperparameters[] = {
    HYPERPARAMETER(directed_counting_settings, window, 1, TRANSITIONS_WINDOW_MAX,
                   "positions that are counted as near"),
    HYPERPARAMETER(directed_counting_settings, distance_power, 0, 4,
                   "how a count falls with the distance"),
    HYPERPARAMETER(directed_counting_settings, backward, 0, 1,
                   "weight of the actions before an item"),
    HYPERPARAMETER(directed_counting_settings, shrink, 0, 100,
                   "shrinkage of small counts"),
    HYPERPARAMETER(directed_counting_settings, source_power, 0, 2,
                   "normalisation by the history item's actions"),
    HYPERPARAMETER(directed_counting_settings, target_power, 0, 2,
                   "normalisation by the candidate's actions"),
    HYPERPARAMETER(directed_counting_settings, kernel_power, .05, 2, "power of a count"),
    HYPERPARAMETER(directed_counting_settings, recency_decay, 0, 1,
                   "weight of an item relative to the next newer one"),
    HYPERPARAMETER(directed_counting_settings, recency_power, 0, 4,
                   "fall of that weight with the rank"),
    HYPERPARAMETER(directed_counting_settings, popularity, 0, 10,
                   "weight of the root of the actions"),
    HYPERPARAMETER(directed_counting_settings, content, 0, 10, "weight of content"),
    HYPERPARAMETER(directed_counting_settings, content_power, .05, 4,
                   "power of a content similarity"),
    HYPERPARAMETER(directed_counting_settings, content_decay, 0, 1, "recency for content"),
    HYPERPARAMETER(directed_counting_settings, content_popularity, -2, 2,
                   "power of the actions for content"),
    HYPERPARAMETER(directed_counting_settings, expansion, 0, 10,
                   "weight of a history item's content neighbours"),
};

static size_t fill_recency(float *weights, double decay, double power)
{
    size_t count = 0;
    for (; count < RECENT_MAX; count++) {
        double weight = pow(decay, (double)count) * pow((double)count + 1, -power);
        if (weight < WEIGHT_LEAST) { break; }
        weights[count] = (float)weight;
    }
    return count;
}

static void update_item(struct directed_counting *counting, int32_t item)
{
    const struct directed_counting_settings *set = &counting->settings;
    double n = transitions_actions(counting->transitions, item);
    if (n <= 0.0) { return; }
    counting->target[item] = powf((float)n, (float)(-set->target_power * set->kernel_power));
    counting->root[item] = (float)(set->popularity * sqrt(n));
}

static void take_settings(struct directed_counting *counting,
                          const struct directed_counting_settings *settings)
{
    counting->settings = *settings;
    counting->recent_count =
        fill_recency(counting->recent, settings->recency_decay, settings->recency_power);
    counting->recent_content_count =
        fill_recency(counting->recent_content, settings->content_decay, 0.0);
}

static void *directed_counting_make(const struct model_context *context, const void *settings)
{
    const struct directed_counting_settings *set = settings;
    struct directed_counting *counting = xcalloc(1, sizeof(*counting));
    counting->items_max = context->items_max;
    counting->content = context->content;
    counting->transitions =
        transitions_new(context->items_max, &(struct transitions_settings){
                                                .window = (int32_t)set->window,
                                                .distance_power = set->distance_power,
                                                .backward_weight = set->backward,
                                                .shrink = set->shrink,
                                                .power = set->kernel_power,
                                            });
    size_t items = (size_t)context->items_max;
    counting->target = xcalloc(items, sizeof(float));
    counting->root = xcalloc(items, sizeof(float));
    counting->content_scores = xcalloc(items, sizeof(float));
    take_settings(counting, set);
    return counting;
}

static void directed_counting_free(void *self)
{
    struct directed_counting *counting = self;
    if (!counting) { return; }
    transitions_free(counting->transitions);
    free(counting->target);
    free(counting->root);
    free(counting->content_scores);
    free(counting);
}

static bool directed_counting_retune(void *self, const void *settings)
{
    struct directed_counting *counting = self;
    const struct directed_counting_settings *now = settings, *old = &counting->settings;
    if (now->window != old->window || now->distance_power != old->distance_power ||
        now->backward != old->backward) {
        return false;
    }
    if (now->shrink != old->shrink || now->kernel_power != old->kernel_power) {
        transitions_reweigh(counting->transitions, now->shrink, now->kernel_power);
    }
    take_settings(counting, now);
    for (int32_t item = 0; item < counting->items_max; item++) { update_item(counting, item); }
    return true;
}

static void directed_counting_learn(void *self, const struct training_example *example)
{
    struct directed_counting *counting = self;
    transitions_learn(counting->transitions, example->before, example->before_count, example->item);
    update_item(counting, example->item);
}

/* Adds weight * K[from][i], without the target's part, which score() multiplies once. */
static void add_row(const struct directed_counting *counting, int32_t from, float weight,
                    float *scores)
{
    double n = transitions_actions(counting->transitions, from);
    if (n <= 0.0) { return; }
    const struct directed_counting_settings *set = &counting->settings;
    weight *= powf((float)n, (float)(-set->source_power * set->kernel_power));
    int32_t count;
    const struct transition *row = transitions_row(counting->transitions, from, &count);
    for (int32_t at = 0; at < count; at++) { scores[row[at].item] += weight * row[at].v; }
}

static void add_expansion(const struct directed_counting *counting, int32_t from, float weight,
                          float *scores)
{
    size_t count;
    const struct alike *alike = content_nearest(counting->content, from, &count);
    for (size_t at = 0; at < MIN_OF(count, (size_t)EXPANSION_ITEMS); at++) {
        float share = powf(alike[at].cosine, (float)counting->settings.content_power);
        add_row(counting, alike[at].item, weight * share, scores);
    }
}

static void sum_transitions(const struct directed_counting *counting, const struct query *query,
                            float *scores)
{
    float expansion = counting->content ? (float)counting->settings.expansion : 0.0F;
    for (size_t r = 0; r < MIN_OF(query->count, counting->recent_count); r++) {
        int32_t item = query->history[query->count - 1 - r];
        add_row(counting, item, counting->recent[r], scores);
        if (expansion > 0.0F) {
            add_expansion(counting, item, expansion * counting->recent[r], scores);
        }
    }
    for (int32_t i = 0; i < query->items; i++) { scores[i] *= counting->target[i]; }
}

static void sum_content(const struct directed_counting *counting, const struct query *query,
                        float *scores)
{
    const struct directed_counting_settings *set = &counting->settings;
    for (size_t r = 0; r < MIN_OF(query->count, counting->recent_content_count); r++) {
        size_t count;
        const struct alike *alike =
            content_nearest(counting->content, query->history[query->count - 1 - r], &count);
        for (size_t at = 0; at < count; at++) {
            if (alike[at].item >= query->items) { continue; }
            scores[alike[at].item] += counting->recent_content[r] *
                                      powf(alike[at].cosine, (float)set->content_power);
        }
    }
    if (set->content_popularity == 0.0) { return; }
    for (int32_t i = 0; i < query->items; i++) {
        if (scores[i] == 0.0F) { continue; }
        float n = (float)transitions_actions(counting->transitions, i);
        scores[i] *= powf(n + 1.0F, (float)set->content_popularity);
    }
}

/* Returns the greatest score of an item that is not in the history; sets those in it to 0. */
static float greatest(const struct query *query, float *scores)
{
    for (size_t at = 0; at < query->count; at++) { scores[query->history[at]] = 0.0F; }
    float most = 0.0F;
    for (int32_t i = 0; i < query->items; i++) { most = scores[i] > most ? scores[i] : most; }
    return most;
}

static void directed_counting_score(void *self, const struct query *query, float *scores)
{
    struct directed_counting *counting = self;
    size_t bytes = (size_t)query->items * sizeof(*scores);
    assert(query->items <= counting->items_max);
    memset(scores, 0, bytes);
    sum_transitions(counting, query, scores);
    float most = greatest(query, scores);
    float scale = most > 0.0F ? 1.0F / most : 0.0F;
    for (int32_t i = 0; i < query->items; i++) {
        scores[i] = scores[i] * scale + counting->root[i];
    }
    if (!counting->content || !(counting->settings.content > 0.0)) { return; }
    float *content = counting->content_scores;
    memset(content, 0, bytes);
    sum_content(counting, query, content);
    most = greatest(query, content);
    scale = most > 0.0F ? (float)counting->settings.content / most : 0.0F;
    for (int32_t i = 0; i < query->items; i++) { scores[i] += content[i] * scale; }
}

const struct recommender directed_counting_recommender = {
    .name = "directed-counting",
    .about = "directed counts of transitions, with recency, popularity and content",
    .hyperparameters = hyperparameters,
    .hyperparameters_count = ARRAY_COUNT(hyperparameters),
    .presets = presets,
    .presets_count = ARRAY_COUNT(presets),
    .settings_size = sizeof(struct directed_counting_settings),
    .every_preset = true,
    .make = directed_counting_make,
    .free = directed_counting_free,
    .learn = directed_counting_learn,
    .retune = directed_counting_retune,
    .score = directed_counting_score,
};
