#include "base/base.h"
#include "base/directory.h"
#include "tests/unit/embed/text/sentences.h"

#include <unistd.h>

static struct sentence_model *open_model(size_t pieces_max)
{
    struct sentence_model *model = NULL;
    struct reason reason = {0};
    if (sentence_model_open(SENTENCES_DIRECTORY, pieces_max, &model, &reason) < 0) {
        fail_msg("%s", reason.text);
    }
    assert_int_equal(sentence_model_numbers(model), EXPECTED_NUMBERS);
    return model;
}

static struct slice *texts_of(const struct expected *all, size_t count)
{
    struct slice *texts = xcalloc(count, sizeof(*texts));
    for (size_t i = 0; i < count; i++) { texts[i] = slice_of(all[i].text, all[i].text_bytes); }
    return texts;
}

/* Vectors are those of a plain forward pass in double precision. */
static void test_against_the_original(void **state)
{
    struct sentence_model *model = open_model(64);
    size_t count;
    _cleanup_(xfreep) struct expected *all = read_expected(&count);
    _cleanup_(xfreep) struct slice *texts = texts_of(all, count);
    _cleanup_(xfreep) float *vectors = zeros(count * EXPECTED_NUMBERS);
    sentence_model_run(model, texts, count, vectors);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < EXPECTED_NUMBERS; k++) {
            near_to(vectors[i * EXPECTED_NUMBERS + k], all[i].vector[k], 1e-5, "text", i);
        }
    }
    sentence_model_free(model);
}

/* A text's vector is the same, bit for bit, alone and among others, in any order. */
static void test_company_makes_no_difference(void **state)
{
    struct sentence_model *model = open_model(64);
    size_t count;
    uint64_t rng = 5;
    _cleanup_(xfreep) struct expected *all = read_expected(&count);
    _cleanup_(xfreep) struct slice *texts = texts_of(all, count);
    _cleanup_(xfreep) float *together = zeros(count * EXPECTED_NUMBERS);
    sentence_model_run(model, texts, count, together);
    for (size_t i = 0; i < count; i++) {
        float alone[EXPECTED_NUMBERS], among[3 * EXPECTED_NUMBERS];
        size_t other = (size_t)(draw(&rng) * (double)count);
        struct slice three[] = {texts[other], texts[i], texts[count - 1 - other]};
        sentence_model_run(model, &texts[i], 1, alone);
        sentence_model_run(model, three, 3, among);
        assert_memory_equal(alone, together + i * EXPECTED_NUMBERS, sizeof(alone));
        assert_memory_equal(alone, among + EXPECTED_NUMBERS, sizeof(alone));
    }
    sentence_model_free(model);
}

static void test_version(void **state)
{
    struct sentence_model *a = open_model(64), *b = open_model(64), *c = open_model(32);
    assert_int_equal(strlen(sentence_model_version(a)), 16);
    assert_string_equal(sentence_model_version(a), sentence_model_version(b));
    assert_string_not_equal(sentence_model_version(a), sentence_model_version(c));
    sentence_model_free(a);
    sentence_model_free(b);
    sentence_model_free(c);
}

/* Copies a file of the model, or writes another text in its place (NULL: no file). */
static void put_file(const char *directory, const char *name, const char *text)
{
    struct buf bytes;
    _cleanup_(xfreep) char *from = xprintf(SENTENCES_DIRECTORY "/%s", name);
    _cleanup_(xfreep) char *to = xprintf("%s/%s", directory, name);
    buf_init(&bytes, EXPECTED_BYTES_MAX);
    assert_int_equal(text_file_read(from, &bytes), 0);
    FILE *file = fopen(to, "w");
    struct slice all = text ? slice_str(text) : buf_slice(&bytes);
    assert_true(fwrite(all.data, 1, all.size, file) == all.size);
    assert_int_equal(fclose(file), 0);
    buf_release(&bytes);
}

static void refused(const char *name, const char *text, const char *why)
{
    static const char *const names[] = {"config.json", "vocab.txt", "model.safetensors"};
    char directory[] = "/tmp/freshet-test-model.XXXXXX";
    assert_non_null(mkdtemp(directory));
    struct sentence_model *model = NULL;
    struct reason reason = {0};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        put_file(directory, names[i], strcmp(names[i], name) == 0 ? text : NULL);
    }
    if (sentence_model_open(directory, 64, &model, &reason) == 0 || !strstr(reason.text, why) ||
        !strstr(reason.text, directory)) {
        fail_msg("%s: %s", name, reason.text);
    }
    assert_int_equal(directory_delete(directory), 0);
}

#define CONFIG(type, act, heads, pieces)                                                           \
    "{\"model_type\":\"" type "\",\"hidden_act\":\"" act "\",\"num_hidden_layers\":2,"             \
    "\"num_attention_heads\":" heads ",\"hidden_size\":32,\"intermediate_size\":64,"               \
    "\"max_position_embeddings\":64,\"vocab_size\":" pieces "}"

static void test_refused(void **state)
{
    refused("config.json", "[1]", "config.json: it is no JSON object");
    refused("config.json", "{\"model_type\":\"t5\"}", "model_type is t5");
    refused("config.json", CONFIG("bert", "relu", "4", "224"), "hidden_act is relu");
    refused("config.json", CONFIG("bert", "gelu", "0", "224"), "num_attention_heads");
    refused("config.json", CONFIG("bert", "gelu", "5", "10000"), "heads do not divide");
    refused("config.json", CONFIG("bert", "gelu", "4", "10"), "config.json says 10");
    refused("config.json", CONFIG("bert", "gelu", "4", "10000"), "want 10000 x 32");
    refused("vocab.txt", "a\nb\n", "vocab.txt: the vocabulary has no line [UNK]");
    refused("model.safetensors", "garbage of some length", "is the file complete?");
}

static void test_no_directory(void **state)
{
    struct sentence_model *model = NULL;
    struct reason reason = {0};
    assert_int_equal(sentence_model_open("/nonexistent", 64, &model, &reason), -1);
    assert_true(strstr(reason.text, "/nonexistent/config.json"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_the_original),
        cmocka_unit_test(test_company_makes_no_difference),
        cmocka_unit_test(test_version),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_no_directory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
