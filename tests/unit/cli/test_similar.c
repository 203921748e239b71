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
#include <unistd.h>
#include <cmocka.h>

enum { MESSAGE_MAX = 1 << 16, NEIGHBOURS = 6, WORDS_MAX = 8 };

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

/* Runs the command with these further words (NULL at the end); returns its result, and what it
 * prints: the items, one letter each, in their order. */
static int run(struct shop *shop, const char *const *words, char *got)
{
    struct invocation invocation;
    struct buf why;
    char *said = NULL;
    size_t size = 0, count = 0;
    char *argv[WORDS_MAX] = {(char[]){"similar"}, (char[]){"a"}}, *copies[WORDS_MAX];
    int argc = 2;
    for (; words && *words; words++) { argv[argc++] = xstrdup(*words); }
    memcpy(copies, argv, sizeof(copies)); /* the command changes their order */
    FILE *screen = stdout;
    buf_init(&why, MESSAGE_MAX);
    assert_int_equal(invocation_read(&invocation, &similar_command, argc, argv, &why),
                     INVOCATION_READY);
    assert_int_equal(client_load(&invocation.client), 0);
    invocation.wire = memlog_wire(shop->log, NULL, NULL, NULL);
    stdout = open_memstream(&said, &size);
    int result = similar_command.run(&invocation);
    (void)fclose(stdout);
    stdout = screen;
    memset(got, 0, NEIGHBOURS + 1);
    for (const char *at = said; (at = strstr(at, "\"item\":\"")) && count < NEIGHBOURS;) {
        at += strlen("\"item\":\"");
        got[count++] = *at;
    }
    free(said);
    invocation_release(&invocation);
    buf_release(&why);
    while (argc > 2) { free(copies[--argc]); }
    return result;
}

static void check_with(struct shop *shop, const char *const *words, const char *want)
{
    char got[NEIGHBOURS + 1];
    assert_int_equal(run(shop, words, got), 0);
    assert_string_equal(got, want);
}

static void check(struct shop *shop, const char *want)
{
    check_with(shop, NULL, want);
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

/* Writes a file of the scorer's settings; the caller removes it. */
static void write_file(char *path, const char *text)
{
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, text, strlen(text)), strlen(text));
    assert_int_equal(close(file), 0);
}

/* With the scorer's file, the command leaves out what the scorer would. */
static void test_the_scorers_settings(void **state)
{
    struct shop shop;
    char required[] = "/tmp/freshet-similar-XXXXXX", any[] = "/tmp/freshet-similar-XXXXXX",
         wrong[] = "/tmp/freshet-similar-XXXXXX", got[NEIGHBOURS + 1];
    write_file(required, "list.length=9\nitems.required=true\nlists.remake.share=10\n");
    write_file(any, "items.required=false\n");
    write_file(wrong, "items.required=perhaps\n");
    shop_init(&shop);
    put_item(&shop, "c", true, 0, 0);
    put_item(&shop, "e", true, 0, 0);
    check(&shop, "bcdefg");
    check_with(&shop, (const char *const[]){"--config", required, NULL}, "ce");
    check_with(&shop, (const char *const[]){"--config", any, NULL}, "bcdefg");
    check_with(&shop, (const char *const[]){"--config", any, "--items-required", NULL}, "ce");
    assert_int_equal(run(&shop, (const char *const[]){"--config", wrong, NULL}, got),
                     EXIT_FAILURE);
    shop_release(&shop);
    (void)unlink(required);
    (void)unlink(any);
    (void)unlink(wrong);
}

/* Neighbour b has the larger co-rating, c the smaller mass: measures put them in other orders. */
static void test_the_measure(void **state)
{
    struct shop shop;
    char jaccard[] = "/tmp/freshet-similar-XXXXXX";
    struct slice items[2] = {slice_str("b"), slice_str("c")};
    double numbers[2] = {4, 3};
    write_file(jaccard, "similarity.measure=jaccard\n");
    shop_init(&shop);
    const struct item_neighbours row = {.item_id = slice_str("a"),
                                        .mass = 100,
                                        .actions = 10,
                                        .items = {items, 2},
                                        .co_ratings = {numbers, 2},
                                        .forwards = {numbers, 2},
                                        .backwards = {numbers, 2}};
    const struct item_neighbours light = {.item_id = slice_str("c"), .mass = 4, .actions = 4};
    put(&shop, "neighbours", "a", shop.rows, &row);
    put(&shop, "neighbours", "c", shop.rows, &light);
    check(&shop, "cb"); /* 3/sqrt(100*4) and 4/sqrt(100*10) */
    check_with(&shop, (const char *const[]){"--config", jaccard, NULL}, "bc"); /* 3/101 and 4/106 */
    check_with(&shop, (const char *const[]){"--config", jaccard, "--measure", "cosine", NULL},
               "cb");
    shop_release(&shop);
    (void)unlink(jaccard);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_epochs_far_from_each_other),
        cmocka_unit_test(test_barred_items_are_left_out),
        cmocka_unit_test(test_the_scorers_settings),
        cmocka_unit_test(test_the_measure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
