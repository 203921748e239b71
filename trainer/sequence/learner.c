#include "base/base.h"
#include "base/xalloc.h"
#include "model/rng.h"
#include "model/transformer/transformer_presets.h"
#include "trainer/sequence/learner_internal.h"

enum {
    LANES = 2, /* a part of what decides the sums: not the number of threads */
    LONG_MEAN = 30,
    TAIL_SHARE = 3,
    READ_LENGTH = 201, /* the longest preset's, and the item that comes next */
};

/* A kept model holds its weights and little else. */
#define KEPT_MAX ((size_t)8 << 30)
/* A refresh takes small steps: it moves a model that has settled. */
#define FINE_TUNE_RATE 0.1

/* ---- Life ---- */

size_t learner_length(const struct learner_settings *settings)
{
    return settings->length ? (size_t)settings->length + 1 : READ_LENGTH;
}

struct learner *learner_new(const struct learner_settings *settings,
                            struct training_set *training_set)
{
    struct learner *learner = xcalloc(1, sizeof(*learner));
    learner->settings = *settings;
    learner->training_set = training_set;
    learner->length = learner_length(settings);
    buf_init(&learner->best, KEPT_MAX);
    return learner;
}

struct learner *learner_free(struct learner *learner)
{
    if (!learner) { return NULL; }
    transformer_free(learner->model);
    vocabulary_release(&learner->vocabulary);
    validation_release(&learner->validation);
    buf_release(&learner->best);
    free(learner->roster);
    free(learner->items);
    free(learner->sequences);
    free(learner);
    return NULL;
}

/* ---- Preset ---- */

static const struct transformer_preset *defaults_of(enum learner_preset preset)
{
    return &transformer_presets[preset == PRESET_LONG         ? TRANSFORMER_LONG
                                : preset == PRESET_ATTRIBUTES ? TRANSFORMER_ATTRIBUTES
                                                              : TRANSFORMER_SPARSE];
}

/* What is set, or what the preset says. */
static uint32_t pick(int64_t set, double defaults)
{
    return set > 0 ? (uint32_t)set : (uint32_t)defaults;
}

struct transformer_settings learner_shape(const struct learner *learner, enum learner_preset preset)
{
    const struct learner_settings *set = &learner->settings;
    const struct transformer_preset *defaults = defaults_of(preset);
    uint32_t d = pick(set->d, defaults->d), heads = pick(set->heads, defaults->heads);
    while (d % heads) { heads--; }
    return (struct transformer_settings){
        .shape = {.items = MAX_OF(learner->vocabulary.items.count, 1U),
                  .d = d,
                  .hidden = d,
                  .blocks = pick(set->blocks, defaults->blocks),
                  .heads = heads,
                  .length = pick(set->length, defaults->length),
                  .attributes = learner->vocabulary.attributes_max},
        .dropout = (float)(set->dropout >= 0.0 ? set->dropout : defaults->dropout),
        .rate = (float)set->rate,
        .batch = pick(set->batch, defaults->batch),
        .lanes = LANES,
        .threads = (uint32_t)set->threads,
        .seed = (uint64_t)set->seed,
    };
}

static int64_t epochs_of(const struct learner *learner)
{
    return pick(learner->settings.epochs, defaults_of(learner->preset)->epochs);
}

static int64_t patience_of(const struct learner *learner)
{
    return pick(learner->settings.patience, defaults_of(learner->preset)->patience);
}

static enum learner_preset preset_of(struct learner *learner, const struct roster_entry *roster,
                                     size_t count, const struct vocabulary *vocabulary)
{
    size_t actions = 0;
    for (size_t i = 0; i < count; i++) {
        actions +=
            training_set_read(learner->training_set, &roster[i], learner->items, learner->length);
    }
    if (actions >= LONG_MEAN * count) { return PRESET_LONG; }
    return vocabulary->attributes.count ? PRESET_ATTRIBUTES : PRESET_SPARSE;
}

/* ---- Rounds ---- */

static void size_scratch(struct learner *learner)
{
    size_t batch = learner->model ? transformer_settings(learner->model)->batch : 1;
    if (learner->items && batch == learner->batch) { return; }
    learner->batch = batch;
    learner->items = xreallocarray(learner->items, batch * learner->length, sizeof(int32_t));
    learner->sequences = xreallocarray(learner->sequences, batch, sizeof(*learner->sequences));
}

