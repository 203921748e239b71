/* The forward pass is embed, blocks, last norm; the backward pass is the reverse. Activations that
 * the backward pass needs are in one allocation, laid out by lay_out(); memory_of() counts it
 * beforehand, and an assert compares the two. Dropout keeps no masks: block_key() gives each use in
 * each block its own key, and the same key gives the same mask in the backward pass.
 *
 * For serving, run_last_block() computes the last block for the last tokens only.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "model/gemm.h"
#include "model/transformer/attention.h"
#include "model/transformer/dropout.h"
#include "model/transformer/encoder.h"
#include "model/transformer/wide.h"

/* What a block keeps for the backward pass; T x d unless a comment says otherwise. */
struct trace {
    float *in;
    float *query_in;   /* LN(in) */
    float *query;
    float *key_value;  /* T x 2d */
    float *kept;       /* attention weights, sequence after sequence */
    float *attended;
    float *middle;     /* before the second norm */
    float *forward_in; /* after it */
    float *inner;      /* T x hidden: after relu and dropout */
    float *stats;      /* T x 2, then the second norm's */
};

struct encoder {
    struct weights_shape shape;
    size_t tokens_max;
    struct trace traces[WEIGHTS_BLOCKS_MAX];
    float *last_in; /* the last block's output */
    float *last_stats;
    float *hidden;
    float *scratch; /* of attention */
    /* The backward pass. */
    float *dx;         /* T x d */
    float *dquery;     /* T x d */
    float *dattended;  /* T x d */
    float *dkey_value; /* T x 2d */
    float *dinner;     /* T x hidden */
    float *memory;
};

enum { FETCHED_AHEAD = 8 }; /* tokens whose vectors are on their way to the cache */

/* Streams of dropout. */
enum { DROP_EMBEDDING = 0, DROP_BLOCKS = 16, DROP_INNER = 0, DROP_OUTER = 1, DROP_ATTENTION = 2 };

static uint64_t block_key(const struct encoder_job *job, size_t block, unsigned stream)
{
    return dropout_key(dropout_key(job->key, DROP_BLOCKS + block), stream);
}

static float *take(float **at, size_t count)
{
    float *here = *at;
    *at = here ? here + (count + WIDE_LANES - 1) / WIDE_LANES * WIDE_LANES : NULL;
    return here;
}

/* Lays out the memory; returns how many numbers it takes when `at` counts from NULL. */
static void lay_out(struct encoder *encoder, float **at)
{
    const struct weights_shape *shape = &encoder->shape;
    const size_t t = encoder->tokens_max, td = t * shape->d;
    for (size_t b = 0; b < shape->blocks; b++) {
        encoder->traces[b] = (struct trace){
            .in = take(at, td),
            .query_in = take(at, td),
            .query = take(at, td),
            .key_value = take(at, 2 * td),
            .kept = take(at, t * shape->length * shape->heads),
            .attended = take(at, td),
            .middle = take(at, td),
            .forward_in = take(at, td),
            .inner = take(at, t * shape->hidden),
            .stats = take(at, 4 * t),
        };
    }
    encoder->last_in = take(at, td);
    encoder->last_stats = take(at, 2 * t);
    encoder->hidden = take(at, td);
    encoder->scratch = take(at, attention_scratch(shape->length));
    encoder->dx = take(at, td);
    encoder->dquery = take(at, td);
    encoder->dattended = take(at, td);
    encoder->dkey_value = take(at, 2 * td);
    encoder->dinner = take(at, t * shape->hidden);
}

static size_t memory_of(const struct weights_shape *shape, size_t t)
{
    const size_t round = WIDE_LANES;
    size_t block = 8 * t * shape->d + t * shape->length * shape->heads + t * shape->hidden + 4 * t;
    size_t rest = 7 * t * shape->d + 2 * t + t * shape->hidden + attention_scratch(shape->length);
    return shape->blocks * (block + 10 * round) + rest + 9 * round;
}

