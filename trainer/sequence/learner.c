/* The learner is a state machine; learner_step() does one slice of the present phase:
 *
 *   WAITING -> TRAINING <-> VALIDATING -> IDLE       a training run: an epoch, then its validation
 *   IDLE -> FINE_TUNE_TEST -> FINE_TUNING -> IDLE    no test when there are no examples
 *   VALIDATING -> WAITING                            the data grew by `growth`: start the next run
 *   RESUMING -> TRAINING                             from a checkpoint written during a run
 *
 * The end of a run restores the best model and asks for a final pass: a fine-tune over all users,
 * which trains on the held-out actions too. Nothing here reads a clock or depends on the order of
 * arrival: rosters are sorted, and random numbers come from the seed and the number of epochs.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "model/rng.h"
#include "model/transformer/transformer_presets.h"
#include "trainer/sequence/learner_internal.h"

enum {
    LANES = 2, /* fixed: the order of the sums, and so the weights, depend on it */
    LONG_SEQUENCE_MEAN = 30,
    TAIL_DIVISOR = 3,
    READ_LENGTH = 201, /* the longest preset's, plus the item to predict */
};

/* Limit of the best model in memory: its weights without the moments. */
#define BEST_MODEL_BYTES_MAX ((size_t)8 << 30)
/* A fine-tune changes a trained model, so it takes smaller steps. */
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
    buf_init(&learner->best, BEST_MODEL_BYTES_MAX);
    return learner;
}

void learner_use_content(struct learner *learner, struct content_table *table, size_t rank)
{
    assert(!learner->model);
    learner->content_table = table;
    learner->content_rank = rank;
}

void learner_use_searches(struct learner *learner, struct search_table *table)
{
    search_input_release(&learner->searches);
    search_input_init(&learner->searches, table);
}

struct learner *learner_free(struct learner *learner)
{
    if (!learner) { return NULL; }
    transformer_free(learner->model);
    vocabulary_release(&learner->vocabulary);
    content_input_release(&learner->content);
    search_input_release(&learner->searches);
    validation_release(&learner->validation);
    buf_release(&learner->best);
    free(learner->roster);
    free(learner->items);
    free(learner->weights);
    free(learner->sequences);
    free(learner);
    return NULL;
}

/* ---- Preset ---- */

static const struct transformer_preset *defaults_of(enum learner_preset preset)
{
    static const int presets[] = {
        [PRESET_NONE] = TRANSFORMER_SPARSE,
        [PRESET_SPARSE] = TRANSFORMER_SPARSE,
        [PRESET_ATTRIBUTES] = TRANSFORMER_ATTRIBUTES,
        [PRESET_LONG] = TRANSFORMER_LONG,
        [PRESET_CONTENT] = TRANSFORMER_CONTENT,
    };
    return &transformer_presets[presets[preset]];
}

/* The value that is set, else the preset's. */
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
                  .attributes = learner->vocabulary.attributes_max,
                  .content = (uint32_t)learner->content.rank},
        .dropout = (float)(set->dropout >= 0.0 ? set->dropout : defaults->dropout),
        .rate = (float)set->rate,
        .mask_share = (float)set->mask_share,
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

static enum learner_preset preset_for(struct learner *learner, const struct roster_entry *roster,
                                      size_t count, const struct vocabulary *vocabulary)
{
    size_t actions = 0;
    for (size_t i = 0; i < count; i++) {
        actions +=
            training_set_read(learner->training_set, &roster[i], learner->items, NULL,
                              learner->length);
    }
    if (actions >= LONG_SEQUENCE_MEAN * count) { return PRESET_LONG; }
    bool content = learner->content_table &&
                   content_input_wanted(learner->content_table, vocabulary).id;
    if (content) { return PRESET_CONTENT; }
    return vocabulary->attributes.count ? PRESET_ATTRIBUTES : PRESET_SPARSE;
}

/* ---- Epochs ---- */

