/* Sentences are taken until a pack has ROWS_MAX rows (or one long sentence fills it); the pack goes
 * through all layers before the next one. The weights are copied once, with query, key and value as
 * one matrix; the table of pieces is read where it is.
 *
 * A sentence's vector must not depend on the others of its pack. So products have whole tiles of
 * rows (ROWS_TILE), at least ROWS_LEAST: below that size OpenBLAS has other kernels, which sum in
 * another order. And a sentence begins at a multiple of ROWS_STEP: the kernels of processors with
 * AVX2 alone (Haswell, Zen) take 12 rows in one loop, whose rows do not all sum in the same order.
 * Rows between sentences and behind them hold what was there before, always finite numbers, and are
 * not read.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "embed/text/sentence_encoder.h"
#include "model/gemm.h"
#include "model/transformer/softmax.h"
#include "model/transformer/wide.h"

enum { ROWS_MAX = 512, ROWS_STEP = 12, ROWS_TILE = 48, ROWS_LEAST = 96, NAME_BYTES = 160 };

struct norm {
    float *weight, *bias;
};

struct layer {
    float *attention, *attention_bias; /* 3d x d: query, key, value */
    float *output, *output_bias;       /* d x d */
    struct norm attended;
    float *inner, *inner_bias; /* inner x d */
    float *outer, *outer_bias; /* d x inner */
    struct norm forward;
};

struct sentence_encoder {
    struct sentence_shape shape;
    struct tensor table; /* pieces x d */
    float *positions;    /* positions x d, with the type of the first sentence added */
    struct norm embedded;
    struct layer layers[SENTENCE_LAYERS_MAX];
    size_t rows_max;
    float *x;        /* rows x d */
    float *three;    /* rows x 3d */
    float *attended; /* rows x d */
    float *made;     /* rows x d */
    float *inside;   /* rows x inner */
    float *scores;   /* positions x positions */
    float **owned;
    size_t owned_count;
};

/* ---- Weights ---- */

static float *own(struct sentence_encoder *encoder, size_t count)
{
    encoder->owned = xreallocarray(encoder->owned, encoder->owned_count + 1,
                                   sizeof(*encoder->owned));
    float *memory = xcalloc(count, sizeof(*memory));
    encoder->owned[encoder->owned_count++] = memory;
    return memory;
}

/* Reads tensors: where, and the first failure. */
struct weights_reader {
    struct sentence_encoder *encoder;
    const struct safetensors *tensors;
    const char *prefix; /* "", or "bert." */
    struct reason *reason;
    bool failed;
};

static struct tensor find(struct weights_reader *reader, const char *name, size_t rows,
                          size_t columns)
{
    struct tensor tensor = {0};
    char full[NAME_BYTES];
    (void)snprintf(full, sizeof(full), "%s%s", reader->prefix, name);
    reader->failed = reader->failed || safetensors_find(reader->tensors, full, rows, columns,
                                                        &tensor, reader->reason) < 0;
    return tensor;
}

static void copy_to(struct weights_reader *reader, const char *name, size_t rows, size_t columns,
                    float *to)
{
    struct tensor tensor = find(reader, name, rows, columns);
    if (!reader->failed) { tensor_copy(&tensor, 0, tensor.count, to); }
}

static float *copy(struct weights_reader *reader, const char *name, size_t rows, size_t columns)
{
    if (reader->failed) { return NULL; }
    float *memory = own(reader->encoder, rows * columns);
    copy_to(reader, name, rows, columns, memory);
    return memory;
}

static struct norm read_norm(struct weights_reader *reader, const char *of)
{
    const size_t d = reader->encoder->shape.numbers;
    char weight[NAME_BYTES], bias[NAME_BYTES];
    (void)snprintf(weight, sizeof(weight), "%.100s.LayerNorm.weight", of);
    (void)snprintf(bias, sizeof(bias), "%.100s.LayerNorm.bias", of);
    return (struct norm){copy(reader, weight, d, 1), copy(reader, bias, d, 1)};
}