struct encoder *encoder_new(const struct weights_shape *shape, size_t tokens_max)
{
    struct encoder *encoder = xcalloc(1, sizeof(*encoder));
    encoder->shape = *shape;
    encoder->tokens_max = tokens_max;
    const size_t count = memory_of(shape, tokens_max);
    encoder->memory = xcalloc(count, sizeof(*encoder->memory));
    float *at = encoder->memory;
    lay_out(encoder, &at);
    assert(at <= encoder->memory + count);
    return encoder;
}

struct encoder *encoder_free(struct encoder *encoder)
{
    if (!encoder) { return NULL; }
    free(encoder->memory);
    free(encoder);
    return NULL;
}

/* ---- Vectors ---- */

WIDE
static void add_to(float *y, const float *x, size_t n, float scale)
{
    for (size_t i = 0; i < n; i += WIDE_LANES) {
        wide_store(y + i, wide_load(y + i) + wide_load(x + i) * scale);
    }
}

WIDE
static void rectify(float *x, size_t n)
{
    const wide zero = {0};
    for (size_t i = 0; i < n; i += WIDE_LANES) {
        wide_store(x + i, wide_max(wide_load(x + i), zero));
    }
}

/* The gradient passes where relu and dropout passed the number, with the same scale. */
WIDE
static void rectify_back(float *dx, const float *y, size_t n, float scale)
{
    const wide zero = {0};
    for (size_t i = 0; i < n; i += WIDE_LANES) {
        wide_store(dx + i, wide_pick(wide_load(y + i) > 0.0f, zero, wide_load(dx + i) * scale));
    }
}

/* ---- Forward ---- */

/* Returns where a token's position vector is, in weights or in gradients. */
static float *position_of(const struct encoder *encoder, const struct weights *w,
                          const struct pack *pack, size_t token)
{
    const int32_t position = pack->positions[token];
    assert(position < (int32_t)encoder->shape.length);
    return w->positions + (size_t)position * encoder->shape.d;
}

/* Returns what a token stands for: an item, a search or the mask. */
static int32_t item_of(const struct encoder *encoder, const struct pack *pack, size_t token)
{
    const int32_t item = pack->items[token];
    assert(item < (int32_t)encoder->shape.items);
    return item;
}

static const float *vector_of(const struct encoder *encoder, const struct encoder_job *job,
                              size_t token)
{
    const int32_t item = item_of(encoder, job->pack, token);
    if (item == PACK_MASK) { return job->weights->mask; }
    if (item < 0) { return job->searches + pack_search(item) * encoder->shape.d; }
    return job->table + (size_t)item * encoder->shape.d;
}

/* Returns where the gradient of a token's vector is added; NULL: nowhere. */
static float *gradient_of(const struct encoder *encoder, const struct encoder_job *job,
                          const struct weights *grads, size_t token)
{
    const int32_t item = item_of(encoder, job->pack, token);
    if (item == PACK_MASK) { return grads->mask; }
    if (item >= 0) { return grads->items + (size_t)item * encoder->shape.d; }
    return job->dsearches ? job->dsearches + pack_search(item) * encoder->shape.d : NULL;
}

/* Asks the cache for a token's vector, which is anywhere in the table. */
static void fetch(const struct encoder *encoder, const struct encoder_job *job, size_t token)
{
    const float *vector = vector_of(encoder, job, token);
    for (size_t i = 0; i < encoder->shape.d; i += WIDE_LANES) { __builtin_prefetch(vector + i); }
}

static void embed(struct encoder *encoder, const struct encoder_job *job, float *x)
{
    const struct pack *pack = job->pack;
    const size_t d = encoder->shape.d;
    const float scale = sqrtf((float)d);
    for (size_t token = 0; token < pack->tokens; token++) {
        float *to = x + token * d;
        if (token + FETCHED_AHEAD < pack->tokens) { fetch(encoder, job, token + FETCHED_AHEAD); }
        memcpy(to, position_of(encoder, job->weights, pack, token), d * sizeof(*to));
        add_to(to, vector_of(encoder, job, token), d, scale);
    }
    dropout(x, pack->tokens * d, job->dropout, dropout_key(job->key, DROP_EMBEDDING));
}

