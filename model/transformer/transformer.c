/* A step of the optimiser goes through four phases, each shared out over the thread pool and each
 * with a barrier behind it: learn_lane() computes a lane's gradients from its sequences;
 * reduce_slice() sums the lanes' gradients, always in the order of the lanes;
 * transformer_table_back() adds those of attributes and projection (transformer_table.c);
 * adam_slice() moves the weights. A slice of numbers belongs
 * to one call, so the result does not depend on the number of threads.
 *
 * Memory for learning (lanes, moments) is made at the first step: a model that only serves does not
 * pay for it. deal() gives the longest sequences first to the lane with the least work.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "model/transformer/adam.h"
#include "model/transformer/dropout.h"
#include "model/gemm.h"
#include "model/transformer/softmax_loss.h"
#include "model/transformer/transformer_internal.h"
#include "model/transformer/wide.h"

/* Tokens at a time: enough for efficient matrix products, few enough for a core's cache. */
enum { PACK_TOKENS = 384, LOSS_TILE = 256 };

/* Streams of the seed. */
enum { SEED_WEIGHTS = 1, SEED_STEP = 2, SEED_ORDER = 3 };
enum { STEP_MASKS = 1, STEP_NEGATIVES = 2, STEP_LANES = 16 };

/* ---- Life ---- */

/* Estimates the memory of all lanes' encoders; an invalid header could ask for too much. */
static double work_bytes(const struct transformer_settings *settings)
{
    const struct weights_shape *shape = &settings->shape;
    double tokens = MAX_OF((double)shape->length, (double)PACK_TOKENS);
    double token = 8.0 * shape->d + (double)shape->length * shape->heads + shape->hidden + 4.0;
    double lane = (shape->blocks + 1.0) * tokens * token;
    return lane * (double)settings->lanes * sizeof(float);
}

bool transformer_settings_fit(const struct transformer_settings *settings, const char **ret_why)
{
    const char *why = NULL;
    if (!weights_shape_fits(&settings->shape, ret_why)) { return false; }
    if (!(settings->dropout >= 0.0f && settings->dropout < 1.0f)) { why = "dropout: 0 up to 1"; }
    if (!(settings->mask_share >= 0.0f && settings->mask_share <= 1.0f)) {
        why = "mask share: 0 to 1";
    }
    if (settings->mask_share > 0.0f && settings->shape.length < 2) {
        why = "masked, the length must be at least 2";
    }
    if (!(settings->rate > 0.0f && settings->rate < 1.0f)) { why = "rate: above 0, below 1"; }
    if (settings->negatives >= settings->shape.items) {
        why = "negatives must be fewer than the items";
    }
    if (settings->batch < 1) { why = "batch must be at least 1"; }
    if (settings->threads < 1) { why = "threads must be at least 1"; }
    if (settings->lanes < 1 || settings->lanes > TRANSFORMER_LANES_MAX) {
        why = "lanes must be 1 to 64";
    }
    if (!why && work_bytes(settings) > TRANSFORMER_WORK_BYTES_MAX) {
        why = "lanes, length, heads and width together need more than 4 GiB to work in";
    }
    if (why) { *ret_why = why; }
    return !why;
}

static size_t pack_tokens(const struct transformer *model)
{
    return MAX_OF((size_t)model->settings.shape.length, (size_t)PACK_TOKENS);
}

struct transformer *transformer_new_blank(const struct transformer_settings *settings)
{
    const char *why = "";
    assert(transformer_settings_fit(settings, &why));
    struct transformer *model = xcalloc(1, sizeof(*model));
    model->settings = *settings;
    model->settings.shape.masked = settings->mask_share > 0.0f;
    model->count = weights_count(&settings->shape);
    model->values = xcalloc(model->count, sizeof(*model->values));
    model->weights = weights_view(&settings->shape, model->values);
    transformer_table_open(model);
    model->pool = thread_pool_new(settings->threads);
    model->lanes = xcalloc(settings->lanes, sizeof(*model->lanes));
    for (size_t l = 0; l < settings->lanes; l++) {
        struct lane *lane = &model->lanes[l];
        pack_init(&lane->pack, pack_tokens(model));
        lane->encoder = encoder_new(&settings->shape, pack_tokens(model));
    }
    return model;
}