static void read_dense(struct weights_reader *reader, const char *of, size_t rows, size_t columns,
                       float **ret_weight, float **ret_bias)
{
    char weight[NAME_BYTES], bias[NAME_BYTES];
    (void)snprintf(weight, sizeof(weight), "%.100s.weight", of);
    (void)snprintf(bias, sizeof(bias), "%.100s.bias", of);
    *ret_weight = copy(reader, weight, rows, columns);
    *ret_bias = copy(reader, bias, rows, 1);
}

static void read_attention(struct weights_reader *reader, const char *of, struct layer *layer)
{
    static const char *const parts[] = {"query", "key", "value"};
    const size_t d = reader->encoder->shape.numbers;
    if (reader->failed) { return; }
    layer->attention = own(reader->encoder, 3 * d * d);
    layer->attention_bias = own(reader->encoder, 3 * d);
    for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
        char name[NAME_BYTES];
        (void)snprintf(name, sizeof(name), "%.60s.attention.self.%s.weight", of, parts[i]);
        copy_to(reader, name, d, d, layer->attention + i * d * d);
        (void)snprintf(name, sizeof(name), "%.60s.attention.self.%s.bias", of, parts[i]);
        copy_to(reader, name, d, 1, layer->attention_bias + i * d);
    }
}

static void read_layer(struct weights_reader *reader, size_t number, struct layer *layer)
{
    const size_t d = reader->encoder->shape.numbers, inner = reader->encoder->shape.inner;
    char of[NAME_BYTES], name[NAME_BYTES];
    (void)snprintf(of, sizeof(of), "encoder.layer.%zu", number);
    read_attention(reader, of, layer);
    (void)snprintf(name, sizeof(name), "%.60s.attention.output.dense", of);
    read_dense(reader, name, d, d, &layer->output, &layer->output_bias);
    (void)snprintf(name, sizeof(name), "%.60s.attention.output", of);
    layer->attended = read_norm(reader, name);
    (void)snprintf(name, sizeof(name), "%.60s.intermediate.dense", of);
    read_dense(reader, name, inner, d, &layer->inner, &layer->inner_bias);
    (void)snprintf(name, sizeof(name), "%.60s.output.dense", of);
    read_dense(reader, name, d, inner, &layer->outer, &layer->outer_bias);
    (void)snprintf(name, sizeof(name), "%.60s.output", of);
    layer->forward = read_norm(reader, name);
}

static void read_embedding(struct weights_reader *reader)
{
    struct sentence_encoder *encoder = reader->encoder;
    const size_t d = encoder->shape.numbers;
    encoder->table = find(reader, "embeddings.word_embeddings.weight", encoder->shape.pieces, d);
    encoder->positions = copy(reader, "embeddings.position_embeddings.weight",
                              encoder->shape.positions, d);
    struct tensor types = find(reader, "embeddings.token_type_embeddings.weight", 2, d);
    encoder->embedded = read_norm(reader, "embeddings");
    if (reader->failed) { return; }
    _cleanup_(xfreep) float *first = xcalloc(d, sizeof(*first));
    tensor_copy(&types, 0, d, first);
    for (size_t i = 0; i < encoder->shape.positions * d; i++) {
        encoder->positions[i] += first[i % d];
    }
}

static bool shape_in_limits(const struct sentence_shape *shape)
{
    return shape->layers >= 1 && shape->layers <= SENTENCE_LAYERS_MAX && shape->heads >= 1 &&
           shape->numbers >= 1 && shape->numbers <= SENTENCE_NUMBERS_MAX &&
           shape->numbers % shape->heads == 0 && shape->inner >= 1 &&
           shape->inner <= SENTENCE_INNER_MAX && shape->positions >= 1 &&
           shape->positions <= SENTENCE_POSITIONS_MAX && shape->pieces >= 1 &&
           shape->epsilon > 0.0f && shape->epsilon < 1.0f;
}

