#include "base/base.h"
#include "base/xalloc.h"
#include "model/rng.h"
#include "scorer/lists/removed_models.h"

#include <setjmp.h>
#include <cmocka.h>

enum { ITEMS = 30, PARTITIONS = 4, VERSIONS = 9, RUNS = 300, WIDTH = 16, MESSAGES_MAX = 4096 };

static const struct weights_shape shape = {
    .items = ITEMS, .d = WIDTH, .hidden = WIDTH, .blocks = 1, .heads = 1, .length = 4};

/* A log as trainers write it, of which some die while publishing: rows in four partitions,
 * announcements in one. */
struct message {
    int version;
    int slot;
    int item; /* -1: the announcement */
};

struct queue {
    struct message at[MESSAGES_MAX];
    size_t count, read;
};

struct trainer_log {
    uint64_t rng;
    struct queue queues[PARTITIONS + 1]; /* the last one: models */
    int newest;                          /* whole version; -1: none */
    struct tables tables;
    struct list_settings settings;
    struct vectors *vectors;
    float *dense;
    size_t dense_count;
};

static void push(struct trainer_log *run, int queue, struct message message)
{
    struct queue *to = &run->queues[queue];
    assert_true(to->count < MESSAGES_MAX);
    to->at[to->count++] = message;
}

static void write_log(struct trainer_log *run)
{
    int slot = 0;
    run->newest = -1;
    for (int g = 0; g < VERSIONS; g++) {
        bool dies = rng_below(&run->rng, 3) == 0;
        int rows = dies ? (int)rng_below(&run->rng, ITEMS) : ITEMS;
        for (int i = 0; i < rows; i++) {
            push(run, i * 7 % PARTITIONS, (struct message){g, slot, i});
        }
        if (dies) { continue; }
        push(run, PARTITIONS, (struct message){g, slot, -1});
        run->newest = g;
        slot = 1 - slot;
    }
}

static int8_t byte_of(int version, int item)
{
    return (int8_t)(version * 3 + item + 1);
}

static void deliver(struct trainer_log *run, struct message message)
{
    char name[16], id[16];
    int8_t bytes[WIDTH];
    (void)snprintf(name, sizeof(name), "g%d", message.version);
    if (message.item < 0) {
        const struct model_weights part = {
            .model = slice_str(MODEL_SEQUENCE),
            .generation = slice_str(name),
            .slot = message.slot,
            .parts = 1,
            .items = ITEMS,
            .d = WIDTH,
            .hidden = WIDTH,
            .blocks = 1,
            .heads = 1,
            .length = 4,
            .weights = {run->dense, run->dense_count},
        };
        assert_null(vectors_put_weights(run->vectors, &part, 100 + message.version));
        return;
    }
    (void)snprintf(id, sizeof(id), "i%d", message.item);
    memset(bytes, byte_of(message.version, message.item), sizeof(bytes));
    const struct item_vector row = {
        .item_id = slice_str(id),
        .generation = slice_str(name),
        .slot = message.slot,
        .row = (message.item + message.version) % ITEMS,
        .scale = .5F,
        .bytes = slice_of(bytes, WIDTH),
    };
    assert_null(vectors_put(run->vectors, &run->tables, &row));
}

/* What is scanned are the rows of the table. */
static void check_scan(const struct served *served)
{
    static float numbers[3 * (ITEMS + 600)];
    float vector[WIDTH];
    struct row_products of = {.products = numbers,
                              .columns = numbers + row_scan_room(served->scan)};
    of.greatest = of.columns + row_scan_stretches(served->scan) * SCAN_COLUMNS;
    assert_int_equal(row_scan_rows(served->scan), served->rows);
    for (size_t i = 0; i < WIDTH; i++) { vector[i] = (float)(1 << i % 8); }
    row_scan_multiply(served->scan, vector, 1, &of);
    for (size_t row = 0; row < served->rows; row++) {
        float want = 0.0F;
        for (size_t i = 0; i < WIDTH; i++) { want += served->table[row * WIDTH + i] * vector[i]; }
        assert_true(of.products[row] == want);
    }
}

