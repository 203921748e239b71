#include "base/base.h"
#include "model/transformer/transformer_internal.h"
#include "tests/unit/numbers.h"

#include <xxhash.h>

static const struct transformer_settings settings = {
    .shape = {.items = 9, .d = 16, .hidden = 32, .blocks = 2, .heads = 2, .length = 5,
              .attributes = 3, .content = 2},
    .dropout = 0.2f,
    .rate = 0.01f,
    .negatives = 4,
    .batch = 1,
    .lanes = 2,
    .threads = 1,
    .seed = 12,
};
static const size_t has_starts[] = {0, 1, 1, 3, 4, 7, 7, 8, 10, 10};
static const int32_t has[] = {0, 0, 1, 1, 0, 1, 2, 2, 1, 2};
static const float content[] = {1, 0, .5f, -1, 0, 0, 2, 1, 0, 0, 0, .25f, 1, 1, -1, 0, 3, -2};
static const int32_t first[] = {1, 2, 3, 4, 5, 6, 7}, second[] = {8, 0, 2};
static const struct sequence two[] = {
    {.items = first, .count = 7},
    {.items = second, .count = 3},
};

static struct transformer *trained(struct buf *buf, bool state)
{
    struct transformer *model = transformer_new(&settings);
    transformer_set_attributes(model, has_starts, has);
    transformer_set_content(model, content);
    for (int epoch = 0; epoch < 3; epoch++) { (void)transformer_epoch(model, two, 2); }
    buf_init(buf, 1 << 20);
    transformer_save(model, buf, state);
    assert_false(buf_failed(buf));
    return model;
}

/* Learning goes on, bit for bit, as if it had not been interrupted. */
static void test_goes_on(void **state)
{
    struct buf buf;
    const char *why = NULL;
    struct transformer *model = trained(&buf, true);
    struct transformer *copy = transformer_load(buf_slice(&buf), 2, &why);
    if (!copy) { fail_msg("%s", why); }
    for (int epoch = 0; epoch < 3; epoch++) {
        assert_true(transformer_epoch(model, two, 2) == transformer_epoch(copy, two, 2));
    }
    assert_memory_equal(model->values, copy->values, model->count * sizeof(float));
    assert_memory_equal(model->table, copy->table, 9 * 16 * sizeof(float));
    assert_int_equal(transformer_steps(copy), 12);
    transformer_free(model);
    transformer_free(copy);
    buf_release(&buf);
}

/* A generation serves the same scores, and holds a third of the numbers. */
static void test_generation(void **state)
{
    struct buf buf, whole;
    const char *why = NULL;
    struct transformer *model = trained(&buf, false);
    struct transformer *copy = transformer_load(buf_slice(&buf), 1, &why);
    float hidden[2][2 * 16], scores[2][2 * 9];
    assert_non_null(copy);
    for (size_t i = 0; i < 2; i++) {
        transformer_encode(i ? copy : model, two, 2, hidden[i]);
        transformer_scores(i ? copy : model, hidden[i], 2, scores[i]);
    }
    assert_memory_equal(scores[0], scores[1], sizeof(scores[0]));
    assert_int_equal(transformer_steps(copy), 0);
    assert_true(isfinite(transformer_learn(copy, two, 2)));
    buf_init(&whole, 1 << 20);
    transformer_save(model, &whole, true);
    assert_int_equal(whole.size - buf.size, 2 * model->count * sizeof(float));
    transformer_free(model);
    transformer_free(copy);
    buf_release(&buf);
    buf_release(&whole);
}

/* Cut short anywhere, or with any byte changed, bytes are no model. */
static void test_damage(void **state)
{
    struct buf buf;
    struct transformer *model = trained(&buf, true);
    for (size_t size = 0; size < buf.size; size += size < 200 ? 1 : 997) {
        const char *why = NULL;
        _cleanup_(xfreep) char *part = xmemdup(buf.data, size);
        assert_null(transformer_load(slice_of(part, size), 1, &why));
        assert_non_null(why);
    }
    for (size_t at = 0; at < buf.size; at += at < 200 ? 1 : 499) {
        const char *why = NULL;
        buf.data[at] ^= 4;
        assert_null(transformer_load(buf_slice(&buf), 1, &why));
        assert_non_null(why);
        buf.data[at] ^= 4;
    }
    transformer_free(model);
    buf_release(&buf);
}

