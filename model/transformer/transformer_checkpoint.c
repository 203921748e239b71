/* A model as bytes, little-endian:
 *
 *   header | weights | moments m, v (state only) | attribute starts (u64), ids (i32) |
 *   content vectors | XXH3-64
 *
 * Weights with so many zeros that it is shorter are packed (pruning.h), but not beside state.
 *
 * The checksum covers everything before it, so damaged or truncated bytes are refused before
 * anything is used. The weights alone are a model version: what serving needs. */
#include "base/base.h"
#include "base/xalloc.h"
#include "model/transformer/pruning.h"
#include "model/transformer/transformer_internal.h"

#include <xxhash.h>

enum { VERSION = 1, HAS_STATE = 1, HAS_ATTRIBUTES = 2, IS_PACKED = 4, HAS_CONTENT = 8 };

/* Limits of the numbers in a header, so that sums of sizes fit 64 bits. */
enum { ITEMS_MAX = 1 << 28, WIDTH_MAX = 1 << 13, BATCH_MAX = 1 << 16 };
#define STEPS_MAX (UINT64_C(1) << 53)

static const char magic[8] = "freshTF";

struct header {
    char magic[8];
    uint32_t version;
    uint32_t flags;
    uint32_t items, d, hidden, blocks, heads, length, attributes;
    uint32_t content;
    uint32_t reserved; /* 0 */
    float dropout, rate, mask_share;
    uint32_t negatives, batch, lanes;
    uint32_t kept; /* packed: weights that are not 0 */
    uint64_t seed, steps, epochs, attribute_ids;
};

_Static_assert(sizeof(struct header) == 112, "a header has no holes");

static struct header header_of(const struct transformer *model, bool state)
{
    const struct transformer_settings *s = &model->settings;
    struct header header = {
        .version = VERSION,
        .flags = (state && model->mean ? HAS_STATE : 0) |
                 (model->has_attributes ? HAS_ATTRIBUTES : 0) |
                 (model->content ? HAS_CONTENT : 0),
        .items = s->shape.items,
        .d = s->shape.d,
        .hidden = s->shape.hidden,
        .blocks = s->shape.blocks,
        .heads = s->shape.heads,
        .length = s->shape.length,
        .attributes = s->shape.attributes,
        .content = s->shape.content,
        .dropout = s->dropout,
        .rate = s->rate,
        .mask_share = s->mask_share,
        .negatives = s->negatives,
        .batch = s->batch,
        .lanes = s->lanes,
        .seed = s->seed,
        .steps = state ? model->steps : 0,
        .epochs = state ? model->epochs : 0,
    };
    const size_t kept = pruning_kept(model->values, model->count);
    if (!(header.flags & HAS_STATE) && kept <= UINT32_MAX &&
        pruning_packed_size(model->count, kept) < model->count * sizeof(float)) {
        header.flags |= IS_PACKED;
        header.kept = (uint32_t)kept;
    }
    memcpy(header.magic, magic, sizeof(magic));
    if (model->has_attributes) { header.attribute_ids = model->attributes.starts[s->shape.items]; }
    return header;
}

static size_t content_bytes(const struct weights_shape *shape)
{
    return (size_t)shape->items * shape->content * sizeof(float);
}

static void save_attributes(const struct transformer *model, struct buf *buf)
{
    const struct item_attributes *of = &model->attributes;
    for (uint32_t i = 0; i <= of->items; i++) {
        const uint64_t start = of->starts[i];
        buf_append(buf, &start, sizeof(start));
    }
    buf_append(buf, of->ids, of->starts[of->items] * sizeof(*of->ids));
}