static void shuffle(struct learner *learner)
{
    uint64_t rng =
        (uint64_t)learner->settings.seed * 0x9e3779b97f4a7c15U + (uint64_t)learner->epochs;
    for (size_t i = learner->roster_count; i > 1; i--) {
        size_t other = rng_below(&rng, i);
        struct roster_entry moved = learner->roster[i - 1];
        learner->roster[i - 1] = learner->roster[other];
        learner->roster[other] = moved;
    }
}

/* Begins a round over these roster, which are taken. */
static void begin_epoch(struct learner *learner, struct roster_entry *roster, size_t count)
{
    free(learner->roster);
    learner->roster = roster;
    learner->roster_count = count;
    learner->at = 0;
    learner->loss = 0.0;
    learner->losses = 0;
    if (vocabulary_update(&learner->vocabulary, learner->training_set)) {
        vocabulary_apply(&learner->vocabulary, learner->training_set, learner->model);
    }
    size_scratch(learner);
    shuffle(learner);
}

static void set_rate(struct learner *learner)
{
    const struct training_run *training_run = &learner->training_run;
    double tail = (double)MAX_OF(training_run->ends - training_run->tail_from, (int64_t)1);
    double left = ((double)(training_run->ends - training_run->epoch) - .5) / tail;
    double rate = learner->settings.rate * MIN_OF(1.0, left);
    transformer_set_rate(learner->model, (float)rate);
}

/* Reads the next user's sequence; what is in the validation stays out of it. */
static size_t read_next(struct learner *learner, int32_t *items)
{
    const struct roster_entry *place = &learner->roster[learner->at++];
    const struct validation_example *example = NULL;
    if (learner->phase == PHASE_LEARNING) {
        example = validation_find(&learner->validation, place->user);
    }
    if (!example) {
        size_t read = training_set_read(learner->training_set, place, items, learner->length);
        return vocabulary_translate(&learner->vocabulary, items, read);
    }
    memcpy(items, example->items, (example->count - 1) * sizeof(*items));
    return vocabulary_translate(&learner->vocabulary, items, example->count - 1);
}

