#include "base/base.h"
#include "base/xalloc.h"
#include "model/rng.h"
#include "scorer/lists/lists.h"
#include "scorer/lists/vector_index.h"

#include <setjmp.h>
#include <cmocka.h>

enum { ITEMS = 2000, ADDED = 50, WIDTH = 16, USERS = 30, ACTIONS = 6, LENGTH = 10 };

static const struct weights_shape shape = {
    .items = ITEMS, .d = WIDTH, .hidden = WIDTH, .blocks = 1, .heads = 1, .length = ACTIONS};

/* The tables, vectors and lists of one scorer; two of them get the same messages. */
struct side {
    struct list_settings settings;
    struct tables tables;
    struct vectors *vectors;
    struct mixture mixture;
    struct lists *lists;
};

static void side_init(struct side *side, size_t index_from)
{
    *side = (struct side){.settings = {.list_length = LENGTH,
                                       .recent_items = 20,
                                       .directed_weight = 1,
                                       .kernel_power = .45,
                                       .recency_decay = .85,
                                       .neighbours_used = 10,
                                       .items_max = ITEMS + ADDED,
                                       .model_name = "m",
                                       .blend_leader = LEADER_SEQUENCE}};
    tables_init(&side->tables, &side->settings);
    side->vectors = vectors_new(ITEMS + ADDED);
    vectors_index_from(side->vectors, index_from);
    mixture_init(&side->mixture);
    side->lists = lists_new(&side->settings, &side->tables, side->vectors, NULL, "");
    lists_set_mixture(side->lists, &side->mixture);
}

static void side_release(struct side *side)
{
    lists_free(side->lists);
    vectors_free(side->vectors);
    tables_release(&side->tables);
}

static void put_row(struct side *sides, int32_t item, const int8_t *bytes)
{
    char id[16];
    (void)snprintf(id, sizeof(id), "i%d", item);
    const struct item_vector row = {.item_id = slice_str(id), .generation = slice_str("g"),
                                    .row = item, .scale = .01F, .bytes = slice_of(bytes, WIDTH)};
    for (size_t s = 0; s < 2; s++) {
        assert_null(vectors_put(sides[s].vectors, &sides[s].tables, &row));
    }
}

static void draw_row(struct side *sides, uint64_t *rng, int32_t item)
{
    int8_t bytes[WIDTH];
    for (size_t i = 0; i < WIDTH; i++) { bytes[i] = (int8_t)((int)rng_below(rng, 255) - 127); }
    put_row(sides, item, bytes);
}

static void announce(struct side *sides, uint64_t *rng)
{
    const size_t count = transformer_inference_dense_count(&shape);
    float *dense = xcalloc(count, sizeof(*dense));
    for (size_t i = 0; i < count; i++) { dense[i] = .3F * (float)rng_normal(rng); }
    const struct model_weights part = {
        .model = slice_str(MODEL_SEQUENCE), .generation = slice_str("g"), .parts = 1,
        .items = ITEMS, .d = WIDTH, .hidden = WIDTH, .blocks = 1, .heads = 1, .length = ACTIONS,
        .weights = {dense, count}};
    for (size_t s = 0; s < 2; s++) {
        assert_null(vectors_put_weights(sides[s].vectors, &part, 1));
    }
    free(dense);
}

/* Counts the items that two lists share, and checks that their scores are equal. */
static size_t shared(const struct recommendation_list *a, const struct recommendation_list *b)
{
    size_t count = 0;
    for (size_t i = 0; i < a->items.count; i++) {
        for (size_t j = 0; j < b->items.count; j++) {
            if (!slice_equal(a->items.at[i], b->items.at[j])) { continue; }
            assert_true(fabsf(a->scores.at[i] - b->scores.at[j]) < 1e-3F);
            count++;
        }
    }
    return count;
}

/* Makes lists of both sides; the first `ahead` of them encode each history ahead. Returns how many
 * places they share. Every history has the same address. */
static size_t compare(struct side *sides, uint64_t *rng, size_t ahead)
{
    size_t same = 0;
    for (size_t u = 0; u < USERS; u++) {
        char names[ACTIONS][16];
        struct slice items[ACTIONS];
        float weights[ACTIONS] = {1, 1, 1, 1, 1, 1};
        int64_t offsets[ACTIONS] = {0};
        struct recommendation_list lists[2];
        for (size_t k = 0; k < ACTIONS; k++) {
            (void)snprintf(names[k], sizeof(names[k]), "i%zu", rng_below(rng, ITEMS));
            items[k] = slice_str(names[k]);
        }
        const struct user_history history = {
            .user_id = slice_str("u"), .items = {items, ACTIONS}, .weights = {weights, ACTIONS},
            .offsets = {offsets, ACTIONS}, .events_total = ACTIONS};
        const struct user_history *next[] = {&history};
        for (size_t s = 0; s < 2; s++) {
            if (s < ahead) { lists_encode_ahead(sides[s].lists, next, 1); }
            lists_make(sides[s].lists, &history, &lists[s]);
            assert_int_equal(lists[s].items.count, LENGTH);
        }
        same += shared(&lists[0], &lists[1]);
    }
    return same;
}

