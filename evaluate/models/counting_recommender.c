/* Three functions do the work of three workers. learn() does what `features` does with an event;
 * drain() what `features` does when it sends its accumulator and `trainer` when it adds that up;
 * publish() what `trainer` does when it sends serving rows and `scorer` when it reads them.
 * score() calls the last two when anything has changed, so a list uses all actions that were
 * learned, as if each worker had sent everything just before.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "evaluate/models/counting_recommender.h"
#include "evaluate/models/numbered_items.h"
#include "model/counting/row.h"
#include "model/counting/timeline.h"

enum {
    BATCH_BYTES_MAX = 64 << 20, /* of the accumulator */
    SCORED = 50,                /* ranked for one query; the scorer asks for as many to blend */
};

#define DAY_MS 86400000.0

/* Items that fill up a list score less than 0; items that are not listed score less than those. */
#define FILL_STEP 1e-3F
#define UNLISTED (-1.0F)

/* An item's row, as `trainer` holds it. */
struct item_state {
    struct row row;
    int64_t first_users;
    bool changed;
};

struct counting {
    struct counting_settings settings;
    int32_t items_max, users_max;
    struct ids *ids; /* item numbers as texts: the ranking orders equal scores by them */
    struct window *window;
    struct timeline *timelines; /* by user */
    struct pairs *pairs;
    int64_t sequence;
    struct item_state *items;
    int32_t *changed;
    size_t changed_count;
    struct item_table *table;
    struct ranking *ranking;
    /* Scratch: one row as it is sent. */
    struct topk best;
    int32_t *neighbours;
    double *co_ratings, *forwards, *backwards;
    /* Scratch: one history. */
    float *weights;
};

/* Settings that are the same in all presets. */
#define COMMON                                                                                     \
    .history_length = 50, .history_actions_max = 600, .history_seen_max = 2000,                    \
    .pairs_window = 50, .trend_half_life = 1, .recent_items = 20, .directed_weight = 1,            \
    .symmetric_weight = .1, .dislike_weight = .5, .weights_power = 1, .recent_weights_power = 1

static const struct counting_settings defaults = {
    COMMON, .transitions_window = 20, .transitions_exponent = .75, .neighbours_max = 512,
    .serving_neighbours_max = 384,
    .popularity_weight = .03, .backward_weight = .2, .shrink = .3, .source_power = .2,
    .target_power = .35, .kernel_power = .45, .recency_decay = .85, .recency_power = .25,
    .neighbours_used = 512,
};
static const struct counting_settings sparse = {
    COMMON, .transitions_window = 20, .transitions_exponent = .5, .neighbours_max = 512,
    .serving_neighbours_max = 384,
    .popularity_weight = .055, .backward_weight = .5, .shrink = .3, .source_power = .2,
    .target_power = .2, .kernel_power = .8, .recency_decay = .7, .neighbours_used = 512,
};
static const struct counting_settings ordered = {
    COMMON, .transitions_window = 20, .transitions_exponent = .5, .neighbours_max = 512,
    .serving_neighbours_max = 384,
    .popularity_weight = 2e-4, .backward_weight = .1, .shrink = .3, .source_power = .2,
    .target_power = .1, .kernel_power = .7, .recency_decay = .6, .neighbours_used = 512,
};
static const struct counting_settings dense = {
    COMMON, .transitions_window = 8, .transitions_exponent = 1, .neighbours_max = 4096,
    .serving_neighbours_max = 4096,
    .popularity_weight = .0175, .backward_weight = .05, .source_power = .8, .target_power = .3,
    .kernel_power = .3, .recency_decay = .8, .recency_power = .5, .neighbours_used = 4096,
};
static const struct preset presets[] = {
    {.name = "default", .settings = &defaults},
    {.name = "sparse", .settings = &sparse},
    {.name = "ordered", .settings = &ordered},
    {.name = "dense", .settings = &dense},
};

