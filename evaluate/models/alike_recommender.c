/* A grouping goes through the steps of the sequence trainer's: columns of the items that enough
 * users have, a truncated SVD, users folded in, K-means; then its records are put where scorers
 * put theirs, all users in one part. It is made when a list is asked for, once it is due.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "evaluate/models/alike_recommender.h"
#include "evaluate/models/numbered_items.h"
#include "evaluate/models/user_items.h"
#include "model/alike_users.h"
#include "model/fold_in.h"
#include "model/k_means.h"
#include "model/truncated_svd.h"

enum { NAME_BYTES = 16, NO_COLUMN = -1, USERS_A_CLUSTER = 80, USERS_LEAST = 20, ITEMS_LEAST = 2,
       EXTRA_DIRECTIONS = 10, PASSES_MAX = 24, ITERATIONS_MAX = 60 };

struct alike_model {
    struct alike_settings settings;
    uint64_t seed;
    struct ids *ids; /* item numbers as texts */
    struct user_items *users;
    int32_t users_max, items_max;
    int64_t actions, grouped; /* grouped: how many actions there were then; 0: never */
    int64_t version;
    struct cluster_space *space;
    struct alike_users *alike;
    float *ones;
};

/* The users and items of one grouping. */
struct grouping {
    size_t *begins;
    int32_t *columns, *column_of, *item_of;
    float *values, *scales, *factors, *vectors;
    int32_t *point_of; /* by user: its row, if it has a vector; below 0: none */
    size_t rows, width, d;
    struct k_means *means;
};

static const struct alike_settings usual = {50, 32, 32, 3, 0.25, 1000};
static const struct preset presets[] = {{.name = "default", .settings = &usual}};
static const struct hyperparameter hyperparameters[] = {
    HYPERPARAMETER(alike_settings, history, 1, 100, "newest items of a user"),
    HYPERPARAMETER(alike_settings, d, 1, CLUSTER_NUMBERS_MAX, "dimensions of a user's vector"),
    HYPERPARAMETER(alike_settings, clusters, 1, 1000, "most clusters of users"),
    HYPERPARAMETER(alike_settings, item_users, 1, 1e9, "users of an item that counts"),
    HYPERPARAMETER(alike_settings, growth, 0.01, 100,
                   "growth of the number of actions after which users are grouped again"),
    HYPERPARAMETER(alike_settings, actions, 1, 1e12, "actions before they are grouped first"),
};

static void *alike_make(const struct model_context *context, const void *settings)
{
    struct alike_model *model = xcalloc(1, sizeof(*model));
    memcpy(&model->settings, settings, sizeof(model->settings));
    model->seed = context->seed;
    model->users_max = context->users_max;
    model->items_max = context->items_max;
    model->ids = numbered_items_new(context->items_max);
    model->users = xcalloc((size_t)context->users_max, sizeof(*model->users));
    model->space = cluster_space_new(SIZE_MAX);
    model->alike = alike_users_new(model->space, model->ids);
    model->ones = xcalloc((size_t)model->settings.history, sizeof(float));
    for (size_t k = 0; k < (size_t)model->settings.history; k++) { model->ones[k] = 1.0F; }
    return model;
}

static void alike_free(void *self)
{
    struct alike_model *model = self;
    if (!model) { return; }
    for (int32_t u = 0; u < model->users_max; u++) { free(model->users[u].items); }
    alike_users_free(model->alike);
    cluster_space_free(model->space);
    ids_free(model->ids);
    free(model->users);
    free(model->ones);
    free(model);
}

static void alike_learn(void *self, const struct training_example *example)
{
    struct alike_model *model = self;
    struct user_items *user = &model->users[example->user];
    for (size_t k = 0; k < user->count; k++) {
        if (user->items[k] == example->item) { return; }
    }
    user_items_add(user, example->item);
    model->actions++;
}

/* ---- Grouping ---- */

/* Returns the place of the user's first item that counts. */
static size_t newest(const struct alike_model *model, const struct user_items *user)
{
    return user->count - MIN_OF(user->count, (size_t)model->settings.history);
}