struct transformer *transformer_new(const struct transformer_settings *settings)
{
    struct transformer *model = transformer_new_blank(settings);
    weights_draw(&settings->shape, model->values, dropout_key(settings->seed, SEED_WEIGHTS));
    return model;
}

/* Frees what only learning needs, but for the state (the moments). */
static void forget_learning(struct transformer *model)
{
    for (size_t l = 0; l < model->settings.lanes; l++) {
        struct lane *lane = &model->lanes[l];
        free(lane->gradients);
        free(lane->dcolumns);
        free(lane->asked);
        free(lane->dasked);
        free(lane->dhidden);
        free(lane->scratch);
        free(lane->dsearches);
        lane->dsearches = NULL;
        lane->gradients = lane->dcolumns = lane->asked = lane->dasked = NULL;
        lane->dhidden = lane->scratch = NULL;
    }
    free(model->columns);
    free(model->sampled);
    free(model->slots);
    model->columns = NULL;
    model->sampled = model->slots = NULL;
    model->ready_to_learn = false;
}

struct transformer *transformer_free(struct transformer *model)
{
    if (!model) { return NULL; }
    forget_learning(model);
    for (size_t l = 0; l < model->settings.lanes; l++) {
        pack_release(&model->lanes[l].pack);
        encoder_free(model->lanes[l].encoder);
        free(model->lanes[l].order);
    }
    transformer_table_close(model);
    thread_pool_free(model->pool);
    free(model->lanes);
    free(model->values);
    free(model->mean);
    free(model->variance);
    free(model);
    return NULL;
}

const struct transformer_settings *transformer_settings(const struct transformer *model)
{
    return &model->settings;
}

void transformer_set_rate(struct transformer *model, float rate)
{
    assert(rate > 0.0f && rate < 1.0f);
    model->settings.rate = rate;
}

uint64_t transformer_steps(const struct transformer *model)
{
    return model->steps;
}

static float *lengthen(float *run, size_t from, size_t to)
{
    run = xreallocarray(run, to, sizeof(*run));
    memset(run + from, 0, (to - from) * sizeof(*run));
    return run;
}

void transformer_grow(struct transformer *model, uint32_t items)
{
    struct weights_shape *shape = &model->settings.shape;
    const uint32_t before = shape->items;
    const size_t count_before = model->count;
    assert(items >= before);
    if (items == before) { return; }
    forget_learning(model);
    shape->items = items;
    model->count = weights_count(shape);
    model->values = lengthen(model->values, count_before, model->count);
    if (model->mean) {
        model->mean = lengthen(model->mean, count_before, model->count);
        model->variance = lengthen(model->variance, count_before, model->count);
    }
    model->weights = weights_view(shape, model->values);
    weights_draw_items(shape, model->values, before,
                       dropout_key(model->settings.seed, SEED_WEIGHTS));
    for (size_t l = 0; l < model->settings.lanes; l++) {
        encoder_free(model->lanes[l].encoder);
        model->lanes[l].encoder = encoder_new(shape, pack_tokens(model));
    }
    transformer_table_grow(model, before);
}

/* ---- Learning ---- */

static size_t columns_of(const struct transformer *model)
{
    const struct transformer_settings *settings = &model->settings;
    return settings->negatives ? settings->negatives : settings->shape.items;
}

static void get_ready_to_learn(struct transformer *model)
{
    const struct transformer_settings *settings = &model->settings;
    const size_t d = settings->shape.d, tokens = pack_tokens(model);
    if (model->ready_to_learn) { return; }
    if (!model->mean) {
        model->mean = xcalloc(model->count, sizeof(*model->mean));
        model->variance = xcalloc(model->count, sizeof(*model->variance));
    }
    for (size_t l = 0; l < settings->lanes; l++) {
        struct lane *lane = &model->lanes[l];
        const size_t scratch = softmax_loss_scratch(LOSS_TILE, columns_of(model), d);
        lane->gradients = xcalloc(model->count, sizeof(float));
        lane->grads = weights_view(&settings->shape, lane->gradients);
        lane->dcolumns = xcalloc((size_t)settings->negatives * d, sizeof(float));
        lane->asked = xcalloc(tokens * d, sizeof(float));
        lane->dasked = xcalloc(tokens * d, sizeof(float));
        lane->dhidden = xcalloc(tokens * d, sizeof(float));
        lane->scratch = xcalloc(scratch, sizeof(float));
    }
    if (settings->negatives) {
        model->columns = xcalloc((size_t)settings->negatives * d, sizeof(float));
        model->sampled = xcalloc(settings->negatives, sizeof(*model->sampled));
        model->slots = xcalloc(settings->shape.items, sizeof(*model->slots));
        memset(model->slots, -1, settings->shape.items * sizeof(*model->slots));
    }
    model->ready_to_learn = true;
}