/* Learns a batch; false when the round is over. */
static bool learn_some(struct learner *learner)
{
    size_t count = 0;
    for (int32_t *items = learner->items;
         count < learner->batch && learner->at < learner->roster_count;) {
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
    if (learner->at < learner->roster_count) { return true; }
    learner->last_loss = learner->losses ? learner->loss / (double)learner->losses : 0.0;
    learner->epochs++;
    return false;
}

/* ---- A training_run ---- */

static size_t validation_size(size_t users)
{
    size_t most = MAX_OF(users / 2, MIN_OF(users, (size_t)VALIDATION_USERS_LEAST));
    return MIN_OF(most, (size_t)VALIDATION_USERS_MAX);
}

static void make_model(struct learner *learner, enum learner_preset preset)
{
    learner->model = transformer_free(learner->model);
    vocabulary_release(&learner->vocabulary);
    vocabulary_init(&learner->vocabulary, learner->training_set,
                    (uint32_t)learner->settings.items_max);
    (void)vocabulary_update(&learner->vocabulary, learner->training_set);
    learner->preset = preset;
    struct transformer_settings settings = learner_shape(learner, preset);
    learner->model = transformer_new(&settings);
    vocabulary_apply(&learner->vocabulary, learner->training_set, learner->model);
}

/* What the data look like: asked of a vocabulary that is made for the example. */
static enum learner_preset look(struct learner *learner, const struct roster_entry *roster,
                                size_t count)
{
    struct vocabulary vocabulary;
    vocabulary_init(&vocabulary, learner->training_set, (uint32_t)learner->settings.items_max);
    (void)vocabulary_update(&vocabulary, learner->training_set);
    enum learner_preset preset = preset_of(learner, roster, count, &vocabulary);
    vocabulary_release(&vocabulary);
    return preset;
}

static void begin_training_run(struct learner *learner)
{
    size_t count;
    struct roster_entry *roster =
        training_set_roster(learner->training_set, /* since= */ 0, &count);
    learner->training_run = (struct training_run){
        .arrived = training_set_arrived(learner->training_set), .best = -INFINITY};
    size_scratch(learner);
    enum learner_preset preset = look(learner, roster, count);
    if (!learner->model || preset != learner->preset) { make_model(learner, preset); }
    learner->training_run.ends = epochs_of(learner);
    learner->training_run.tail_from =
        learner->training_run.ends - learner->training_run.ends / TAIL_SHARE;
    learner->training_runs++;
    buf_clear(&learner->best);
    validation_release(&learner->validation);
    validation_draw(&learner->validation, learner->training_set, roster, count,
                    validation_size(count), learner->length);
    begin_epoch(learner, roster, count);
    set_rate(learner);
    learner->phase = PHASE_LEARNING;
}

static void next_epoch(struct learner *learner)
{
    size_t count;
    struct roster_entry *roster =
        training_set_roster(learner->training_set, /* since= */ 0, &count);
    begin_epoch(learner, roster, count);
    set_rate(learner);
    learner->phase = PHASE_LEARNING;
}

/* Draws the same validation up that a checkpoint's training_run had, if the training_set holds the
 * same; goes on. */
static void resume_training_run(struct learner *learner)
{
    size_t count;
    struct roster_entry *roster =
        training_set_roster(learner->training_set, /* since= */ 0, &count);
    validation_draw(&learner->validation, learner->training_set, roster, count,
                    validation_size(count), learner->length);
    free(roster);
    next_epoch(learner);
}

/* Takes the best model back; the optimiser's moments begin anew. */
static void recall_best(struct learner *learner)
{
    const char *why = NULL;
    if (!learner->best.size || learner->best.failed) { return; }
    struct transformer *best =
        transformer_load(buf_slice(&learner->best), (uint32_t)learner->settings.threads, &why);
    assert(best);
    transformer_free(learner->model);
    learner->model = best;
    buf_clear(&learner->best);
    vocabulary_apply(&learner->vocabulary, learner->training_set, learner->model);
}

static bool has_grown(struct learner *learner)
{
    double before = (double)MAX_OF(learner->training_run.arrived, (int64_t)1);
    return (double)training_set_arrived(learner->training_set) >=
           before * (1.0 + learner->settings.growth);
}

/* Patience has run out: what is left to gain is gained by ever smaller steps. */
static void begin_tail(struct training_run *training_run)
{
    int64_t learned = training_run->epoch + 1;
    training_run->tail_from = learned;
    training_run->ends =
        MIN_OF(training_run->ends, learned + (learned + TAIL_SHARE - 1) / TAIL_SHARE);
}

static void keep_if_better(struct learner *learner)
{
    struct training_run *training_run = &learner->training_run;
    double objective = learner->hits.hr10 + learner->hits.ndcg10;
    if (!(objective > training_run->best)) { return; }
    training_run->best = objective;
    training_run->best_epoch = training_run->epoch;
    training_run->best_hits = learner->hits;
    buf_clear(&learner->best);
    transformer_save(learner->model, &learner->best, /* state= */ false);
    if (objective > 0.0) { learner->news = NEWS_BETTER; }
}

static void end_training_run(struct learner *learner)
{
    recall_best(learner);
    learner->hits = learner->training_run.best_hits;
    validation_release(&learner->validation);
    learner->finishing = true;
    learner->news = NEWS_FINISHED;
    learner->phase = PHASE_RESTING;
}

static void end_validation(struct learner *learner)
{
    struct training_run *training_run = &learner->training_run;
    learner->hits = ranking_metrics_mean(&learner->validation.hits);
    validation_restart(&learner->validation);
    keep_if_better(learner);
    bool in_tail = training_run->epoch + 1 >= training_run->tail_from;
    if (!in_tail && training_run->epoch - training_run->best_epoch >= patience_of(learner)) {
        begin_tail(training_run);
    }
    training_run->epoch++;
    if (has_grown(learner)) {
        learner->phase = PHASE_WAITING;
    } else if (training_run->epoch >= training_run->ends) {
        end_training_run(learner);
    } else {
        next_epoch(learner);
    }
}

/* ---- A refresh ---- */

/* Adds as many others as there are roster, drawn from the whole roster: what was learned long ago
 * is not to be forgotten for what is new. */
static struct roster_entry *add_others(struct learner *learner, struct roster_entry *roster,
                                       size_t *count)
{
    size_t all_count, changed = *count;
    struct roster_entry *all =
        training_set_roster(learner->training_set, /* since= */ 0, &all_count);
    uint64_t rng = (uint64_t)learner->settings.seed + (uint64_t)learner->epochs;
    roster = xreallocarray(roster, 2 * changed + 1, sizeof(*roster));
    for (size_t i = 0; i < changed && all_count; i++) {
        const struct roster_entry *other = &all[rng_below(&rng, all_count)];
        if (other->stamp <= learner->learned_stamp) { roster[(*count)++] = *other; }
    }
    free(all);
    return roster;
}

static size_t fine_tune_least(const struct learner *learner)
{
    size_t users = training_set_users(learner->training_set);
    return MIN_OF(learner->batch, users / 10 + 1);
}

/* Begins a refresh when there is reason to. */
static bool begin_fine_tune(struct learner *learner)
{
    size_t count;
    uint64_t stamp = training_set_stamp(learner->training_set);
    uint64_t since = learner->finishing ? 0 : learner->learned_stamp;
    if (stamp <= since) { return false; }
    struct roster_entry *roster = training_set_roster(learner->training_set, since, &count);
    if (!count || (!learner->finishing && count < fine_tune_least(learner))) {
        free(roster);
        return false;
    }
    validation_release(&learner->validation);
    if (!learner->finishing) {
        validation_draw(&learner->validation, learner->training_set, roster, count,
                        VALIDATION_USERS_MAX, learner->length);
        roster = add_others(learner, roster, &count);
    }
    learner->finishing = false;
    learner->learned_stamp = stamp;
    begin_epoch(learner, roster, count);
    transformer_set_rate(learner->model, (float)(learner->settings.rate * FINE_TUNE_RATE));
    learner->phase = learner->validation.count ? PHASE_PREVIEW : PHASE_FINE_TUNING;
    return true;
}

static void end_fine_tune(struct learner *learner)
{
    learner->news = NEWS_FINISHED;
    learner->phase = PHASE_RESTING;
}

/* Ties a checkpoint's model to the training_set. Stamps begin anew with the process: when no action
 * has come since the checkpoint, all that is there was learned. Whether the model was published is
 * not known: it is news. */
static bool look_back(struct learner *learner)
{
    if (!learner->resumed) { return false; }
    learner->resumed = false;
    if (learner->resumed_arrived == training_set_arrived(learner->training_set)) {
        learner->learned_stamp = training_set_stamp(learner->training_set);
    }
    (void)vocabulary_update(&learner->vocabulary, learner->training_set);
    vocabulary_apply(&learner->vocabulary, learner->training_set, learner->model);
    size_scratch(learner);
    learner->news = NEWS_FINISHED;
    return true;
}

/* ---- Steps ---- */

bool learner_step(struct learner *learner)
{
    if (learner->news == NEWS_BETTER) { learner->news = NEWS_NONE; }
    switch (learner->phase) {
    case PHASE_WAITING:
        if (training_set_arrived(learner->training_set) < learner->settings.actions_least) {
            return false;
        }
        begin_training_run(learner);
        return true;
    case PHASE_RESUMING:
        resume_training_run(learner);
        return true;
    case PHASE_LEARNING:
        if (!learn_some(learner)) { learner->phase = PHASE_VALIDATING; }
        return true;
    case PHASE_VALIDATING:
        if (!validation_run(&learner->validation, &learner->vocabulary, learner->model)) {
            end_validation(learner);
        }
        return true;
    case PHASE_RESTING:
        if (look_back(learner)) { return true; }
        if (!learner->finishing && has_grown(learner)) {
            begin_training_run(learner);
            return true;
        }
        return begin_fine_tune(learner);
    case PHASE_PREVIEW:
        if (!validation_run(&learner->validation, &learner->vocabulary, learner->model)) {
            learner->hits = ranking_metrics_mean(&learner->validation.hits);
            learner->phase = PHASE_FINE_TUNING;
        }
        return true;
    case PHASE_FINE_TUNING:
        if (!learn_some(learner)) { end_fine_tune(learner); }
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

struct model_snapshot *learner_snapshot(struct learner *learner)
{
    learner->news = NEWS_NONE;
    if (!learner->model) { return NULL; }
    struct model_snapshot *snapshot =
        model_snapshot_new(learner->model, &learner->vocabulary, learner->steps);
    if (snapshot) {
        snapshot->hr10 = learner->hits.hr10;
        snapshot->ndcg10 = learner->hits.ndcg10;
    }
    return snapshot;
}

struct learner_report learner_report(const struct learner *learner)
{
    return (struct learner_report){
        .phase = learner->phase,
        .steps = learner->steps,
        .training_runs = learner->training_runs,
        .epochs = learner->epochs,
        .epoch = learner->training_run.epoch,
        .loss = learner->last_loss,
        .hr10 = learner->hits.hr10,
        .ndcg10 = learner->hits.ndcg10,
        .items = learner->model ? transformer_settings(learner->model)->shape.items : 0,
    };
}
