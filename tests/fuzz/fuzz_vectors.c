/* What the scorer reads of `item-vectors` and `models`, record after record, without a broker: rows
 * of generations, parts of their dense weights, blends; and the histories whose lists they change.
 * The first byte picks who leads and whether content speaks too. Each record: a byte that picks,
 * then a piece:
 *   vector, weights, weights that are filled up (below), item, history, row of neighbours
 * Whatever came before, the generation that serves is whole and finite, a history that is believed
 * gets a list that can be sent, and what the blend has learned can be saved and read again. */
#include "base/base.h"
#include "schemas/model_weights.h"
#include "scorer/lists.h"
#include "scorer/mixture_trainer.h"
#include "trainer/sequence/publisher.h"
#include "tests/fuzz/crumbs.h"

enum { KIND_VECTOR, KIND_WEIGHTS, KIND_FILLED, KIND_ITEM, KIND_HISTORY, KIND_ROW, KINDS };

enum { RECORDS_MAX = 64, LIST_BYTES_MAX = 1 << 20, ITEMS_MAX = 300, AHEAD = 4 };

static const char *const leaders[] = {"blend.leader=mixture", "blend.leader=sequence",
                                      "blend.leader=proved"};

/* Made once: codecs know nothing of what they read. */
struct scratch {
    struct scorer_settings settings;
    struct options *options;
    struct schema_cache *schemas;
    struct codec *of[KINDS], *lists;
    struct arena *arena;
    struct buf out;
};

/* What records change. */
struct shop {
    struct tables tables;
    struct vectors *vectors;
    struct content_scores *content_scores;
    struct lists *lists;
    struct mixture_trainer trainer;
    struct mixture mixture;
    struct publisher publisher;
    int64_t offset;
};

static const struct contract *const contracts[KINDS] = {
    [KIND_VECTOR] = &item_vector_contract,     [KIND_WEIGHTS] = &model_weights_contract,
    [KIND_FILLED] = &model_weights_contract,   [KIND_ITEM] = &item_contract,
    [KIND_HISTORY] = &user_history_contract,   [KIND_ROW] = &item_neighbours_contract,
};

static struct scratch *scratch_get(size_t leader)
{
    static struct scratch desks[ARRAY_COUNT(leaders)];
    struct scratch *scratch = &desks[leader];
    if (scratch->schemas) { return scratch; }
    _cleanup_(xfreep) char *items = xprintf("items.max=%d", ITEMS_MAX);
    const char *const pairs[] = {items, "list.length=30", "neighbours.used=40", leaders[leader]};
    const struct option_group group = {"scorer", scorer_options, SCORER_OPTIONS_COUNT,
                                       &scratch->settings};
    int rc = options_fill(&group, 1, pairs, ARRAY_COUNT(pairs), stderr, &scratch->options);
    assert(rc == 0);
    scratch->schemas = schema_cache_new();
    for (int kind = 0; kind < KINDS; kind++) {
        scratch->of[kind] = codec_new(contracts[kind], scratch->schemas);
    }
    scratch->lists = codec_new(&recommendation_list_contract, scratch->schemas);
    scratch->arena = arena_new(1 << 16);
    buf_init(&scratch->out, LIST_BYTES_MAX);
    return scratch;
}

/* ---- Vectors and weights ---- */

/* The generation that serves: each row an item that leads back to a row, and numbers that can be
 * added up. */
static void check_served(const struct shop *shop)
{
    const struct served *served = vectors_served(shop->vectors);
    if (!served) { return; }
    const size_t d = transformer_inference_width(served->inference);
    assert(served->version[0] && served->rows <= ITEMS_MAX);
    for (size_t row = 0; row < served->rows; row++) {
        int32_t item = served->items[row];
        assert(item >= 0 && item < ids_count(shop->tables.ids));
        int32_t back = served_row(served, item);
        assert(back >= 0 && (size_t)back < served->rows);
        for (size_t i = 0; i < d; i++) { assert(isfinite(served->table[row * d + i])); }
    }
}

static void take_blend(struct shop *shop, const struct model_weights *weights)
{
    float numbers[MIXTURE_NUMBERS];
    struct mixture again;
    if (mixture_trainer_observe(&shop->trainer, weights)) { return; }
    mixture_trainer_begin(&shop->trainer, weights->part, &shop->mixture);
    mixture_save(&shop->mixture, numbers);
    bool loaded = mixture_load(&again, numbers, MIXTURE_NUMBERS);
    assert(loaded);
}

static void take_weights(struct shop *shop, const struct model_weights *weights)
{
    publisher_observe(&shop->publisher, weights);
    assert(shop->publisher.newest_slot < MODEL_VERSION_SLOTS);
    if (slice_equal(weights->model, slice_str(MODEL_SEQUENCE))) {
        (void)vectors_put_weights(shop->vectors, weights, shop->offset);
    } else if (slice_equal(weights->model, slice_str(MODEL_BLEND))) {
        take_blend(shop, weights);
    }
}

/* How many numbers the part of a sequence model wants; 0: such a model is not built. */
static size_t numbers_wanted(const struct model_weights *part)
{
    const char *why;
    const struct weights_shape shape = {
        .items = (uint32_t)part->items, .d = (uint32_t)part->d, .hidden = (uint32_t)part->hidden,
        .blocks = (uint32_t)part->blocks, .heads = (uint32_t)part->heads,
        .length = (uint32_t)part->length};
    bool small = shape.d <= 64 && shape.hidden <= 64 && shape.length <= 64;
    if (!small || !weights_shape_fits(&shape, &why)) { return 0; }
    size_t count = transformer_inference_dense_count(&shape), each = MODEL_PART_NUMBERS_MAX;
    size_t from = part->part > 0 ? (size_t)part->part * each : 0;
    return from < count ? MIN_OF(count - from, each) : 0;
}

