#include "base/base.h"
#include "base/xalloc.h"
#include "model/transformer/dropout.h"
#include "model/transformer/pack.h"

static float weight_of(const struct sequence *sequence, size_t i)
{
    return sequence->weights ? sequence->weights[i] : 1.0f;
}

/* Returns how many of a sequence's tokens there are up to its last action, with it. */
static size_t to_last_action(const struct sequence *sequence)
{
    size_t count = sequence->count;
    while (count && sequence->items[count - 1] < 0) { count--; }
    return count;
}

size_t sequence_causal_tokens(const struct sequence *sequence, size_t length)
{
    const size_t count = to_last_action(sequence);
    return count ? MIN_OF(count - 1, length) : 0;
}

double sequence_causal_weight(const struct sequence *sequence, size_t length)
{
    const size_t count = to_last_action(sequence);
    const size_t tokens = sequence_causal_tokens(sequence, length);
    double sum = 0.0;
    float weight = 0.0f; /* of the next action */
    for (size_t i = count; tokens && i > count - tokens; i--) {
        if (sequence->items[i - 1] >= 0) { weight = weight_of(sequence, i - 1); }
        sum += (double)weight;
    }
    return sum;
}

size_t sequence_masked_tokens(const struct sequence *sequence, size_t length)
{
    return MIN_OF(sequence->count, length);
}

double sequence_masked_weight(const struct sequence *sequence, size_t length)
{
    const size_t tokens = sequence_masked_tokens(sequence, length);
    double sum = 0.0;
    for (size_t i = sequence->count - tokens; i < sequence->count; i++) {
        if (sequence->items[i] >= 0) { sum += (double)weight_of(sequence, i); }
    }
    return sum;
}

void pack_init(struct pack *pack, size_t tokens_max)
{
    *pack = (struct pack){.tokens_max = tokens_max};
    pack->starts = xcalloc(tokens_max + 1, sizeof(*pack->starts));
    pack->items = xcalloc(tokens_max, sizeof(*pack->items));
    pack->positions = xcalloc(tokens_max, sizeof(*pack->positions));
    pack->asked = xcalloc(tokens_max, sizeof(*pack->asked));
    pack->wanted = xcalloc(tokens_max, sizeof(*pack->wanted));
    pack->weights = xcalloc(tokens_max, sizeof(*pack->weights));
}

void pack_release(struct pack *pack)
{
    free(pack->starts);
    free(pack->items);
    free(pack->positions);
    free(pack->asked);
    free(pack->wanted);
    free(pack->weights);
    *pack = (struct pack){0};
}

void pack_clear(struct pack *pack)
{
    pack->tokens = pack->sequences = pack->rows = 0;
}

/* Appends actions from .. to - 1; returns the first one's token. */
static size_t append(struct pack *pack, const struct sequence *sequence, size_t from, size_t to)
{
    const size_t first = pack->tokens;
    for (size_t i = from; i < to; i++) {
        const size_t token = pack->tokens++;
        pack->items[token] = sequence->items[i];
        pack->positions[token] = (int32_t)(i - from);
    }
    return first;
}

static void close_sequence(struct pack *pack)
{
    pack->starts[++pack->sequences] = pack->tokens;
}

static void ask(struct pack *pack, size_t token, int32_t wanted, float weight)
{
    pack->asked[pack->rows] = (int32_t)token;
    pack->weights[pack->rows] = weight;
    pack->wanted[pack->rows++] = wanted;
}

bool pack_add_causal(struct pack *pack, const struct sequence *sequence, size_t length)
{
    assert(sequence->count > 0);
    const size_t inputs = sequence_causal_tokens(sequence, length);
    if (inputs == 0) { return true; }
    if (pack->tokens + inputs > pack->tokens_max) { return false; }
    const size_t last = to_last_action(sequence) - 1, from = last - inputs;
    const size_t first = append(pack, sequence, from, last);
    for (size_t i = 0, next = from; i < inputs; i++) {
        while (next <= from + i || sequence->items[next] < 0) { next++; }
        ask(pack, first + i, sequence->items[next], weight_of(sequence, next));
    }
    close_sequence(pack);
    return true;
}

bool pack_add_masked(struct pack *pack, const struct sequence *sequence, size_t length, float share,
                     uint64_t key)
{
    const size_t inputs = sequence_masked_tokens(sequence, length);
    assert(inputs > 0);
    const size_t from = sequence->count - inputs, end = to_last_action(sequence);
    if (end <= from) { return true; }
    if (pack->tokens + inputs > pack->tokens_max) { return false; }
    const size_t first = append(pack, sequence, from, sequence->count);
    const size_t rows_before = pack->rows;
    for (size_t i = 0; i < inputs; i++) {
        if (pack->items[first + i] < 0) { continue; }
        double rng = (double)(dropout_key(key, i) >> 11) * 0x1p-53;
        bool last_chance = from + i + 1 == end && pack->rows == rows_before;
        if (rng < share || last_chance) {
            ask(pack, first + i, pack->items[first + i], weight_of(sequence, from + i));
            pack->items[first + i] = PACK_MASK;
        }
    }
    close_sequence(pack);
    return true;
}

bool pack_add_history(struct pack *pack, const struct sequence *sequence, size_t length,
                      bool masked)
{
    assert(sequence->count > 0 && length > (masked ? 1u : 0u));
    const size_t room = masked ? length - 1 : length;
    const size_t inputs = MIN_OF(sequence->count, room);
    if (pack->tokens + inputs + (masked ? 1 : 0) > pack->tokens_max) { return false; }
    append(pack, sequence, sequence->count - inputs, sequence->count);
    if (masked) {
        const size_t token = pack->tokens++;
        pack->items[token] = PACK_MASK;
        pack->positions[token] = (int32_t)inputs;
    }
    ask(pack, pack->tokens - 1, PACK_MASK, 1.0f);
    close_sequence(pack);
    return true;
}
