#include "base/base.h"
#include "base/buf.h"
#include "base/digest.h"
#include "base/text_file.h"
#include "base/xalloc.h"
#include "embed/text/sentence_encoder.h"
#include "embed/text/sentence_model.h"
#include "embed/text/word_pieces.h"

#include <jansson.h>

enum { CONFIG_BYTES_MAX = 1 << 20, VOCABULARY_BYTES_MAX = 64 << 20, TEXTS_AT_ONCE = 64 };

struct sentence_model {
    struct sentence_shape shape;
    size_t pieces_max;
    struct safetensors *tensors;
    struct word_pieces *words;
    struct sentence_encoder *encoder;
    struct digest *digest;
    char version[SENTENCE_VERSION_BYTES];
    int32_t *pieces; /* TEXTS_AT_ONCE x pieces_max */
};

/* ---- config.json ---- */

static int whole(const json_t *config, const char *name, size_t *ret_number,
                 struct reason *reason)
{
    const json_t *number = json_object_get(config, name);
    if (!json_is_integer(number) || json_integer_value(number) < 1 ||
        json_integer_value(number) > INT32_MAX) {
        return reason_give(reason, "%s is missing or no number above 0: is it a BERT model's?",
                           name);
    }
    *ret_number = (size_t)json_integer_value(number);
    return 0;
}

static int text_is(const json_t *config, const char *name, const char *want,
                   struct reason *reason)
{
    const char *text = json_string_value(json_object_get(config, name));
    if (text && strcmp(text, want) == 0) { return 0; }
    return reason_give(reason, "%s is %.60s; only %s is known", name, text ? text : "missing",
                       want);
}

static int read_shape(const json_t *config, struct sentence_shape *shape, struct reason *reason)
{
    const json_t *epsilon = json_object_get(config, "layer_norm_eps");
    shape->epsilon = epsilon ? (float)json_number_value(epsilon) : 1e-12f;
    bool good = text_is(config, "model_type", "bert", reason) == 0 &&
                text_is(config, "hidden_act", "gelu", reason) == 0 &&
                whole(config, "num_hidden_layers", &shape->layers, reason) == 0 &&
                whole(config, "num_attention_heads", &shape->heads, reason) == 0 &&
                whole(config, "hidden_size", &shape->numbers, reason) == 0 &&
                whole(config, "intermediate_size", &shape->inner, reason) == 0 &&
                whole(config, "max_position_embeddings", &shape->positions, reason) == 0 &&
                whole(config, "vocab_size", &shape->pieces, reason) == 0;
    return good ? 0 : -1;
}

/* ---- The directory ---- */

static int read_text(struct sentence_model *model, const char *directory, const char *name,
                     struct buf *out, struct reason *reason)
{
    _cleanup_(xfreep) char *path = xprintf("%s/%s", directory, name);
    int result = text_file_read(path, out);
    if (result < 0) {
        return reason_give(reason, "cannot read %s: %s", path, strerror(-result));
    }
    digest_add(model->digest, buf_slice(out));
    return 0;
}

/* Says in which file something is wrong. */
static int in_file(struct reason *reason, const char *directory, const char *name)
{
    return reason_give(reason, "%s/%s: %s", directory, name, reason->text);
}

static int read_config(struct sentence_model *model, const char *directory, struct reason *reason)
{
    struct buf text;
    buf_init(&text, CONFIG_BYTES_MAX);
    int result = read_text(model, directory, "config.json", &text, reason);
    if (result == 0) {
        struct slice bytes = buf_slice(&text);
        json_t *config = json_loadb(bytes.data ? bytes.data : "", bytes.size, 0, NULL);
        result = json_is_object(config) ? read_shape(config, &model->shape, reason)
                                        : reason_give(reason, "it is no JSON object");
        json_decref(config);
        if (result < 0) { (void)in_file(reason, directory, "config.json"); }
    }
    buf_release(&text);
    return result;
}

