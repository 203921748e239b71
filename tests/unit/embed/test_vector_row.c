#include "base/base.h"
#include "embed/vector_row.h"

#include <setjmp.h>
#include <cmocka.h>

static struct vector_row row;

static void test_numbers_come_back_within_half_a_scale(void **state)
{
    const float a[] = {0.5F, -1.0F, 0.25F, 0.003F}, b[] = {1e-3F, 2e-3F};
    struct content_vectors message = {.item_id = slice_str("i")};
    struct content_vector found;
    vector_row_clear(&row);
    assert_true(vector_row_add(&row, slice_str("text"), a, ARRAY_COUNT(a)));
    assert_true(vector_row_add(&row, slice_str("given"), b, ARRAY_COUNT(b)));
    vector_row_fill(&row, &message);
    assert_true(content_vectors_agree(&message));
    assert_true(content_vectors_find(&message, slice_str("given"), &found));
    assert_int_equal(found.width, 2);
    assert_int_equal(found.numbers[1], 127);
    assert_true(content_vectors_find(&message, slice_str("text"), &found));
    assert_int_equal(found.width, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_true(fabsf((float)found.numbers[i] * found.scale - a[i]) <= found.scale * 0.501F);
    }
    assert_false(content_vectors_find(&message, slice_str("image"), &found));
}

static void test_what_is_no_vector_is_left_out(void **state)
{
    const float nan[] = {1.0F, NAN}, zero[] = {0.0F, 0.0F}, tiny[] = {1e-44F, 0.0F}, one[] = {1.0F};
    vector_row_clear(&row);
    assert_false(vector_row_add(&row, slice_str("a"), nan, 2));
    assert_false(vector_row_add(&row, slice_str("a"), zero, 2));
    assert_false(vector_row_add(&row, slice_str("a"), tiny, 2));
    assert_false(vector_row_add(&row, slice_str("a"), one, 0));
    for (size_t i = 0; i < CONTENT_VECTORS_MAX; i++) {
        assert_true(vector_row_add(&row, slice_str("a"), one, 1));
    }
    assert_false(vector_row_add(&row, slice_str("a"), one, 1));
}

static void test_columns_that_disagree(void **state)
{
    struct slice names[] = {slice_str("text")};
    int32_t width = 3;
    float scale = 1.0F;
    struct content_vectors message = {
        .names = {names, 1}, .widths = {&width, 1}, .scales = {&scale, 1},
        .bytes = slice_str("abc")};
    assert_true(content_vectors_agree(&message));
    message.bytes = slice_str("abcd");
    assert_false(content_vectors_agree(&message));
    message.bytes = slice_str("");
    width = 0;
    assert_false(content_vectors_agree(&message));
    message.scales.count = 0;
    assert_false(content_vectors_agree(&message));
}

/* The digest differs with each part, and with the place where one ends. */
static void test_content(void **state)
{
    float numbers[] = {1.0F, 2.0F};
    struct item items[] = {
        {.title = slice_str("ab"), .text = slice_str("c")},
        {.title = slice_str("a"), .text = slice_str("bc")},
        {.title = slice_str("ab"), .text = slice_str("c"), .vector = {numbers, 2}},
        {.title = slice_str("ab"), .text = slice_str("c"), .vector = {numbers, 1}},
    };
    char texts[ARRAY_COUNT(items)][CONTENT_DIGEST_BYTES], again[CONTENT_DIGEST_BYTES];
    struct digest *digest = digest_new();
    for (size_t i = 0; i < ARRAY_COUNT(items); i++) {
        vector_row_content(digest, &items[i], texts[i]);
        assert_int_equal(strlen(texts[i]), CONTENT_DIGEST_BYTES - 1);
        for (size_t k = 0; k < i; k++) { assert_string_not_equal(texts[i], texts[k]); }
    }
    items[0].price = 5.0;
    vector_row_content(digest, &items[0], again);
    assert_string_equal(again, texts[0]);
    digest_free(digest);
}

/* A row that begins with some vectors of a message, and what is added in bytes. */
static void test_vectors_in_bytes(void **state)
{
    const float a[] = {1.0F, -2.0F}, b[] = {0.5F, 0.25F, 4.0F};
    const int8_t c[] = {3, -4};
    static struct vector_row first;
    struct content_vectors message = {0};
    vector_row_clear(&first);
    assert_true(vector_row_add(&first, slice_str("text"), a, ARRAY_COUNT(a)));
    assert_true(vector_row_add(&first, slice_str("image"), b, ARRAY_COUNT(b)));
    vector_row_fill(&first, &message);
    vector_row_begin(&row, &message, 2);
    assert_true(vector_row_equals(&row, &message));
    assert_true(vector_row_has(&row, slice_str("image")));
    vector_row_begin(&row, &message, 1);
    assert_false(vector_row_equals(&row, &message));
    assert_false(vector_row_has(&row, slice_str("image")));
    assert_int_equal(row.bytes_count, 2);
    assert_true(vector_row_add_bytes(&row, slice_str("clip"), 0.5F, c, 2));
    assert_int_equal(row.bytes[3], -4);
    vector_row_fill(&row, &message);
    assert_true(content_vectors_agree(&message));
    message.joined = 3;
    assert_false(content_vectors_agree(&message));
    while (row.count < CONTENT_VECTORS_MAX) {
        assert_true(vector_row_add_bytes(&row, slice_str("more"), 1.0F, c, 2));
    }
    assert_false(vector_row_add_bytes(&row, slice_str("more"), 1.0F, c, 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_come_back_within_half_a_scale),
        cmocka_unit_test(test_what_is_no_vector_is_left_out),
        cmocka_unit_test(test_columns_that_disagree),
        cmocka_unit_test(test_content),
        cmocka_unit_test(test_vectors_in_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