static const struct hyperparameter hyperparameters[] = {
    HYPERPARAMETER(counting_settings, history_length, 1, 10000, "features: history.length"),
    HYPERPARAMETER(counting_settings, history_actions_max, 2, 100000,
                   "features: history.actions.max"),
    HYPERPARAMETER(counting_settings, history_seen_max, 0, 100000, "features: history.seen.max"),
    HYPERPARAMETER(counting_settings, pairs_window, 1, 50000, "features: pairs.window"),
    HYPERPARAMETER(counting_settings, transitions_window, 0, 50000, "features: transitions.window"),
    HYPERPARAMETER(counting_settings, transitions_exponent, 0, 8, "features: transitions.exponent"),
    HYPERPARAMETER(counting_settings, decay_half_life, 0, 36500,
                   "features: decay.half.life, in days; 0: never"),
    HYPERPARAMETER(counting_settings, trend_half_life, 0, 36500,
                   "features: trend.half.life, in days; 0: never"),
    HYPERPARAMETER(counting_settings, neighbours_max, 1, 65536, "trainer: neighbours.max"),
    HYPERPARAMETER(counting_settings, serving_neighbours_max, 1, 65536,
                   "trainer: serving.neighbours.max"),
    HYPERPARAMETER(counting_settings, recent_items, 1, 10000, "scorer: recent.items"),
    HYPERPARAMETER(counting_settings, directed_weight, 0, 1000, "scorer: directed.weight"),
    HYPERPARAMETER(counting_settings, symmetric_weight, 0, 1000, "scorer: symmetric.weight"),
    HYPERPARAMETER(counting_settings, similarity_measure, 0, 2,
                   "scorer: similarity.measure: 0 cosine, 1 jaccard, 2 llr"),
    HYPERPARAMETER(counting_settings, popularity_weight, 0, 1000, "scorer: popularity.weight"),
    HYPERPARAMETER(counting_settings, dislike_weight, 0, 1000, "scorer: dislike.weight"),
    HYPERPARAMETER(counting_settings, weights_power, 0, 2, "features: weights.power"),
    HYPERPARAMETER(counting_settings, recent_weights_power, 0, 2, "scorer: recent.weights.power"),
    HYPERPARAMETER(counting_settings, rating_weights, 0, 1, "data: 1: ratings are weights"),
    HYPERPARAMETER(counting_settings, backward_weight, 0, 10, "scorer: backward.weight"),
    HYPERPARAMETER(counting_settings, shrink, 0, 1e6, "scorer: shrink"),
    HYPERPARAMETER(counting_settings, source_power, 0, 2, "scorer: source.power"),
    HYPERPARAMETER(counting_settings, target_power, 0, 2, "scorer: target.power"),
    HYPERPARAMETER(counting_settings, kernel_power, .05, 2, "scorer: kernel.power"),
    HYPERPARAMETER(counting_settings, recency_decay, 0, 1, "scorer: recency.decay"),
    HYPERPARAMETER(counting_settings, recency_power, 0, 10, "scorer: recency.power"),
    HYPERPARAMETER(counting_settings, neighbours_used, 1, 65536, "scorer: neighbours.used"),
};

/* ---- Settings ---- */

/* Shortens windows that are longer than the kept history. */
static struct timeline_rules rules_of(const struct counting_settings *set)
{
    int32_t pairs_window = (int32_t)set->pairs_window;
    return (struct timeline_rules){
        .actions_max = MAX_OF((int32_t)set->history_actions_max, 2 * pairs_window),
        .seen_max = (int32_t)set->history_seen_max,
        .pairs_window = pairs_window,
        .transitions_window = MIN_OF((int32_t)set->transitions_window, pairs_window),
        .transitions_exponent = set->transitions_exponent,
        .weights_power = set->weights_power,
        .decay = {(int64_t)(set->decay_half_life * DAY_MS)},
        .trend_decay = {(int64_t)(set->trend_half_life * DAY_MS)},
    };
}

static void open_table(struct counting *counting)
{
    const struct counting_settings *set = &counting->settings;
    const struct item_table_settings of_table = {
        .backward_weight = set->backward_weight,
        .shrink = set->shrink,
        .source_power = set->source_power,
        .target_power = set->target_power,
        .kernel_power = set->kernel_power,
        .neighbours_used = (size_t)set->neighbours_used,
        .measure = (enum similarity_measure)set->similarity_measure,
    };
    const struct ranking_settings of_ranking = {
        .recent_items = (size_t)set->recent_items,
        .recency_decay = set->recency_decay,
        .recency_power = set->recency_power,
        .directed_weight = set->directed_weight,
        .symmetric_weight = set->symmetric_weight,
        .popularity_weight = set->popularity_weight,
        .dislike_weight = set->dislike_weight,
        .weights_power = set->recent_weights_power,
    };
    counting->table = item_table_new(&of_table);
    counting->ranking = ranking_new(&of_ranking, counting->ids, counting->table);
}

static void close_table(struct counting *counting)
{
    counting->ranking = ranking_free(counting->ranking);
    counting->table = item_table_free(counting->table);
}

/* ---- Life ---- */

