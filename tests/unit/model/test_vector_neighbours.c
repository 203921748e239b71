#include "base/base.h"
#include "base/xalloc.h"
#include "model/vector_neighbours.h"
#include "tests/unit/numbers.h"

enum { ITEMS = 260, WIDTH = 20 };

struct vectors {
    bool has[ITEMS];
    int8_t at[ITEMS][WIDTH];
};

static void draw_vector(uint64_t *rng, int8_t *numbers)
{
    for (size_t i = 0; i < WIDTH; i++) { numbers[i] = (int8_t)(draw(rng) * 255.0 - 127.0); }
}

static float cosine(const int8_t *p, const int8_t *q)
{
    double dot = 0, a = 0, b = 0;
    for (size_t i = 0; i < WIDTH; i++) {
        dot += (double)p[i] * (double)q[i];
        a += (double)p[i] * (double)p[i];
        b += (double)q[i] * (double)q[i];
    }
    return (float)(dot / sqrt(a * b));
}

/* A row is what a comparison with every vector gives. */
static void assert_row(struct vector_neighbours *neighbours, const struct vectors *vectors,
                       int32_t item)
{
    size_t count, above = 0;
    const struct alike *alike = vector_neighbours_of(neighbours, item, &count);
    if (!vectors->has[item]) {
        assert_int_equal(count, 0);
        return;
    }
    float least = count ? alike[count - 1].cosine : 0.0F;
    for (int32_t i = 0; i < ITEMS; i++) {
        float want = vectors->has[i] ? cosine(vectors->at[item], vectors->at[i]) : 0.0F;
        assert_true(fabsf(vector_neighbours_between(neighbours, item, i) - want) < 1e-5F);
    }
    for (size_t k = 0; k < count; k++) {
        assert_true(vectors->has[alike[k].item] && alike[k].item != item);
        assert_true(fabsf(alike[k].cosine - cosine(vectors->at[item],
                                                   vectors->at[alike[k].item])) < 1e-5F);
        assert_true(k == 0 || alike[k].cosine <= alike[k - 1].cosine);
        for (size_t j = 0; j < k; j++) { assert_int_not_equal(alike[j].item, alike[k].item); }
    }
    for (int32_t i = 0; i < ITEMS; i++) {
        if (i == item || !vectors->has[i]) { continue; }
        float one = cosine(vectors->at[item], vectors->at[i]);
        above += one > 1e-6F && (count < NEAREST_ITEMS || one > least + 1e-6F);
    }
    assert_true(above <= count);
    assert_true(count == NEAREST_ITEMS || above == count);
}

/* However vectors come, change and go between looks at rows, rows are exact. */
static void test_rows_are_exact(void **state)
{
    static struct vectors vectors;
    struct vector_neighbours *neighbours = vector_neighbours_new(ITEMS, /* ids= */ NULL);
    uint64_t rng = 3;
    for (int step = 0; step < 4000; step++) {
        int32_t item = (int32_t)(draw(&rng) * ITEMS);
        double what = draw(&rng);
        if (what < 0.15) {
            assert_int_equal(vector_neighbours_remove(neighbours, item), vectors.has[item]);
            vectors.has[item] = false;
        } else if (what < 0.6) {
            draw_vector(&rng, vectors.at[item]);
            assert_true(vector_neighbours_put(neighbours, item, vectors.at[item], WIDTH));
            vectors.has[item] = true;
        } else {
            assert_row(neighbours, &vectors, item);
        }
    }
    size_t count = 0;
    for (int32_t i = 0; i < ITEMS; i++) {
        assert_row(neighbours, &vectors, i);
        count += vectors.has[i];
    }
    assert_int_equal(vector_neighbours_count(neighbours), count);
    vector_neighbours_free(neighbours);
}

static void test_what_changes_nothing(void **state)
{
    const int8_t a[] = {1, 2, 3}, b[] = {3, 2, 1}, zero[] = {0, 0, 0};
    struct vector_neighbours *neighbours = vector_neighbours_new(5, /* ids= */ NULL);
    size_t count;
    assert_true(vector_neighbours_put(neighbours, 1, a, 3));
    assert_false(vector_neighbours_put(neighbours, 1, a, 3));
    assert_false(vector_neighbours_put(neighbours, 5, a, 3));
    assert_false(vector_neighbours_put(neighbours, -1, a, 3));
    assert_false(vector_neighbours_put(neighbours, 1, a, 0));
    assert_false(vector_neighbours_remove(neighbours, 4));
    assert_true(vector_neighbours_put(neighbours, 2, b, 3));
    assert_true(vector_neighbours_put(neighbours, 3, zero, 3));
    const struct alike *alike = vector_neighbours_of(neighbours, 1, &count);
    assert_int_equal(count, 1);
    assert_int_equal(alike[0].item, 2);
    (void)vector_neighbours_of(neighbours, 3, &count);
    assert_int_equal(count, 0);
    vector_neighbours_free(neighbours);
}

