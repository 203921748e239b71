/* freshet-embed with vectors on a topic of their own: rows are a function of the catalogue's newest
 * records and of the newest given vectors, whichever came first and however often the worker was
 * killed. */
#include "base/base.h"
#include "base/arena.h"
#include "embed/due_rows.h"
#include "embed/embed.h"
#include "model/rng.h"
#include "schemas/content_vectors.h"
#include "schemas/given_vector.h"
#include "tests/topology/rig.h"

#include <setjmp.h>
#include <cmocka.h>

enum { PARTITIONS = 2, ITEMS = 40, WIDTH = 6 };

static const char *const pairs[] = {"model.path=tests/golden/sentences", "poll.records.max=7",
                                    NULL};

struct world {
    struct rig rig;
    struct schema_cache *schemas;
    struct codec *items, *givens, *rows;
    struct arena *arena;
    struct buf message;
};

static void begin(struct world *world)
{
    rig_init(&world->rig, PARTITIONS);
    world->schemas = schema_cache_new();
    world->items = codec_new(&item_contract, world->schemas);
    world->givens = codec_new(&given_vector_contract, world->schemas);
    world->rows = codec_new(&content_vectors_contract, world->schemas);
    world->arena = arena_new(1 << 16);
    buf_init(&world->message, 1 << 20);
}

static void end(struct world *world)
{
    rig_release(&world->rig);
    codec_free(world->items);
    codec_free(world->givens);
    codec_free(world->rows);
    schema_cache_free(world->schemas);
    arena_free(world->arena);
    buf_release(&world->message);
}

static uint64_t sum_of(struct slice text)
{
    uint64_t sum = 7;
    for (size_t i = 0; i < text.size; i++) { sum = sum * 31 + (unsigned char)text.data[i]; }
    return sum;
}

static void append(struct world *world, const char *topic, int32_t partitions, const char *key,
                   bool kept)
{
    struct slice value = kept ? buf_slice(&world->message) : (struct slice){0};
    memlog_append(world->rig.log, topic, (int32_t)(sum_of(slice_str(key)) % (uint64_t)partitions),
                  slice_str(key), value, RIG_WALL_MS);
}

/* An item, with a title and with a vector of its own by this name, if any; title NULL: it goes. */
static void put_item(struct world *world, const char *id, const char *title, const char *name)
{
    struct item item = {0};
    float numbers[] = {1.0F, -2.0F};
    struct slice names[] = {slice_str(name)};
    int32_t widths[] = {2};
    codec_defaults(world->items, &item);
    item.item_id = slice_str(id);
    item.title = slice_str(title ? title : "");
    if (name) {
        item.vector_names = (struct slices){names, 1};
        item.vector_widths = (struct ints){widths, 1};
        item.vector_numbers = (struct floats){numbers, 2};
    }
    buf_clear(&world->message);
    assert_int_equal(codec_encode(world->items, &item, &world->message), 0);
    append(world, "items", PARTITIONS, id, title != NULL);
}

/* A vector of an item that depends on the number; below 0: it is taken back. */
static void give(struct world *world, const char *name, const char *id, int number)
{
    float numbers[WIDTH];
    for (int i = 0; i < WIDTH; i++) { numbers[i] = (float)((number * 7 + i * 3) % 11) - 4.5F; }
    const struct given_vector given = {slice_str(id), slice_str(name), {numbers, WIDTH}};
    _cleanup_(xfreep) char *key = xprintf("%s/%s", name, id);
    buf_clear(&world->message);
    assert_int_equal(codec_encode(world->givens, &given, &world->message), 0);
    append(world, "given-vectors", PARTITIONS + 1, key, number >= 0);
}

/* Reads the row of an item; false: it has none. */
static bool row_of(struct world *world, const struct fold *fold, const char *id,
                   struct content_vectors *ret_row)
{
    for (size_t i = 0; i < fold->count; i++) {
        if (!slice_equal(fold->at[i].key, slice_str(id)) || !fold->at[i].value.data) { continue; }
        assert_int_equal(codec_decode(world->rows, fold->at[i].value, world->arena, ret_row, NULL),
                         0);
        assert_true(content_vectors_agree(ret_row));
        return true;
    }
    return false;
}

