#include "base/base.h"
#include "base/xalloc.h"
#include "stream/stage.h"

#include <xxhash.h>

enum { STAGE_ARENA_BLOCK = 1 << 18, STAGE_SLOTS_FIRST = 256, SLOT_FREE = -1 };

void stage_init(struct stage *stage)
{
    *stage = (struct stage){.arena = arena_new(STAGE_ARENA_BLOCK), .next_offset = -1};
}

void stage_release(struct stage *stage)
{
    stage->arena = arena_free(stage->arena);
    free(stage->puts);
    free(stage->slots);
    free(stage->messages);
    *stage = (struct stage){0};
}

void stage_clear(struct stage *stage)
{
    arena_reset(stage->arena);
    if (stage->puts_count) {
        memset(stage->slots, 0xff, stage->slots_count * sizeof(*stage->slots));
    }
    stage->puts_count = 0;
    stage->messages_count = 0;
    stage->next_offset = -1;
}

static size_t slot_of(const struct stage *stage, struct slice key, uint64_t hash)
{
    size_t slot = hash & (stage->slots_count - 1);
    for (;; slot = (slot + 1) & (stage->slots_count - 1)) {
        if (stage->slots[slot] == SLOT_FREE) { return slot; }
        const struct put *put = &stage->puts[stage->slots[slot]];
        if (put->hash == hash && slice_equal(put->key, key)) { return slot; }
    }
}

static void grow(struct stage *stage)
{
    stage->slots_count = stage->slots_count ? stage->slots_count * 2 : STAGE_SLOTS_FIRST;
    stage->puts_capacity = stage->slots_count / 2;
    stage->slots = xreallocarray(stage->slots, stage->slots_count, sizeof(*stage->slots));
    stage->puts = xreallocarray(stage->puts, stage->puts_capacity, sizeof(*stage->puts));
    memset(stage->slots, 0xff, stage->slots_count * sizeof(*stage->slots));
    for (size_t i = 0; i < stage->puts_count; i++) {
        stage->slots[slot_of(stage, stage->puts[i].key, stage->puts[i].hash)] = (int32_t)i;
    }
}

void stage_put(struct stage *stage, struct slice key, struct slice value)
{
    assert(key.data);
    if (stage->puts_count == stage->puts_capacity) { grow(stage); }
    uint64_t hash = XXH3_64bits(key.data, key.size);
    size_t slot = slot_of(stage, key, hash);
    if (stage->slots[slot] == SLOT_FREE) {
        stage->slots[slot] = (int32_t)stage->puts_count;
        stage->puts[stage->puts_count++] =
            (struct put){.key = arena_copy(stage->arena, key), .hash = hash};
    }
    stage->puts[stage->slots[slot]].value = arena_copy(stage->arena, value);
}

const struct put *stage_find(const struct stage *stage, struct slice key)
{
    if (!stage->puts_count) { return NULL; }
    size_t slot = slot_of(stage, key, XXH3_64bits(key.data, key.size));
    return stage->slots[slot] == SLOT_FREE ? NULL : &stage->puts[stage->slots[slot]];
}

void stage_send(struct stage *stage, const struct message *message)
{
    if (stage->messages_count == stage->messages_capacity) {
        stage->messages_capacity = stage->messages_capacity ? stage->messages_capacity * 2 : 64;
        stage->messages =
            xreallocarray(stage->messages, stage->messages_capacity, sizeof(*stage->messages));
    }
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