static struct attention attention_of(const struct encoder *encoder, const struct encoder_job *job,
                                     size_t b, size_t sequence)
{
    return (struct attention){
        .d = encoder->shape.d,
        .heads = encoder->shape.heads,
        .causal = job->causal,
        .dropout = job->dropout,
        .key = dropout_key(block_key(job, b, DROP_ATTENTION), sequence),
    };
}

static void attend(struct encoder *encoder, const struct encoder_job *job, size_t b)
{
    const struct pack *pack = job->pack;
    const struct trace *trace = &encoder->traces[b];
    const size_t d = encoder->shape.d;
    float *kept = trace->kept;
    for (size_t s = 0; s < pack->sequences; s++) {
        const size_t first = pack->starts[s], n = pack->starts[s + 1] - first;
        const struct attention one = attention_of(encoder, job, b, s);
        attention(&one, n, trace->query + first * d, trace->key_value + first * 2 * d,
                  trace->attended + first * d, kept, encoder->scratch);
        kept += attention_kept(&one, n);
    }
}

/* Computes the rest of a block after attention, whose results go through a layer, for t tokens or
 * selected rows of them. */
static void feed_forward(struct encoder *encoder, const struct encoder_job *job, size_t b, size_t t,
                         const struct linear *output, float *out)
{
    const struct block_weights *block = &job->weights->blocks[b];
    const struct trace *trace = &encoder->traces[b];
    const size_t d = encoder->shape.d, hidden = encoder->shape.hidden;
    linear(output, trace->attended, t, trace->middle);
    add_to(trace->middle, trace->query_in, t * d, 1.0f);
    layer_norm(trace->middle, block->forward_norm, t, d, trace->forward_in, trace->stats + 2 * t);
    linear(&block->inner, trace->forward_in, t, trace->inner);
    rectify(trace->inner, t * hidden);
    dropout(trace->inner, t * hidden, job->dropout, block_key(job, b, DROP_INNER));
    linear(&block->outer, trace->inner, t, out);
    dropout(out, t * d, job->dropout, block_key(job, b, DROP_OUTER));
    add_to(out, trace->forward_in, t * d, 1.0f);
}

static void run_block(struct encoder *encoder, const struct encoder_job *job, size_t b, float *out)
{
    const struct block_weights *block = &job->weights->blocks[b];
    const struct trace *trace = &encoder->traces[b];
    const size_t t = job->pack->tokens, d = encoder->shape.d;
    layer_norm(trace->in, block->attention_norm, t, d, trace->query_in, trace->stats);
    linear(&block->query, trace->query_in, t, trace->query);
    linear(&block->key_value, trace->in, t, trace->key_value);
    attend(encoder, job, b);
    feed_forward(encoder, job, b, t, &block->output, out);
}

/* The same by fused weights, for serving: inputs are keys and values. */
static void run_fused_block(struct encoder *encoder, const struct encoder_job *job, size_t b,
                            float *out)
{
    const struct fused_block *fused = &job->fused->blocks[b];
    const struct trace *trace = &encoder->traces[b];
    const struct pack *pack = job->pack;
    const size_t t = pack->tokens, d = encoder->shape.d;
    layer_norm(trace->in, job->weights->blocks[b].attention_norm, t, d, trace->query_in,
               trace->stats);
    linear(&fused->asked, trace->query_in, t, trace->query);
    for (size_t s = 0; s < pack->sequences; s++) {
        const size_t first = pack->starts[s] * d;
        const struct attention one = attention_of(encoder, job, b, s);
        attention_fused(&one, pack->starts[s + 1] - pack->starts[s], trace->query + first,
                        trace->in + first, trace->attended + first, encoder->scratch);
    }
    feed_forward(encoder, job, b, t, &fused->output, out);
}