/* Vectors of another width are another model's. */
static void test_another_width(void **state)
{
    const int8_t a[] = {1, 2, 3};
    struct vector_neighbours *neighbours = vector_neighbours_new(5, /* ids= */ NULL);
    size_t count;
    assert_true(vector_neighbours_put(neighbours, 1, a, 3));
    assert_true(vector_neighbours_put(neighbours, 2, a, 3));
    assert_true(vector_neighbours_put(neighbours, 3, a, 2));
    assert_int_equal(vector_neighbours_count(neighbours), 1);
    (void)vector_neighbours_of(neighbours, 1, &count);
    assert_int_equal(count, 0);
    vector_neighbours_free(neighbours);
}

static bool before(const void *arg _unused_, int32_t a, int32_t b)
{
    return a < b;
}

static bool allows(const void *arg _unused_, int32_t item)
{
    return item % 5 != 0;
}

/* What a query finds, in pieces, is what a comparison with every vector with a mark gives. */
static void test_queries_are_exact(void **state)
{
    static struct vectors vectors;
    static bool marked[ITEMS];
    static struct vector_query query;
    enum { TOP = 30 };
    struct vector_neighbours *neighbours = vector_neighbours_new(ITEMS, /* ids= */ NULL);
    struct topk top;
    uint64_t rng = 7;
    topk_init(&top, before, NULL);
    for (int step = 0; step < 3000; step++) {
        int32_t item = (int32_t)(draw(&rng) * ITEMS);
        uint64_t moves = vector_neighbours_moves(neighbours);
        if (draw(&rng) < 0.2) {
            (void)vector_neighbours_remove(neighbours, item);
            assert_int_equal(vector_neighbours_moves(neighbours) != moves, vectors.has[item]);
            vectors.has[item] = marked[item] = false;
        } else {
            draw_vector(&rng, vectors.at[item]);
            (void)vector_neighbours_put(neighbours, item, vectors.at[item], WIDTH);
            assert_int_equal(vector_neighbours_moves(neighbours), moves + (step == 0));
            vectors.has[item] = true;
            marked[item] = draw(&rng) < 0.7;
            vector_neighbours_mark(neighbours, item, marked[item]);
        }
        if (step % 60 != 59) { continue; }
        int8_t numbers[WIDTH];
        size_t piece = 1 + (size_t)(draw(&rng) * 90.0), above = 0, all = 0;
        draw_vector(&rng, numbers);
        vector_query_set(&query, numbers, WIDTH);
        topk_clear(&top, TOP);
        for (size_t from = 0; vector_neighbours_offer(neighbours, &query, from, piece, allows,
                                                      NULL, &top); from += piece) {}
        topk_sort(&top);
        double least = top.count == TOP ? top.entries[TOP - 1].score : 0.0;
        for (size_t k = 0; k < top.count; k++) {
            int32_t one = top.entries[k].item;
            assert_true(marked[one] && allows(NULL, one));
            near_to(top.entries[k].score, (double)cosine(numbers, vectors.at[one]), 1e-5, "cosine",
                    k);
        }
        for (int32_t i = 0; i < ITEMS; i++) {
            double one = marked[i] ? (double)cosine(numbers, vectors.at[i]) : 0.0;
            near_to((double)vector_neighbours_cosine(neighbours, &query, i), one, 1e-5, "item",
                    (size_t)i);
            above += allows(NULL, i) && one > least + 1e-6;
            all += marked[i];
        }
        assert_true(above <= top.count);
        assert_int_equal(vector_neighbours_marked(neighbours), all);
    }
    const int8_t other[] = {1, 2};
    vector_query_set(&query, other, 2);
    topk_clear(&top, TOP);
    assert_false(vector_neighbours_offer(neighbours, &query, 0, SIZE_MAX, allows, NULL, &top));
    assert_int_equal(top.count, 0);
    topk_release(&top);
    vector_neighbours_free(neighbours);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_are_exact),
        cmocka_unit_test(test_what_changes_nothing),
        cmocka_unit_test(test_another_width),
        cmocka_unit_test(test_queries_are_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