/* A part whose few numbers are repeated until there are as many as its shape wants, so that an
 * input of some bytes is a whole generation. */
static void take_filled(struct shop *shop, struct model_weights *part)
{
    bool blend = slice_equal(part->model, slice_str(MODEL_BLEND));
    size_t count = blend ? MIXTURE_NUMBERS : numbers_wanted(part);
    if (!count || !part->weights.count) {
        take_weights(shop, part);
        return;
    }
    float *numbers = xcalloc(count, sizeof(*numbers));
    for (size_t i = 0; i < count; i++) { numbers[i] = part->weights.at[i % part->weights.count]; }
    part->weights = (struct floats){numbers, count};
    take_weights(shop, part);
    free(numbers);
}

/* ---- Histories ---- */

static void make_list(struct scratch *scratch, struct shop *shop,
                      const struct user_history *history)
{
    struct recommendation_list list;
    lists_make(shop->lists, history, &list);
    buf_clear(&scratch->out);
    int rc = codec_encode(scratch->lists, &list, &scratch->out);
    assert(rc == 0);
    const struct prediction *prediction = lists_prediction(shop->lists);
    if (prediction) { mixture_trainer_keep(&shop->trainer, prediction); }
}

/* Makes lists as they were before the newest action, and learns from that action. */
static void take_history(struct scratch *scratch, struct shop *shop,
                         const struct user_history *history)
{
    struct user_history early = *history;
    const struct user_history *ahead[AHEAD] = {&early, history, &early, history};
    float numbers[MIXTURE_NUMBERS];
    if (history_fault(history)) { return; }
    if (history->offsets.count) {
        int64_t newest = history->offsets.at[history->offsets.count - 1];
        early.input_offset = newest > INT64_MIN ? newest - 1 : newest;
    }
    lists_set_mixture(shop->lists, &shop->mixture);
    lists_encode_ahead(shop->lists, ahead, AHEAD);
    for (int i = 0; i < AHEAD - 1; i++) { make_list(scratch, shop, ahead[i]); }
    const struct recommendation_list before = {
        .user_id = early.user_id,
        .input_partition = early.input_partition,
        .input_offset = early.input_offset,
    };
    (void)mixture_trainer_learn(&shop->trainer, &shop->mixture, &shop->tables, &before, history);
    mixture_save(&shop->mixture, numbers);
    for (size_t n = 0; n < MIXTURE_NUMBERS; n++) { assert(isfinite(numbers[n])); }
}

/* ---- Records ---- */

/* A contract's message; codecs write all of it. */
union object {
    struct item_vector vector;
    struct model_weights weights;
    struct item item;
    struct user_history history;
    struct item_neighbours row;
};

static void take_object(struct scratch *scratch, struct shop *shop, int kind, union object *object)
{
    switch (kind) {
    case KIND_VECTOR:
        (void)vectors_put(shop->vectors, &shop->tables, &object->vector);
        return;
    case KIND_WEIGHTS:
        take_weights(shop, &object->weights);
        return;
    case KIND_FILLED:
        take_filled(shop, &object->weights);
        return;
    case KIND_ITEM:
        tables_put_item(&shop->tables, &object->item);
        if (shop->content_scores) {
            content_scores_describe(shop->content_scores,
                                    tables_number(&shop->tables, object->item.item_id),
                                    &object->item);
        }
        return;
    case KIND_HISTORY:
        take_history(scratch, shop, &object->history);
        return;
    default:
        (void)tables_put_row(&shop->tables, &object->row);
    }
}

static void take_message(struct scratch *scratch, struct shop *shop, int kind, struct slice body)
{
    struct slice message = crumbs_framed(contracts[kind], body);
    union object object;
    struct codec_error error = {0};
    arena_reset(scratch->arena);
    shop->offset++;
    if (codec_decode(scratch->of[kind], message, scratch->arena, &object, &error) == 0) {
        take_object(scratch, shop, kind, &object);
        check_served(shop);
    } else {
        assert(error.reason);
    }
    free((void *)message.data);
}

static void shop_init(struct shop *shop, const struct scratch *scratch, bool content)
{
    *shop = (struct shop){.publisher.newest_slot = -1};
    tables_init(&shop->tables, &scratch->settings);
    shop->vectors = vectors_new(ITEMS_MAX);
    if (content) { shop->content_scores = content_scores_new(ITEMS_MAX, 20); }
    shop->lists =
        lists_new(&scratch->settings, &shop->tables, shop->vectors, shop->content_scores, "g7");
    shop->trainer.bytes_max = 1 << 16;
    mixture_init(&shop->mixture);
}

static void shop_release(struct shop *shop)
{
    lists_free(shop->lists);
    mixture_trainer_release(&shop->trainer);
    content_scores_free(shop->content_scores);
    vectors_free(shop->vectors);
    tables_release(&shop->tables);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct crumbs crumbs = {data, size};
    uint8_t first = crumbs_byte(&crumbs);
    struct scratch *scratch = scratch_get(first % ARRAY_COUNT(leaders));
    struct shop shop;
    shop_init(&shop, scratch, /* content= */ first & 0x40);
    for (int i = 0; i < RECORDS_MAX && crumbs.left; i++) {
        int kind = crumbs_byte(&crumbs) % KINDS;
        take_message(scratch, &shop, kind, crumbs_piece(&crumbs));
    }
    shop_release(&shop);
    return 0;
}
