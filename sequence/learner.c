#include "base/base.h"
#include "base/xalloc.h"
#include "model/dice.h"
#include "model/foretelling.h"
#include "sequence/learner_internal.h"

enum {
    LANES = 2, /* a part of what decides the sums: not the number of threads */
    LONG_MEAN = 30,
    TAIL_SHARE = 3,
    READ_LENGTH = 201, /* the longest style's, and the item that comes next */
};

/* A kept model holds its weights and little else. */
#define KEPT_MAX ((size_t)8 << 30)
/* A refresh takes small steps: it moves a model that has settled. */
#define REFRESH_RATE 0.1

/* ---- Life ---- */

size_t learner_length(const struct learner_settings *settings)
{
    return settings->length ? (size_t)settings->length + 1 : READ_LENGTH;
}

struct learner *learner_new(const struct learner_settings *settings, struct pool *pool)
{
    struct learner *learner = xcalloc(1, sizeof(*learner));
    learner->settings = *settings;
    learner->pool = pool;
    learner->length = learner_length(settings);
    buf_init(&learner->best, KEPT_MAX);
    return learner;
}

struct learner *learner_free(struct learner *learner)
{
    if (!learner) { return NULL; }
    transformer_free(learner->model);
    roll_release(&learner->roll);
    exam_release(&learner->exam);
    buf_release(&learner->best);
    free(learner->places);
    free(learner->items);
    free(learner->sequences);
    free(learner);
    return NULL;
}

/* ---- Style ---- */

static const struct foretelling_settings *preset_of(enum learner_style style)
{
    static const char *const names[] = {"sparse", "sparse", "attributes", "long"};
    const struct recommender *model = &foretelling_recommender;
    for (size_t i = 0; i < model->presets_count; i++) {
        if (strcmp(model->presets[i].name, names[style]) == 0) {
            return model->presets[i].settings;
        }
    }
    return model->presets[0].settings;
}

/* What is set, or what the style says. */
static uint32_t pick(int64_t set, double preset)
{
    return set > 0 ? (uint32_t)set : (uint32_t)preset;
}

struct transformer_settings learner_shape(const struct learner *learner, enum learner_style style)
{
    const struct learner_settings *set = &learner->settings;
    const struct foretelling_settings *preset = preset_of(style);
    uint32_t d = pick(set->d, preset->d), heads = pick(set->heads, preset->heads);
    while (d % heads) { heads--; }
    return (struct transformer_settings){
        .shape = {.items = MAX_OF(learner->roll.items.count, 1U),
                  .d = d,
                  .hidden = d,
                  .blocks = pick(set->blocks, preset->blocks),
                  .heads = heads,
                  .length = pick(set->length, preset->length),
                  .attributes = learner->roll.traits_max},
        .dropout = (float)(set->dropout >= 0.0 ? set->dropout : preset->dropout),
        .rate = (float)set->rate,
        .batch = pick(set->batch, preset->batch),
        .lanes = LANES,
        .threads = (uint32_t)set->threads,
        .seed = (uint64_t)set->seed,
    };
}

static int64_t epochs_of(const struct learner *learner)
{
    return pick(learner->settings.epochs, preset_of(learner->style)->epochs);
}

static int64_t patience_of(const struct learner *learner)
{
    return pick(learner->settings.patience, preset_of(learner->style)->patience);
}

static enum learner_style style_of(struct learner *learner, const struct pool_place *places,
                                   size_t count, const struct roll *roll)
{
    size_t actions = 0;
    for (size_t i = 0; i < count; i++) {
        actions += pool_read(learner->pool, &places[i], learner->items, learner->length);
    }
    if (actions >= LONG_MEAN * count) { return STYLE_LONG; }
    return roll->traits.count ? STYLE_ATTRIBUTES : STYLE_SPARSE;
}

/* ---- Rounds ---- */

static void size_scratch(struct learner *learner)
{
    size_t batch = learner->model ? transformer_settings(learner->model)->batch : 1;
    if (learner->items && batch == learner->batch) { return; }
    learner->batch = batch;
    learner->items = xreallocarray(learner->items, batch * learner->length, sizeof(int32_t));
    learner->sequences =
        xreallocarray(learner->sequences, batch, sizeof(*learner->sequences));
}

