#include "base/base.h"
#include "base/xalloc.h"
#include "model/ids.h"
#include "scorer/inbox.h"

enum { INBOX_FIRST = 64 };

void inbox_init(struct inbox *inbox)
{
    *inbox = (struct inbox){0};
}

void inbox_release(struct inbox *inbox)
{
    free(inbox->letters);
    hash_index_release(&inbox->index);
    *inbox = (struct inbox){0};
}

void inbox_clear(struct inbox *inbox)
{
    hash_index_clear(&inbox->index);
    inbox->count = 0;
}

bool history_older(const struct user_history *history, int32_t partition, int64_t offset)
{
    return history->input_partition == partition && history->input_offset < offset;
}

static uint64_t hash_of(const void *inbox, uint32_t at)
{
    return ((const struct inbox *)inbox)->letters[at].hash;
}

static bool is(const void *inbox, uint32_t at, const void *wanted)
{
    const struct letter *letter = &((const struct inbox *)inbox)->letters[at];
    const struct letter *other = wanted;
    return letter->hash == other->hash && slice_equal(letter->user_id, other->user_id);
}

static struct letter *add(struct inbox *inbox, uint64_t hash)
{
    if (inbox->count == inbox->capacity) {
        inbox->capacity = inbox->capacity ? inbox->capacity * 2 : INBOX_FIRST;
        inbox->letters = xreallocarray(inbox->letters, inbox->capacity, sizeof(*inbox->letters));
    }
    hash_index_add(&inbox->index, hash, (uint32_t)inbox->count, hash_of, inbox);
    return &inbox->letters[inbox->count++];
}

bool inbox_put(struct inbox *inbox, struct slice user_id, const struct user_history *history)
{
    struct letter taken = {
        .user_id = user_id,
        .hash = ids_fingerprint(user_id),
        .gone = !history,
    };
    if (history) { taken.history = *history; }
    int32_t at = hash_index_find(&inbox->index, taken.hash, is, inbox, &taken);
    if (at == HASH_INDEX_NONE) {
        *add(inbox, taken.hash) = taken;
        return true;
    }
    struct letter *letter = &inbox->letters[at];
    const struct user_history *held = &letter->history;
    bool compare = history && !letter->gone;
    if (compare && history_older(history, held->input_partition, held->input_offset)) {
        return false;
    }
    *letter = taken;
    return true;
}