void transformer_save(const struct transformer *model, struct buf *buf, bool state)
{
    const struct header header = header_of(model, state);
    const size_t bytes = model->count * sizeof(float), before = buf->size;
    buf_append(buf, &header, sizeof(header));
    if (header.flags & IS_PACKED) {
        pruning_pack(model->values, model->count, buf);
    } else {
        buf_append(buf, model->values, bytes);
    }
    if (header.flags & HAS_STATE) {
        buf_append(buf, model->mean, bytes);
        buf_append(buf, model->variance, bytes);
    }
    if (model->has_attributes) { save_attributes(model, buf); }
    if (model->content) {
        buf_append(buf, model->content, content_bytes(&model->settings.shape));
    }
    if (buf_failed(buf)) { return; }
    const uint64_t sum = XXH3_64bits(buf->data + before, buf->size - before);
    buf_append(buf, &sum, sizeof(sum));
}

void transformer_prune(struct transformer *model, float share)
{
    weights_prune(&model->settings.shape, model->values, share);
    transformer_compose(model);
}

static struct transformer_settings settings_of(const struct header *header, uint32_t threads)
{
    return (struct transformer_settings){
        .shape = {.items = header->items,
                  .d = header->d,
                  .hidden = header->hidden,
                  .blocks = header->blocks,
                  .heads = header->heads,
                  .length = header->length,
                  .attributes = header->attributes,
                  .content = header->content},
        .dropout = header->dropout,
        .rate = header->rate,
        .mask_share = header->mask_share,
        .negatives = header->negatives,
        .batch = header->batch,
        .lanes = header->lanes,
        .threads = threads,
        .seed = header->seed,
    };
}

/* Checks the bytes as a whole; returns what is wrong, NULL when nothing is. */
static const char *fault_of(struct slice bytes, const struct header *header)
{
    uint64_t sum;
    if (bytes.size < sizeof(*header) + sizeof(sum)) { return "too short for a model"; }
    if (memcmp(header->magic, magic, sizeof(magic)) != 0) { return "not a model"; }
    if (header->version != VERSION) { return "a model of another version"; }
    memcpy(&sum, bytes.data + bytes.size - sizeof(sum), sizeof(sum));
    if (sum != XXH3_64bits(bytes.data, bytes.size - sizeof(sum))) {
        return "damaged: its checksum differs";
    }
    if (header->items > ITEMS_MAX || header->attributes > ITEMS_MAX || header->d > WIDTH_MAX ||
        header->hidden > WIDTH_MAX || header->content > WIDTH_MAX || header->length > ITEMS_MAX ||
        header->batch > BATCH_MAX || header->steps > STEPS_MAX || header->epochs > STEPS_MAX ||
        header->attribute_ids > bytes.size) {
        return "sizes beyond any model";
    }
    if (header->reserved) { return "a model of a later version"; }
    if ((header->flags & IS_PACKED) && (header->flags & HAS_STATE)) {
        return "packed, with state";
    }
    if ((header->flags & HAS_CONTENT) && !header->content) { return "content without a width"; }
    return NULL;
}

static size_t size_of(const struct header *header, const struct weights_shape *shape)
{
    const size_t runs = header->flags & HAS_STATE ? 3 : 1, count = weights_count(shape);
    size_t size = sizeof(*header) + sizeof(uint64_t);
    size += header->flags & IS_PACKED ? pruning_packed_size(count, header->kept)
                                      : runs * count * sizeof(float);
    if (header->flags & HAS_ATTRIBUTES) {
        size += (header->items + 1u) * sizeof(uint64_t) + header->attribute_ids * sizeof(int32_t);
    }
    if (header->flags & HAS_CONTENT) { size += content_bytes(shape); }
    return size;
}

static const char *take(const char *at, void *to, size_t size)
{
    memcpy(to, at, size);
    return at + size;
}

/* Reads the weights; NULL when their packing does not match the header. */
static const char *take_weights(struct transformer *model, const struct header *header,
                                const char *at)
{
    if (!(header->flags & IS_PACKED)) {
        return take(at, model->values, model->count * sizeof(float));
    }
    if (!pruning_unpack(at, model->count, header->kept, model->values)) { return NULL; }
    return at + pruning_packed_size(model->count, header->kept);
}

