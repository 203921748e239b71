/* The scorer's reading of `item-vectors` and `models`, record after record, without a broker: rows
 * of model versions, parts of their dense weights, mixtures; and histories, whose lists depend on
 * them. The first byte picks the leader and whether content is a member. Each record is a byte that
 * picks the kind, then a piece:
 *   vector, weights, weights that are filled up (below), item, history, row of neighbours
 * After each record, the serving model version is whole and finite, a valid history gets a list
 * that can be sent, and the mixture can be saved and loaded. */
#include "base/base.h"
#include "schemas/model_weights.h"
#include "scorer/lists/item_features.h"
#include "scorer/lists/lists.h"
#include "scorer/scorer_settings.h"
#include "scorer/mixture_trainer.h"
#include "trainer/sequence/publisher.h"
#include "tests/fuzz/crumbs.h"

enum { KIND_VECTOR, KIND_WEIGHTS, KIND_FILLED, KIND_ITEM, KIND_HISTORY, KIND_ROW, KINDS };

enum { RECORDS_MAX = 64, LIST_BYTES_MAX = 1 << 20, ITEMS_MAX = 300, AHEAD = 4 };

static const char *const leaders[] = {"blend.leader=mixture", "blend.leader=sequence",
                                      "blend.leader=proved"};

/* Made once: codecs keep nothing of what they read. */
struct scratch {
    struct scorer_settings settings;
    struct options *options;
    struct schema_cache *schemas;
    struct codec *of[KINDS], *lists;
    struct arena *arena;
    struct buf out;
};

/* The state that records change. */
struct process_state {
    struct tables tables;
    struct vectors *vectors;
    struct content_scores *content_scores;
    struct item_features *item_features;
    struct lists *lists;
    struct mixture_trainer trainer;
    struct mixture mixture;
    struct publisher publisher;
    int64_t offset;
};

static const struct contract *const contracts[KINDS] = {
    [KIND_VECTOR] = &item_vector_contract,     [KIND_WEIGHTS] = &model_weights_contract,
    [KIND_FILLED] = &model_weights_contract,   [KIND_ITEM] = &item_contract,
    [KIND_HISTORY] = &user_history_contract,   [KIND_ROW] = &serving_row_contract,
};

