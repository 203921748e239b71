#include "base/base.h"
#include "base/xalloc.h"
#include "model/rng.h"
#include "scorer/vectors.h"

#include <setjmp.h>
#include <cmocka.h>

enum { ITEMS = 30, PARTITIONS = 4, GENERATIONS = 9, WORLDS = 300, WIDTH = 16, MESSAGES_MAX = 4096 };

static const struct weights_shape shape = {
    .items = ITEMS, .d = WIDTH, .hidden = WIDTH, .blocks = 1, .heads = 1, .length = 4};

/* A log as trainers write it, one that dies in the middle now and then among them: rows in four
 * partitions, announcements in one. */
struct message {
    int generation;
    int slot;
    int item; /* -1: the announcement */
};

struct queue {
    struct message at[MESSAGES_MAX];
    size_t count, read;
};

struct world {
    uint64_t rng;
    struct queue queues[PARTITIONS + 1]; /* the last one: models */
    int newest;                          /* whole generation; -1: none */
    struct tables tables;
    struct scorer_settings settings;
    struct vectors *vectors;
    float *dense;
    size_t dense_count;
};

static void push(struct world *world, int queue, struct message message)
{
    struct queue *to = &world->queues[queue];
    assert_true(to->count < MESSAGES_MAX);
    to->at[to->count++] = message;
}

static void write_log(struct world *world)
{
    int slot = 0;
    world->newest = -1;
    for (int g = 0; g < GENERATIONS; g++) {
        bool dies = rng_below(&world->rng, 3) == 0;
        int rows = dies ? (int)rng_below(&world->rng, ITEMS) : ITEMS;
        for (int i = 0; i < rows; i++) {
            push(world, i * 7 % PARTITIONS, (struct message){g, slot, i});
        }
        if (dies) { continue; }
        push(world, PARTITIONS, (struct message){g, slot, -1});
        world->newest = g;
        slot = 1 - slot;
    }
}

static int8_t byte_of(int generation, int item)
{
    return (int8_t)(generation * 3 + item + 1);
}

static void deliver(struct world *world, struct message message)
{
    char name[16], id[16];
    int8_t bytes[WIDTH];
    (void)snprintf(name, sizeof(name), "g%d", message.generation);
    if (message.item < 0) {
        const struct model_weights part = {
            .model = slice_str(MODEL_SEQUENCE), .generation = slice_str(name),
            .slot = message.slot, .parts = 1, .items = ITEMS, .d = WIDTH, .hidden = WIDTH,
            .blocks = 1, .heads = 1, .length = 4,
            .weights = {world->dense, world->dense_count},
        };
        assert_null(vectors_put_weights(world->vectors, &part, 100 + message.generation));
        return;
    }
    (void)snprintf(id, sizeof(id), "i%d", message.item);
    memset(bytes, byte_of(message.generation, message.item), sizeof(bytes));
    const struct item_vector row = {
        .item_id = slice_str(id), .generation = slice_str(name), .slot = message.slot,
        .row = (message.item + message.generation) % ITEMS, .scale = .5F,
        .bytes = slice_of(bytes, WIDTH),
    };
    assert_null(vectors_put(world->vectors, &world->tables, &row));
}

/* What serves is one generation and all of it, at any time. */
static void check_whole(const struct world *world)
{
    const struct served *served = vectors_served(world->vectors);
    if (!served) { return; }
    int generation = (int)strtol(served->version + 1, NULL, 10);
    assert_int_equal(served->rows, ITEMS);
    for (size_t row = 0; row < served->rows; row++) {
        int item = (int)strtol(ids_text(world->tables.ids, served->items[row]).data + 1, NULL, 10);
        assert_int_equal((item + generation) % ITEMS, row);
        assert_int_equal(served_row(served, served->items[row]), row);
        for (size_t i = 0; i < WIDTH; i++) {
            assert_true(served->table[row * WIDTH + i] == .5F * byte_of(generation, item));
        }
    }
}

static void world_init(struct world *world, uint64_t seed)
{
    memset(world, 0, sizeof(*world));
    world->rng = seed;
    world->settings = (struct scorer_settings){.items_max = 1000, .neighbours_used = 10};
    tables_init(&world->tables, &world->settings);
    world->vectors = vectors_new(1000);
    world->dense_count = transformer_inference_dense_count(&shape);
    world->dense = xcalloc(world->dense_count, sizeof(float));
}