/* At any time, the rows that serve are one whole version. */
static void check_whole(const struct trainer_log *run)
{
    const struct served *served = vectors_served(run->vectors);
    if (!served) { return; }
    int version = (int)strtol(served->version + 1, NULL, 10);
    assert_int_equal(served->rows, ITEMS);
    check_scan(served);
    for (size_t row = 0; row < served->rows; row++) {
        int item = (int)strtol(ids_text(run->tables.ids, served->items[row]).data + 1, NULL, 10);
        assert_int_equal((item + version) % ITEMS, row);
        assert_int_equal(served_row(served, served->items[row]), row);
        for (size_t i = 0; i < WIDTH; i++) {
            assert_true(served->table[row * WIDTH + i] == .5F * byte_of(version, item));
        }
    }
}

static void run_init(struct trainer_log *run, uint64_t seed)
{
    memset(run, 0, sizeof(*run));
    run->rng = seed;
    run->settings = (struct list_settings){.items_max = 1000, .neighbours_used = 10};
    tables_init(&run->tables, &run->settings);
    run->vectors = vectors_new(1000);
    run->dense_count = transformer_inference_dense_count(&shape);
    run->dense = xcalloc(run->dense_count, sizeof(float));
}

static void run_release(struct trainer_log *run)
{
    vectors_free(run->vectors);
    tables_release(&run->tables);
    free(run->dense);
}

/* Partitions are read in any order among each other: in the end the newest whole version serves. */
static void test_any_order(void **state)
{
    static struct trainer_log run;
    for (uint64_t seed = 0; seed < RUNS; seed++) {
        run_init(&run, seed);
        write_log(&run);
        for (size_t left = 1; left;) {
            struct queue *queue = &run.queues[rng_below(&run.rng, PARTITIONS + 1)];
            size_t burst = 1 + rng_below(&run.rng, 40);
            for (; burst && queue->read < queue->count; burst--) {
                deliver(&run, queue->at[queue->read++]);
                check_whole(&run);
            }
            left = 0;
            for (size_t q = 0; q <= PARTITIONS; q++) {
                left += run.queues[q].count - run.queues[q].read;
            }
        }
        const struct served *served = vectors_served(run.vectors);
        if (run.newest < 0) {
            assert_null(served);
        } else {
            char name[16];
            (void)snprintf(name, sizeof(name), "g%d", run.newest);
            assert_non_null(served);
            assert_string_equal(served->version, name);
        }
        run_release(&run);
    }
}

/* A cold-start item has a vector at once. */
static void test_cold_start_rows(void **state)
{
    static struct trainer_log run;
    run_init(&run, 1);
    for (int i = 0; i < ITEMS; i++) { deliver(&run, (struct message){0, 0, i}); }
    assert_null(vectors_served(run.vectors));
    deliver(&run, (struct message){0, 0, -1});
    check_whole(&run);
    int8_t bytes[WIDTH] = {7};
    for (int32_t added = 0; added < 500; added++) {
        char id[16];
        (void)snprintf(id, sizeof(id), "added%d", added);
        const struct item_vector row = {
            .item_id = slice_str(id),
            .generation = slice_str("g0"),
            .row = ITEMS + added,
            .scale = 1.0F,
            .bytes = slice_of(bytes, WIDTH),
        };
        assert_null(vectors_put(run.vectors, &run.tables, &row));
        const struct served *served = vectors_served(run.vectors);
        assert_int_equal(served->rows, ITEMS + added + 1);
        int32_t item = ids_find(run.tables.ids, slice_str(id));
        assert_int_equal(served_row(served, item), ITEMS + added);
        assert_true(served->table[(size_t)(ITEMS + added) * WIDTH] == 7.0F);
        check_scan(served);
    }
    run_release(&run);
}