static void find_columns(const struct alike_model *model, struct grouping *grouping)
{
    int32_t *users = xcalloc((size_t)model->items_max + 1, sizeof(*users));
    for (int32_t u = 0; u < model->users_max; u++) {
        const struct user_items *user = &model->users[u];
        for (size_t k = newest(model, user); k < user->count; k++) { users[user->items[k]]++; }
    }
    for (int32_t i = 0; i < model->items_max; i++) {
        bool counts = (double)users[i] >= model->settings.item_users;
        grouping->column_of[i] = counts ? (int32_t)grouping->width : NO_COLUMN;
        if (!counts) { continue; }
        grouping->item_of[grouping->width] = i;
        grouping->scales[grouping->width++] = 1.0F / sqrtf((float)users[i]);
    }
    free(users);
}

static void fill_rows(const struct alike_model *model, struct grouping *grouping)
{
    size_t cells = 0;
    for (int32_t u = 0; u < model->users_max; u++) {
        const struct user_items *user = &model->users[u];
        for (size_t k = newest(model, user); k < user->count; k++) {
            int32_t column = grouping->column_of[user->items[k]];
            if (column == NO_COLUMN) { continue; }
            grouping->columns[cells] = column;
            grouping->values[cells++] = fold_in_value(1.0);
        }
        grouping->begins[++grouping->rows] = cells;
    }
}

static void find_factors(const struct alike_model *model, struct grouping *grouping)
{
    const struct sparse_rows rows = {grouping->begins, grouping->columns, grouping->values,
                                     grouping->scales, grouping->rows, grouping->width};
    const struct truncated_svd_settings settings = {
        .rank = (size_t)model->settings.d, .extra = EXTRA_DIRECTIONS,
        .iterations_max = PASSES_MAX, .tolerance = 1e-5, .seed = model->seed};
    struct truncated_svd *svd = truncated_svd_new(&rows, &settings);
    while (truncated_svd_step(svd, SIZE_MAX / 2)) { }
    size_t d = grouping->d = truncated_svd_rank(svd);
    grouping->factors = xcalloc(grouping->width * d + 1, sizeof(float));
    truncated_svd_factors(svd, grouping->factors);
    truncated_svd_free(svd);
}

static void group(const struct alike_model *model, struct grouping *grouping)
{
    size_t points = 0, d = grouping->d;
    grouping->vectors = xcalloc(grouping->rows * d + 1, sizeof(float));
    grouping->point_of = xcalloc(grouping->rows + 1, sizeof(int32_t));
    for (size_t row = 0; row < grouping->rows; row++) {
        size_t from = grouping->begins[row];
        bool folded = fold_in(grouping->factors, grouping->width, d, grouping->columns + from,
                              grouping->values + from, grouping->begins[row + 1] - from,
                              grouping->vectors + points * d);
        grouping->point_of[row] = folded ? (int32_t)points++ : NO_COLUMN;
    }
    const struct k_means_settings settings = {
        .clusters = MIN_OF(MAX_OF(points / USERS_A_CLUSTER, (size_t)1),
                           (size_t)model->settings.clusters),
        .dimensions = d, .iterations_max = ITERATIONS_MAX, .seed = model->seed};
    grouping->means = k_means_new(&settings, grouping->vectors, points, NULL, 0);
    do {
        while (k_means_step(grouping->means, SIZE_MAX / 2)) { }
    } while (k_means_drop(grouping->means, MIN_OF(points, (size_t)USERS_LEAST)));
}

/* ---- The version of a grouping ---- */

static void put_factors(struct alike_model *model, const struct grouping *grouping,
                        struct cluster_version version)
{
    struct slice items[CLUSTER_PART_ITEMS];
    for (int32_t part = 0; part < version.parts; part++) {
        size_t from = (size_t)part * CLUSTER_PART_ITEMS;
        size_t count = MIN_OF(grouping->width - from, (size_t)CLUSTER_PART_ITEMS);
        for (size_t k = 0; k < count; k++) {
            items[k] = ids_text(model->ids, grouping->item_of[from + k]);
        }
        (void)cluster_space_put_factors(
            model->space, version, part, (struct slices){items, count},
            (struct floats){grouping->factors + from * grouping->d, count * grouping->d});
    }
}

static void put_clusters(struct alike_model *model, const struct grouping *grouping,
                         struct cluster_version version)
{
    float *centroids = (float *)(uintptr_t)k_means_centroids(grouping->means);
    for (int32_t c = 0; c < version.clusters; c++) {
        char name[NAME_BYTES];
        int size = snprintf(name, sizeof(name), "%d", c + 1);
        (void)cluster_space_put_cluster(
            model->space, version, slice_of(name, (size_t)size),
            (struct floats){centroids + (size_t)c * grouping->d, grouping->d});
    }
}