/* Attends for the last tokens only, head by head, without keys and values of the others: the
 * product of a query and a key x K + b is that of the input x and K q, and what b adds is the same
 * for all inputs; the mean of the values is the mean of the inputs times V. */
static void attend_last(struct encoder *encoder, const struct block_weights *block,
                        const struct pack *pack, const struct trace *trace)
{
    const size_t d = encoder->shape.d, width = d / encoder->shape.heads, count = pack->sequences;
    const float scale = 1.0f / sqrtf((float)width);
    float *asked = trace->key_value, *means = asked + count * d; /* count <= tokens */
    for (size_t column = 0; column < d; column += width) {
        const float *key = block->key_value.weights + column, *value = key + d;
        gemm_nt((struct gemm_shape){count, d, width}, scale, matrix_of(trace->query + column, d),
                matrix_of(key, 2 * d), 0.0f, asked, d);
        for (size_t s = 0; s < count; s++) {
            const size_t first = pack->starts[s];
            attention_last(pack->starts[s + 1] - first, d, trace->in + first * d, asked + s * d,
                           means + s * d, encoder->scratch);
            memcpy(trace->attended + s * d + column, block->key_value.bias + d + column,
                   width * sizeof(float));
        }
        gemm_nn((struct gemm_shape){count, width, d}, 1.0f, matrix_of(means, d),
                matrix_of(value, 2 * d), 1.0f, trace->attended + column, d);
    }
}

/* The same for the last tokens only. */
static void run_last_block(struct encoder *encoder, const struct encoder_job *job, size_t b,
                           float *out)
{
    const struct block_weights *block = &job->weights->blocks[b];
    const struct trace *trace = &encoder->traces[b];
    const struct pack *pack = job->pack;
    const size_t d = encoder->shape.d;
    for (size_t s = 0; s < pack->sequences; s++) {
        const float *last = trace->in + (pack->starts[s + 1] - 1) * d;
        layer_norm(last, block->attention_norm, 1, d, trace->query_in + s * d, trace->stats);
    }
    linear(&block->query, trace->query_in, pack->sequences, trace->query);
    attend_last(encoder, block, pack, trace);
    feed_forward(encoder, job, b, pack->sequences, &block->output, out);
}

const float *encoder_run(struct encoder *encoder, const struct encoder_job *job)
{
    const struct weights_shape *shape = &encoder->shape;
    assert(job->pack->tokens <= encoder->tokens_max);
    embed(encoder, job, encoder->traces[0].in);
    for (size_t b = 0; b < shape->blocks; b++) {
        bool last = b + 1 == shape->blocks;
        run_block(encoder, job, b, last ? encoder->last_in : encoder->traces[b + 1].in);
    }
    layer_norm(encoder->last_in, job->weights->last_norm, job->pack->tokens, shape->d,
               encoder->hidden, encoder->last_stats);
    return encoder->hidden;
}

const float *encoder_run_last(struct encoder *encoder, const struct encoder_job *job)
{
    const size_t last = encoder->shape.blocks - 1;
    assert(job->pack->tokens <= encoder->tokens_max && job->dropout == 0.0f);
    embed(encoder, job, encoder->traces[0].in);
    for (size_t b = 0; b < last; b++) {
        float *out = encoder->traces[b + 1].in;
        if (job->fused) {
            run_fused_block(encoder, job, b, out);
        } else {
            run_block(encoder, job, b, out);
        }
    }
    run_last_block(encoder, job, last, encoder->last_in);
    layer_norm(encoder->last_in, job->weights->last_norm, job->pack->sequences, encoder->shape.d,
               encoder->hidden, encoder->last_stats);
    return encoder->hidden;
}

/* ---- Back ---- */