/* Whether a history was encoded ahead makes no difference, also after rows were added. */
static void test_alone_as_ahead(void **state)
{
    uint64_t rng = 5;
    struct side sides[2];
    for (size_t s = 0; s < 2; s++) { side_init(&sides[s], 0); }
    for (int32_t item = 0; item < ITEMS; item++) { draw_row(sides, &rng, item); }
    announce(sides, &rng);
    assert_int_equal(compare(sides, &rng, 1), USERS * LENGTH);
    for (int32_t item = ITEMS; item < ITEMS + ADDED; item++) { draw_row(sides, &rng, item); }
    assert_int_equal(compare(sides, &rng, 1), USERS * LENGTH);
    for (size_t s = 0; s < 2; s++) { side_release(&sides[s]); }
}

/* Lists with the index are those of a full scan, except for a few items; also after rows were
 * added. */
static void test_lists_are_close_to_exact_ones(void **state)
{
    uint64_t rng = 1;
    struct side sides[2];
    side_init(&sides[0], ITEMS);
    side_init(&sides[1], 0);
    for (int32_t item = 0; item < ITEMS; item++) { draw_row(sides, &rng, item); }
    announce(sides, &rng);
    struct vector_index *index = vectors_served(sides[0].vectors)->index;
    assert_non_null(index);
    assert_null(vectors_served(sides[1].vectors)->index);
    vector_index_wait(index);
    assert_true((double)compare(sides, &rng, 2) >= .97 * USERS * LENGTH);
    for (int32_t item = ITEMS; item < ITEMS + ADDED; item++) { draw_row(sides, &rng, item); }
    assert_true((double)compare(sides, &rng, 2) >= .97 * USERS * LENGTH);
    const struct served *served = vectors_served(sides[0].vectors);
    assert_int_equal(vector_index_cover(index, served->table, served->rows), ITEMS + ADDED);
    side_release(&sides[0]);
    side_release(&sides[1]);
}

/* The sums cover all scores, also of rows that were added. */
static void test_sums(void **state)
{
    enum { ROWS = 3000 };
    uint64_t rng = 3;
    float *table = xcalloc((size_t)ROWS * WIDTH, sizeof(*table)), hidden[WIDTH];
    for (size_t i = 0; i < (size_t)ROWS * WIDTH; i++) { table[i] = (float)rng_normal(&rng); }
    for (size_t i = 0; i < WIDTH; i++) { hidden[i] = (float)rng_normal(&rng); }
    struct vector_index *index = vector_index_new(table, ROWS - 7, WIDTH);
    vector_index_wait(index);
    assert_int_equal(vector_index_cover(index, table, ROWS), ROWS);
    double sum = 0.0, squares = 0.0, got, got_squares;
    for (size_t row = 0; row < ROWS; row++) {
        double score = 0.0;
        for (size_t i = 0; i < WIDTH; i++) {
            score += (double)table[row * WIDTH + i] * (double)hidden[i];
        }
        sum += score;
        squares += score * score;
    }
    vector_index_sums(index, hidden, &got, &got_squares);
    assert_true(fabs(got - sum) < 1e-3);
    assert_true(fabs(got_squares - squares) < 1e-5 * squares);
    vector_index_free(index);
    free(table);
}

/* Freeing an index that is being built stops the building. */
static void test_freed_while_building(void **state)
{
    enum { ROWS = 20000 };
    float *table = xcalloc((size_t)ROWS * WIDTH, sizeof(*table));
    for (size_t i = 0; i < (size_t)ROWS * WIDTH; i++) { table[i] = (float)(i * i % 1009); }
    struct vector_index *index = vector_index_new(table, ROWS, WIDTH);
    free(table); /* the index has a copy */
    vector_index_free(index);
    vector_index_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alone_as_ahead),
        cmocka_unit_test(test_lists_are_close_to_exact_ones),
        cmocka_unit_test(test_sums),
        cmocka_unit_test(test_freed_while_building),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