static void shuffle(struct learner *learner)
{
    uint64_t dice = (uint64_t)learner->settings.seed * 0x9e3779b97f4a7c15U +
                    (uint64_t)learner->rounds;
    for (size_t i = learner->places_count; i > 1; i--) {
        size_t other = dice_below(&dice, i);
        struct pool_place moved = learner->places[i - 1];
        learner->places[i - 1] = learner->places[other];
        learner->places[other] = moved;
    }
}

/* Begins a round over these places, which are taken. */
static void begin_round(struct learner *learner, struct pool_place *places, size_t count)
{
    free(learner->places);
    learner->places = places;
    learner->places_count = count;
    learner->at = 0;
    learner->loss = 0.0;
    learner->losses = 0;
    if (roll_call(&learner->roll, learner->pool)) {
        roll_teach(&learner->roll, learner->pool, learner->model);
    }
    size_scratch(learner);
    shuffle(learner);
}

static void set_rate(struct learner *learner)
{
    const struct season *season = &learner->season;
    double tail = (double)MAX_OF(season->ends - season->tail_from, (int64_t)1);
    double left = ((double)(season->ends - season->epoch) - .5) / tail;
    double rate = learner->settings.rate * MIN_OF(1.0, left);
    transformer_set_rate(learner->model, (float)rate);
}

/* Reads the next user's sequence; what is in the exam stays out of it. */
static size_t read_next(struct learner *learner, int32_t *items)
{
    const struct pool_place *place = &learner->places[learner->at++];
    const struct question *question = NULL;
    if (learner->phase == PHASE_LEARNING) { question = exam_before(&learner->exam, place->user); }
    if (!question) {
        size_t read = pool_read(learner->pool, place, items, learner->length);
        return roll_translate(&learner->roll, items, read);
    }
    memcpy(items, question->items, (question->count - 1) * sizeof(*items));
    return roll_translate(&learner->roll, items, question->count - 1);
}

/* Learns a batch; false when the round is over. */
static bool learn_some(struct learner *learner)
{
    size_t count = 0;
    for (int32_t *items = learner->items;
         count < learner->batch && learner->at < learner->places_count;) {
        size_t read = read_next(learner, items);
        if (read < 2) { continue; }
        learner->sequences[count++] = (struct sequence){.items = items, .count = read};
        items += learner->length;
    }
    if (count) {
        learner->loss += transformer_learn(learner->model, learner->sequences, count);
        learner->losses++;
        learner->steps++;
    }
    if (learner->at < learner->places_count) { return true; }
    learner->last_loss = learner->losses ? learner->loss / (double)learner->losses : 0.0;
    learner->rounds++;
    return false;
}

/* ---- A season ---- */

static size_t exam_size(size_t users)
{
    size_t most = MAX_OF(users / 2, MIN_OF(users, (size_t)EXAM_USERS_LEAST));
    return MIN_OF(most, (size_t)EXAM_USERS_MAX);
}

static void make_model(struct learner *learner, enum learner_style style)
{
    learner->model = transformer_free(learner->model);
    roll_release(&learner->roll);
    roll_init(&learner->roll, learner->pool, (uint32_t)learner->settings.items_max);
    (void)roll_call(&learner->roll, learner->pool);
    learner->style = style;
    struct transformer_settings settings = learner_shape(learner, style);
    learner->model = transformer_new(&settings);
    roll_teach(&learner->roll, learner->pool, learner->model);
}

/* What the data look like: asked of a roll that is made for the question. */
static enum learner_style look(struct learner *learner, const struct pool_place *places,
                               size_t count)
{
    struct roll roll;
    roll_init(&roll, learner->pool, (uint32_t)learner->settings.items_max);
    (void)roll_call(&roll, learner->pool);
    enum learner_style style = style_of(learner, places, count, &roll);
    roll_release(&roll);
    return style;
}

static void begin_season(struct learner *learner)
{
    size_t count;
    struct pool_place *places = pool_roster(learner->pool, /* since= */ 0, &count);
    learner->season = (struct season){.arrived = pool_arrived(learner->pool), .best = -INFINITY};
    size_scratch(learner);
    enum learner_style style = look(learner, places, count);
    if (!learner->model || style != learner->style) { make_model(learner, style); }
    learner->season.ends = epochs_of(learner);
    learner->season.tail_from = learner->season.ends - learner->season.ends / TAIL_SHARE;
    learner->seasons++;
    buf_clear(&learner->best);
    exam_release(&learner->exam);
    exam_draw(&learner->exam, learner->pool, places, count, exam_size(count), learner->length);
    begin_round(learner, places, count);
    set_rate(learner);
    learner->phase = PHASE_LEARNING;
}