/* The names of a row, each with its first byte; "-": there is no row. */
static const char *vectors_of(struct world *world, const char *id)
{
    static char text[256];
    struct content_vectors row;
    struct content_vector vector;
    struct fold *fold = rig_fold(&world->rig, "content-vectors");
    bool found = row_of(world, fold, id, &row);
    size_t at = 0;
    (void)snprintf(text, sizeof(text), "%s", found ? "" : "-");
    for (size_t i = 0; found && i < row.names.count; i++) {
        assert_true(content_vectors_find(&row, row.names.at[i], &vector));
        at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%.*s:%zu", i ? " " : "",
                               SLICE_ARGS(row.names.at[i]), vector.width);
    }
    if (found) { (void)snprintf(text + at, sizeof(text) - at, " +%d", row.joined); }
    free(fold);
    return text;
}

static void test_vectors_come_change_and_go(void **state)
{
    struct world world;
    begin(&world);
    give(&world, "image", "a", 1); /* before the item */
    put_item(&world, "a", "", NULL);
    put_item(&world, "b", "A film", NULL);
    put_item(&world, "c", "", "image");
    struct copy *copy = rig_start(&world.rig, &embed_worker, 0, pairs);
    rig_until_quiet(&world.rig);
    assert_string_equal(vectors_of(&world, "a"), "image:6 +1");
    assert_string_equal(vectors_of(&world, "b"), "text:32 +0");
    give(&world, "llm", "a", 2);
    give(&world, "clip", "a", 3);
    give(&world, "image", "b", 4);
    give(&world, "image", "c", 5); /* the catalogue's own stands */
    give(&world, "clip", "c", 5);
    give(&world, "image", "nothing", 6);
    rig_until_quiet(&world.rig);
    assert_string_equal(vectors_of(&world, "a"), "clip:6 image:6 llm:6 +3");
    assert_string_equal(vectors_of(&world, "b"), "text:32 image:6 +1");
    assert_string_equal(vectors_of(&world, "c"), "image:2 clip:6 +1");
    assert_string_equal(vectors_of(&world, "nothing"), "-");
    give(&world, "clip", "a", -1);
    give(&world, "never", "a", -1);
    put_item(&world, "c", "", NULL);
    put_item(&world, "b", "Another film", NULL);
    rig_until_quiet(&world.rig);
    assert_string_equal(vectors_of(&world, "a"), "image:6 llm:6 +2");
    assert_string_equal(vectors_of(&world, "b"), "text:32 image:6 +1");
    assert_string_equal(vectors_of(&world, "c"), "clip:6 image:6 +2");
    put_item(&world, "a", NULL, NULL);
    rig_until_quiet(&world.rig);
    give(&world, "clip", "a", 4);
    rig_until_quiet(&world.rig);
    assert_string_equal(vectors_of(&world, "a"), "-");
    put_item(&world, "a", "Again", NULL);
    rig_until_quiet(&world.rig);
    assert_string_equal(vectors_of(&world, "a"), "text:32 clip:6 image:6 llm:6 +3");
    rig_finish(copy);
    give(&world, "clip", "a", -1); /* while nobody is there */
    assert_true(rig_launch(&world.rig, copy));
    rig_until_quiet(&world.rig);
    assert_string_equal(vectors_of(&world, "a"), "text:32 image:6 llm:6 +2");
    end(&world);
}

static void put_wrong(struct world *world, const char *key, const char *name, const char *id,
                      struct floats numbers)
{
    const struct given_vector given = {slice_str(id), slice_str(name), numbers};
    buf_clear(&world->message);
    assert_int_equal(codec_encode(world->givens, &given, &world->message), 0);
    append(world, "given-vectors", PARTITIONS + 1, key, true);
}

static void test_what_is_refused(void **state)
{
    float numbers[] = {1.0F, 2.0F}, zero[] = {0.0F, 0.0F}, tiny[] = {1e-44F, 0.0F};
    const struct floats fine = {numbers, 2};
    struct world world;
    begin(&world);
    put_item(&world, "a", "", NULL);
    put_wrong(&world, "a", "image", "a", fine);
    put_wrong(&world, "text/a", "text", "a", fine);
    put_wrong(&world, "image/", "image", "", fine);
    put_wrong(&world, "image/a", "image", "b", fine);
    put_wrong(&world, "image/a", "clip", "a", fine);
    put_wrong(&world, "image/a", "image", "a", (struct floats){0});
    put_wrong(&world, "image/a", "image", "a", (struct floats){zero, 2});
    put_wrong(&world, "image/a", "image", "a", (struct floats){tiny, 2});
    memlog_append(world.rig.log, "given-vectors", 0, slice_str("image/a"), slice_str("x"), 1);
    memlog_append(world.rig.log, "given-vectors", 0, (struct slice){0}, slice_str("x"), 1);
    for (char name[] = "n0"; name[1] < '9'; name[1]++) { /* in one partition */
        const struct given_vector given = {slice_str("b"), slice_str(name), fine};
        _cleanup_(xfreep) char *key = xprintf("%s/b", name);
        buf_clear(&world.message);
        assert_int_equal(codec_encode(world.givens, &given, &world.message), 0);
        memlog_append(world.rig.log, "given-vectors", 1, slice_str(key),
                      buf_slice(&world.message), 1);
    }
    rig_start(&world.rig, &embed_worker, 0, pairs);
    rig_until_quiet(&world.rig);
    struct record rec;
    size_t letters = 0;
    for (int32_t p = 0; p < PARTITIONS; p++) {
        for (int64_t at = 0; memlog_read(world.rig.log, "dead-letters", p, at, &rec) == 0;
             at = rec.offset + 1) {
            letters++;
        }
    }
    assert_int_equal(letters, 11);
    assert_string_equal(vectors_of(&world, "a"), " +0");
    end(&world);
}

