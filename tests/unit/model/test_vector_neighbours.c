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

enum { WIDE = 100, MANY = 2 * CODES_SAMPLE };

static void draw_wide(uint64_t *rng, int8_t *vector)
{
    for (size_t i = 0; i < WIDE; i++) {
        vector[i] = (int8_t)(200.0 / (1.0 + 0.1 * (double)i) * (draw(rng) - 0.5));
    }
}

/* Asserts that two sets compare items alike, which have the numbers of two sets of ids. */
static void assert_same(struct vector_neighbours *const *neighbours, struct ids *const *ids)
{
    for (int32_t i = 0; i < MANY; i++) {
        size_t count[2];
        const struct alike *row[2];
        int32_t numbers[2] = {i, ids_find(ids[1], ids_text(ids[0], i))};
        for (int way = 0; way < 2; way++) {
            row[way] = vector_neighbours_of(neighbours[way], numbers[way], &count[way]);
        }
        assert_int_equal(count[0], count[1]);
        for (size_t k = 0; k < count[0]; k++) {
            assert_true(row[0][k].cosine == row[1][k].cosine);
            assert_true(slice_equal(ids_text(ids[0], row[0][k].item),
                                    ids_text(ids[1], row[1][k].item)));
        }
    }
}

/* Wide vectors are compared by codes, which depend on what there is and not on how it came: one
 * process saw vectors come, change and go between looks, the other one loaded them, in another
 * order. */
static void test_codes_do_not_depend_on_the_order(void **state)
{
    static int8_t vectors[MANY][WIDE];
    static bool has[MANY];
    struct ids *ids[2] = {ids_new(MANY), ids_new(MANY)};
    struct vector_neighbours *neighbours[2];
    uint64_t rng = 8;
    char text[16];
    size_t count, widest = 0;
    for (int way = 0; way < 2; way++) {
        for (int32_t i = 0; i < MANY; i++) {
            (void)snprintf(text, sizeof(text), "i%d", way ? MANY - 1 - i : i);
            (void)ids_put(ids[way], slice_str(text));
        }
        neighbours[way] = vector_neighbours_new(MANY, ids[way]);
    }
    vector_neighbours_map(neighbours[0], "/tmp");
    for (int step = 0; step < 6 * MANY; step++) {
        int32_t item = (int32_t)(draw(&rng) * MANY);
        if (draw(&rng) < 0.3) {
            (void)vector_neighbours_remove(neighbours[0], item);
            has[item] = false;
        } else {
            draw_wide(&rng, vectors[item]);
            (void)vector_neighbours_put(neighbours[0], item, vectors[item], WIDE);
            has[item] = true;
        }
        if (step % 11 == 0) { (void)vector_neighbours_of(neighbours[0], item, &count); }
        widest = MAX_OF(widest, vector_neighbours_count(neighbours[0]));
    }
    assert_true(vector_neighbours_count(neighbours[0]) > CODES_SAMPLE + 50 && widest < MANY);
    for (int32_t i = 0; i < MANY; i++) {
        int32_t item = MANY - 1 - i;
        if (has[item]) { (void)vector_neighbours_put(neighbours[1], i, vectors[item], WIDE); }
    }
    assert_same(neighbours, ids);
    for (int way = 0; way < 2; way++) {
        vector_neighbours_free(neighbours[way]);
        ids_free(ids[way]);
    }
}