static void put_added(struct trainer_log *run, int added)
{
    char id[16];
    int8_t bytes[WIDTH] = {(int8_t)added};
    (void)snprintf(id, sizeof(id), "added%d", added);
    const struct item_vector row = {.item_id = slice_str(id),
                                    .generation = slice_str("g0"),
                                    .row = ITEMS + added,
                                    .scale = 1.0F,
                                    .bytes = slice_of(bytes, WIDTH)};
    assert_null(vectors_put(run->vectors, &run->tables, &row));
}

/* Rows of cold-start items are read from several partitions, in any order, before the version
 * serves and after: none is left out. */
static void test_cold_start_rows_in_any_order(void **state)
{
    enum { ADDED = 40 };
    for (uint64_t seed = 0; seed < 50; seed++) {
        static struct trainer_log run;
        int order[ADDED];
        run_init(&run, seed);
        for (int i = 0; i < ITEMS; i++) { deliver(&run, (struct message){0, 0, i}); }
        for (int i = 0; i < ADDED; i++) {
            int other = (int)rng_below(&run.rng, (uint64_t)i + 1);
            order[i] = order[other];
            order[other] = i;
        }
        size_t serves_at = rng_below(&run.rng, ADDED);
        for (size_t i = 0; i < ADDED; i++) {
            if (i == serves_at) { deliver(&run, (struct message){0, 0, -1}); }
            put_added(&run, order[i]);
        }
        const struct served *served = vectors_served(run.vectors);
        assert_int_equal(served->rows, ITEMS + ADDED);
        for (int added = 0; added < ADDED; added++) {
            assert_true(served->table[(size_t)(ITEMS + added) * WIDTH] == (float)added);
        }
        run_release(&run);
    }
}

/* A row of another slot under the name of the version that serves adds nothing; the rows that wait
 * have greater item numbers than that slot has. */
static void test_a_row_of_another_slot(void **state)
{
    enum { ADDED = 400 };
    static struct trainer_log run;
    int8_t bytes[WIDTH] = {1};
    const struct item_vector other = {.slot = 1,
                                      .item_id = slice_str("i0"),
                                      .generation = slice_str("g0"),
                                      .row = ITEMS,
                                      .scale = 1.0F,
                                      .bytes = slice_of(bytes, WIDTH)};
    run_init(&run, 1);
    for (int i = 0; i < ITEMS; i++) { deliver(&run, (struct message){0, 0, i}); }
    deliver(&run, (struct message){0, 0, -1});
    for (int added = ADDED; added > 0; added--) { put_added(&run, added); }
    assert_null(vectors_put(run.vectors, &run.tables, &other));
    assert_int_equal(vectors_served(run.vectors)->rows, ITEMS);
    put_added(&run, 0);
    assert_int_equal(vectors_served(run.vectors)->rows, ITEMS + ADDED + 1);
    run_release(&run);
}

/* What is left of a model that was removed is what a start would find. */
static void test_removed_models(void **state)
{
    static struct trainer_log run;
    struct published_mixtures mixtures = {0};
    run_init(&run, 1);
    for (int version = 0; version < 2; version++) {
        for (int i = 0; i < ITEMS; i++) { deliver(&run, (struct message){version, version, i}); }
        deliver(&run, (struct message){version, version, -1});
    }
    assert_string_equal(vectors_served(run.vectors)->version, "g1");
    static const char *const others[] = {"", "1", "1/", "2/i0", "x/i0", "1/i99", "0/i0x"};
    for (size_t i = 0; i < ARRAY_COUNT(others); i++) {
        removed_models_row(run.vectors, &run.tables, slice_str(others[i]));
        removed_models_weights(run.vectors, &mixtures, slice_str(others[i]));
    }
    removed_models_weights(run.vectors, &mixtures, slice_str("sequence/1/1"));
    removed_models_weights(run.vectors, &mixtures, slice_str("blend/0"));
    assert_string_equal(vectors_served(run.vectors)->version, "g1");
    removed_models_weights(run.vectors, &mixtures, slice_str("sequence/1/0"));
    assert_string_equal(vectors_served(run.vectors)->version, "g0");
    check_whole(&run);
    put_added(&run, 0);
    put_added(&run, 1);
    removed_models_row(run.vectors, &run.tables, slice_str("0/added0"));
    assert_int_equal(vectors_served(run.vectors)->rows, ITEMS);
    put_added(&run, 0);
    assert_int_equal(vectors_served(run.vectors)->rows, ITEMS + 2);
    removed_models_row(run.vectors, &run.tables, slice_str("0/i3"));
    assert_null(vectors_served(run.vectors));
    deliver(&run, (struct message){0, 0, 3});
    assert_string_equal(vectors_served(run.vectors)->version, "g0");
    run_release(&run);
}

