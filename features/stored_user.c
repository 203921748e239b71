#include "base/base.h"
#include "base/xalloc.h"
#include "features/archive.h"
#include "features/stored_user.h"

#include <endian.h>

struct stored_user {
    struct ids *ids;
    const struct window *window;
    struct slice *items;
    struct action *actions;
    uint64_t *seen;
    struct slice *left_items;
    double *left_weights;
    int64_t *left_times_ms;
    struct departed *departed;
    size_t left_capacity; /* of the four arrays above */
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
    free(stored->left_items);
    free(stored->left_weights);
    free(stored->left_times_ms);
    free(stored->departed);
    free(stored);
    return NULL;
}

/* Grows the columns. Many actions wait only after history.actions.max was lowered. */
static void reserve_left(struct stored_user *stored, size_t count)
{
    if (count <= stored->left_capacity) { return; }
    stored->left_capacity = MAX_OF(stored->left_capacity * 2, count);
    size_t n = stored->left_capacity;
    stored->left_items = xreallocarray(stored->left_items, n, sizeof(*stored->left_items));
    stored->left_weights = xreallocarray(stored->left_weights, n, sizeof(*stored->left_weights));
    stored->left_times_ms =
        xreallocarray(stored->left_times_ms, n, sizeof(*stored->left_times_ms));
    stored->departed = xreallocarray(stored->departed, n, sizeof(*stored->departed));
}

static void fill_left(struct stored_user *stored, const struct user *user,
                      struct user_state *state)
{
    size_t n = (size_t)user->timeline.departed_count;
    assert(n <= STATE_LEFT_MAX);
    reserve_left(stored, n);
    for (size_t i = 0; i < n; i++) {
        const struct departed *departed = &user->timeline.departed[i];
        stored->left_items[i] = ids_text(stored->ids, departed->item);
        stored->left_weights[i] = departed->weight;
        stored->left_times_ms[i] = departed->time_ms;
    }
    state->left_items = (struct slices){stored->left_items, n};
    state->left_weights = (struct doubles){stored->left_weights, n};
    state->left_times_ms = (struct longs){stored->left_times_ms, n};
}

static void fill_actions(struct stored_user *stored, const struct timeline *timeline,
                         struct user_state *state)
{
    int32_t first = timeline->first;
    size_t n = (size_t)timeline->count;
    for (size_t i = 0; i < n; i++) {
        stored->items[i] = ids_text(stored->ids, timeline->items[(size_t)first + i]);
    }
    state->items = (struct slices){stored->items, n};
    state->actions = (struct ints){timeline->kinds + first, n};
    state->weights = (struct doubles){timeline->weights + first, n};
    state->event_times_ms = (struct longs){timeline->times_ms + first, n};
    state->sequences = (struct longs){timeline->sequences + first, n};
    state->event_ids = (struct longs){(int64_t *)timeline->id_hashes + first, n};
    state->offsets = (struct longs){timeline->offsets + first, n};
}

void stored_user_fill(struct stored_user *stored, const struct user *user,
                      struct user_state *ret_state)
{
    const struct timeline *timeline = &user->timeline;
    int32_t count = timeline->count;
    assert(count <= STATE_ACTIONS_MAX && timeline->seen_count <= HISTORY_SEEN_MAX);
    for (int32_t i = 0; i < timeline->seen_count; i++) {
        stored->seen[i] = htole64(timeline->seen[timeline->seen_first + i]);
    }
    *ret_state = (struct user_state){
        .seen = slice_of(stored->seen, (size_t)timeline->seen_count * HISTORY_SEEN_BYTES),
        .events_total = timeline->total,
        .input_offset = user->input_offset,
        .received_ms = user->received_ms,
        .segments = user->segments,
        .archived = user->archived,
        .forgotten_ms = user->forgotten_ms,
    };
    if (count > 0) { fill_actions(stored, timeline, ret_state); }
    if (user->first_item != ID_NONE) {
        ret_state->first_item = ids_text(stored->ids, user->first_item);
    }
    fill_left(stored, user, ret_state);
}

static bool ids_valid(const struct slices *ids)
{
    for (size_t i = 0; i < ids->count; i++) {
        if (ids->at[i].size == 0 || ids->at[i].size > ID_BYTES_MAX) { return false; }
    }
    return true;
}

/* Bounds what later code adds up. */
static bool numbers_valid(const struct user_state *state)
{
    int64_t held = (int64_t)(state->items.count + state->left_items.count);
    return state->events_total >= held && state->events_total <= TIMELINE_ACTIONS_MAX &&
           state->archived >= 0 && state->archived <= state->events_total - held &&
           state->archived % ARCHIVE_SEGMENT == 0 &&
           state->archived / ARCHIVE_SEGMENT <= state->segments &&
           state->segments <= ARCHIVE_NUMBER_MAX;
}

static bool columns_agree(const struct user_state *state)
{
    size_t n = state->items.count, left = state->left_items.count;
    return n <= STATE_ACTIONS_MAX && state->actions.count == n && state->weights.count == n &&
           state->event_times_ms.count == n && state->sequences.count == n &&
           state->event_ids.count == n && state->offsets.count == n &&
           state->left_weights.count == left && state->left_times_ms.count == left &&
           left <= STATE_LEFT_MAX && numbers_valid(state) && ids_valid(&state->items) &&
           ids_valid(&state->left_items) && state->seen.size % HISTORY_SEEN_BYTES == 0 &&
           state->seen.size / HISTORY_SEEN_BYTES <= HISTORY_SEEN_MAX;
}

/* Loads the actions that wait for the archive, after the timeline. */
static int load_left(struct stored_user *stored, const struct user_state *state,
                     struct timeline *timeline)
{
    reserve_left(stored, state->left_items.count);
    for (size_t i = 0; i < state->left_items.count; i++) {
        double weight = state->left_weights.at[i];
        int32_t item = ids_put(stored->ids, state->left_items.at[i]);
        if (item == ID_NONE) { return -ENOSPC; }
        if (!timeline_allows(state->left_times_ms.at[i], weight)) { return -EINVAL; }
        stored->departed[i] = (struct departed){state->left_times_ms.at[i], weight, item};
    }
    timeline_recall(timeline, stored->departed, state->left_items.count);
    return 0;
}

/* The item on which the user is counted. States written before this field existed do not have it:
 * then it is the item of the kept action that arrived first. */
static int32_t first_item(struct stored_user *stored, const struct user_state *state)
{
    if (state->first_item.size > 0) { return ids_put(stored->ids, state->first_item); }
    const struct action *first = NULL;
    for (size_t i = 0; i < state->items.count; i++) {
        const struct action *action = &stored->actions[i];
        if (!first || action->offset < first->offset) { first = action; }
    }
    return first ? first->item : ID_NONE;
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
    user->first_item = first_item(stored, state);
    if (user->first_item == ID_NONE && state->first_item.size > 0) { result = -ENOSPC; }
    if (result == 0) { result = load_left(stored, state, &user->timeline); }
    if (result < 0) {
        timeline_release(&user->timeline);
        return result;
    }
    user->segments = state->segments;
    user->archived = state->archived;
    user->forgotten_ms = state->forgotten_ms;
    user->input_offset = state->input_offset;
    user->received_ms = state->received_ms;
    return 0;
}