static void *counting_make(const struct model_context *context, const void *settings)
{
    struct counting *counting = xcalloc(1, sizeof(*counting));
    memcpy(&counting->settings, settings, sizeof(counting->settings));
    const struct timeline_rules rules = rules_of(&counting->settings);
    size_t users = (size_t)context->users_max, items = (size_t)context->items_max;
    size_t bound = (size_t)counting->settings.serving_neighbours_max;
    counting->users_max = context->users_max;
    counting->items_max = context->items_max;
    counting->ids = numbered_items_new(context->items_max);
    counting->window = window_new(&rules, counting->ids);
    counting->timelines = xcalloc(users, sizeof(*counting->timelines));
    for (size_t user = 0; user < users; user++) { timeline_init(&counting->timelines[user]); }
    counting->pairs = pairs_new();
    counting->items = xcalloc(items, sizeof(*counting->items));
    for (size_t item = 0; item < items; item++) { row_init(&counting->items[item].row); }
    counting->changed = xcalloc(items, sizeof(*counting->changed));
    topk_init(&counting->best, ids_before, counting->ids);
    counting->neighbours = xcalloc(bound, sizeof(*counting->neighbours));
    counting->co_ratings = xcalloc(bound, sizeof(double));
    counting->forwards = xcalloc(bound, sizeof(double));
    counting->backwards = xcalloc(bound, sizeof(double));
    size_t length = (size_t)counting->settings.history_length;
    counting->weights = xcalloc(length, sizeof(*counting->weights));
    for (size_t k = 0; k < length; k++) { counting->weights[k] = 1.0F; }
    open_table(counting);
    return counting;
}

static void counting_free(void *self)
{
    struct counting *counting = self;
    if (!counting) { return; }
    close_table(counting);
    for (int32_t user = 0; user < counting->users_max; user++) {
        timeline_release(&counting->timelines[user]);
    }
    for (int32_t item = 0; item < counting->items_max; item++) {
        row_release(&counting->items[item].row);
    }
    free(counting->timelines);
    free(counting->items);
    free(counting->changed);
    topk_release(&counting->best);
    free(counting->neighbours);
    free(counting->co_ratings);
    free(counting->forwards);
    free(counting->backwards);
    free(counting->weights);
    pairs_free(counting->pairs);
    window_free(counting->window);
    ids_free(counting->ids);
    free(counting);
}

/* ---- From actions to rows ---- */

static struct item_state *change(struct counting *counting, int32_t item)
{
    struct item_state *state = &counting->items[item];
    if (!state->changed) { counting->changed[counting->changed_count++] = item; }
    state->changed = true;
    return state;
}

static void prune(struct counting *counting, struct row *row, int32_t over)
{
    int32_t bound = (int32_t)counting->settings.neighbours_max;
    if (row->count > bound + over) { (void)row_prune(row, bound, counting->ids); }
}

static void add_pair(struct counting *counting, int32_t item, int32_t other, double co,
                     double forward, double backward, int64_t epoch)
{
    struct row *row = &change(counting, item)->row;
    double scale = row_scale(row, epoch);
    row_add(row, other, co * scale, forward * scale, backward * scale);
    prune(counting, row, (int32_t)counting->settings.neighbours_max / 2);
}

static void drain(struct counting *counting)
{
    struct pairs_view view;
    if (pairs_empty(counting->pairs)) { return; }
    pairs_drain(counting->pairs, &view);
    for (size_t k = 0; k < view.items_count; k++) {
        const struct pairs_item *from = &view.items[k];
        struct item_state *state = change(counting, from->item);
        double scale = row_scale(&state->row, view.epoch);
        state->row.mass += from->mass * scale;
        state->row.actions += from->actions * scale;
        state->row.trend += from->trend * row_trend_scale(&state->row, view.trend_epoch);
        state->first_users += from->new_users;
    }
    for (size_t k = 0; k < view.pairs_count; k++) {
        const struct pair *pair = &view.pairs[k];
        int32_t first = view.items[pair->first].item, second = view.items[pair->second].item;
        add_pair(counting, first, second, pair->co, pair->forward, pair->backward, view.epoch);
        add_pair(counting, second, first, pair->co, pair->backward, pair->forward, view.epoch);
    }
    pairs_reset(counting->pairs);
}

static void counting_learn(void *self, const struct training_example *example)
{
    struct counting *counting = self;
    struct timeline *timeline = &counting->timelines[example->user];
    bool weighs = counting->settings.rating_weights > 0.0;
    const struct action action = {
        .time_ms = example->time_ms,
        .sequence = ++counting->sequence,
        .id_hash = (uint64_t)counting->sequence,
        .weight = weighs ? (double)MAX_OF(example->rating, 0.0F) : 1.0,
        .item = example->item,
    };
    bool first = timeline->total == 0;
    (void)timeline_add(timeline, counting->window, &action, counting->pairs);
    if (first) { pairs_add_user(counting->pairs, example->item); }
    if (pairs_bytes(counting->pairs) > BATCH_BYTES_MAX) { drain(counting); }
}

