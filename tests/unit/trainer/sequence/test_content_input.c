#include "base/base.h"
#include "base/xalloc.h"
#include "trainer/sequence/content_input.h"
#include "tests/unit/numbers.h"
#include "tests/unit/walkers.h"

#include <setjmp.h>
#include <cmocka.h>

enum { WIDTH = 10, RANK = 4, D = 16 };

struct world {
    struct training_set *training_set;
    struct content_table *table;
    struct vocabulary vocabulary;
    struct content_input input;
};

static void put(struct world *w, int32_t item, const char *model)
{
    int8_t numbers[WIDTH];
    for (size_t i = 0; i < WIDTH; i++) {
        numbers[i] = (int8_t)lrint(100.0 * sin(1.0 + (double)item * (double)(1 + i % 5)));
    }
    const struct content_vector vector = {.scale = .01F, .numbers = numbers, .width = WIDTH};
    assert_true(content_table_put(w->table, item, slice_str(model), &vector));
}

/* The first `with` items have a vector. */
static void make(struct world *w, int32_t with)
{
    *w = (struct world){.training_set = walk_training_set(1), .table = content_table_new()};
    for (int32_t user = 0; user < WALKERS; user++) { walk(w->training_set, 1, user, WALK_LENGTH); }
    for (int32_t item = 0; item < with; item++) { put(w, item, "encoder"); }
    vocabulary_init(&w->vocabulary, w->training_set, 1000);
    (void)vocabulary_update(&w->vocabulary, w->training_set);
    content_input_find(&w->input, w->table, &w->vocabulary, RANK);
}

static void release(struct world *w)
{
    content_input_release(&w->input);
    vocabulary_release(&w->vocabulary);
    content_table_free(w->table);
    training_set_free(w->training_set);
}

static void test_half_of_the_items(void **state)
{
    for (int32_t with = WALK_ITEMS / 2 - 1; with <= WALK_ITEMS / 2; with++) {
        struct world w;
        make(&w, with);
        assert_int_equal(w.input.space.id != 0, with == WALK_ITEMS / 2);
        release(&w);
    }
}

/* A vector through the product of matrix and projection is its short form through the
 * projection. */
static void test_projection(void **state)
{
    struct world w;
    uint64_t rng = 4;
    float vector[WIDTH], content[RANK];
    make(&w, WALK_ITEMS);
    assert_int_equal(w.input.rank, RANK);
    _cleanup_(xfreep) float *learned = draw_many(&rng, RANK * D, 1.0);
    _cleanup_(xfreep) float *projection = content_input_projection(&w.input, learned, D);
    for (int32_t item = 0; item < WALK_ITEMS; item++) {
        assert_true(content_table_read(w.table, item, w.input.space.id, vector));
        content_input_shorten(&w.input, vector, 1, content);
        for (size_t j = 0; j < D; j++) {
            double want = 0.0, got = 0.0;
            for (size_t k = 0; k < RANK; k++) { want += (double)content[k] * learned[k * D + j]; }
            for (size_t i = 0; i < WIDTH; i++) { got += (double)vector[i] * projection[i * D + j]; }
            near_to(got, want, 1e-4, "number", j);
        }
    }
    release(&w);
}

static void test_bytes(void **state)
{
    struct world w;
    struct buf bytes;
    make(&w, WALK_ITEMS);
    buf_init(&bytes, 1 << 16);
    content_input_save(&w.input, &bytes);
    const size_t whole = bytes.size;
    for (size_t size = 0; size <= whole; size++) {
        struct content_input copy;
        _cleanup_(xfreep) char *part = xmemdup(bytes.data, size);
        const char *at = part;
        assert_int_equal(content_input_load(&copy, &at, part + size), size == whole);
        if (size < whole) { continue; }
        assert_ptr_equal(at, part + size);
        assert_true(copy.space.id == w.input.space.id && copy.space.width == WIDTH);
        assert_string_equal(copy.space.model, "encoder");
        assert_memory_equal(copy.matrix, w.input.matrix, WIDTH * RANK * sizeof(float));
        content_input_release(&copy);
    }
    /* Whatever a byte is changed to, what loads is bounded. */
    for (size_t at = 0; at < whole; at++) {
        struct content_input copy;
        _cleanup_(xfreep) char *changed = xmemdup(bytes.data, whole);
        const char *from = changed;
        changed[at] = (char)(changed[at] ^ 0x7f);
        if (content_input_load(&copy, &from, changed + whole)) { content_input_release(&copy); }
    }
    struct content_input none = {0};
    buf_clear(&bytes);
    content_input_save(&none, &bytes);
    const char *at = bytes.data;
    assert_true(content_input_load(&none, &at, bytes.data + bytes.size));
    assert_int_equal(none.space.id, 0);
    buf_release(&bytes);
    release(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_half_of_the_items),
        cmocka_unit_test(test_projection),
        cmocka_unit_test(test_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
