#include "base/base.h"
#include "base/xalloc.h"
#include "features/stored_user.h"

#include <endian.h>

struct stored_user {
    struct ids *ids;
    const struct window *window;
    struct slice *items;
    struct action *actions;
    uint64_t *seen;
};

struct stored_user *stored_user_new(struct ids *ids, const struct window *window)
{
    struct stored_user *stored = xcalloc(1, sizeof(*stored));
    stored->ids = ids;
    stored->window = window;
    stored->items = xcalloc(STATE_ACTIONS_MAX, sizeof(*stored->items));
    stored->actions = xcalloc(STATE_ACTIONS_MAX, sizeof(*stored->actions));
    stored->seen = xcalloc(HISTORY_SEEN_MAX, sizeof(*stored->seen));
    return stored;
}

struct stored_user *stored_user_free(struct stored_user *stored)
{
    if (!stored) { return NULL; }
    free(stored->items);
    free(stored->actions);
    free(stored->seen);
    free(stored);
    return NULL;
}

void stored_user_fill(struct stored_user *stored, const struct user *user,
                      struct user_state *ret_state)
{
    const struct timeline *timeline = &user->timeline;
    int32_t first = timeline->first, count = timeline->count;
    assert(count <= STATE_ACTIONS_MAX && timeline->seen_count <= HISTORY_SEEN_MAX);
    for (int32_t i = 0; i < count; i++) {
        stored->items[i] = ids_text(stored->ids, timeline->items[first + i]);
    }
    for (int32_t i = 0; i < timeline->seen_count; i++) {
        stored->seen[i] = htole64(timeline->seen[timeline->seen_first + i]);
    }
    size_t n = (size_t)count;
    *ret_state = (struct user_state){
        .items = {stored->items, n},
        .actions = {timeline->kinds + first, n},
        .weights = {timeline->weights + first, n},
        .event_times_ms = {timeline->times_ms + first, n},
        .sequences = {timeline->sequences + first, n},
        .event_ids = {(int64_t *)timeline->id_hashes + first, n},
        .offsets = {timeline->offsets + first, n},
        .seen = slice_of(stored->seen, (size_t)timeline->seen_count * HISTORY_SEEN_BYTES),
        .events_total = timeline->total,
        .input_offset = user->input_offset,
        .received_ms = user->received_ms,
    };
}

static bool columns_agree(const struct user_state *state)
{
    size_t n = state->items.count;
    return n <= STATE_ACTIONS_MAX && state->actions.count == n && state->weights.count == n &&
           state->event_times_ms.count == n && state->sequences.count == n &&
           state->event_ids.count == n && state->offsets.count == n &&
           state->seen.size % HISTORY_SEEN_BYTES == 0 &&
           state->seen.size / HISTORY_SEEN_BYTES <= HISTORY_SEEN_MAX;
}

int stored_user_load(struct stored_user *stored, const struct user_state *state,
                     struct user *user)
{
    if (!columns_agree(state)) { return -EINVAL; }
    for (size_t i = 0; i < state->items.count; i++) {
        int32_t item = ids_put(stored->ids, state->items.at[i]);
        if (item == ID_NONE) { return -ENOSPC; }
        stored->actions[i] = (struct action){
            .time_ms = state->event_times_ms.at[i],
            .sequence = state->sequences.at[i],
            .id_hash = (uint64_t)state->event_ids.at[i],
            .offset = state->offsets.at[i],
            .weight = state->weights.at[i],
            .item = item,
            .kind = state->actions.at[i],
        };
    }
    size_t seen_count = state->seen.size / HISTORY_SEEN_BYTES;
    if (seen_count > 0) { memcpy(stored->seen, state->seen.data, state->seen.size); }
    for (size_t i = 0; i < seen_count; i++) { stored->seen[i] = le64toh(stored->seen[i]); }
    int result = timeline_load(&user->timeline, stored->window, stored->actions,
                               state->items.count, stored->seen, seen_count, state->events_total);
    if (result < 0) { return result; }
    user->input_offset = state->input_offset;
    user->received_ms = state->received_ms;
    return 0;
}