static size_t whole_tiles(size_t rows)
{
    return MAX_OF((rows + ROWS_TILE - 1) / ROWS_TILE * ROWS_TILE, (size_t)ROWS_LEAST);
}

static void make_scratch(struct sentence_encoder *encoder)
{
    const struct sentence_shape *shape = &encoder->shape;
    encoder->rows_max = whole_tiles(MAX_OF(shape->positions, (size_t)ROWS_MAX));
    const size_t rows = encoder->rows_max;
    encoder->x = own(encoder, rows * shape->numbers);
    encoder->three = own(encoder, rows * 3 * shape->numbers);
    encoder->attended = own(encoder, rows * shape->numbers);
    encoder->made = own(encoder, rows * shape->numbers);
    encoder->inside = own(encoder, rows * shape->inner);
    encoder->scores = own(encoder, shape->positions * shape->positions);
}

int sentence_encoder_new(const struct safetensors *tensors, const struct sentence_shape *shape,
                         struct sentence_encoder **ret_encoder, struct reason *reason)
{
    if (!shape_in_limits(shape)) {
        return reason_give(reason, "the model is larger than Freshet takes, or its heads do not "
                           "divide its vectors: see config.json");
    }
    struct sentence_encoder *encoder = xcalloc(1, sizeof(*encoder));
    encoder->shape = *shape;
    struct weights_reader reader = {.encoder = encoder, .tensors = tensors, .reason = reason};
    bool whole = safetensors_has(tensors, "bert.embeddings.word_embeddings.weight");
    reader.prefix = whole ? "bert." : "";
    read_embedding(&reader);
    for (size_t i = 0; i < shape->layers && !reader.failed; i++) {
        read_layer(&reader, i, &encoder->layers[i]);
    }
    if (reader.failed) {
        sentence_encoder_free(encoder);
        return -1;
    }
    make_scratch(encoder);
    *ret_encoder = encoder;
    return 0;
}

struct sentence_encoder *sentence_encoder_free(struct sentence_encoder *encoder)
{
    if (!encoder) { return NULL; }
    for (size_t i = 0; i < encoder->owned_count; i++) { free(encoder->owned[i]); }
    free(encoder->owned);
    free(encoder);
    return NULL;
}

/* ---- Rows ---- */

/* Sixteen numbers of a row, or what is left of it, 0 behind. */
WIDE_INLINE wide load_at(const float *from, size_t at, size_t n)
{
    return at + WIDE_LANES <= n ? wide_load(from + at) : wide_load_some(from + at, n - at, 0.0f);
}

WIDE_INLINE void store_at(float *to, size_t at, size_t n, wide x)
{
    if (at + WIDE_LANES <= n) {
        wide_store(to + at, x);
    } else {
        wide_store_some(to + at, n - at, x);
    }
}

/* Adds `add` and a bias to each row of x; both may be NULL. */
WIDE static void add_rows(float *x, const float *add, const float *bias, size_t rows, size_t n)
{
    for (size_t r = 0; r < rows; r++) {
        float *row = x + r * n;
        for (size_t i = 0; i < n; i += WIDE_LANES) {
            wide sum = load_at(row, i, n);
            if (add) { sum += load_at(add + r * n, i, n); }
            if (bias) { sum += load_at(bias, i, n); }
            store_at(row, i, n, sum);
        }
    }
}

/* The sum of squared distances from the mean, without those of the lanes behind the row's end. */
WIDE_INLINE float spread_of(const float *row, float mean, size_t n)
{
    wide squares = wide_all(0.0f);
    for (size_t i = 0; i < n; i += WIDE_LANES) {
        wide apart = load_at(row, i, n) - mean;
        squares += apart * apart;
    }
    const size_t behind = (WIDE_LANES - n % WIDE_LANES) % WIDE_LANES;
    return wide_sum(squares) - (float)behind * mean * mean;
}