/* More come at once than can be due. */
static void test_many_at_once(void **state)
{
    struct world world;
    begin(&world);
    for (int i = 0; i < ITEMS; i++) {
        _cleanup_(xfreep) char *id = xprintf("i%d", i);
        put_item(&world, id, "", NULL);
    }
    rig_start(&world.rig, &embed_worker, 0, pairs);
    rig_until_quiet(&world.rig);
    for (int n = 0; n < 3 * DUE_ROWS_MAX; n++) {
        _cleanup_(xfreep) char *id = xprintf("i%d", n % ITEMS);
        give(&world, n / ITEMS % 2 ? "image" : "clip", id, n);
    }
    rig_until_quiet(&world.rig);
    for (int i = 0; i < ITEMS; i++) {
        _cleanup_(xfreep) char *id = xprintf("i%d", i);
        assert_string_equal(vectors_of(&world, id), "clip:6 image:6 +2");
    }
    end(&world);
}

/* One of the changes of a catalogue, by its number: which items and vectors there are in the end
 * does not depend on how the two topics are interleaved. */
static void change(struct world *world, bool of_items, int number)
{
    static const char *const names[] = {"image", "clip", "llm"};
    _cleanup_(xfreep) char *id = xprintf("i%d", number * 7 % ITEMS);
    _cleanup_(xfreep) char *title = xprintf("film %d", number / 3 % 5);
    if (of_items) {
        put_item(world, id, number % 11 == 5 ? NULL : number % 3 ? "" : title,
                 number % 5 == 1 ? "image" : NULL);
    } else {
        give(world, names[number % 3], id, number % 6 == 4 ? -1 : number);
    }
}

static struct fold *run_with(struct world *world, uint64_t seed)
{
    enum { CHANGES = 120 };
    uint64_t rng = seed;
    int done[2] = {0, 0};
    begin(world);
    struct copy *copy = rig_start(&world->rig, &embed_worker, 0, pairs);
    while (done[0] < CHANGES || done[1] < CHANGES) {
        int kind = seed ? (int)rng_below(&rng, 2) : done[0] < CHANGES ? 0 : 1;
        if (done[kind] == CHANGES) { kind = !kind; }
        change(world, kind == 0, done[kind]++);
        if (!seed) { continue; }
        for (int n = (int)rng_below(&rng, 3); n > 0; n--) { rig_round(&world->rig, false); }
        if (rng_unit(&rng) < 0.1) {
            rig_kill(&world->rig, copy);
            if (rng_unit(&rng) < 0.3) { rig_empty(copy); }
            assert_true(rig_launch(&world->rig, copy));
        }
    }
    rig_until_quiet(&world->rig);
    return rig_fold(&world->rig, "content-vectors");
}

static void test_order_and_kills_change_nothing(void **state)
{
    struct world first;
    struct fold *want = run_with(&first, 0);
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct world world;
        struct fold *found = run_with(&world, seed);
        size_t compared = 0;
        for (size_t i = 0; i < want->count; i++) {
            if (!want->at[i].value.data) { continue; }
            size_t k = 0;
            while (k < found->count && !slice_equal(found->at[k].key, want->at[i].key)) { k++; }
            assert_true(k < found->count);
            assert_true(slice_equal(found->at[k].value, want->at[i].value));
            compared++;
        }
        for (size_t k = 0; k < found->count; k++) { compared -= found->at[k].value.data != NULL; }
        assert_int_equal(compared, 0);
        free(found);
        end(&world);
    }
    free(want);
    end(&first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors_come_change_and_go),
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_many_at_once),
        cmocka_unit_test(test_order_and_kills_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