/* Returns a sequence's work in a step: its number of predictions (masked: an estimate). */
static size_t tokens_of(const struct transformer *model, const struct sequence *sequence)
{
    const size_t length = model->settings.shape.length;
    if (model->settings.mask_share > 0.0f) { return sequence_masked_tokens(sequence, length); }
    return sequence_causal_tokens(sequence, length);
}

static double weight_of(const struct transformer *model, const struct sequence *sequence)
{
    const size_t length = model->settings.shape.length;
    if (model->settings.mask_share > 0.0f) { return sequence_masked_weight(sequence, length); }
    return sequence_causal_weight(sequence, length);
}

struct by_size {
    size_t tokens;
    int32_t number;
};

static int longest_first(const void *a, const void *b)
{
    const struct by_size *x = a, *y = b;
    if (x->tokens != y->tokens) { return x->tokens < y->tokens ? 1 : -1; }
    return x->number < y->number ? -1 : x->number > y->number;
}

/* Distributes the sequences over the lanes, longest first, each to the lane with the least work;
 * returns how much all their predictions count. */
static double deal(struct transformer *model, const struct sequence *sequences, size_t count)
{
    struct by_size *sizes = xcalloc(count, sizeof(*sizes));
    size_t loads[TRANSFORMER_LANES_MAX] = {0};
    double total = 0.0;
    for (size_t i = 0; i < count; i++) {
        sizes[i].tokens = tokens_of(model, &sequences[i]);
        sizes[i].number = (int32_t)i;
        total += weight_of(model, &sequences[i]);
    }
    qsort(sizes, count, sizeof(*sizes), longest_first);
    for (size_t l = 0; l < model->settings.lanes; l++) {
        struct lane *lane = &model->lanes[l];
        lane->count = 0;
        if (lane->capacity >= count) { continue; }
        lane->order = xreallocarray(lane->order, count, sizeof(*lane->order));
        lane->capacity = count;
    }
    for (size_t i = 0; i < count; i++) {
        size_t least = 0;
        for (size_t l = 1; l < model->settings.lanes; l++) {
            if (loads[l] < loads[least]) { least = l; }
        }
        loads[least] += sizes[i].tokens;
        struct lane *lane = &model->lanes[least];
        lane->order[lane->count++] = sizes[i].number;
    }
    free(sizes);
    return total;
}

static struct softmax_loss loss_of(const struct transformer *model, struct lane *lane)
{
    const bool all = model->settings.negatives == 0;
    return (struct softmax_loss){
        .d = model->settings.shape.d,
        .columns = all ? model->table : model->columns,
        .count = columns_of(model),
        .longest = model->longest,
        .weight = model->weight,
        .dcolumns = all ? lane->grads.items : lane->dcolumns,
        .tile = LOSS_TILE,
        .scratch = lane->scratch,
        .table = all ? NULL : model->table,
        .dtable = all ? NULL : lane->grads.items,
        .slots = all ? NULL : model->slots,
    };
}

/* Forward pass, loss and backward pass for the lane's pack. */
static void learn_pack(struct transformer *model, struct lane *lane, uint64_t key)
{
    const struct pack *pack = &lane->pack;
    const size_t d = model->settings.shape.d;
    const struct encoder_job job = {
        .weights = &model->weights,
        .table = model->table,
        .searches = model->searches,
        .dsearches = lane->dsearches,
        .pack = pack,
        .causal = model->settings.mask_share == 0.0f,
        .dropout = model->settings.dropout,
        .key = key,
    };
    const struct softmax_loss loss = loss_of(model, lane);
    const float *hidden = encoder_run(lane->encoder, &job);
    for (size_t r = 0; r < pack->rows; r++) {
        memcpy(lane->asked + r * d, hidden + (size_t)pack->asked[r] * d, d * sizeof(float));
    }
    const struct softmax_rows rows = {lane->asked, pack->wanted, pack->weights, pack->rows};
    lane->loss += softmax_loss(&loss, &rows, lane->dasked);
    for (size_t r = 0; r < pack->rows; r++) { lane->asked_weight += (double)pack->weights[r]; }
    memset(lane->dhidden, 0, pack->tokens * d * sizeof(float));
    for (size_t r = 0; r < pack->rows; r++) {
        memcpy(lane->dhidden + (size_t)pack->asked[r] * d, lane->dasked + r * d, d * sizeof(float));
    }
    encoder_back(lane->encoder, &job, lane->dhidden, &lane->grads);
}