/* ---- From rows to lists ---- */

static void put_row(struct counting *counting, int32_t item)
{
    struct item_state *state = &counting->items[item];
    struct row *row = &state->row;
    prune(counting, row, 0);
    topk_clear(&counting->best, (size_t)counting->settings.serving_neighbours_max);
    row_best(row, &counting->best);
    for (size_t k = 0; k < counting->best.count; k++) {
        const struct neighbour *neighbour = row_find(row, counting->best.entries[k].item);
        counting->neighbours[k] = neighbour->item;
        counting->co_ratings[k] = neighbour->co;
        counting->forwards[k] = neighbour->forward;
        counting->backwards[k] = neighbour->backward;
    }
    item_table_put(counting->table, item,
                   &(struct item_row){
                       .epoch = row->epoch,
                       .trend_epoch = row->trend_epoch,
                       .mass = row->mass,
                       .actions = row->actions,
                       .trend = row->trend,
                       .first_users = state->first_users,
                       .count = counting->best.count,
                       .items = counting->neighbours,
                       .co_ratings = counting->co_ratings,
                       .forwards = counting->forwards,
                       .backwards = counting->backwards,
                   });
    state->changed = false;
}

static void publish(struct counting *counting)
{
    drain(counting);
    for (size_t k = 0; k < counting->changed_count; k++) {
        put_row(counting, counting->changed[k]);
    }
    counting->changed_count = 0;
}

/* Only the table depends on the scorer's options: it is emptied and reads all rows again. */
static bool counting_retune(void *self, const void *settings)
{
    struct counting *counting = self;
    struct counting_settings now, *old = &counting->settings;
    memcpy(&now, settings, sizeof(now));
    size_t written = offsetof(struct counting_settings, recent_items);
    if (memcmp(&now, old, written) != 0) { return false; }
    counting->settings = now;
    close_table(counting);
    open_table(counting);
    for (int32_t item = 0; item < counting->items_max; item++) {
        if (counting->items[item].row.epoch != ROW_EPOCH_NONE) { (void)change(counting, item); }
    }
    return true;
}

/* The weights of the newest actions, of a user all of whose actions have been learned. */
static void fill_weights(struct counting *counting, const struct query *query, size_t newest)
{
    const struct timeline *timeline = &counting->timelines[query->user];
    if (!(counting->settings.rating_weights > 0.0)) { return; }
    bool same = timeline->total == (int64_t)query->count && timeline->count >= (int32_t)newest;
    for (size_t k = 0; k < newest; k++) {
        int32_t at = timeline->count - (int32_t)(newest - k);
        counting->weights[k] = same ? (float)timeline_at(timeline, at).weight : 1.0F;
    }
}

size_t counting_recommender_list(void *self, const struct query *query, size_t length,
                                 const struct ranked **ret_list)
{
    struct counting *counting = self;
    size_t newest = MIN_OF(query->count, (size_t)counting->settings.history_length);
    fill_weights(counting, query, newest);
    publish(counting);
    return ranking_list(counting->ranking,
                        &(struct ranking_request){
                            .items = query->history + (query->count - newest),
                            .weights = counting->weights,
                            .count = newest,
                            .seen = query->history,
                            .seen_count = query->count - newest,
                            .length = length,
                        },
                        ret_list);
}

const struct ranking *counting_recommender_ranking(const void *self)
{
    const struct counting *counting = self;
    return counting->ranking;
}

static void counting_score(void *self, const struct query *query, float *scores)
{
    const struct counting *counting = self;
    const struct ranked *list;
    assert(query->items <= counting->items_max);
    size_t count = counting_recommender_list(self, query, SCORED, &list);
    for (int32_t item = 0; item < query->items; item++) {
        float score = ranking_score(counting->ranking, item);
        scores[item] = score > 0.0F ? score : UNLISTED;
    }
    for (size_t k = 0; k < count; k++) {
        bool fills = list[k].score < 0.0F;
        if (list[k].item >= query->items) { continue; }
        scores[list[k].item] = fills ? FILL_STEP * list[k].score : list[k].score;
    }
}

const struct recommender counting_recommender = {
    .name = "counting",
    .about = "counts of pairs and of transitions, kept and ranked as in the workers",
    .served = true,
    .hyperparameters = hyperparameters,
    .hyperparameters_count = ARRAY_COUNT(hyperparameters),
    .presets = presets,
    .presets_count = ARRAY_COUNT(presets),
    .settings_size = sizeof(struct counting_settings),
    .make = counting_make,
    .free = counting_free,
    .learn = counting_learn,
    .retune = counting_retune,
    .score = counting_score,
};
