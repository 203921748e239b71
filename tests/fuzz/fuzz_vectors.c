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
#include "scorer/teacher.h"
#include "sequence/press.h"
#include "tests/fuzz/crumbs.h"

enum { KIND_VECTOR, KIND_WEIGHTS, KIND_FILLED, KIND_ITEM, KIND_HISTORY, KIND_ROW, KINDS };

enum { RECORDS_MAX = 64, LIST_BYTES_MAX = 1 << 20, ITEMS_MAX = 300, AHEAD = 4 };

static const char *const leaders[] = {"blend.leader=mixture", "blend.leader=sequence",
                                      "blend.leader=proved"};

/* Made once: codecs know nothing of what they read. */
struct desk {
    struct scorer_settings settings;
    struct options *options;
    struct schema_book *book;
    struct codec *of[KINDS], *lists;
    struct arena *arena;
    struct buf out;
};

/* What records change. */
struct shop {
    struct tables tables;
    struct vectors *vectors;
    struct affinity *affinity;
    struct lists *lists;
    struct teacher teacher;
    struct mixture mixture;
    struct press press;
    int64_t offset;
};

static const struct contract *const contracts[KINDS] = {
    [KIND_VECTOR] = &item_vector_contract,     [KIND_WEIGHTS] = &model_weights_contract,
    [KIND_FILLED] = &model_weights_contract,   [KIND_ITEM] = &item_contract,
    [KIND_HISTORY] = &user_history_contract,   [KIND_ROW] = &item_neighbours_contract,
};

static struct desk *desk_get(size_t leader)
{
    static struct desk desks[ARRAY_COUNT(leaders)];
    struct desk *desk = &desks[leader];
    if (desk->book) { return desk; }
    _cleanup_(xfreep) char *items = xprintf("items.max=%d", ITEMS_MAX);
    const char *const pairs[] = {items, "list.length=30", "neighbours.used=40", leaders[leader]};
    const struct option_group group = {"scorer", scorer_options, SCORER_OPTIONS_COUNT,
                                       &desk->settings};
    int rc = options_fill(&group, 1, pairs, ARRAY_COUNT(pairs), stderr, &desk->options);
    assert(rc == 0);
    desk->book = schema_book_new();
    for (int kind = 0; kind < KINDS; kind++) {
        desk->of[kind] = codec_new(contracts[kind], desk->book);
    }
    desk->lists = codec_new(&recommendation_list_contract, desk->book);
    desk->arena = arena_new(1 << 16);
    buf_init(&desk->out, LIST_BYTES_MAX);
    return desk;
}

/* ---- Vectors and weights ---- */

/* The generation that serves: each row an item that leads back to a row, and numbers that can be
 * added up. */
static void check_served(const struct shop *shop)
{
    const struct served *served = vectors_served(shop->vectors);
    if (!served) { return; }
    const size_t d = foresight_width(served->foresight);
    assert(served->generation[0] && served->rows <= ITEMS_MAX);
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
    if (teacher_note(&shop->teacher, weights)) { return; }
    teacher_begin(&shop->teacher, weights->part, &shop->mixture);
    mixture_save(&shop->mixture, numbers);
    bool loaded = mixture_load(&again, numbers, MIXTURE_NUMBERS);
    assert(loaded);
}

static void take_weights(struct shop *shop, const struct model_weights *weights)
{
    press_note(&shop->press, weights);
    assert(shop->press.newest_slot < GENERATION_SLOTS);
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
    size_t count = foresight_dense_count(&shape), each = MODEL_PART_NUMBERS_MAX;
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

static void make_list(struct desk *desk, struct shop *shop, const struct user_history *history)
{
    struct recommendation_list list;
    lists_make(shop->lists, history, &list);
    buf_clear(&desk->out);
    int rc = codec_encode(desk->lists, &list, &desk->out);
    assert(rc == 0);
    const struct slip *slip = lists_slip(shop->lists);
    if (slip) { teacher_keep(&shop->teacher, slip); }
}

/* Makes lists as they were before the newest action, and learns from that action. */
static void take_history(struct desk *desk, struct shop *shop, const struct user_history *history)
{
    struct user_history early = *history;
    const struct user_history *ahead[AHEAD] = {&early, history, &early, history};
    float numbers[MIXTURE_NUMBERS];
    if (history_fault(history)) { return; }
    if (history->offsets.count) {
        int64_t newest = history->offsets.at[history->offsets.count - 1];
        early.input_offset = newest > INT64_MIN ? newest - 1 : newest;
    }
    lists_blend(shop->lists, &shop->mixture);
    lists_ahead(shop->lists, ahead, AHEAD);
    for (int i = 0; i < AHEAD - 1; i++) { make_list(desk, shop, ahead[i]); }
    const struct recommendation_list before = {
        .user_id = early.user_id,
        .input_partition = early.input_partition,
        .input_offset = early.input_offset,
    };
    (void)teacher_learn(&shop->teacher, &shop->mixture, &shop->tables, &before, history);
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

static void take_object(struct desk *desk, struct shop *shop, int kind, union object *object)
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
        if (shop->affinity) {
            affinity_describe(shop->affinity, tables_number(&shop->tables, object->item.item_id),
                              &object->item);
        }
        return;
    case KIND_HISTORY:
        take_history(desk, shop, &object->history);
        return;
    default:
        (void)tables_put_row(&shop->tables, &object->row);
    }
}

static void take_message(struct desk *desk, struct shop *shop, int kind, struct slice body)
{
    struct slice message = crumbs_framed(contracts[kind], body);
    union object object;
    struct codec_error error = {0};
    arena_reset(desk->arena);
    shop->offset++;
    if (codec_decode(desk->of[kind], message, desk->arena, &object, &error) == 0) {
        take_object(desk, shop, kind, &object);
        check_served(shop);
    } else {
        assert(error.reason);
    }
    free((void *)message.data);
}

static void shop_init(struct shop *shop, const struct desk *desk, bool content)
{
    *shop = (struct shop){.press.newest_slot = -1};
    tables_init(&shop->tables, &desk->settings);
    shop->vectors = vectors_new(ITEMS_MAX);
    if (content) { shop->affinity = affinity_new(ITEMS_MAX, 20); }
    shop->lists =
        lists_new(&desk->settings, &shop->tables, shop->vectors, shop->affinity, "g7");
    shop->teacher.bytes_max = 1 << 16;
    mixture_init(&shop->mixture);
}

static void shop_release(struct shop *shop)
{
    lists_free(shop->lists);
    teacher_release(&shop->teacher);
    affinity_free(shop->affinity);
    vectors_free(shop->vectors);
    tables_release(&shop->tables);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct crumbs crumbs = {data, size};
    uint8_t first = crumbs_byte(&crumbs);
    struct desk *desk = desk_get(first % ARRAY_COUNT(leaders));
    struct shop shop;
    shop_init(&shop, desk, /* content= */ first & 0x40);
    for (int i = 0; i < RECORDS_MAX && crumbs.left; i++) {
        int kind = crumbs_byte(&crumbs) % KINDS;
        take_message(desk, &shop, kind, crumbs_piece(&crumbs));
    }
    shop_release(&shop);
    return 0;
}