static bool attributes_fit(const struct header *header, const size_t *starts, const int32_t *ids)
{
    bool fit = starts[0] == 0 && starts[header->items] == header->attribute_ids;
    for (uint32_t i = 0; fit && i < header->items; i++) { fit = starts[i] <= starts[i + 1]; }
    for (uint64_t i = 0; fit && i < header->attribute_ids; i++) {
        fit = ids[i] >= 0 && (uint32_t)ids[i] < header->attributes;
    }
    return fit;
}

/* Loads the content vectors, which stand at `at` and need not be aligned. */
static bool load_content(struct transformer *model, const char *at)
{
    const size_t bytes = content_bytes(&model->settings.shape);
    _cleanup_(xfreep) float *content = xmemdup(at, bytes);
    bool fit = true;
    for (size_t i = 0; i < bytes / sizeof(float); i++) { fit &= (bool)isfinite(content[i]); }
    if (fit) { transformer_set_content(model, content); }
    return fit;
}

static bool load_attributes(struct transformer *model, const struct header *header, const char *at)
{
    size_t *starts = xcalloc(header->items + 1u, sizeof(*starts));
    int32_t *ids = xcalloc(header->attribute_ids + 1, sizeof(*ids));
    at = take(at, starts, (header->items + 1u) * sizeof(*starts));
    take(at, ids, header->attribute_ids * sizeof(*ids));
    bool fit = attributes_fit(header, starts, ids);
    if (fit) { transformer_set_attributes(model, starts, ids); }
    free(starts);
    free(ids);
    return fit;
}

/* Says whether the numbers are those of a model: a checksum does not tell. */
static bool numbers_valid(const struct transformer *model)
{
    bool valid = true;
    for (size_t i = 0; i < model->count; i++) { valid &= (bool)isfinite(model->values[i]); }
    for (size_t i = 0; model->mean && i < model->count; i++) {
        valid &= isfinite(model->mean[i]) && isfinite(model->variance[i]) &&
                 model->variance[i] >= 0.0F;
    }
    return valid;
}

struct transformer *transformer_load(struct slice bytes, uint32_t threads, const char **ret_why)
{
    struct header header = {0};
    memcpy(&header, bytes.data, MIN_OF(bytes.size, sizeof(header)));
    const struct transformer_settings settings = settings_of(&header, threads);
    const char *fault = fault_of(bytes, &header);
    if (!fault) { (void)transformer_settings_fit(&settings, &fault); }
    if (!fault && bytes.size != size_of(&header, &settings.shape)) {
        fault = "its size is not that of its shape";
    }
    if (fault) {
        *ret_why = fault;
        return NULL;
    }
    struct transformer *model = transformer_new_blank(&settings);
    const size_t run = model->count * sizeof(float);
    const char *at = take_weights(model, &header, bytes.data + sizeof(header));
    if (!at) {
        *ret_why = "its packed weights do not fit";
        return transformer_free(model);
    }
    model->steps = header.steps;
    model->epochs = header.epochs;
    if (header.flags & HAS_STATE) {
        model->mean = xmalloc(run);
        model->variance = xmalloc(run);
        at = take(at, model->mean, run);
        at = take(at, model->variance, run);
    }
    if (!numbers_valid(model)) {
        *ret_why = "its numbers are not those of a model";
        return transformer_free(model);
    }
    if ((header.flags & HAS_ATTRIBUTES) && !load_attributes(model, &header, at)) {
        *ret_why = "its attributes do not fit";
        return transformer_free(model);
    }
    const char *end = bytes.data + bytes.size - sizeof(uint64_t);
    if ((header.flags & HAS_CONTENT) &&
        !load_content(model, end - content_bytes(&settings.shape))) {
        *ret_why = "its content vectors do not fit";
        return transformer_free(model);
    }
    return model;
}