static void sign(struct buf *buf)
{
    const uint64_t sum = XXH3_64bits(buf->data, buf->size - sizeof(sum));
    memcpy(buf->data + buf->size - sizeof(sum), &sum, sizeof(sum));
}

/* A rightly signed header that lies about sizes is refused before memory is asked for. */
static void test_lies(void **state)
{
    struct buf buf;
    struct transformer *model = trained(&buf, true);
    for (size_t at = 12; at < 112; at += 4) {
        const uint32_t lies[] = {0xffffffffu, 0x7fffffffu, 0x10000000u, 17u, 0u};
        uint32_t truth;
        memcpy(&truth, buf.data + at, sizeof(truth));
        for (size_t i = 0; i < ARRAY_COUNT(lies); i++) {
            const char *why = NULL;
            memcpy(buf.data + at, &lies[i], sizeof(truth));
            sign(&buf);
            struct transformer *copy = transformer_load(buf_slice(&buf), 1, &why);
            const bool is_size = at >= 16 && at < 24;
            if (lies[i] != truth && is_size && copy) { fail_msg("%u at %zu", lies[i], at); }
            assert_true(copy || why);
            transformer_free(copy);
        }
        memcpy(buf.data + at, &truth, sizeof(truth));
    }
    /* An attribute that there is not. */
    const int32_t wrong = 3;
    const char *why = NULL;
    char *last = buf.data + buf.size - sizeof(uint64_t) - sizeof(content) - sizeof(wrong);
    int32_t right;
    memcpy(&right, last, sizeof(right));
    memcpy(last, &wrong, sizeof(wrong));
    sign(&buf);
    assert_null(transformer_load(buf_slice(&buf), 1, &why));
    assert_string_equal(why, "its attributes do not fit");
    /* A content vector that is no number. */
    const float nothing = NAN;
    memcpy(last, &right, sizeof(right));
    memcpy(last + sizeof(right), &nothing, sizeof(nothing));
    sign(&buf);
    assert_null(transformer_load(buf_slice(&buf), 1, &why));
    assert_string_equal(why, "its content vectors do not fit");
    transformer_free(model);
    buf_release(&buf);
}

/* Half of the numbers, about half of the bytes, the same scores as before the way through them. */
static void test_pruned(void **state)
{
    struct buf whole, half;
    const char *why = NULL;
    float hidden[16], scores[2][9];
    struct transformer *model = trained(&whole, false);
    buf_init(&half, 1 << 20);
    transformer_prune(model, 0.5f);
    transformer_save(model, &half, false);
    assert_in_range(half.size, whole.size / 2, whole.size * 3 / 4);
    struct transformer *copy = transformer_load(buf_slice(&half), 1, &why);
    if (!copy) { fail_msg("%s", why); }
    struct transformer *both[2] = {model, copy};
    for (size_t m = 0; m < 2; m++) {
        transformer_encode(both[m], two, 1, hidden);
        transformer_scores(both[m], hidden, 1, scores[m]);
    }
    assert_memory_equal(scores[0], scores[1], sizeof(scores[0]));
    half.data[112] = (char)(half.data[112] ^ 1); /* a bit of the map, behind the header */
    sign(&half);
    assert_null(transformer_load(buf_slice(&half), 1, &why));
    assert_string_equal(why, "its packed weights do not fit");
    transformer_free(model);
    transformer_free(copy);
    buf_release(&whole);
    buf_release(&half);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_goes_on),
        cmocka_unit_test(test_generation),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_lies),
        cmocka_unit_test(test_pruned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