WIDE static void norm_rows(float *x, const struct norm *norm, float epsilon, size_t rows, size_t n)
{
    for (size_t r = 0; r < rows; r++) {
        float *row = x + r * n;
        wide sum = wide_all(0.0f);
        for (size_t i = 0; i < n; i += WIDE_LANES) { sum += load_at(row, i, n); }
        const float mean = wide_sum(sum) / (float)n;
        const float spread = spread_of(row, mean, n) / (float)n;
        const float scale = 1.0f / sqrtf(MAX_OF(spread, 0.0f) + epsilon);
        for (size_t i = 0; i < n; i += WIDE_LANES) {
            wide y = (load_at(row, i, n) - mean) * scale * load_at(norm->weight, i, n);
            store_at(row, i, n, y + load_at(norm->bias, i, n));
        }
    }
}

static void add_and_norm(float *x, const float *add, const float *bias, const struct norm *norm,
                         float epsilon, size_t rows, size_t n)
{
    add_rows(x, add, bias, rows, n);
    norm_rows(x, norm, epsilon, rows, n);
}

/* x erf(x / sqrt 2) / 2 + x / 2, the error function by Abramowitz and Stegun's 7.1.26 (1.5e-7). */
WIDE_INLINE wide wide_gelu(wide x)
{
    const wide zero = wide_all(0.0f), one = wide_all(1.0f);
    wide z = wide_max(x, zero - x) * 0.70710678118654752f;
    wide t = one / (one + z * 0.3275911f);
    wide p = t * 1.061405429f - 1.453152027f;
    p = p * t + 1.421413741f;
    p = p * t - 0.284496736f;
    p = p * t + 0.254829592f;
    wide erf_z = one - p * t * wide_exp(zero - z * z);
    return x * 0.5f * (one + wide_pick(x < zero, erf_z, zero - erf_z));
}

WIDE static void add_and_gelu(float *x, const float *bias, size_t rows, size_t n)
{
    for (size_t r = 0; r < rows; r++) {
        float *row = x + r * n;
        for (size_t i = 0; i < n; i += WIDE_LANES) {
            store_at(row, i, n, wide_gelu(load_at(row, i, n) + load_at(bias, i, n)));
        }
    }
}

/* ---- Layers ---- */

/* A pack: sentences one behind the other, each with its rows. */
struct pack {
    const struct sentence *sentences;
    size_t count;
    size_t rows;
};

/* How many rows a sentence takes. */
static size_t rows_of(const struct sentence *sentence)
{
    return (sentence->count + ROWS_STEP - 1) / ROWS_STEP * ROWS_STEP;
}

static void multiply(const struct pack *pack, size_t n, size_t k, const float *a, const float *w,
                     float *c)
{
    gemm_nt((struct gemm_shape){whole_tiles(pack->rows), n, k}, 1.0f, matrix_of(a, k),
            matrix_of(w, k), 0.0f, c, n);
}

static void embed(struct sentence_encoder *encoder, const struct pack *pack)
{
    const size_t d = encoder->shape.numbers;
    float *first = encoder->x;
    for (size_t s = 0; s < pack->count; s++) {
        const struct sentence *sentence = &pack->sentences[s];
        for (size_t t = 0; t < sentence->count; t++) {
            float *row = first + t * d;
            tensor_copy(&encoder->table, (size_t)sentence->pieces[t] * d, d, row);
            for (size_t i = 0; i < d; i++) { row[i] += encoder->positions[t * d + i]; }
        }
        first += rows_of(sentence) * d;
    }
    add_and_norm(encoder->x, NULL, NULL, &encoder->embedded, encoder->shape.epsilon, pack->rows,
                 d);
}

