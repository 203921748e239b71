#include "base/base.h"
#include "base/array.h"
#include "base/xalloc.h"
#include "stream/state/stage.h"

enum { STAGE_ARENA_BLOCK = 1 << 18, STAGE_PUTS_FIRST = 128 };

void stage_init(struct stage *stage)
{
    *stage = (struct stage){.arena = arena_new(STAGE_ARENA_BLOCK), .next_offset = -1};
}

void stage_release(struct stage *stage)
{
    stage->arena = arena_free(stage->arena);
    free(stage->puts);
    free(stage->sorted);
    hash_index_release(&stage->index);
    free(stage->messages);
    *stage = (struct stage){0};
}

void stage_clear(struct stage *stage)
{
    arena_reset(stage->arena);
    hash_index_clear(&stage->index);
    stage->puts_count = 0;
    stage->messages_count = 0;
    stage->next_offset = -1;
}

static uint64_t hash_of(const void *stage, uint32_t at)
{
    return ((const struct stage *)stage)->puts[at].hash;
}

static bool is(const void *stage, uint32_t at, const void *wanted)
{
    const struct put *put = &((const struct stage *)stage)->puts[at];
    const struct put *other = wanted;
    return put->hash == other->hash && slice_equal(put->key, other->key);
}

static void grow(struct stage *stage)
{
    stage->puts_capacity = MAX_OF(stage->puts_capacity * 2, (size_t)STAGE_PUTS_FIRST);
    stage->puts = xreallocarray(stage->puts, stage->puts_capacity, sizeof(*stage->puts));
    uint32_t more = (uint32_t)(stage->puts_capacity - stage->puts_count);
    hash_index_reserve(&stage->index, more, hash_of, stage);
}

void stage_put(struct stage *stage, struct slice key, struct slice value)
{
    assert(key.data);
    if (stage->puts_count == stage->puts_capacity) { grow(stage); }
    struct put put = {.key = key, .hash = hash_index_text(key)};
    uint32_t slot = hash_index_slot(&stage->index, put.hash, is, stage, &put);
    int32_t at = hash_index_get(&stage->index, slot);
    if (at == HASH_INDEX_NONE) {
        at = (int32_t)stage->puts_count++;
        hash_index_occupy(&stage->index, slot, (uint32_t)at);
        put.key = arena_copy(stage->arena, key);
        stage->puts[at] = put;
    }
    stage->puts[at].value = arena_copy(stage->arena, value);
}

const struct put *stage_find(const struct stage *stage, struct slice key)
{
    if (!stage->puts_count) { return NULL; }
    const struct put put = {.key = key, .hash = hash_index_text(key)};
    int32_t at = hash_index_find(&stage->index, put.hash, is, stage, &put);
    return at == HASH_INDEX_NONE ? NULL : &stage->puts[at];
}

static int by_key(const void *a, const void *b)
{
    const struct put *const *left = a;
    const struct put *const *right = b;
    return slice_compare((*left)->key, (*right)->key);
}

void stage_store(struct stage *stage, struct store_batch *batch)
{
    if (!stage->puts_count) { return; }
    ARRAY_RESERVE(stage->sorted, stage->sorted_capacity, stage->puts_count, STAGE_PUTS_FIRST);
    for (size_t i = 0; i < stage->puts_count; i++) { stage->sorted[i] = &stage->puts[i]; }
    qsort(stage->sorted, stage->puts_count, sizeof(*stage->sorted), by_key);
    for (size_t i = 0; i < stage->puts_count; i++) {
        store_batch_put(batch, stage->sorted[i]->key, stage->sorted[i]->value);
    }
}

void stage_send(struct stage *stage, const struct message *message)
{
    ARRAY_RESERVE(stage->messages, stage->messages_capacity, stage->messages_count + 1, 64);
    assert(message->headers_count == 0);
    struct message *kept = &stage->messages[stage->messages_count++];
    *kept = *message;
    kept->key = arena_copy(stage->arena, message->key);
    kept->value = arena_copy(stage->arena, message->value);
}

size_t stage_bytes(const struct stage *stage)
{
    return arena_used(stage->arena);
}
