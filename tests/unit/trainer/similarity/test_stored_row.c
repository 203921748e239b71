#include "base/base.h"
#include "trainer/similarity/stored_row.h"

#include <setjmp.h>
#include <cmocka.h>

enum { ITEMS = 300 };

static struct held_row *make_row(struct rows *rows, struct changed_rows *changed, struct ids *ids,
                                 int32_t item, int32_t count)
{
    struct held_row *held = rows_add(rows, changed, item);
    (void)row_scale(&held->row, 40);
    (void)row_trend_scale(&held->row, 900);
    held->row.mass = 12.5;
    held->row.actions = 9;
    held->row.trend = 0.25;
    held->event_time_ms = 777;
    held->pruned = 3;
    for (int32_t i = 1; i <= count; i++) {
        row_add(&held->row, (item + i) % ITEMS, i % 7, i * 0.5, -i * 0.125);
    }
    row_order(&held->row, ids);
    return held;
}

static struct ids *make_ids(void)
{
    struct ids *ids = ids_new(ITEMS);
    for (int32_t i = 0; i < ITEMS; i++) {
        char text[16];
        (void)snprintf(text, sizeof(text), "%d", i);
        assert_int_equal(ids_put(ids, slice_str(text)), i);
    }
    return ids;
}

static void assert_same(const struct held_row *a, const struct held_row *b)
{
    assert_true(a->row.mass == b->row.mass && a->row.actions == b->row.actions);
    assert_true(a->row.trend == b->row.trend);
    assert_true(a->row.epoch == b->row.epoch && a->row.trend_epoch == b->row.trend_epoch);
    assert_true(a->event_time_ms == b->event_time_ms && a->pruned == b->pruned);
    assert_int_equal(a->row.count, b->row.count);
    for (int32_t i = 0; i < a->row.count; i++) {
        const struct neighbour *of_a = &a->row.neighbours[i], *of_b = &b->row.neighbours[i];
        assert_int_equal(of_a->item, of_b->item);
        assert_true(of_a->co == of_b->co && of_a->forward == of_b->forward);
        assert_true(of_a->backward == of_b->backward);
    }
}

/* Stored, encoded, decoded and loaded: the same row, in the same order. */
static void a_stored_row_loads_unchanged(void **state)
{
    struct ids *ids = make_ids();
    struct stored_row *stored = stored_row_new(ids);
    struct schema_cache *schemas = schema_cache_new();
    struct codec *codec = codec_new(&item_neighbours_contract, schemas);
    struct arena *arena = arena_new(1 << 12);
    struct buf out;
    buf_init(&out, 1 << 20);
    for (int32_t count = 0; count < ITEMS; count += 97) {
        struct rows *rows = rows_new(1 << 20), *others = rows_new(1 << 20);
        struct changed_rows changed = {0};
        struct held_row *held = make_row(rows, &changed, ids, 7, count);
        struct held_row *again = rows_add(others, &changed, 7);
        struct item_neighbours message;
        struct codec_error error;
        stored_row_fill(stored, held, &message);
        assert_true(slice_equal(message.item_id, slice_str("7")));
        buf_clear(&out);
        assert_int_equal(codec_encode(codec, &message, &out), 0);
        assert_int_equal(codec_decode(codec, buf_slice(&out), arena, &message, &error), 0);
        assert_int_equal(stored_row_load(stored, &message, again), 0);
        assert_same(held, again);
        rows_free(rows);
        rows_free(others);
        changed_rows_release(&changed);
    }
    buf_release(&out);
    arena_free(arena);
    codec_free(codec);
    schema_cache_free(schemas);
    stored_row_free(stored);
    ids_free(ids);
}

static void assert_refused(struct stored_row *stored, const struct item_neighbours *message)
{
    struct rows *rows = rows_new(1 << 20);
    struct changed_rows changed = {0};
    assert_int_equal(stored_row_load(stored, message, rows_add(rows, &changed, 7)), -EINVAL);
    rows_free(rows);
}

static void refuses_an_invalid_message(void **state)
{
    struct ids *ids = make_ids();
    struct stored_row *stored = stored_row_new(ids), *reader = stored_row_new(ids);
    struct rows *rows = rows_new(1 << 20);
    struct changed_rows changed = {0};
    struct item_neighbours whole, bad;
    stored_row_fill(stored, make_row(rows, &changed, ids, 7, 5), &whole);
    bad = whole;
    bad.co_ratings.count--;
    assert_refused(reader, &bad);
    bad = whole;
    bad.item_id = slice_str("8");
    assert_refused(reader, &bad);
    bad = whole;
    bad.epoch = ROW_EPOCH_NONE;
    assert_refused(reader, &bad);
    struct slice first = whole.items.at[0];
    whole.items.at[0] = whole.items.at[1];
    assert_refused(reader, &whole); /* an item twice */
    whole.items.at[0] = slice_str("7");
    assert_refused(reader, &whole); /* the row's own item */
    whole.items.at[0] = first;
    struct ids *full = ids_new(3);
    assert_int_equal(ids_put(full, slice_str("7")), 0);
    struct stored_row *narrow = stored_row_new(full);
    struct rows *others = rows_new(1 << 20);
    assert_int_equal(stored_row_load(narrow, &whole, rows_add(others, &changed, 0)), -ENOSPC);
    rows_free(others);
    stored_row_free(narrow);
    ids_free(full);
    rows_free(rows);
    changed_rows_release(&changed);
    stored_row_free(stored);
    stored_row_free(reader);
    ids_free(ids);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stored_row_loads_unchanged),
        cmocka_unit_test(refuses_an_invalid_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