/* Attention of one head within one sentence, whose first row is `row`. */
static void attend(struct sentence_encoder *encoder, size_t row, size_t count, size_t head)
{
    const size_t d = encoder->shape.numbers, size = d / encoder->shape.heads;
    const float *query = encoder->three + row * 3 * d + head * size;
    const float scale = 1.0f / sqrtf((float)size);
    gemm_nt((struct gemm_shape){count, count, size}, scale, matrix_of(query, 3 * d),
            matrix_of(query + d, 3 * d), 0.0f, encoder->scores, count);
    for (size_t t = 0; t < count; t++) { softmax_row(encoder->scores + t * count, count); }
    gemm_nn((struct gemm_shape){count, size, count}, 1.0f, matrix_of(encoder->scores, count),
            matrix_of(query + 2 * d, 3 * d), 0.0f, encoder->attended + row * d + head * size, d);
}

static void run_layer(struct sentence_encoder *encoder, const struct pack *pack,
                      const struct layer *layer)
{
    const size_t d = encoder->shape.numbers, inner = encoder->shape.inner;
    const float epsilon = encoder->shape.epsilon;
    multiply(pack, 3 * d, d, encoder->x, layer->attention, encoder->three);
    add_rows(encoder->three, NULL, layer->attention_bias, pack->rows, 3 * d);
    size_t row = 0;
    for (size_t s = 0; s < pack->count; s++) {
        for (size_t head = 0; head < encoder->shape.heads; head++) {
            attend(encoder, row, pack->sentences[s].count, head);
        }
        row += rows_of(&pack->sentences[s]);
    }
    multiply(pack, d, d, encoder->attended, layer->output, encoder->made);
    add_and_norm(encoder->x, encoder->made, layer->output_bias, &layer->attended, epsilon,
                 pack->rows, d);
    multiply(pack, inner, d, encoder->x, layer->inner, encoder->inside);
    add_and_gelu(encoder->inside, layer->inner_bias, pack->rows, inner);
    multiply(pack, d, inner, encoder->inside, layer->outer, encoder->made);
    add_and_norm(encoder->x, encoder->made, layer->outer_bias, &layer->forward, epsilon,
                 pack->rows, d);
}

/* The mean of a sentence's rows, of length 1. */
static void take_mean(const float *rows, size_t count, size_t d, float *ret_vector)
{
    double squares = 0.0;
    memset(ret_vector, 0, d * sizeof(*ret_vector));
    for (size_t t = 0; t < count; t++) {
        for (size_t i = 0; i < d; i++) { ret_vector[i] += rows[t * d + i]; }
    }
    for (size_t i = 0; i < d; i++) {
        ret_vector[i] /= (float)count;
        squares += (double)ret_vector[i] * (double)ret_vector[i];
    }
    const float length = (float)MAX_OF(sqrt(squares), 1e-12);
    for (size_t i = 0; i < d; i++) { ret_vector[i] /= length; }
}

static void run_pack(struct sentence_encoder *encoder, const struct pack *pack, float *ret_vectors)
{
    const size_t d = encoder->shape.numbers;
    embed(encoder, pack);
    for (size_t i = 0; i < encoder->shape.layers; i++) {
        run_layer(encoder, pack, &encoder->layers[i]);
    }
    const float *row = encoder->x;
    for (size_t s = 0; s < pack->count; s++) {
        take_mean(row, pack->sentences[s].count, d, ret_vectors + s * d);
        row += rows_of(&pack->sentences[s]) * d;
    }
}

void sentence_encoder_run(struct sentence_encoder *encoder, const struct sentence *sentences,
                          size_t count, float *ret_vectors)
{
    for (size_t done = 0; done < count;) {
        struct pack pack = {.sentences = sentences + done};
        while (done + pack.count < count &&
               pack.rows + rows_of(&sentences[done + pack.count]) <= encoder->rows_max) {
            pack.rows += rows_of(&sentences[done + pack.count++]);
        }
        assert(pack.count > 0);
        run_pack(encoder, &pack, ret_vectors + done * encoder->shape.numbers);
        done += pack.count;
    }
}