static void test_refuses(void **state)
{
    static struct trainer_log run;
    run_init(&run, 1);
    int8_t bytes[WIDTH + 1] = {0};
    struct item_vector row = {.item_id = slice_str("i"), .generation = slice_str("g"),
                              .bytes = slice_of(bytes, WIDTH + 1)};
    assert_string_equal(vectors_put(run.vectors, &run.tables, &row), "bad_row");
    row.bytes.size = WIDTH;
    row.slot = 2;
    assert_string_equal(vectors_put(run.vectors, &run.tables, &row), "bad_row");
    row.slot = 0;
    row.scale = NAN;
    assert_string_equal(vectors_put(run.vectors, &run.tables, &row), "bad_row");
    row.scale = 1.0F;
    row.row = 1000;
    assert_string_equal(vectors_put(run.vectors, &run.tables, &row), "over_limit");
    struct model_weights part = {
        .model = slice_str(MODEL_SEQUENCE),
        .generation = slice_str("g"),
        .parts = 1,
        .items = 1,
        .d = WIDTH,
        .hidden = WIDTH,
        .blocks = 1,
        .heads = 1,
        .length = 4,
        .weights = {run.dense, run.dense_count - 1},
    };
    assert_string_equal(vectors_put_weights(run.vectors, &part, 0), "bad_part");
    part.weights.count++;
    part.heads = 3;
    assert_string_equal(vectors_put_weights(run.vectors, &part, 0), "bad_shape");
    part.heads = 1;
    assert_null(vectors_put_weights(run.vectors, &part, 0));
    assert_null(vectors_served(run.vectors));
    run_release(&run);
}

/* What makes vectors of searches serves with its version, and not longer. */
static void test_projection(void **state)
{
    static struct trainer_log run;
    run_init(&run, 1);
    for (int version = 0; version < 2; version++) {
        char name[16];
        float projection[3 * WIDTH];
        (void)snprintf(name, sizeof(name), "g%d", version);
        for (int i = 0; i < ITEMS; i++) { deliver(&run, (struct message){version, version, i}); }
        for (size_t i = 0; i < 3 * WIDTH; i++) { projection[i] = (float)i; }
        struct model_weights part = {
            .model = slice_str(MODEL_SEQUENCE), .generation = slice_str(name), .slot = version,
            .parts = 1, .items = ITEMS, .d = WIDTH, .hidden = WIDTH, .blocks = 1, .heads = 1,
            .length = 4, .weights = {run.dense, run.dense_count},
        };
        if (version == 0) {
            part.content = 4;
            part.content_model = slice_str("encoder");
            part.projection = (struct floats){projection, 3 * WIDTH};
            assert_string_equal(vectors_put_weights(run.vectors, &part, 1), "bad_part");
            part.content = 3;
        }
        assert_null(vectors_put_weights(run.vectors, &part, 10 + version));
        const struct served *served = vectors_served(run.vectors);
        assert_string_equal(served->version, name);
        assert_int_equal(served->content, version ? 0 : 3);
        assert_string_equal(served->content_model, version ? "" : "encoder");
        if (version == 0) {
            assert_memory_equal(served->projection, projection, sizeof(projection));
        }
    }
    run_release(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_order),
        cmocka_unit_test(test_projection),
        cmocka_unit_test(test_cold_start_rows),
        cmocka_unit_test(test_cold_start_rows_in_any_order),
        cmocka_unit_test(test_a_row_of_another_slot),
        cmocka_unit_test(test_removed_models),
        cmocka_unit_test(test_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