static void world_release(struct world *world)
{
    vectors_free(world->vectors);
    tables_release(&world->tables);
    free(world->dense);
}

/* Partitions are read in any order, each in its own: in the end the newest whole generation
 * serves. */
static void test_any_order(void **state)
{
    static struct world world;
    for (uint64_t seed = 0; seed < WORLDS; seed++) {
        world_init(&world, seed);
        write_log(&world);
        for (size_t left = 1; left;) {
            struct queue *queue = &world.queues[rng_below(&world.rng, PARTITIONS + 1)];
            size_t burst = 1 + rng_below(&world.rng, 40);
            for (; burst && queue->read < queue->count; burst--) {
                deliver(&world, queue->at[queue->read++]);
                check_whole(&world);
            }
            left = 0;
            for (size_t q = 0; q <= PARTITIONS; q++) {
                left += world.queues[q].count - world.queues[q].read;
            }
        }
        const struct served *served = vectors_served(world.vectors);
        if (world.newest < 0) {
            assert_null(served);
        } else {
            char name[16];
            (void)snprintf(name, sizeof(name), "g%d", world.newest);
            assert_non_null(served);
            assert_string_equal(served->version, name);
        }
        world_release(&world);
    }
}

/* An item that is new between two generations has a vector at once. */
static void test_late_rows(void **state)
{
    static struct world world;
    world_init(&world, 1);
    for (int i = 0; i < ITEMS; i++) { deliver(&world, (struct message){0, 0, i}); }
    assert_null(vectors_served(world.vectors));
    deliver(&world, (struct message){0, 0, -1});
    check_whole(&world);
    int8_t bytes[WIDTH] = {7};
    for (int32_t late = 0; late < 500; late++) {
        char id[16];
        (void)snprintf(id, sizeof(id), "late%d", late);
        const struct item_vector row = {
            .item_id = slice_str(id), .generation = slice_str("g0"), .row = ITEMS + late,
            .scale = 1.0F, .bytes = slice_of(bytes, WIDTH),
        };
        assert_null(vectors_put(world.vectors, &world.tables, &row));
        const struct served *served = vectors_served(world.vectors);
        assert_int_equal(served->rows, ITEMS + late + 1);
        int32_t item = ids_find(world.tables.ids, slice_str(id));
        assert_int_equal(served_row(served, item), ITEMS + late);
        assert_true(served->table[(size_t)(ITEMS + late) * WIDTH] == 7.0F);
    }
    world_release(&world);
}

static void test_refuses(void **state)
{
    static struct world world;
    world_init(&world, 1);
    int8_t bytes[WIDTH + 1] = {0};
    struct item_vector row = {.item_id = slice_str("i"), .generation = slice_str("g"),
                              .bytes = slice_of(bytes, WIDTH + 1)};
    assert_string_equal(vectors_put(world.vectors, &world.tables, &row), "bad_row");
    row.bytes.size = WIDTH;
    row.slot = 2;
    assert_string_equal(vectors_put(world.vectors, &world.tables, &row), "bad_row");
    row.slot = 0;
    row.scale = NAN;
    assert_string_equal(vectors_put(world.vectors, &world.tables, &row), "bad_row");
    row.scale = 1.0F;
    row.row = 1000;
    assert_string_equal(vectors_put(world.vectors, &world.tables, &row), "over_limit");
    struct model_weights part = {
        .model = slice_str(MODEL_SEQUENCE), .generation = slice_str("g"), .parts = 1, .items = 1,
        .d = WIDTH, .hidden = WIDTH, .blocks = 1, .heads = 1, .length = 4,
        .weights = {world.dense, world.dense_count - 1},
    };
    assert_string_equal(vectors_put_weights(world.vectors, &part, 0), "bad_part");
    part.weights.count++;
    part.heads = 3;
    assert_string_equal(vectors_put_weights(world.vectors, &part, 0), "bad_shape");
    part.heads = 1;
    assert_null(vectors_put_weights(world.vectors, &part, 0));
    assert_null(vectors_served(world.vectors));
    world_release(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_order),
        cmocka_unit_test(test_late_rows),
        cmocka_unit_test(test_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