/* A profile's score is the weighted sum of cosines, by vectors and by codes. */
static void test_profiles(void **state)
{
    static int8_t vectors[MANY][WIDE];
    static float scores[MANY + 1];
    static int32_t items[MANY + 1];
    struct vector_neighbours *neighbours = vector_neighbours_new(MANY + 1, /* ids= */ NULL);
    uint64_t rng = 9;
    for (int32_t i = 0; i < MANY; i++) {
        draw_wide(&rng, vectors[i]);
        (void)vector_neighbours_put(neighbours, i, vectors[i], WIDE);
        if (i != 40 && i != MANY - 1) { continue; }
        float profile[VECTOR_WIDTH_MAX] = {0};
        assert_true(vector_neighbours_profile_add(neighbours, 3, 1.0F, profile));
        assert_true(vector_neighbours_profile_add(neighbours, 8, 0.5F, profile));
        assert_false(vector_neighbours_profile_add(neighbours, MANY, 0.5F, profile));
        for (int32_t k = 0; k <= MANY; k++) {
            items[k] = k;
            scores[k] = 1.0F;
        }
        vector_neighbours_profile_scores(neighbours, profile, items, MANY + 1, scores);
        for (int32_t k = 0; k <= i; k++) {
            double want = (double)vector_neighbours_between(neighbours, 3, k) +
                          0.5 * (double)vector_neighbours_between(neighbours, 8, k);
            near_to((double)scores[k], 1.0 + want, 1e-5, "item", (size_t)k);
        }
        assert_true(scores[MANY] == 1.0F);
    }
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

static bool before(const void *arg _unused_, int32_t a, int32_t b)
{
    return a < b;
}

/* Counts the items that an item is like. */
static size_t alike(struct vector_neighbours *neighbours, int32_t item)
{
    size_t count;
    (void)vector_neighbours_of(neighbours, item, &count);
    return count;
}

/* Vectors of another width are another model's, or a mistake: they are compared as soon as they are
 * the most, and until then nothing of the others is lost. */
static void test_another_width(void **state)
{
    const int8_t a[] = {1, 2, 3};
    struct vector_neighbours *neighbours = vector_neighbours_new(5, /* ids= */ NULL);
    assert_true(vector_neighbours_put(neighbours, 1, a, 3));
    assert_true(vector_neighbours_put(neighbours, 2, a, 3));
    assert_true(vector_neighbours_put(neighbours, 3, a, 2)); /* one stray */
    assert_false(vector_neighbours_put(neighbours, 3, a, 2));
    assert_int_equal(vector_neighbours_count(neighbours), 3);
    assert_int_equal(alike(neighbours, 1), 1);
    assert_int_equal(alike(neighbours, 3), 0);
    assert_true(vector_neighbours_has(neighbours, 1) && !vector_neighbours_has(neighbours, 3));
    assert_true(vector_neighbours_between(neighbours, 1, 3) == 0.0F);
    assert_true(vector_neighbours_put(neighbours, 4, a, 2)); /* as many: the lesser width */
    assert_int_equal(alike(neighbours, 1), 0);
    assert_int_equal(alike(neighbours, 3), 1);
    assert_true(vector_neighbours_put(neighbours, 3, a, 3));
    assert_int_equal(alike(neighbours, 3), 2);
    assert_true(vector_neighbours_remove(neighbours, 3));
    assert_true(vector_neighbours_remove(neighbours, 2));
    assert_true(vector_neighbours_remove(neighbours, 1));
    assert_int_equal(vector_neighbours_count(neighbours), 1);
    assert_true(vector_neighbours_put(neighbours, 1, a, 2));
    assert_int_equal(alike(neighbours, 4), 1);
    assert_true(vector_neighbours_remove(neighbours, 1) && vector_neighbours_remove(neighbours, 4));
    assert_false(vector_neighbours_has(neighbours, 4));
    vector_neighbours_free(neighbours);
}

/* A query is compared with those of its width, whatever width most have. */
static void test_a_query_of_another_width(void **state)
{
    const int8_t a[] = {1, 2, 3};
    static struct vector_query query;
    struct vector_neighbours *neighbours = vector_neighbours_new(5, /* ids= */ NULL);
    struct topk top;
    topk_init(&top, before, NULL);
    for (int32_t item = 0; item < 5; item++) {
        assert_true(vector_neighbours_put(neighbours, item, a, item < 3 ? 3 : 2));
        vector_neighbours_mark(neighbours, item, item > 1);
    }
    assert_int_equal(vector_neighbours_marked(neighbours), 3);
    for (size_t width = 1; width <= 3; width++) {
        vector_query_set(&query, a, width);
        topk_clear(&top, 5);
        (void)vector_neighbours_offer(neighbours, &query, 0, SIZE_MAX, NULL, NULL, &top);
        assert_int_equal(top.count, width == 2 ? 2 : width == 3);
        assert_int_equal(vector_neighbours_cosine(neighbours, &query, 3) > 0.9F, width == 2);
        assert_int_equal(vector_neighbours_cosine(neighbours, &query, 2) > 0.9F, width == 3);
    }
    assert_true(vector_neighbours_put(neighbours, 2, a, 2)); /* another vector, without a mark */
    assert_int_equal(vector_neighbours_marked(neighbours), 2);
    topk_release(&top);
    vector_neighbours_free(neighbours);
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
            assert_int_equal(vector_neighbours_moves(neighbours), moves);
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
        cmocka_unit_test(test_codes_do_not_depend_on_the_order),
        cmocka_unit_test(test_profiles),
        cmocka_unit_test(test_what_changes_nothing),
        cmocka_unit_test(test_another_width),
        cmocka_unit_test(test_a_query_of_another_width),
        cmocka_unit_test(test_queries_are_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