static void next_epoch(struct learner *learner)
{
    size_t count;
    struct pool_place *places = pool_roster(learner->pool, /* since= */ 0, &count);
    begin_round(learner, places, count);
    set_rate(learner);
    learner->phase = PHASE_LEARNING;
}

/* Draws the same exam up that a checkpoint's season had, if the pool holds the same; goes on. */
static void resume_season(struct learner *learner)
{
    size_t count;
    struct pool_place *places = pool_roster(learner->pool, /* since= */ 0, &count);
    exam_draw(&learner->exam, learner->pool, places, count, exam_size(count), learner->length);
    free(places);
    next_epoch(learner);
}

/* Takes the best model back; the optimiser's moments begin anew. */
static void recall_best(struct learner *learner)
{
    const char *why = NULL;
    if (!learner->best.size || learner->best.failed) { return; }
    struct transformer *best = transformer_load(buf_slice(&learner->best),
                                                (uint32_t)learner->settings.threads, &why);
    assert(best);
    transformer_free(learner->model);
    learner->model = best;
    buf_clear(&learner->best);
    roll_teach(&learner->roll, learner->pool, learner->model);
}

static bool has_grown(struct learner *learner)
{
    double before = (double)MAX_OF(learner->season.arrived, (int64_t)1);
    return (double)pool_arrived(learner->pool) >= before * (1.0 + learner->settings.growth);
}

/* Patience has run out: what is left to gain is gained by ever smaller steps. */
static void begin_tail(struct season *season)
{
    int64_t learned = season->epoch + 1;
    season->tail_from = learned;
    season->ends = MIN_OF(season->ends, learned + (learned + TAIL_SHARE - 1) / TAIL_SHARE);
}

static void keep_if_better(struct learner *learner)
{
    struct season *season = &learner->season;
    double objective = learner->hits.hr10 + learner->hits.ndcg10;
    if (!(objective > season->best)) { return; }
    season->best = objective;
    season->best_epoch = season->epoch;
    season->best_hits = learner->hits;
    buf_clear(&learner->best);
    transformer_save(learner->model, &learner->best, /* state= */ false);
    if (objective > 0.0) { learner->news = NEWS_BETTER; }
}

static void end_season(struct learner *learner)
{
    recall_best(learner);
    learner->hits = learner->season.best_hits;
    exam_release(&learner->exam);
    learner->settling = true;
    learner->news = NEWS_SETTLED;
    learner->phase = PHASE_RESTING;
}

static void end_exam(struct learner *learner)
{
    struct season *season = &learner->season;
    learner->hits = hits_mean(&learner->exam.hits);
    exam_again(&learner->exam);
    keep_if_better(learner);
    bool in_tail = season->epoch + 1 >= season->tail_from;
    if (!in_tail && season->epoch - season->best_epoch >= patience_of(learner)) {
        begin_tail(season);
    }
    season->epoch++;
    if (has_grown(learner)) {
        learner->phase = PHASE_WAITING;
    } else if (season->epoch >= season->ends) {
        end_season(learner);
    } else {
        next_epoch(learner);
    }
}

/* ---- A refresh ---- */

/* Adds as many others as there are places, drawn from the whole roster: what was learned long ago
 * is not to be forgotten for what is new. */
static struct pool_place *add_others(struct learner *learner, struct pool_place *places,
                                     size_t *count)
{
    size_t all_count, changed = *count;
    struct pool_place *all = pool_roster(learner->pool, /* since= */ 0, &all_count);
    uint64_t dice = (uint64_t)learner->settings.seed + (uint64_t)learner->rounds;
    places = xreallocarray(places, 2 * changed + 1, sizeof(*places));
    for (size_t i = 0; i < changed && all_count; i++) {
        const struct pool_place *other = &all[dice_below(&dice, all_count)];
        if (other->stamp <= learner->learned_stamp) { places[(*count)++] = *other; }
    }
    free(all);
    return places;
}

static size_t refresh_least(const struct learner *learner)
{
    size_t users = pool_users(learner->pool);
    return MIN_OF(learner->batch, users / 10 + 1);
}

