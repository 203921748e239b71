/* The format of a learner's checkpoint, for the same machine (native byte order and layout):
 *
 *   head | vocabulary | content input | size (u64), model with moments |
 *   size (u64), run's best model | XXH3-64
 *
 * The checksum covers everything before it. The training set is not part of a checkpoint: the
 * fingerprints in the vocabulary match the model's numbers to the training set's.
 *
 * Hazard: a checksum shows damage, but anybody can write one that fits. Whatever is used later is
 * checked here.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "trainer/sequence/learner_internal.h"

#include <xxhash.h>

enum { VERSION = 2, VERSION_WITHOUT_CONTENT = 1, EPOCHS_MAX = 1 << 20 };

static const char magic[8] = "freshSQ";

struct head {
    char magic[8];
    int64_t version;
    int64_t d, blocks, heads, length, seed; /* the settings */
    int64_t preset, in_training_run, final_pass;
    int64_t training_runs, epochs;
    uint64_t steps;
    int64_t arrived; /* actions when it was written */
    struct training_run training_run;
    struct ranking_metrics metrics;
    double last_loss;
};

static struct head head_of(const struct learner *learner)
{
    const struct learner_settings *set = &learner->settings;
    struct head head = {
        .version = VERSION,
        .d = set->d,
        .blocks = set->blocks,
        .heads = set->heads,
        .length = set->length,
        .seed = set->seed,
        .preset = learner->preset,
        .in_training_run = learner->phase == PHASE_TRAINING || learner->phase == PHASE_VALIDATING ||
                           learner->phase == PHASE_RESUMING,
        .final_pass = learner->final_pass,
        .training_runs = learner->training_runs,
        .epochs = learner->epochs,
        .steps = learner->steps,
        .arrived = training_set_arrived(learner->training_set),
        .training_run = learner->training_run,
        .metrics = learner->metrics,
        .last_loss = learner->last_loss,
    };
    memcpy(head.magic, magic, sizeof(magic));
    return head;
}

static void save_blob(struct buf *buf, const void *data, uint64_t size)
{
    buf_append(buf, &size, sizeof(size));
    buf_append(buf, data, size);
}

void learner_save(const struct learner *learner, struct buf *buf)
{
    struct head head = head_of(learner);
    size_t from = buf->size;
    buf_append(buf, &head, sizeof(head));
    vocabulary_save(&learner->vocabulary, buf);
    content_input_save(&learner->content, buf);
    uint64_t size = 0;
    size_t sized = buf->size;
    buf_append(buf, &size, sizeof(size));
    if (learner->model) { transformer_save(learner->model, buf, /* state= */ true); }
    if (buf_failed(buf)) { return; }
    size = buf->size - sized - sizeof(size);
    memcpy(buf->data + sized, &size, sizeof(size));
    save_blob(buf, learner->best.size ? learner->best.data : "", learner->best.size);
    if (buf_failed(buf)) { return; }
    const uint64_t sum = XXH3_64bits(buf->data + from, buf->size - from);
    buf_append(buf, &sum, sizeof(sum));
}

static bool is_count(int64_t number)
{
    return number >= 0 && number <= INT64_C(1) << 53;
}

static bool is_share(double number)
{
    return number >= 0.0 && number <= 1.0;
}

static bool metrics_valid(const struct ranking_metrics *metrics)
{
    return is_count(metrics->asked) && is_share(metrics->hr10) && is_share(metrics->ndcg10) &&
           is_share(metrics->r20);
}

/* Says whether the numbers of the head are those of a learner. */
static bool head_valid(const struct head *head)
{
    const struct training_run *training_run = &head->training_run;
    return is_count(head->training_runs) && is_count(head->epochs) &&
           is_count((int64_t)head->steps) && is_count(head->arrived) &&
           is_count(training_run->arrived) && is_count(training_run->best_epoch) &&
           is_count(training_run->epoch) && is_count(training_run->tail_from) &&
           training_run->ends <= EPOCHS_MAX && training_run->tail_from <= training_run->ends &&
           (!head->in_training_run || training_run->epoch < training_run->ends) &&
           !isnan(training_run->best) &&
           metrics_valid(&training_run->best_metrics) && metrics_valid(&head->metrics) &&
           isfinite(head->last_loss);
}

/* Checks the bytes as a whole; returns what is wrong, NULL when nothing is. */
static const char *fault_of(const struct learner *learner, struct slice bytes,
                            const struct head *head)
{
    const struct learner_settings *set = &learner->settings;
    uint64_t sum;
    if (bytes.size < sizeof(*head) + sizeof(sum)) { return "too short for a checkpoint"; }
    if (memcmp(head->magic, magic, sizeof(magic)) != 0) { return "not a checkpoint"; }
    if (head->version != VERSION && head->version != VERSION_WITHOUT_CONTENT) {
        return "a checkpoint of another version";
    }
    memcpy(&sum, bytes.data + bytes.size - sizeof(sum), sizeof(sum));
    if (sum != XXH3_64bits(bytes.data, bytes.size - sizeof(sum))) {
        return "damaged: its checksum differs";
    }
    if (head->d != set->d || head->blocks != set->blocks || head->heads != set->heads ||
        head->length != set->length || head->seed != set->seed) {
        return "of other settings";
    }
    if (head->preset < PRESET_NONE || head->preset > PRESET_CONTENT) {
        return "of an unknown preset";
    }
    if (!head_valid(head)) { return "its numbers are not those of a learner"; }
    return NULL;
}

