/* The sequence trainer's checkpoint, changed where the input says, with checksums that fit. The
 * input is edits: an offset in 4 bytes, and how many bytes follow (up to 8), in one; the last odd
 * one cuts the checkpoint. What loads trains on, and is saved and loaded again. */
#include "base/base.h"
#include "tests/fuzz/crumbs.h"
#include "tests/unit/walkers.h"

#include <xxhash.h>

enum { BYTES_MAX = 4 << 20, STEPS = 12, SUM = sizeof(uint64_t), EDITS_MAX = 64 };

static struct training_set *walkers(void)
{
    struct training_set *training_set = walk_training_set(1);
    for (int32_t user = 0; user < WALKERS; user++) { walk(training_set, 1, user, WALK_LENGTH); }
    return training_set;
}

/* A checkpoint in the middle of a training run: it has a best model. */
static const struct buf *whole(void)
{
    static struct buf bytes;
    if (bytes.size) { return &bytes; }
    struct training_set *training_set = walkers();
    struct learner *learner = learner_new(&walk_settings, training_set);
    for (int boundaries = 0; boundaries < 3;) {
        if (!learner_step(learner)) { abort(); }
        boundaries += learner_between_epochs(learner);
    }
    buf_init(&bytes, BYTES_MAX);
    learner_save(learner, &bytes);
    learner_free(learner);
    training_set_free(training_set);
    return &bytes;
}

static void mend(char *data, size_t size)
{
    if (size < SUM) { return; }
    const uint64_t sum = XXH3_64bits(data, size - SUM);
    memcpy(data + size - SUM, &sum, SUM);
}

/* Mends the checksums of the models within, then that of the whole. */
static void mend_all(char *data, size_t size)
{
    for (size_t from = SUM; from + SUM < size; from++) {
        uint64_t model;
        if (memcmp(data + from, "freshTF", SUM) != 0) { continue; }
        memcpy(&model, data + from - SUM, SUM);
        if (model <= SUM || model > size - from) { continue; }
        mend(data + from, model);
        from += model - 1;
    }
    mend(data, size);
}

static size_t edit(struct crumbs *crumbs, char *data, size_t size)
{
    for (int i = 0; i < EDITS_MAX && crumbs->left >= 6; i++) {
        uint32_t at = 0;
        struct slice offset = crumbs_take(crumbs, sizeof(at));
        memcpy(&at, offset.data, sizeof(at));
        struct slice number = crumbs_take(crumbs, crumbs_byte(crumbs) % 8 + 1);
        at %= (uint32_t)(size - SUM);
        memcpy(data + at, number.data, MIN_OF(number.size, size - at));
    }
    return crumbs->left ? size - crumbs_byte(crumbs) * (size / 256) : size;
}

static void save_again(const struct learner *learner)
{
    struct buf saved;
    const char *why = NULL;
    struct training_set *training_set = walkers();
    struct learner *again = learner_new(&walk_settings, training_set);
    buf_init(&saved, BYTES_MAX);
    learner_save(learner, &saved);
    if (!learner_load(again, buf_slice(&saved), &why)) { abort(); }
    buf_release(&saved);
    learner_free(again);
    training_set_free(training_set);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct crumbs crumbs = {data, size};
    const struct buf *from = whole();
    char *bytes = xmemdup(from->data, from->size);
    size_t cut = edit(&crumbs, bytes, from->size);
    char *exact = xmemdup(bytes, cut);
    mend_all(exact, cut);
    struct training_set *training_set = walkers();
    struct learner *learner = learner_new(&walk_settings, training_set);
    const char *why = NULL;
    bool loaded = learner_load(learner, slice_of(exact, cut), &why);
    if (!loaded && !why) { abort(); }
    if (loaded) { save_again(learner); }
    for (int i = 0; loaded && i < STEPS && learner_step(learner); i++) {
        if (learner_milestone(learner) == MILESTONE_NONE) { continue; }
        model_snapshot_free(learner_snapshot(learner));
    }
    learner_free(learner);
    training_set_free(training_set);
    free(exact);
    free(bytes);
    return 0;
}
