#include "base/base.h"
#include "base/xalloc.h"
#include "model/transformer/encoder.h"
#include "model/transformer/transformer_inference.h"

enum { PACK_TOKENS = 512 };

struct transformer_inference {
    struct weights_shape shape;
    float *dense;
    struct weights weights;
    struct fused_attention fused; /* where there is one head */
    struct encoder *encoder;
    struct pack pack;
};

static struct weights_shape without_tables(const struct weights_shape *shape)
{
    struct weights_shape dense = *shape;
    dense.items = 0;
    dense.attributes = 0;
    dense.content = 0;
    return dense;
}

size_t transformer_inference_dense_count(const struct weights_shape *shape)
{
    const struct weights_shape dense = without_tables(shape);
    return weights_count(&dense);
}

struct transformer_inference *transformer_inference_new(const struct weights_shape *shape,
                                                        const float *dense)
{
    struct transformer_inference *inference = xcalloc(1, sizeof(*inference));
    inference->shape = without_tables(shape);
    const size_t count = transformer_inference_dense_count(shape);
    inference->dense = xmemdup(dense, count * sizeof(*dense));
    inference->weights = weights_view(&inference->shape, inference->dense);
    if (shape->heads == 1) {
        fused_attention_init(&inference->fused, &inference->shape, &inference->weights);
    }
    inference->shape.items = INT32_MAX; /* the caller's table decides */
    const size_t tokens = MAX_OF((size_t)PACK_TOKENS, (size_t)shape->length);
    pack_init(&inference->pack, tokens);
    inference->encoder = encoder_new(&inference->shape, tokens);
    return inference;
}

struct transformer_inference *transformer_inference_free(struct transformer_inference *inference)
{
    if (!inference) { return NULL; }
    encoder_free(inference->encoder);
    fused_attention_release(&inference->fused);
    pack_release(&inference->pack);
    free(inference->dense);
    free(inference);
    return NULL;
}

size_t transformer_inference_width(const struct transformer_inference *inference)
{
    return inference->shape.d;
}

void transformer_inference_encode(struct transformer_inference *inference, const float *table,
                                  const float *searches, const struct sequence *histories,
                                  size_t count, float *hidden)
{
    const size_t d = inference->shape.d;
    const struct encoder_job job = {
        .weights = &inference->weights,
        .fused = inference->fused.numbers ? &inference->fused : NULL,
        .table = table,
        .searches = searches,
        .pack = &inference->pack,
        .causal = !inference->shape.masked,
    };
    for (size_t next = 0; next < count;) {
        const size_t first = next;
        pack_clear(&inference->pack);
        while (next < count && pack_add_history(&inference->pack, &histories[next],
                                                inference->shape.length, inference->shape.masked)) {
            next++;
        }
        memcpy(hidden + first * d, encoder_run_last(inference->encoder, &job),
               (next - first) * d * sizeof(*hidden));
    }
}