static void size_scratch(struct learner *learner)
{
    size_t batch = learner->model ? transformer_settings(learner->model)->batch : 1;
    if (learner->items && batch == learner->batch) { return; }
    learner->batch = batch;
    learner->items = xreallocarray(learner->items, batch * learner->length, sizeof(int32_t));
    learner->weights = xreallocarray(learner->weights, batch * learner->length, sizeof(float));
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

/* Makes the model agree with the vocabulary and the content table. */
static void apply_vocabulary(struct learner *learner)
{
    vocabulary_apply(&learner->vocabulary, learner->training_set, learner->model);
    if (!learner->content_table) { return; }
    learner->content_version = content_table_version(learner->content_table);
    learner->content_items = content_input_apply(&learner->content, learner->content_table,
                                                 &learner->vocabulary, learner->model);
}

static bool content_changed(const struct learner *learner)
{
    return learner->content.space.id &&
           content_table_version(learner->content_table) != learner->content_version;
}

/* Begins an epoch over the users of a roster, which is taken. */
static void begin_epoch(struct learner *learner, struct roster_entry *roster, size_t count)
{
    free(learner->roster);
    learner->roster = roster;
    learner->roster_count = count;
    learner->at = 0;
    learner->loss = 0.0;
    learner->losses = 0;
    bool changed = vocabulary_update(&learner->vocabulary, learner->training_set);
    if (changed || content_changed(learner)) { apply_vocabulary(learner); }
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

/* Translates a sequence of the training set to what the model reads, in place. */
static size_t translate(struct learner *learner, int32_t *items, float *weights, size_t count)
{
    count = vocabulary_translate(&learner->vocabulary, items, weights, count);
    return search_input_place(&learner->searches, &learner->content, items, weights, count);
}

/* Reads the next user's sequence, without an action that the validation holds out. */
static size_t read_next(struct learner *learner, int32_t *items, float *weights)
{
    const struct roster_entry *entry = &learner->roster[learner->at++];
    const struct validation_example *example = NULL;
    if (learner->phase == PHASE_TRAINING) {
        example = validation_find(&learner->validation, entry->user);
    }
    if (!example) {
        size_t read =
            training_set_read(learner->training_set, entry, items, weights, learner->length);
        return translate(learner, items, weights, read);
    }
    memcpy(items, example->items, (example->count - 1) * sizeof(*items));
    memcpy(weights, example->weights, (example->count - 1) * sizeof(*weights));
    return translate(learner, items, weights, example->count - 1);
}

/* Trains on the next batch; false when the epoch is over. */
static bool train_batch(struct learner *learner)
{
    size_t count = 0;
    search_input_clear(&learner->searches);
    while (count < learner->batch && learner->at < learner->roster_count) {
        int32_t *items = learner->items + count * learner->length;
        float *weights = learner->weights + count * learner->length;
        size_t read = read_next(learner, items, weights);
        if (read < 2) { continue; }
        learner->sequences[count++] = (struct sequence){items, read, weights};
    }
    if (count) {
        transformer_set_searches(learner->model, learner->searches.rows, learner->searches.count);
        learner->loss += transformer_learn(learner->model, learner->sequences, count);
        transformer_set_searches(learner->model, NULL, 0);
        learner->losses++;
        learner->steps++;
    }
    if (learner->at < learner->roster_count) { return true; }
    learner->last_loss = learner->losses ? learner->loss / (double)learner->losses : 0.0;
    learner->epochs++;
    return false;
}

/* ---- Training runs ---- */

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
    if (learner->content_table) {
        content_input_find(&learner->content, learner->content_table, &learner->vocabulary,
                           learner->content_rank);
    }
    learner->preset = preset;
    struct transformer_settings settings = learner_shape(learner, preset);
    learner->model = transformer_new(&settings);
    apply_vocabulary(learner);
}

/* Says whether a new model would take other content vectors than the present one. */
static bool content_replaced(const struct learner *learner)
{
    if (!learner->content_table) { return learner->content.space.id != 0; }
    uint64_t wanted = content_input_wanted(learner->content_table, &learner->vocabulary).id;
    return wanted != learner->content.space.id || (wanted && learner->content.rank !=
                                                                  learner->content_rank);
}

/* Chooses the preset for the present data, with a vocabulary that is made for this alone. */
static enum learner_preset detect_preset(struct learner *learner, const struct roster_entry *roster,
                                         size_t count)
{
    struct vocabulary vocabulary;
    vocabulary_init(&vocabulary, learner->training_set, (uint32_t)learner->settings.items_max);
    (void)vocabulary_update(&vocabulary, learner->training_set);
    enum learner_preset preset = preset_for(learner, roster, count, &vocabulary);
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
    enum learner_preset preset = detect_preset(learner, roster, count);
    bool anew = !learner->model || preset != learner->preset || learner->vocabulary.crowded ||
                content_replaced(learner);
    if (anew) { make_model(learner, preset); }
    learner->training_run.ends = epochs_of(learner);
    learner->training_run.tail_from =
        learner->training_run.ends - learner->training_run.ends / TAIL_DIVISOR;
    learner->training_runs++;
    buf_clear(&learner->best);
    validation_release(&learner->validation);
    validation_draw(&learner->validation, learner->training_set, roster, count,
                    validation_size(count), learner->length);
    begin_epoch(learner, roster, count);
    set_rate(learner);
    learner->phase = PHASE_TRAINING;
}

static void next_epoch(struct learner *learner)
{
    size_t count;
    struct roster_entry *roster =
        training_set_roster(learner->training_set, /* since= */ 0, &count);
    begin_epoch(learner, roster, count);
    set_rate(learner);
    learner->phase = PHASE_TRAINING;
}

/* Continues a checkpoint's run. With the same training set, the same validation is drawn. */
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

/* Restores the best model; the optimiser's moments start from 0. */
static void restore_best(struct learner *learner)
{
    const char *why = NULL;
    if (!learner->best.size || learner->best.failed) { return; }
    struct transformer *best =
        transformer_load(buf_slice(&learner->best), (uint32_t)learner->settings.threads, &why);
    assert(best);
    transformer_free(learner->model);
    learner->model = best;
    buf_clear(&learner->best);
    apply_vocabulary(learner);
}

static bool has_grown(struct learner *learner)
{
    double before = (double)MAX_OF(learner->training_run.arrived, (int64_t)1);
    return (double)training_set_arrived(learner->training_set) >=
           before * (1.0 + learner->settings.growth);
}

/* `patience` epochs brought no gain: the learning rate falls to 0, and then the run ends. */
static void begin_tail(struct training_run *training_run)
{
    int64_t trained = training_run->epoch + 1;
    training_run->tail_from = trained;
    training_run->ends =
        MIN_OF(training_run->ends, trained + (trained + TAIL_DIVISOR - 1) / TAIL_DIVISOR);
}

static void keep_if_better(struct learner *learner)
{
    struct training_run *training_run = &learner->training_run;
    double objective = learner->metrics.hr10 + learner->metrics.ndcg10;
    if (!(objective > training_run->best)) { return; }
    training_run->best = objective;
    training_run->best_epoch = training_run->epoch;
    training_run->best_metrics = learner->metrics;
    buf_clear(&learner->best);
    transformer_save(learner->model, &learner->best, /* state= */ false);
    if (objective > 0.0) { learner->milestone = MILESTONE_IMPROVED; }
}

/* Evaluates the next examples; false when all are. */
static bool validate(struct learner *learner)
{
    return validation_step(&learner->validation, &learner->vocabulary, &learner->content,
                           &learner->searches, learner->model);
}

static void end_training_run(struct learner *learner)
{
    restore_best(learner);
    learner->metrics = learner->training_run.best_metrics;
    validation_release(&learner->validation);
    learner->final_pass = true;
    learner->milestone = MILESTONE_ENDED;
    learner->phase = PHASE_IDLE;
}

static void end_validation(struct learner *learner)
{
    struct training_run *training_run = &learner->training_run;
    learner->metrics = ranking_metrics_mean(&learner->validation.metrics);
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

/* ---- Fine-tunes ---- */

/* Adds up to as many users without new actions, drawn from all users, so that the model does not
 * forget what it learned long ago. */
static struct roster_entry *add_other_users(struct learner *learner, struct roster_entry *roster,
                                            size_t *count)
{
    size_t all_count, changed = *count;
    struct roster_entry *all =
        training_set_roster(learner->training_set, /* since= */ 0, &all_count);
    uint64_t rng = (uint64_t)learner->settings.seed + (uint64_t)learner->epochs;
    roster = xreallocarray(roster, 2 * changed + 1, sizeof(*roster));
    for (size_t i = 0; i < changed && all_count; i++) {
        const struct roster_entry *other = &all[rng_below(&rng, all_count)];
        if (other->stamp <= learner->trained_stamp) { roster[(*count)++] = *other; }
    }
    free(all);
    return roster;
}

static size_t fine_tune_least(const struct learner *learner)
{
    size_t users = training_set_users(learner->training_set);
    return MIN_OF(learner->batch, users / 10 + 1);
}

/* Begins a fine-tune when enough users have new actions, or a training run has just ended. */
static bool begin_fine_tune(struct learner *learner)
{
    size_t count;
    uint64_t stamp = training_set_stamp(learner->training_set);
    uint64_t since = learner->final_pass ? 0 : learner->trained_stamp;
    if (stamp <= since) { return false; }
    struct roster_entry *roster = training_set_roster(learner->training_set, since, &count);
    if (!count || (!learner->final_pass && count < fine_tune_least(learner))) {
        free(roster);
        return false;
    }
    validation_release(&learner->validation);
    if (!learner->final_pass) {
        validation_draw(&learner->validation, learner->training_set, roster, count,
                        VALIDATION_USERS_MAX, learner->length);
        roster = add_other_users(learner, roster, &count);
    }
    learner->final_pass = false;
    learner->trained_stamp = stamp;
    begin_epoch(learner, roster, count);
    transformer_set_rate(learner->model, (float)(learner->settings.rate * FINE_TUNE_RATE));
    learner->phase = learner->validation.count ? PHASE_FINE_TUNE_TEST : PHASE_FINE_TUNING;
    return true;
}

static void end_fine_tune(struct learner *learner)
{
    learner->milestone = MILESTONE_ENDED;
    learner->phase = PHASE_IDLE;
}

/* Matches a checkpoint's model to the training set. Stamps start from 0 in each process: if no
 * action has arrived since the checkpoint, everything present has been trained on. Whether the
 * model was published is not known, so it counts as a milestone. */
static bool reconcile_checkpoint(struct learner *learner)
{
    if (!learner->resumed) { return false; }
    learner->resumed = false;
    if (learner->resumed_arrived == training_set_arrived(learner->training_set)) {
        learner->trained_stamp = training_set_stamp(learner->training_set);
    }
    (void)vocabulary_update(&learner->vocabulary, learner->training_set);
    apply_vocabulary(learner);
    size_scratch(learner);
    learner->milestone = MILESTONE_ENDED;
    return true;
}

/* ---- Steps ---- */

bool learner_step(struct learner *learner)
{
    if (learner->milestone == MILESTONE_IMPROVED) { learner->milestone = MILESTONE_NONE; }
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
    case PHASE_TRAINING:
        if (!train_batch(learner)) { learner->phase = PHASE_VALIDATING; }
        return true;
    case PHASE_VALIDATING:
        if (!validate(learner)) {
            end_validation(learner);
        }
        return true;
    case PHASE_IDLE:
        if (reconcile_checkpoint(learner)) { return true; }
        if (!learner->final_pass && has_grown(learner)) {
            begin_training_run(learner);
            return true;
        }
        return begin_fine_tune(learner);
    case PHASE_FINE_TUNE_TEST:
        if (!validate(learner)) {
            learner->metrics = ranking_metrics_mean(&learner->validation.metrics);
            learner->phase = PHASE_FINE_TUNING;
        }
        return true;
    case PHASE_FINE_TUNING:
        if (!train_batch(learner)) { end_fine_tune(learner); }
        return true;
    }
    return false;
}

bool learner_between_epochs(const struct learner *learner)
{
    return learner->phase == PHASE_IDLE || (learner->phase == PHASE_TRAINING && learner->at == 0);
}

enum learner_milestone learner_milestone(const struct learner *learner)
{
    return learner->milestone;
}

struct model_snapshot *learner_snapshot(struct learner *learner)
{
    learner->milestone = MILESTONE_NONE;
    if (!learner->model) { return NULL; }
    struct model_snapshot *snapshot =
        model_snapshot_new(learner->model, &learner->vocabulary, &learner->content,
                           learner->steps);
    if (snapshot) {
        snapshot->hr10 = learner->metrics.hr10;
        snapshot->ndcg10 = learner->metrics.ndcg10;
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
        .ends = learner->training_run.ends,
        .loss = learner->last_loss,
        .hr10 = learner->metrics.hr10,
        .ndcg10 = learner->metrics.ndcg10,
        .items = learner->model ? transformer_settings(learner->model)->shape.items : 0,
        .content_items = learner->content_items,
    };
}