/* What a model's numbers stand for. */
struct names {
    struct vocabulary vocabulary;
    struct content_input content;
};

/* Checks whether a model is one of this learner, with these names; NULL when it is. What
 * operators may change between two starts, such as train.batch, may differ. */
static const char *fault_of_model(const struct learner *learner, enum learner_preset preset,
                                  const struct names *names, const struct transformer *model)
{
    const struct transformer_settings *is = transformer_settings(model);
    const struct transformer_settings should = learner_shape(learner, preset);
    const struct weights_shape *shape = &is->shape;
    if (shape->items > names->vocabulary.items.count ||
        shape->attributes != names->vocabulary.attributes_max ||
        shape->content != names->content.rank) {
        return "its items are not those of its model";
    }
    bool same = shape->d == should.shape.d && shape->hidden == should.shape.hidden &&
                shape->blocks == should.shape.blocks && shape->heads == should.shape.heads &&
                shape->length == should.shape.length && is->lanes == should.lanes &&
                is->mask_share == should.mask_share;
    return same ? NULL : "of other settings";
}

static bool read_blob(const char **at, const char *end, struct slice *ret_blob)
{
    uint64_t size;
    if ((size_t)(end - *at) < sizeof(size)) { return false; }
    memcpy(&size, *at, sizeof(size));
    *at += sizeof(size);
    if ((uint64_t)(end - *at) < size) { return false; }
    *ret_blob = slice_of(*at, size);
    *at += size;
    return true;
}

static void restore_head(struct learner *learner, const struct head *head)
{
    learner->preset = (enum learner_preset)head->preset;
    learner->training_runs = head->training_runs;
    learner->epochs = head->epochs;
    learner->steps = head->steps;
    learner->training_run = head->training_run;
    learner->metrics = head->metrics;
    learner->last_loss = head->last_loss;
    learner->final_pass = head->final_pass;
    learner->resumed = !head->in_training_run;
    learner->resumed_arrived = head->arrived;
    learner->phase = head->in_training_run ? PHASE_RESUMING : PHASE_IDLE;
}

/* Loads a model and checks it; NULL with *ret_why. */
static struct transformer *load_model(const struct learner *learner, const struct head *head,
                                      const struct names *names, struct slice bytes,
                                      const char **ret_why)
{
    struct transformer *model =
        transformer_load(bytes, (uint32_t)learner->settings.threads, ret_why);
    if (!model) { return NULL; }
    *ret_why = fault_of_model(learner, (enum learner_preset)head->preset, names, model);
    return *ret_why ? transformer_free(model) : model;
}

/* The run's best model is used at the end of the run: it is checked now. */
static bool best_fits(const struct learner *learner, const struct head *head,
                      const struct names *names, struct slice best, const char **ret_why)
{
    if (!best.size) { return true; }
    struct transformer *model = load_model(learner, head, names, best, ret_why);
    transformer_free(model);
    return model;
}

/* Checkpoints of the first version have no content input. */
static bool load_names(const struct learner *learner, const struct head *head, const char **at,
                       const char *end, struct names *ret_names)
{
    *ret_names = (struct names){0};
    if (!vocabulary_load(&ret_names->vocabulary, at, end, (uint32_t)learner->settings.items_max)) {
        return false;
    }
    if (head->version == VERSION_WITHOUT_CONTENT) { return true; }
    if (content_input_load(&ret_names->content, at, end)) { return true; }
    vocabulary_release(&ret_names->vocabulary);
    return false;
}

static void release_names(struct names *names)
{
    vocabulary_release(&names->vocabulary);
    content_input_release(&names->content);
}

static const char *load_parts(struct learner *learner, struct slice bytes, const struct head *head)
{
    const char *at = bytes.data + sizeof(*head), *why = "cut short";
    const char *end = bytes.data + bytes.size - sizeof(uint64_t);
    struct slice model, best;
    struct names names;
    if (!load_names(learner, head, &at, end, &names)) { return why; }
    struct transformer *loaded = NULL;
    if (read_blob(&at, end, &model) && read_blob(&at, end, &best) &&
        best_fits(learner, head, &names, best, &why)) {
        loaded = load_model(learner, head, &names, model, &why);
    }
    if (!loaded) {
        release_names(&names);
        return why;
    }
    learner->model = loaded;
    learner->vocabulary = names.vocabulary;
    learner->content = names.content;
    buf_append(&learner->best, best.data, best.size);
    return NULL;
}

bool learner_load(struct learner *learner, struct slice bytes, const char **ret_why)
{
    struct head head = {0};
    assert(!learner->model && learner->phase == PHASE_WAITING);
    memcpy(&head, bytes.data, MIN_OF(bytes.size, sizeof(head)));
    const char *fault = fault_of(learner, bytes, &head);
    if (!fault) { fault = load_parts(learner, bytes, &head); }
    if (fault) {
        *ret_why = fault;
        return false;
    }
    restore_head(learner, &head);
    return true;
}
