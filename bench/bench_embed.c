/* How many texts of 24 pieces a sentence encoder of MiniLM's size (6 layers of 384 numbers) encodes
 * in a second of one core: embed_texts_per_s. Weights are drawn, as their values make no difference
 * to the time. Prints `name value` lines. */
#include "base/base.h"
#include "base/xalloc.h"
#include "bench/stopwatch.h"
#include "embed/text/sentence_encoder.h"

enum { TEXTS = 256, PIECES = 24, REPEATS = 3, HEADER_BYTES = 1 << 16 };

static const struct sentence_shape shape = {
    .layers = 6, .heads = 12, .numbers = 384, .inner = 1536, .positions = 512, .pieces = 30522,
    .epsilon = 1e-12f};

/* A file in memory, as it is written. */
struct file {
    char *header;
    size_t header_bytes, data_bytes;
};

static void add_tensor(struct file *file, const char *name, size_t rows, size_t columns)
{
    size_t end = file->data_bytes + rows * columns * sizeof(float);
    char form[32] = "";
    if (columns > 1) { (void)snprintf(form, sizeof(form), ",%zu", columns); }
    file->header_bytes += (size_t)snprintf(
        file->header + file->header_bytes, HEADER_BYTES - file->header_bytes,
        "%s\"%s\":{\"dtype\":\"F32\",\"shape\":[%zu%s],\"data_offsets\":[%zu,%zu]}",
        file->header_bytes ? "," : "{", name, rows, form, file->data_bytes, end);
    file->data_bytes = end;
}

static void add_layer(struct file *file, size_t layer)
{
    static const char *const square[] = {"attention.self.query", "attention.self.key",
                                         "attention.self.value", "attention.output.dense"};
    const size_t d = shape.numbers;
    char name[128];
#define ADD(rows, columns, ...)                                                                    \
    (void)snprintf(name, sizeof(name), __VA_ARGS__);                                               \
    add_tensor(file, name, rows, columns)
    for (size_t i = 0; i < ARRAY_COUNT(square); i++) {
        ADD(d, d, "encoder.layer.%zu.%s.weight", layer, square[i]);
        ADD(d, 1, "encoder.layer.%zu.%s.bias", layer, square[i]);
    }
    ADD(d, 1, "encoder.layer.%zu.attention.output.LayerNorm.weight", layer);
    ADD(d, 1, "encoder.layer.%zu.attention.output.LayerNorm.bias", layer);
    ADD(shape.inner, d, "encoder.layer.%zu.intermediate.dense.weight", layer);
    ADD(shape.inner, 1, "encoder.layer.%zu.intermediate.dense.bias", layer);
    ADD(d, shape.inner, "encoder.layer.%zu.output.dense.weight", layer);
    ADD(d, 1, "encoder.layer.%zu.output.dense.bias", layer);
    ADD(d, 1, "encoder.layer.%zu.output.LayerNorm.weight", layer);
    ADD(d, 1, "encoder.layer.%zu.output.LayerNorm.bias", layer);
#undef ADD
}

static uint64_t seed = 1;

static uint32_t draw(void)
{
    seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (uint32_t)(seed >> 33);
}

/* Puts header and drawn numbers together. */
static struct slice make_file(void)
{
    struct file file = {.header = xcalloc(1, HEADER_BYTES)};
    add_tensor(&file, "embeddings.word_embeddings.weight", shape.pieces, shape.numbers);
    add_tensor(&file, "embeddings.position_embeddings.weight", shape.positions, shape.numbers);
    add_tensor(&file, "embeddings.token_type_embeddings.weight", 2, shape.numbers);
    add_tensor(&file, "embeddings.LayerNorm.weight", shape.numbers, 1);
    add_tensor(&file, "embeddings.LayerNorm.bias", shape.numbers, 1);
    for (size_t i = 0; i < shape.layers; i++) { add_layer(&file, i); }
    file.header[file.header_bytes++] = '}';
    const uint64_t length = file.header_bytes;
    char *bytes = xmalloc(sizeof(length) + length + file.data_bytes);
    memcpy(bytes, &length, sizeof(length));
    memcpy(bytes + sizeof(length), file.header, length);
    for (size_t at = 0; at < file.data_bytes; at += sizeof(float)) {
        float number = ((float)(draw() % 2001) - 1000.0f) * 5e-5f;
        memcpy(bytes + sizeof(length) + length + at, &number, sizeof(number));
    }
    free(file.header);
    return slice_of(bytes, sizeof(length) + length + file.data_bytes);
}

int main(void)
{
    struct safetensors *tensors = NULL;
    struct sentence_encoder *encoder = NULL;
    struct reason reason = {0};
    struct slice bytes = make_file();
    if (safetensors_new(bytes, &tensors, &reason) < 0 ||
        sentence_encoder_new(tensors, &shape, &encoder, &reason) < 0) {
        fprintf(stderr, "%s\n", reason.text);
        return 1;
    }
    static int32_t pieces[TEXTS * PIECES];
    static struct sentence sentences[TEXTS];
    for (size_t i = 0; i < ARRAY_COUNT(pieces); i++) { pieces[i] = (int32_t)(draw() % 30522); }
    for (size_t i = 0; i < TEXTS; i++) {
        sentences[i] = (struct sentence){pieces + i * PIECES, PIECES};
    }
    float *vectors = xcalloc(TEXTS * shape.numbers, sizeof(*vectors));
    double best = 0.0;
    for (size_t i = 0; i <= REPEATS; i++) { /* the first one warms up */
        double from = cpu_seconds();
        sentence_encoder_run(encoder, sentences, TEXTS, vectors);
        double rate = TEXTS / (cpu_seconds() - from);
        if (i > 0) { best = MAX_OF(best, rate); }
    }
    printf("embed_texts_per_s %.1f\n", best);
    free(vectors);
    sentence_encoder_free(encoder);
    safetensors_free(tensors);
    free((void *)(uintptr_t)bytes.data);
    return 0;
}
