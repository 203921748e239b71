#include "base/base.h"
#include "base/xalloc.h"
#include "model/ids.h"
#include "scorer/inbox.h"

enum { INBOX_FIRST = 64, SLOT_FREE = -1 };

void inbox_init(struct inbox *inbox)
{
    *inbox = (struct inbox){0};
}

void inbox_release(struct inbox *inbox)
{
    free(inbox->letters);
    free(inbox->slots);
    *inbox = (struct inbox){0};
}

void inbox_clear(struct inbox *inbox)
{
    for (size_t i = 0; i < inbox->slots_count; i++) { inbox->slots[i] = SLOT_FREE; }
    inbox->count = 0;
}

bool history_older(const struct user_history *history, int32_t partition, int64_t offset)
{
    return history->input_partition == partition && history->input_offset < offset;
}

static int32_t *slot_of(struct inbox *inbox, struct slice user_id, uint64_t hash)
{
    for (size_t at = hash & (inbox->slots_count - 1);; at = (at + 1) & (inbox->slots_count - 1)) {
        int32_t *slot = &inbox->slots[at];
        if (*slot == SLOT_FREE) { return slot; }
        const struct letter *letter = &inbox->letters[*slot];
        if (letter->hash == hash && slice_equal(letter->user_id, user_id)) { return slot; }
    }
}

static void grow(struct inbox *inbox)
{
    inbox->capacity = inbox->capacity ? inbox->capacity * 2 : INBOX_FIRST;
    inbox->letters = xreallocarray(inbox->letters, inbox->capacity, sizeof(*inbox->letters));
    inbox->slots_count = inbox->capacity * 2;
    inbox->slots = xreallocarray(inbox->slots, inbox->slots_count, sizeof(*inbox->slots));
    for (size_t i = 0; i < inbox->slots_count; i++) { inbox->slots[i] = SLOT_FREE; }
    for (size_t i = 0; i < inbox->count; i++) {
        const struct letter *letter = &inbox->letters[i];
        *slot_of(inbox, letter->user_id, letter->hash) = (int32_t)i;
    }
}

bool inbox_put(struct inbox *inbox, struct slice user_id, const struct user_history *history)
{
    if (inbox->count == inbox->capacity) { grow(inbox); }
    uint64_t hash = ids_fingerprint(user_id);
    int32_t *slot = slot_of(inbox, user_id, hash);
    struct letter *letter;
    if (*slot == SLOT_FREE) {
        *slot = (int32_t)inbox->count;
        letter = &inbox->letters[inbox->count++];
    } else {
        letter = &inbox->letters[*slot];
        const struct user_history *held = &letter->history;
        bool compare = history && !letter->gone;
        if (compare && history_older(history, held->input_partition, held->input_offset)) {
            return false;
        }
    }
    *letter = (struct letter){.user_id = user_id, .hash = hash, .gone = !history};
    if (history) { letter->history = *history; }
    return true;
}
