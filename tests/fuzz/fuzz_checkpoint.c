/* A model's bytes. The first byte's bits say whether the checksum is mended, so that what lies
 * behind it is reached, and whether the lanes stay as they are: many cost much memory, which is
 * much time. The rest is the block. What loads must encode a history without leaving its memory,
 * and be saved and loaded again to the same. */
#include "base/base.h"
#include "model/transformer/transformer.h"
#include "tests/fuzz/crumbs.h"

#include <xxhash.h>

enum { SAVED_MAX = 1 << 20, SCORES_MAX = 1 << 16, LANES_AT = 72 };

static void predict(struct transformer *model)
{
    const struct weights_shape *shape = &transformer_settings(model)->shape;
    if (shape->items > SCORES_MAX) { return; }
    const int32_t items[] = {0, (int32_t)shape->items - 1, 0};
    const struct sequence history = {.items = items, .count = ARRAY_COUNT(items)};
    float *hidden = xcalloc(shape->d, sizeof(*hidden));
    float *scores = xcalloc(shape->items, sizeof(*scores));
    transformer_encode(model, &history, 1, hidden);
    transformer_scores(model, hidden, 1, scores);
    free(hidden);
    free(scores);
}

static void save_again(const struct transformer *model)
{
    struct buf saved;
    const char *why = NULL;
    buf_init(&saved, SAVED_MAX);
    transformer_save(model, &saved, /* state= */ true);
    assert(!buf_failed(&saved));
    struct transformer *again = transformer_load(buf_slice(&saved), 1, &why);
    assert(again && transformer_steps(again) == transformer_steps(model));
    struct buf twice;
    buf_init(&twice, SAVED_MAX);
    transformer_save(again, &twice, /* state= */ true);
    assert(slice_equal(buf_slice(&saved), buf_slice(&twice)));
    buf_release(&twice);
    buf_release(&saved);
    transformer_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) { return 0; }
    const char *why = NULL;
    char *block = xmemdup(data + 1, size - 1);
    struct slice bytes = slice_of(block, size - 1);
    uint64_t sum;
    if (!(data[0] & 2) && bytes.size > LANES_AT + 4) { memcpy(block + LANES_AT, "\1\0\0", 4); }
    if (data[0] % 2 && bytes.size >= sizeof(sum)) {
        sum = XXH3_64bits(block, bytes.size - sizeof(sum));
        memcpy(block + bytes.size - sizeof(sum), &sum, sizeof(sum));
    }
    struct transformer *model = transformer_load(bytes, 1, &why);
    if (model) {
        predict(model);
        save_again(model);
    } else {
        assert(why);
    }
    transformer_free(model);
    free(block);
    return 0;
}