/* Begins a refresh when there is reason to. */
static bool begin_refresh(struct learner *learner)
{
    size_t count;
    uint64_t stamp = pool_stamp(learner->pool);
    uint64_t since = learner->settling ? 0 : learner->learned_stamp;
    if (stamp <= since) { return false; }
    struct pool_place *places = pool_roster(learner->pool, since, &count);
    if (!count || (!learner->settling && count < refresh_least(learner))) {
        free(places);
        return false;
    }
    exam_release(&learner->exam);
    if (!learner->settling) {
        exam_draw(&learner->exam, learner->pool, places, count, EXAM_USERS_MAX, learner->length);
        places = add_others(learner, places, &count);
    }
    learner->settling = false;
    learner->learned_stamp = stamp;
    begin_round(learner, places, count);
    transformer_set_rate(learner->model, (float)(learner->settings.rate * REFRESH_RATE));
    learner->phase = learner->exam.count ? PHASE_PREVIEW : PHASE_REFRESHING;
    return true;
}

static void end_refresh(struct learner *learner)
{
    learner->news = NEWS_SETTLED;
    learner->phase = PHASE_RESTING;
}

/* Ties a checkpoint's model to the pool. Stamps begin anew with the process: when no action has
 * come since the checkpoint, all that is there was learned. Whether the model was published is not
 * known: it is news. */
static bool look_back(struct learner *learner)
{
    if (!learner->resumed) { return false; }
    learner->resumed = false;
    if (learner->resumed_arrived == pool_arrived(learner->pool)) {
        learner->learned_stamp = pool_stamp(learner->pool);
    }
    (void)roll_call(&learner->roll, learner->pool);
    roll_teach(&learner->roll, learner->pool, learner->model);
    size_scratch(learner);
    learner->news = NEWS_SETTLED;
    return true;
}

/* ---- Steps ---- */

bool learner_step(struct learner *learner)
{
    if (learner->news == NEWS_BETTER) { learner->news = NEWS_NONE; }
    switch (learner->phase) {
    case PHASE_WAITING:
        if (pool_arrived(learner->pool) < learner->settings.actions_least) { return false; }
        begin_season(learner);
        return true;
    case PHASE_RESUMING:
        resume_season(learner);
        return true;
    case PHASE_LEARNING:
        if (!learn_some(learner)) { learner->phase = PHASE_EXAM; }
        return true;
    case PHASE_EXAM:
        if (!exam_ask(&learner->exam, &learner->roll, learner->model)) { end_exam(learner); }
        return true;
    case PHASE_RESTING:
        if (look_back(learner)) { return true; }
        if (!learner->settling && has_grown(learner)) {
            begin_season(learner);
            return true;
        }
        return begin_refresh(learner);
    case PHASE_PREVIEW:
        if (!exam_ask(&learner->exam, &learner->roll, learner->model)) {
            learner->hits = hits_mean(&learner->exam.hits);
            learner->phase = PHASE_REFRESHING;
        }
        return true;
    case PHASE_REFRESHING:
        if (!learn_some(learner)) { end_refresh(learner); }
        return true;
    }
    return false;
}

bool learner_between(const struct learner *learner)
{
    return learner->phase == PHASE_RESTING ||
           (learner->phase == PHASE_LEARNING && learner->at == 0);
}

enum learner_news learner_news(const struct learner *learner)
{
    return learner->news;
}

struct graduate *learner_graduate(struct learner *learner)
{
    learner->news = NEWS_NONE;
    if (!learner->model) { return NULL; }
    struct graduate *graduate = graduate_new(learner->model, &learner->roll, learner->steps);
    if (graduate) {
        graduate->hr10 = learner->hits.hr10;
        graduate->ndcg10 = learner->hits.ndcg10;
    }
    return graduate;
}

struct learner_report learner_report(const struct learner *learner)
{
    return (struct learner_report){
        .phase = learner->phase,
        .steps = learner->steps,
        .seasons = learner->seasons,
        .rounds = learner->rounds,
        .epoch = learner->season.epoch,
        .loss = learner->last_loss,
        .hr10 = learner->hits.hr10,
        .ndcg10 = learner->hits.ndcg10,
        .items = learner->model ? transformer_settings(learner->model)->shape.items : 0,
    };
}