static void attend_back(struct encoder *encoder, const struct encoder_job *job, size_t b)
{
    const struct pack *pack = job->pack;
    const struct trace *trace = &encoder->traces[b];
    const size_t d = encoder->shape.d;
    const float *kept = trace->kept;
    for (size_t s = 0; s < pack->sequences; s++) {
        const size_t first = pack->starts[s], n = pack->starts[s + 1] - first;
        const struct attention one = attention_of(encoder, job, b, s);
        attention_back(&one, n, trace->query + first * d, trace->key_value + first * 2 * d,
                       trace->attended + first * d, kept, encoder->dattended + first * d,
                       encoder->dquery + first * d, encoder->dkey_value + first * 2 * d,
                       encoder->scratch);
        kept += attention_kept(&one, n);
    }
}

/* encoder->dx holds the gradient by the block's output and then by its input. */
static void back_block(struct encoder *encoder, const struct encoder_job *job, size_t b,
                       struct weights *grads)
{
    const struct block_weights *block = &job->weights->blocks[b];
    struct block_weights *grad = &grads->blocks[b];
    const struct trace *trace = &encoder->traces[b];
    const size_t t = job->pack->tokens, d = encoder->shape.d, hidden = encoder->shape.hidden;
    float *dx = encoder->dx, *dsum = encoder->dquery, *dmiddle = encoder->dattended;

    memcpy(dsum, dx, t * d * sizeof(*dsum));
    dropout(dsum, t * d, job->dropout, block_key(job, b, DROP_OUTER));
    linear_back(&block->outer, trace->inner, dsum, t, false, encoder->dinner, &grad->outer);
    rectify_back(encoder->dinner, trace->inner, t * hidden, dropout_scale(job->dropout));
    linear_back(&block->inner, trace->forward_in, encoder->dinner, t, true, dx, &grad->inner);

    /* dx is the gradient by forward_in; make of it that by middle. */
    memset(dmiddle, 0, t * d * sizeof(*dmiddle));
    layer_norm_back(dx, trace->middle, trace->stats + 2 * t, block->forward_norm, t, d, dmiddle,
                    grad->forward_norm);
    memcpy(dx, dmiddle, t * d * sizeof(*dx));

    /* dx is the gradient by middle, and so, by the residual connection, also by query_in. */
    linear_back(&block->output, trace->attended, dx, t, false, encoder->dattended, &grad->output);
    attend_back(encoder, job, b);
    linear_back(&block->query, trace->query_in, encoder->dquery, t, true, dx, &grad->query);
    linear_back(&block->key_value, trace->in, encoder->dkey_value, t, false, encoder->dattended,
                &grad->key_value);
    layer_norm_back(dx, trace->in, trace->stats, block->attention_norm, t, d, encoder->dattended,
                    grad->attention_norm);
    memcpy(dx, encoder->dattended, t * d * sizeof(*dx));
}

static void embed_back(struct encoder *encoder, const struct encoder_job *job,
                       struct weights *grads)
{
    const struct pack *pack = job->pack;
    const size_t d = encoder->shape.d;
    const float scale = sqrtf((float)d);
    dropout(encoder->dx, pack->tokens * d, job->dropout, dropout_key(job->key, DROP_EMBEDDING));
    for (size_t token = 0; token < pack->tokens; token++) {
        float *to = gradient_of(encoder, job, grads, token);
        const float *dx = encoder->dx + token * d;
        if (to) { add_to(to, dx, d, scale); }
        add_to(position_of(encoder, grads, pack, token), dx, d, 1.0f);
    }
}

void encoder_back(struct encoder *encoder, const struct encoder_job *job, const float *dhidden,
                  struct weights *grads)
{
    const size_t t = job->pack->tokens, d = encoder->shape.d;
    memset(encoder->dx, 0, t * d * sizeof(*encoder->dx));
    layer_norm_back(dhidden, encoder->last_in, encoder->last_stats, job->weights->last_norm, t, d,
                    encoder->dx, grads->last_norm);
    for (size_t b = encoder->shape.blocks; b-- > 0;) { back_block(encoder, job, b, grads); }
    embed_back(encoder, job, grads);
}