static struct scratch *scratch_get(size_t leader)
{
    static struct scratch all[ARRAY_COUNT(leaders)];
    struct scratch *scratch = &all[leader];
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

/* Checks the serving version: each row has an item that has a row, and finite numbers. */
static void check_served(const struct process_state *process_state)
{
    const struct served *served = vectors_served(process_state->vectors);
    if (!served) { return; }
    const size_t d = transformer_inference_width(served->inference);
    assert(served->version[0] && served->rows <= ITEMS_MAX);
    for (size_t row = 0; row < served->rows; row++) {
        int32_t item = served->items[row];
        assert(item >= 0 && item < ids_count(process_state->tables.ids));
        int32_t back = served_row(served, item);
        assert(back >= 0 && (size_t)back < served->rows);
        for (size_t i = 0; i < d; i++) { assert(isfinite(served->table[row * d + i])); }
    }
}

static void read_mixture(struct process_state *process_state, const struct model_weights *weights)
{
    float numbers[MIXTURE_NUMBERS_MAX];
    struct mixture again;
    if (published_mixtures_put(&process_state->trainer.known, weights)) { return; }
    published_mixtures_get(&process_state->trainer.known, weights->part, &process_state->mixture);
    size_t count = mixture_save(&process_state->mixture, numbers);
    bool loaded = mixture_load(&again, numbers, count);
    assert(loaded);
}

static void take_weights(struct process_state *process_state, const struct model_weights *weights)
{
    publisher_observe(&process_state->publisher, weights);
    assert(process_state->publisher.newest_slot < MODEL_VERSION_SLOTS);
    if (slice_equal(weights->model, slice_str(MODEL_SEQUENCE))) {
        (void)vectors_put_weights(process_state->vectors, weights, process_state->offset);
    } else if (slice_equal(weights->model, slice_str(MODEL_BLEND))) {
        read_mixture(process_state, weights);
    }
}

/* The numbers that a part of a sequence model must have; 0: such a model is not built. */
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

/* Repeats the numbers of a part until it has as many as its shape requires, so that a short input
 * can be a whole model version. */
static void take_filled(struct process_state *process_state, struct model_weights *part)
{
    bool blend = slice_equal(part->model, slice_str(MODEL_BLEND));
    size_t count = blend ? MIXTURE_NUMBERS : numbers_wanted(part);
    if (!count || !part->weights.count) {
        take_weights(process_state, part);
        return;
    }
    float *numbers = xcalloc(count, sizeof(*numbers));
    for (size_t i = 0; i < count; i++) { numbers[i] = part->weights.at[i % part->weights.count]; }
    part->weights = (struct floats){numbers, count};
    take_weights(process_state, part);
    free(numbers);
}

/* ---- Histories ---- */

static void make_list(struct scratch *scratch, struct process_state *process_state,
                      const struct user_history *history)
{
    struct recommendation_list list;
    lists_make(process_state->lists, history, &list);
    buf_clear(&scratch->out);
    int rc = codec_encode(scratch->lists, &list, &scratch->out);
    assert(rc == 0);
    const struct prediction *prediction = lists_prediction(process_state->lists);
    if (prediction) { mixture_trainer_keep(&process_state->trainer, prediction); }
}

/* Makes lists from before the newest action, and trains the mixture on that action. */
static void take_history(struct scratch *scratch, struct process_state *process_state,
                         const struct user_history *history)
{
    struct user_history early = *history;
    const struct user_history *ahead[AHEAD] = {&early, history, &early, history};
    float numbers[MIXTURE_NUMBERS_MAX];
    if (history_fault(history)) { return; }
    if (history->offsets.count) {
        int64_t newest = history->offsets.at[history->offsets.count - 1];
        early.input_offset = newest > INT64_MIN ? newest - 1 : newest;
    }
    lists_set_mixture(process_state->lists, &process_state->mixture);
    lists_encode_ahead(process_state->lists, ahead, AHEAD);
    for (int i = 0; i < AHEAD - 1; i++) { make_list(scratch, process_state, ahead[i]); }
    const struct recommendation_list before = {
        .user_id = early.user_id,
        .input_partition = early.input_partition,
        .input_offset = early.input_offset,
    };
    (void)mixture_trainer_learn(&process_state->trainer, &process_state->mixture,
                                &process_state->tables, &before, history);
    (void)mixture_save(&process_state->mixture, numbers);
    for (size_t n = 0; n < MIXTURE_NUMBERS; n++) { assert(isfinite(numbers[n])); }
}

/* ---- Records ---- */

/* A contract's message; codecs write all of it. */
union object {
    struct item_vector vector;
    struct model_weights weights;
    struct item item;
    struct user_history history;
    struct serving_row row;
};

static void take_object(struct scratch *scratch, struct process_state *process_state, int kind,
                        union object *object)
{
    switch (kind) {
    case KIND_VECTOR:
        (void)vectors_put(process_state->vectors, &process_state->tables, &object->vector);
        return;
    case KIND_WEIGHTS:
        take_weights(process_state, &object->weights);
        return;
    case KIND_FILLED:
        take_filled(process_state, &object->weights);
        return;
    case KIND_ITEM:
        tables_put_item(&process_state->tables, &object->item);
        if (process_state->content_scores) {
            item_features_describe(process_state->item_features,
                                   tables_number(&process_state->tables, object->item.item_id),
                                   &object->item, process_state->content_scores);
        }
        return;
    case KIND_HISTORY:
        take_history(scratch, process_state, &object->history);
        return;
    default:
        (void)tables_put_row(&process_state->tables, &object->row);
    }
}

static void take_message(struct scratch *scratch, struct process_state *process_state, int kind,
                         struct slice body)
{
    struct slice message = crumbs_framed(contracts[kind], body);
    union object object;
    struct codec_error error = {0};
    arena_reset(scratch->arena);
    process_state->offset++;
    if (codec_decode(scratch->of[kind], message, scratch->arena, &object, &error) == 0) {
        take_object(scratch, process_state, kind, &object);
        check_served(process_state);
    } else {
        assert(error.reason);
    }
    free((void *)message.data);
}

static void process_state_init(struct process_state *process_state, const struct scratch *scratch,
                               bool content)
{
    *process_state = (struct process_state){.publisher.newest_slot = -1};
    tables_init(&process_state->tables, &scratch->settings.lists);
    process_state->vectors = vectors_new(ITEMS_MAX);
    if (content) {
        process_state->content_scores =
            content_scores_new(ITEMS_MAX, 20, process_state->tables.ids);
        process_state->item_features = item_features_new();
    }
    process_state->lists = lists_new(&scratch->settings.lists, &process_state->tables,
                                     process_state->vectors, process_state->content_scores, "g7");
    process_state->trainer.bytes_max = 1 << 16;
    mixture_init(&process_state->mixture);
}

static void process_state_release(struct process_state *process_state)
{
    lists_free(process_state->lists);
    mixture_trainer_release(&process_state->trainer);
    content_scores_free(process_state->content_scores);
    item_features_free(process_state->item_features);
    vectors_free(process_state->vectors);
    tables_release(&process_state->tables);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct crumbs crumbs = {data, size};
    uint8_t first = crumbs_byte(&crumbs);
    struct scratch *scratch = scratch_get(first % ARRAY_COUNT(leaders));
    struct process_state process_state;
    process_state_init(&process_state, scratch, /* content= */ first & 0x40);
    for (int i = 0; i < RECORDS_MAX && crumbs.left; i++) {
        int kind = crumbs_byte(&crumbs) % KINDS;
        take_message(scratch, &process_state, kind, crumbs_piece(&crumbs));
    }
    process_state_release(&process_state);
    return 0;
}
