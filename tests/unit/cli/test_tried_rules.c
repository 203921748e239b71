/* Lists that rules would make: without a model that was removed. */
#include "base/base.h"
#include "base/xalloc.h"
#include "cli/commands.h"
#include "cli/invocation.h"
#include "cli/placements/tried_rules.h"
#include "model/rng.h"
#include "model/transformer/transformer_inference.h"
#include "schemas/item_vector.h"
#include "schemas/model_weights.h"
#include "schemas/user_history.h"
#include "stream/sim/memlog.h"

#include <setjmp.h>
#include <cmocka.h>

enum { ITEMS = 6, WIDTH = 16, MESSAGE_MAX = 1 << 16 };

static char vectors[64]; /* of the list that was made */

static void put(struct memlog *log, const char *topic, const char *key,
                const struct contract *contract, const void *object)
{
    struct schema_cache *schemas = schema_cache_new();
    struct codec *codec = codec_new(contract, schemas);
    struct buf bytes;
    buf_init(&bytes, MESSAGE_MAX);
    assert_int_equal(codec_encode(codec, object, &bytes), 0);
    memlog_append(log, topic, 0, slice_str(key), buf_slice(&bytes), 1);
    buf_release(&bytes);
    codec_free(codec);
    schema_cache_free(schemas);
}

static void put_history(struct memlog *log)
{
    struct slice items[] = {slice_str("i0")};
    int32_t kinds[] = {1};
    float weights[] = {1};
    int64_t times[] = {1000}, offsets[] = {0};
    const struct user_history history = {
        .user_id = slice_str("u"), .items = {items, 1}, .actions = {kinds, 1},
        .weights = {weights, 1}, .event_times_ms = {times, 1}, .offsets = {offsets, 1},
        .events_total = 1, .event_time_ms = 1000};
    put(log, "histories", "u", &user_history_contract, &history);
}

static void put_model(struct memlog *log)
{
    static const struct weights_shape shape = {
        .items = ITEMS, .d = WIDTH, .hidden = WIDTH, .blocks = 1, .heads = 1, .length = 4};
    uint64_t rng = 3;
    for (int i = 0; i < ITEMS; i++) {
        char key[16];
        int8_t bytes[WIDTH];
        for (size_t k = 0; k < WIDTH; k++) { bytes[k] = (int8_t)((int)rng_below(&rng, 255) - 127); }
        (void)snprintf(key, sizeof(key), "0/i%d", i);
        const struct item_vector row = {.item_id = slice_str(key + 2), .generation = slice_str("g"),
                                        .row = i, .scale = .01F, .bytes = slice_of(bytes, WIDTH)};
        put(log, "item-vectors", key, &item_vector_contract, &row);
    }
    const size_t count = transformer_inference_dense_count(&shape);
    float *dense = xcalloc(count, sizeof(*dense));
    const struct model_weights part = {
        .model = slice_str(MODEL_SEQUENCE), .generation = slice_str("g"), .parts = 1,
        .items = ITEMS, .d = WIDTH, .hidden = WIDTH, .blocks = 1, .heads = 1, .length = 4,
        .weights = {dense, count}};
    put(log, "models", "sequence/0/0", &model_weights_contract, &part);
    free(dense);
}

static int take(const struct recommendation_list *list)
{
    (void)snprintf(vectors, sizeof(vectors), "%.*s", SLICE_ARGS(list->vectors));
    return 0;
}

/* Returns the model version of the list that is made now. */
static const char *try_rules(struct memlog *log)
{
    struct invocation invocation;
    struct buf why;
    char *argv[] = {(char[]){"rules"}, (char[]){"list"}, NULL};
    buf_init(&why, MESSAGE_MAX);
    assert_int_equal(invocation_read(&invocation, &rules_command, 2, argv, &why),
                     INVOCATION_READY);
    assert_int_equal(client_load(&invocation.client), 0);
    invocation.wire = memlog_wire(log, NULL, NULL, NULL);
    (void)snprintf(vectors, sizeof(vectors), "no list");
    assert_int_equal(tried_rules_make(&invocation.client, invocation.wire, slice_str("u"),
                                      slice_str("main.length=5\n"), take), 0);
    invocation_release(&invocation);
    buf_release(&why);
    return vectors;
}

static struct memlog *filled_log(void)
{
    static const char *const topics[] = {"histories", "serving-rows", "items", "item-vectors",
                                         "models"};
    struct memlog *log = memlog_new(1);
    for (size_t i = 0; i < ARRAY_COUNT(topics); i++) { memlog_topic(log, topics[i], 1); }
    put_history(log);
    put_model(log);
    assert_string_equal(try_rules(log), "g");
    return log;
}

static void test_removed_weights(void **state)
{
    struct memlog *log = filled_log();
    memlog_append(log, "models", 0, slice_str("sequence/0/0"), (struct slice){0}, 1);
    assert_string_equal(try_rules(log), "");
    memlog_free(log);
}

static void test_removed_row(void **state)
{
    struct memlog *log = filled_log();
    memlog_append(log, "item-vectors", 0, slice_str("0/i3"), (struct slice){0}, 1);
    assert_string_equal(try_rules(log), "");
    memlog_free(log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_removed_weights),
        cmocka_unit_test(test_removed_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