static void put_users(struct alike_model *model, const struct grouping *grouping,
                      struct cluster_version version)
{
    int32_t *clusters = xcalloc(2 * grouping->rows + 1, sizeof(*clusters));
    int32_t *counts = clusters + grouping->rows;
    int32_t *items = xcalloc(grouping->begins[grouping->rows] + 1, sizeof(*items));
    size_t users = 0, told = 0;
    for (size_t row = 0; row < grouping->rows; row++) {
        size_t from = grouping->begins[row], count = grouping->begins[row + 1] - from;
        int32_t point = grouping->point_of[row];
        if (point == NO_COLUMN || count < ITEMS_LEAST) { continue; }
        clusters[users] = 1 + (int32_t)k_means_of(grouping->means, (size_t)point);
        counts[users++] = (int32_t)count;
        memcpy(items + told, grouping->columns + from, count * sizeof(*items));
        told += count;
    }
    const struct sampled_users all = {clusters, counts, users, items, NULL, told};
    (void)cluster_space_put_users(model->space, version, 0, &all);
    free(clusters);
    free(items);
}

static void put_version(struct alike_model *model, const struct grouping *grouping)
{
    size_t clusters = k_means_clusters(grouping->means);
    if (!clusters || !grouping->d) { return; }
    const struct cluster_version version = {
        .number = ++model->version,
        .clusters = (int32_t)clusters,
        .parts = (int32_t)((grouping->width + CLUSTER_PART_ITEMS - 1) / CLUSTER_PART_ITEMS),
        .user_parts = 1};
    put_factors(model, grouping, version);
    put_clusters(model, grouping, version);
    put_users(model, grouping, version);
}

static void regroup(struct alike_model *model)
{
    size_t items = (size_t)model->items_max + 1;
    struct grouping grouping = {
        .begins = xcalloc((size_t)model->users_max + 1, sizeof(size_t)),
        .columns = xcalloc((size_t)model->actions + 1, sizeof(int32_t)),
        .values = xcalloc((size_t)model->actions + 1, sizeof(float)),
        .column_of = xcalloc(items, sizeof(int32_t)),
        .item_of = xcalloc(items, sizeof(int32_t)),
        .scales = xcalloc(items, sizeof(float)),
    };
    model->grouped = model->actions;
    find_columns(model, &grouping);
    fill_rows(model, &grouping);
    if (grouping.begins[grouping.rows]) {
        find_factors(model, &grouping);
        group(model, &grouping);
        put_version(model, &grouping);
    }
    k_means_free(grouping.means);
    free(grouping.begins);
    free(grouping.columns);
    free(grouping.values);
    free(grouping.column_of);
    free(grouping.item_of);
    free(grouping.scales);
    free(grouping.factors);
    free(grouping.vectors);
    free(grouping.point_of);
}

static bool is_due(const struct alike_model *model)
{
    const struct alike_settings *set = &model->settings;
    double actions = (double)model->actions;
    if (!model->grouped) { return actions >= set->actions; }
    return actions >= (1.0 + set->growth) * (double)model->grouped;
}

static void alike_score(void *self, const struct query *query, float *scores)
{
    struct alike_model *model = self;
    const int32_t *items;
    size_t used = MIN_OF(query->count, (size_t)model->settings.history);
    if (is_due(model)) { regroup(model); }
    for (int32_t i = 0; i < query->items; i++) { scores[i] = 0.0F; }
    size_t count = alike_users_find(model->alike, query->history + query->count - used,
                                    model->ones, used, &items);
    for (size_t k = 0; k < count; k++) {
        if (items[k] < query->items) { scores[items[k]] = alike_users_of(model->alike, items[k]); }
    }
}

const struct recommender alike_recommender = {
    .name = "users",
    .about = "what users chose who act alike: nearest by vectors, then the cosine of what both did",
    .served = true,
    .aside = true,
    .hyperparameters = hyperparameters,
    .hyperparameters_count = ARRAY_COUNT(hyperparameters),
    .presets = presets,
    .presets_count = ARRAY_COUNT(presets),
    .settings_size = sizeof(struct alike_settings),
    .make = alike_make,
    .free = alike_free,
    .learn = alike_learn,
    .score = alike_score,
};
