#include "base/base.h"
#include "base/xalloc.h"
#include "model/transformer/dropout.h"
#include "model/transformer/pack.h"

static float weight_of(const struct sequence *sequence, size_t i)
{
    return sequence->weights ? sequence->weights[i] : 1.0f;
}

double sequence_weight(const struct sequence *sequence, size_t last)
{
    double weight = 0.0;
    assert(last <= sequence->count);
    for (size_t i = sequence->count - last; i < sequence->count; i++) {
        weight += (double)weight_of(sequence, i);
    }
    return weight;
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
    const size_t inputs = MIN_OF(sequence->count - 1, length);
    if (inputs == 0) { return true; }
    if (pack->tokens + inputs > pack->tokens_max) { return false; }
    const size_t from = sequence->count - 1 - inputs;
    const size_t first = append(pack, sequence, from, sequence->count - 1);
    for (size_t i = 0; i < inputs; i++) {
        const size_t next = from + i + 1;
        ask(pack, first + i, sequence->items[next], weight_of(sequence, next));
    }
    close_sequence(pack);
    return true;
}

bool pack_add_masked(struct pack *pack, const struct sequence *sequence, size_t length, float share,
                     uint64_t key)
{
    const size_t inputs = MIN_OF(sequence->count, length);
    assert(inputs > 0);
    if (pack->tokens + inputs > pack->tokens_max) { return false; }
    const size_t from = sequence->count - inputs;
    const size_t first = append(pack, sequence, from, sequence->count);
    const size_t rows_before = pack->rows;
    for (size_t i = 0; i < inputs; i++) {
        double rng = (double)(dropout_key(key, i) >> 11) * 0x1p-53;
        bool last_chance = i + 1 == inputs && pack->rows == rows_before;
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