static bool add_to_pack(const struct transformer *model, struct lane *lane, size_t which)
{
    const struct sequence *sequence = &model->sequences[lane->order[which]];
    const size_t length = model->settings.shape.length;
    const float share = model->settings.mask_share;
    if (share == 0.0f) { return pack_add_causal(&lane->pack, sequence, length); }
    const uint64_t key = dropout_key(dropout_key(model->key, STEP_MASKS),
                                     (uint64_t)lane->order[which]);
    return pack_add_masked(&lane->pack, sequence, length, share, key);
}

static void learn_lane(void *arg, size_t part)
{
    struct transformer *model = arg;
    struct lane *lane = &model->lanes[part];
    const uint64_t key = dropout_key(model->key, STEP_LANES + part);
    uint64_t packs = 0;
    lane->loss = 0.0;
    lane->asked_weight = 0.0;
    for (size_t next = 0; next < lane->count;) {
        pack_clear(&lane->pack);
        while (next < lane->count && add_to_pack(model, lane, next)) { next++; }
        if (lane->pack.rows > 0) { learn_pack(model, lane, dropout_key(key, packs++)); }
    }
}

/* Draws distinct negatives and gathers their vectors. */
static void draw_negatives(struct transformer *model)
{
    const struct weights_shape *shape = &model->settings.shape;
    const uint64_t key = dropout_key(model->key, STEP_NEGATIVES);
    uint64_t rng = 0;
    for (uint32_t n = 0; n < model->settings.negatives; n++) {
        int32_t item;
        do {
            item = (int32_t)(dropout_key(key, rng++) % shape->items);
        } while (model->slots[item] >= 0);
        model->slots[item] = (int32_t)n;
        model->sampled[n] = item;
        memcpy(model->columns + (size_t)n * shape->d, model->table + (size_t)item * shape->d,
               shape->d * sizeof(float));
    }
}

WIDE
static void move_sum(float *to, float *from, size_t n)
{
    for (size_t i = 0; i < n; i += WIDE_LANES) {
        wide_store(to + i, wide_load(to + i) + wide_load(from + i));
        wide_store(from + i, (wide){0});
    }
}

static void put_back_negatives(struct transformer *model)
{
    const size_t d = model->settings.shape.d;
    for (uint32_t n = 0; n < model->settings.negatives; n++) {
        float *to = model->lanes[0].grads.items + (size_t)model->sampled[n] * d;
        for (size_t l = 0; l < model->settings.lanes; l++) {
            move_sum(to, model->lanes[l].dcolumns + n * d, d);
        }
        model->slots[model->sampled[n]] = -1;
    }
}

/* Sums the lanes' gradients, in their order, into the first lane's. */
static void reduce_slice(void *arg, size_t slice)
{
    struct transformer *model = arg;
    size_t from, to;
    transformer_slice(model->count, slice, &from, &to);
    for (size_t l = 1; l < model->settings.lanes; l++) {
        move_sum(model->lanes[0].gradients + from, model->lanes[l].gradients + from, to - from);
    }
}

static void adam_slice(void *arg, size_t slice)
{
    struct transformer *model = arg;
    const struct adam adam = adam_with(model->settings.rate);
    size_t from, to;
    transformer_slice(model->count, slice, &from, &to);
    adam_step(&adam, model->steps, to - from, model->values + from,
              model->lanes[0].gradients + from, model->mean + from, model->variance + from);
}

static void move_weights(struct transformer *model)
{
    model->steps++;
    thread_pool_run(model->pool, TRANSFORMER_SLICES, reduce_slice, model);
    transformer_table_back(model);
    thread_pool_run(model->pool, TRANSFORMER_SLICES, adam_slice, model);
    transformer_compose(model);
}