static int read_words(struct sentence_model *model, const char *directory, struct reason *reason)
{
    struct buf text;
    buf_init(&text, VOCABULARY_BYTES_MAX);
    int result = read_text(model, directory, "vocab.txt", &text, reason);
    if (result == 0) {
        result = word_pieces_new(buf_slice(&text), &model->words, reason);
        if (result < 0) { (void)in_file(reason, directory, "vocab.txt"); }
    }
    buf_release(&text);
    if (result == 0 && word_pieces_count(model->words) > model->shape.pieces) {
        return reason_give(reason, "%s/vocab.txt has %zu pieces, config.json says %zu", directory,
                           word_pieces_count(model->words), model->shape.pieces);
    }
    return result;
}

static int read_weights(struct sentence_model *model, const char *directory,
                        struct reason *reason)
{
    _cleanup_(xfreep) char *path = xprintf("%s/model.safetensors", directory);
    if (safetensors_open(path, &model->tensors, reason) < 0) { return -1; }
    digest_add(model->digest, safetensors_bytes(model->tensors));
    if (sentence_encoder_new(model->tensors, &model->shape, &model->encoder, reason) < 0) {
        return in_file(reason, directory, "model.safetensors");
    }
    return 0;
}

static void name_version(struct sentence_model *model)
{
    unsigned char bytes[DIGEST_BYTES];
    char limit[32];
    (void)snprintf(limit, sizeof(limit), "%zu", model->pieces_max);
    digest_add(model->digest, slice_str(limit));
    digest_finish(model->digest, bytes);
    digest_hex(bytes, SENTENCE_VERSION_BYTES / 2, model->version);
}

int sentence_model_open(const char *directory, size_t pieces_max,
                        struct sentence_model **ret_model, struct reason *reason)
{
    assert(pieces_max >= 3 && pieces_max <= SENTENCE_PIECES_MAX);
    struct sentence_model *model = xcalloc(1, sizeof(*model));
    model->digest = digest_new();
    if (read_config(model, directory, reason) < 0 || read_words(model, directory, reason) < 0 ||
        read_weights(model, directory, reason) < 0) {
        sentence_model_free(model);
        return -1;
    }
    model->pieces_max = MIN_OF(pieces_max, model->shape.positions);
    if (model->pieces_max < 3) {
        sentence_model_free(model);
        return reason_give(reason, "%s/config.json: max_position_embeddings is below 3",
                           directory);
    }
    model->pieces = xcalloc(TEXTS_AT_ONCE * model->pieces_max, sizeof(*model->pieces));
    name_version(model);
    *ret_model = model;
    return 0;
}

struct sentence_model *sentence_model_free(struct sentence_model *model)
{
    if (!model) { return NULL; }
    sentence_encoder_free(model->encoder);
    word_pieces_free(model->words);
    safetensors_free(model->tensors);
    digest_free(model->digest);
    free(model->pieces);
    free(model);
    return NULL;
}

size_t sentence_model_numbers(const struct sentence_model *model)
{
    return model->shape.numbers;
}

const char *sentence_model_version(const struct sentence_model *model)
{
    return model->version;
}

size_t sentence_model_pieces(const struct sentence_model *model, struct slice text,
                             int32_t *ret_pieces, size_t max)
{
    return word_pieces_of(model->words, text, ret_pieces, MIN_OF(max, model->pieces_max));
}

void sentence_model_run(struct sentence_model *model, const struct slice *texts, size_t count,
                        float *ret_vectors)
{
    struct sentence sentences[TEXTS_AT_ONCE];
    for (size_t done = 0; done < count;) {
        size_t now = MIN_OF(count - done, (size_t)TEXTS_AT_ONCE);
        for (size_t i = 0; i < now; i++) {
            int32_t *pieces = model->pieces + i * model->pieces_max;
            size_t made = word_pieces_of(model->words, texts[done + i], pieces, model->pieces_max);
            sentences[i] = (struct sentence){pieces, made};
        }
        sentence_encoder_run(model->encoder, sentences, now,
                             ret_vectors + done * model->shape.numbers);
        done += now;
    }
}
