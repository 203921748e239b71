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

/* ---- Scans ---- */

/* Rows in pairs that are equal, so that half of the places are decided by ids. */
static void draw_pairs(struct side *sides, uint64_t *rng)
{
    int8_t bytes[WIDTH];
    for (int32_t item = 0; item < ITEMS; item++) {
        for (size_t i = 0; i < WIDTH && item % 2 == 0; i++) {
            bytes[i] = (int8_t)((int)rng_below(rng, 255) - 127);
        }
        put_row(sides, item, bytes);
    }
}

static void bar(struct side *side, int32_t item)
{
    char id[16];
    (void)snprintf(id, sizeof(id), "i%d", item);
    const struct item entry = {.item_id = slice_str(id), .available = false};
    tables_put_item(&side->tables, &entry);
}

struct scored_row {
    float score;
    int32_t item;
};

static int by_score(const void *a, const void *b, void *ids)
{
    const struct scored_row *x = a, *y = b;
    if (x->score != y->score) { return x->score < y->score ? 1 : -1; }
    return ids_before(ids, x->item, y->item) ? -1 : 1;
}

static void score_rows(const struct served *served, const float *hidden, float *scores)
{
    for (size_t row = 0; row < served->rows; row++) {
        double score = 0.0;
        for (size_t i = 0; i < WIDTH; i++) {
            score += (double)served->table[row * WIDTH + i] * (double)hidden[i];
        }
        scores[row] = (float)score;
    }
}

/* The list of somebody who acted on one item is what sorting all rows gives. */
static void assert_sorted(struct side *side, int32_t had)
{
    static struct scored_row rows[ITEMS];
    const struct served *served = vectors_served(side->vectors);
    const struct item_flags flags = catalogue_flags(&side->tables.catalogue);
    struct recommendation_list list;
    struct slice item = ids_text(side->tables.ids, served->items[had]);
    float weight = 1.0F, hidden[WIDTH], scores[ITEMS];
    int64_t offset = 0;
    size_t count = 0;
    const struct sequence sequence = {.items = &had, .count = 1};
    const struct user_history history = {
        .user_id = slice_str("u"), .items = {&item, 1}, .weights = {&weight, 1},
        .offsets = {&offset, 1}, .events_total = 1};
    transformer_inference_encode(served->inference, served->table, NULL, &sequence, 1, hidden);
    score_rows(served, hidden, scores);
    for (int32_t row = 0; row < (int32_t)served->rows; row++) {
        if (row == had || item_flags_barred(&flags, served->items[row])) { continue; }
        rows[count++] = (struct scored_row){scores[row], served->items[row]};
    }
    qsort_r(rows, count, sizeof(*rows), by_score, side->tables.ids);
    lists_make(side->lists, &history, &list);
    assert_int_equal(list.items.count, LENGTH);
    for (size_t k = 0; k < LENGTH; k++) {
        assert_true(slice_equal(list.items.at[k], ids_text(side->tables.ids, rows[k].item)));
    }
}

/* Few rows that a scan looks at may be listed, or nearly all of them. */
static void test_scans_find_the_best(void **state)
{
    uint64_t rng = 9;
    struct side sides[2];
    for (size_t s = 0; s < 2; s++) { side_init(&sides[s], 0); }
    draw_pairs(sides, &rng);
    announce(sides, &rng);
    for (int turn = 0; turn < 3; turn++) {
        for (int u = 0; u < USERS; u++) {
            assert_sorted(&sides[0], (int32_t)rng_below(&rng, ITEMS));
        }
        for (int k = 0; k < ITEMS; k++) { bar(&sides[0], (int32_t)rng_below(&rng, ITEMS)); }
    }
    for (size_t s = 0; s < 2; s++) { side_release(&sides[s]); }
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
        cmocka_unit_test(test_scans_find_the_best),
        cmocka_unit_test(test_sums),
        cmocka_unit_test(test_freed_while_building),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
