/* What `freshet similar` prints of neighbours that the catalogue bars. */
#include "base/base.h"
#include "base/clock.h"
#include "base/xalloc.h"
#include "cli/commands.h"
#include "cli/invocation.h"
#include "schemas/item.h"
#include "schemas/item_neighbours.h"
#include "stream/sim/memlog.h"

#include <setjmp.h>
#include <cmocka.h>

enum { MESSAGE_MAX = 1 << 16, NEIGHBOURS = 6 };

struct shop {
    struct memlog *log;
    struct wire *wire;
    struct schema_cache *schemas;
    struct codec *rows, *items;
    struct buf bytes;
};

static void put(struct shop *shop, const char *topic, const char *key, struct codec *codec,
                const void *object)
{
    buf_clear(&shop->bytes);
    if (object) { assert_int_equal(codec_encode(codec, object, &shop->bytes), 0); }
    const struct message message = {
        .topic = topic,
        .partition = 0,
        .key = slice_str(key),
        .value = object ? buf_slice(&shop->bytes) : slice_of(NULL, 0)};
    assert_int_equal(wire_produce(shop->wire, &message, 0), 0);
}

static void put_item(struct shop *shop, const char *id, bool available, int64_t from_ms,
                     int64_t until_ms)
{
    const struct item item = {.item_id = slice_str(id),
                              .available = available,
                              .available_from_ms = from_ms,
                              .available_until_ms = until_ms};
    put(shop, "items", id, shop->items, &item);
}

static void shop_init(struct shop *shop)
{
    static const char *const names[NEIGHBOURS] = {"b", "c", "d", "e", "f", "g"};
    struct slice items[NEIGHBOURS];
    double numbers[NEIGHBOURS];
    *shop = (struct shop){.log = memlog_new(1), .schemas = schema_cache_new()};
    memlog_topic(shop->log, "neighbours", 1);
    memlog_topic(shop->log, "items", 1);
    shop->wire = memlog_wire(shop->log, NULL, NULL, NULL);
    shop->rows = codec_new(&item_neighbours_contract, shop->schemas);
    shop->items = codec_new(&item_contract, shop->schemas);
    buf_init(&shop->bytes, MESSAGE_MAX);
    for (size_t k = 0; k < NEIGHBOURS; k++) {
        items[k] = slice_str(names[k]);
        numbers[k] = (double)(NEIGHBOURS - k);
    }
    const struct item_neighbours row = {.item_id = slice_str("a"),
                                        .mass = 10,
                                        .actions = 10,
                                        .items = {items, NEIGHBOURS},
                                        .co_ratings = {numbers, NEIGHBOURS},
                                        .forwards = {numbers, NEIGHBOURS},
                                        .backwards = {numbers, NEIGHBOURS}};
    put(shop, "neighbours", "a", shop->rows, &row);
    for (size_t k = 0; k < NEIGHBOURS - 1; k++) { /* the last one has no row of its own */
        const struct item_neighbours other = {
            .item_id = slice_str(names[k]), .mass = 10, .actions = 10};
        put(shop, "neighbours", names[k], shop->rows, &other);
    }
}

static void shop_release(struct shop *shop)
{
    codec_free(shop->rows);
    codec_free(shop->items);
    schema_cache_free(shop->schemas);
    buf_release(&shop->bytes);
    wire_close(shop->wire);
    memlog_free(shop->log);
}

/* Compares the items that the command prints, one letter each, in their order. */
static void check(struct shop *shop, const char *want)
{
    struct invocation invocation;
    struct buf why;
    char *said = NULL, got[NEIGHBOURS + 1] = "";
    size_t size = 0, count = 0;
    char *argv[] = {(char[]){"similar"}, (char[]){"a"}, NULL};
    FILE *screen = stdout;
    buf_init(&why, MESSAGE_MAX);
    assert_int_equal(invocation_read(&invocation, &similar_command, 2, argv, &why),
                     INVOCATION_READY);
    assert_int_equal(client_load(&invocation.client), 0);
    invocation.wire = memlog_wire(shop->log, NULL, NULL, NULL);
    stdout = open_memstream(&said, &size);
    int result = similar_command.run(&invocation);
    (void)fclose(stdout);
    stdout = screen;
    assert_int_equal(result, 0);
    for (const char *at = said; (at = strstr(at, "\"item\":\"")) && count < NEIGHBOURS;) {
        at += strlen("\"item\":\"");
        got[count++] = *at;
    }
    assert_string_equal(got, want);
    free(said);
    invocation_release(&invocation);
    buf_release(&why);
}

/* Rows of a table of sixty days at a half-life of an hour, and of epochs that nobody reaches. */
static void test_epochs_far_from_each_other(void **state)
{
    static const int64_t epochs[] = {1440, -1440, INT64_MAX, INT64_MIN};
    static const char *const names[] = {"b", "c", "d", "e", "f"};
    for (size_t i = 0; i < ARRAY_COUNT(epochs); i++) {
        struct shop shop;
        shop_init(&shop);
        for (size_t k = 0; k < ARRAY_COUNT(names); k++) {
            const struct item_neighbours other = {.item_id = slice_str(names[k]),
                                                  .epoch = epochs[i],
                                                  .mass = 10,
                                                  .actions = 10};
            put(&shop, "neighbours", names[k], shop.rows, &other);
        }
        check(&shop, "bcdefg");
        shop_release(&shop);
    }
}

static void test_barred_items_are_left_out(void **state)
{
    struct shop shop;
    const int64_t now_ms = clock_wall_ms(), hour = 3600000;
    shop_init(&shop);
    check(&shop, "bcdefg");
    put_item(&shop, "b", false, 0, 0);
    put(&shop, "items", "c", NULL, NULL);
    put_item(&shop, "d", true, now_ms + hour, 0);
    put_item(&shop, "e", true, now_ms - hour, now_ms + hour);
    put_item(&shop, "f", true, 0, now_ms - hour);
    put_item(&shop, "g", false, 0, 0);
    check(&shop, "e");
    put_item(&shop, "c", true, 0, 0); /* listed again */
    put_item(&shop, "b", true, 0, 0);
    check(&shop, "bce");
    shop_release(&shop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_epochs_far_from_each_other),
        cmocka_unit_test(test_barred_items_are_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