/* Takes one step; sums the loss and the weight of the predictions. */
static void learn(struct transformer *model, const struct sequence *sequences, size_t count,
                  double *loss, double *asked)
{
    const struct transformer_settings *settings = &model->settings;
    get_ready_to_learn(model);
    const double weight = deal(model, sequences, count);
    if (!(weight > 0.0)) { return; }
    const float share = settings->mask_share;
    model->weight = 1.0f / ((share > 0.0f ? share : 1.0f) * (float)weight);
    model->key = dropout_key(dropout_key(settings->seed, SEED_STEP), model->steps);
    model->sequences = sequences;
    transformer_clear_dsearches(model);
    model->longest = softmax_loss_longest(model->table, settings->shape.items, settings->shape.d);
    if (settings->negatives) { draw_negatives(model); }
    thread_pool_run(model->pool, settings->lanes, learn_lane, model);
    if (settings->negatives) { put_back_negatives(model); }
    move_weights(model);
    for (size_t l = 0; l < settings->lanes; l++) {
        *loss += model->lanes[l].loss;
        *asked += model->lanes[l].asked_weight;
    }
}

double transformer_learn(struct transformer *model, const struct sequence *sequences, size_t count)
{
    double loss = 0.0, asked = 0.0;
    learn(model, sequences, count, &loss, &asked);
    return asked > 0.0 ? loss / asked : 0.0;
}

double transformer_epoch(struct transformer *model, const struct sequence *sequences, size_t count)
{
    const size_t batch = model->settings.batch;
    const uint64_t orders = dropout_key(model->settings.seed, SEED_ORDER);
    const uint64_t key = dropout_key(orders, model->epochs++);
    struct sequence *order = xmemdup(sequences, count * sizeof(*order));
    double loss = 0.0, asked = 0.0;
    for (size_t i = count; i > 1; i--) { /* Fisher and Yates */
        const size_t other = (size_t)(dropout_key(key, i) % i);
        const struct sequence moved = order[i - 1];
        order[i - 1] = order[other];
        order[other] = moved;
    }
    for (size_t at = 0; at < count; at += batch) {
        learn(model, order + at, MIN_OF(batch, count - at), &loss, &asked);
    }
    free(order);
    return asked > 0.0 ? loss / asked : 0.0;
}

/* ---- Prediction ---- */

static void encode_pack(struct transformer *model, struct lane *lane, float *hidden)
{
    const size_t d = model->settings.shape.d;
    const struct encoder_job job = {
        .weights = &model->weights,
        .table = model->table,
        .searches = model->searches,
        .pack = &lane->pack,
        .causal = model->settings.mask_share == 0.0f,
    };
    memcpy(hidden, encoder_run_last(lane->encoder, &job), lane->pack.sequences * d * sizeof(float));
}

/* Encodes a lane's share of the histories, which begins where the share of the lane before ends. */
static void encode_lane(void *arg, size_t part)
{
    struct transformer *model = arg;
    struct lane *lane = &model->lanes[part];
    const struct weights_shape *shape = &model->settings.shape;
    const bool masked = model->settings.mask_share > 0.0f;
    const size_t end = lane->count;
    for (size_t next = part ? model->lanes[part - 1].count : 0; next < end;) {
        const size_t first = next;
        pack_clear(&lane->pack);
        while (next < end &&
               pack_add_history(&lane->pack, &model->sequences[next], shape->length, masked)) {
            next++;
        }
        encode_pack(model, lane, model->hidden + first * shape->d);
    }
}

void transformer_encode(struct transformer *model, const struct sequence *histories, size_t count,
                        float *hidden)
{
    /* For one history it does not pay to wake another thread. */
    const size_t lanes = MIN_OF((size_t)model->settings.lanes, count);
    model->sequences = histories;
    model->hidden = hidden;
    for (size_t l = 0; l < lanes; l++) { model->lanes[l].count = count * (l + 1) / lanes; }
    thread_pool_run(model->pool, lanes, encode_lane, model);
}

void transformer_scores(const struct transformer *model, const float *hidden, size_t count,
                        float *scores)
{
    const size_t d = model->settings.shape.d, items = model->settings.shape.items;
    gemm_nt((struct gemm_shape){count, items, d}, 1.0f, matrix_of(hidden, d),
            matrix_of(model->table, d), 0.0f, scores, items);
}

const float *transformer_vectors(const struct transformer *model)
{
    return model->table;
}

const float *transformer_run(const struct transformer *model)
{
    return model->values;
}
