/* The format of a learner's checkpoint, for the same machine (native byte order and layout):
 *
 *   head | vocabulary | size (u64), model with moments | size (u64), run's best model | XXH3-64
 *
 * The checksum covers everything before it. The training set is not part of a checkpoint: the
 * fingerprints in the vocabulary match the model's numbers to the training set's.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "trainer/sequence/learner_internal.h"

#include <xxhash.h>

enum { VERSION = 1 };

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

/* Checks the bytes as a whole; returns what is wrong, NULL when nothing is. */
static const char *fault_of(const struct learner *learner, struct slice bytes,
                            const struct head *head)
{
    const struct learner_settings *set = &learner->settings;
    uint64_t sum;
    if (bytes.size < sizeof(*head) + sizeof(sum)) { return "too short for a checkpoint"; }
    if (memcmp(head->magic, magic, sizeof(magic)) != 0) { return "not a checkpoint"; }
    if (head->version != VERSION) { return "a checkpoint of another version"; }
    memcpy(&sum, bytes.data + bytes.size - sizeof(sum), sizeof(sum));
    if (sum != XXH3_64bits(bytes.data, bytes.size - sizeof(sum))) {
        return "damaged: its checksum differs";
    }
    if (head->d != set->d || head->blocks != set->blocks || head->heads != set->heads ||
        head->length != set->length || head->seed != set->seed) {
        return "of other settings";
    }
    if (head->preset < PRESET_NONE || head->preset > PRESET_LONG) { return "of an unknown preset"; }
    return NULL;
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

static const char *load_parts(struct learner *learner, struct slice bytes, const struct head *head)
{
    const char *at = bytes.data + sizeof(*head), *why = "cut short";
    const char *end = bytes.data + bytes.size - sizeof(uint64_t);
    struct slice model, best;
    struct vocabulary vocabulary;
    if (!vocabulary_load(&vocabulary, &at, end, (uint32_t)learner->settings.items_max)) {
        return why;
    }
    struct transformer *loaded = NULL;
    if (read_blob(&at, end, &model) && read_blob(&at, end, &best)) {
        loaded = transformer_load(model, (uint32_t)learner->settings.threads, &why);
    }
    if (loaded && transformer_settings(loaded)->shape.items > vocabulary.items.count) {
        loaded = transformer_free(loaded);
        why = "its items are not those of its model";
    }
    if (loaded &&
        transformer_settings(loaded)->mask_share != (float)learner->settings.mask_share) {
        loaded = transformer_free(loaded);
        why = "of other settings";
    }
    if (!loaded) {
        vocabulary_release(&vocabulary);
        return why;
    }
    learner->model = loaded;
    learner->vocabulary = vocabulary;
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
