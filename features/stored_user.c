/* A state is columns of numbers and texts; a loaded user has numbers of items instead of texts. A
 * state may come from anybody who can write the changelog, so all of it is checked before it is
 * used: columns of equal length, ascending times, counts that fit each other. Columns that an
 * earlier release did not write are empty; what they would say is then not known (kind -1).
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "features/archive.h"
#include "features/context_column.h"
#include "features/outcome_source.h"
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
    int32_t *left_kinds;
    int64_t *left_sequences;
    int64_t *left_event_ids;
    int64_t *left_offsets;
    struct departed *departed;
    size_t left_capacity; /* of the eight arrays above */
    struct context_column contexts, left_contexts;
    struct slice shown_items[HISTORY_SHOWN_MAX];
    int64_t shown_times_ms[HISTORY_SHOWN_MAX];
    int64_t shown_event_ids[HISTORY_SHOWN_MAX];
    int32_t shown_places[HISTORY_SHOWN_MAX];
    int64_t listed_event_ids[STATE_LISTED_MAX];
    int64_t listed_times_ms[STATE_LISTED_MAX];
    int64_t listed_micros[STATE_LISTED_MAX];
    struct slice listed_sources[STATE_LISTED_MAX];
    struct slice search_texts[HISTORY_SEARCHES_MAX];
    int64_t search_times_ms[HISTORY_SEARCHES_MAX];
    int64_t search_event_ids[HISTORY_SEARCHES_MAX];
    int64_t back_hashes[STATE_BACK_MAX];
    int64_t back_times_ms[STATE_BACK_MAX];
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
    free(stored->left_kinds);
    free(stored->left_sequences);
    free(stored->left_event_ids);
    free(stored->left_offsets);
    free(stored->departed);
    context_column_release(&stored->contexts);
    context_column_release(&stored->left_contexts);
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
    stored->left_kinds = xreallocarray(stored->left_kinds, n, sizeof(*stored->left_kinds));
    stored->left_sequences =
        xreallocarray(stored->left_sequences, n, sizeof(*stored->left_sequences));
    stored->left_event_ids =
        xreallocarray(stored->left_event_ids, n, sizeof(*stored->left_event_ids));
    stored->left_offsets = xreallocarray(stored->left_offsets, n, sizeof(*stored->left_offsets));
    stored->departed = xreallocarray(stored->departed, n, sizeof(*stored->departed));
}

static void fill_left(struct stored_user *stored, const struct user *user,
                      struct user_state *state)
{
    size_t n = (size_t)user->timeline.departed_count;
    assert(n <= STATE_LEFT_MAX);
    reserve_left(stored, n);
    context_column_begin(&stored->left_contexts, n);
    for (size_t i = 0; i < n; i++) {
        const struct departed *departed = &user->timeline.departed[i];
        stored->left_items[i] = ids_text(stored->ids, departed->item);
        stored->left_weights[i] = departed->weight;
        stored->left_times_ms[i] = departed->time_ms;
        stored->left_kinds[i] = departed->kind;
        stored->left_sequences[i] = departed->sequence;
        stored->left_event_ids[i] = (int64_t)departed->id_hash;
        stored->left_offsets[i] = departed->offset;
        context_column_add(&stored->left_contexts, stored->ids, departed->context);
    }
    state->left_actions = (struct ints){stored->left_kinds, n};
    state->left_sequences = (struct longs){stored->left_sequences, n};
    state->left_event_ids = (struct longs){stored->left_event_ids, n};
    state->left_offsets = (struct longs){stored->left_offsets, n};
    state->left_items = (struct slices){stored->left_items, n};
    state->left_weights = (struct doubles){stored->left_weights, n};
    state->left_times_ms = (struct longs){stored->left_times_ms, n};
    state->left_contexts = context_column_texts(&stored->left_contexts);
    state->left_context_numbers = context_column_numbers(&stored->left_contexts);
}

static void fill_shown(struct stored_user *stored, const struct shown *shown,
                       struct user_state *state)
{
    size_t n = (size_t)shown->count;
    assert(n <= HISTORY_SHOWN_MAX);
    for (size_t i = 0; i < n; i++) {
        stored->shown_items[i] = ids_text(stored->ids, shown->at[i].item);
        stored->shown_times_ms[i] = shown->at[i].time_ms;
        stored->shown_event_ids[i] = (int64_t)shown->at[i].id_hash;
        stored->shown_places[i] = shown->at[i].place;
    }
    state->shown_items = (struct slices){stored->shown_items, n};
    state->shown_times_ms = (struct longs){stored->shown_times_ms, n};
    state->shown_event_ids = (struct longs){stored->shown_event_ids, n};
    state->shown_places = (struct ints){stored->shown_places, n};
    state->shown_total = shown->total;
}

static void fill_searches(struct stored_user *stored, const struct searches *searches,
                          struct user_state *state)
{
    size_t n = (size_t)searches->count;
    assert(n <= HISTORY_SEARCHES_MAX);
    for (size_t i = 0; i < n; i++) {
        stored->search_texts[i] = searches_text(searches, (int32_t)i);
        stored->search_times_ms[i] = searches->at[i].time_ms;
        stored->search_event_ids[i] = (int64_t)searches->at[i].id_hash;
    }
    state->search_texts = (struct slices){stored->search_texts, n};
    state->search_times_ms = (struct longs){stored->search_times_ms, n};
    state->search_event_ids = (struct longs){stored->search_event_ids, n};
}

static void fill_taken_back(struct stored_user *stored, const struct taken_back *taken,
                            struct user_state *state)
{
    size_t n = (size_t)taken->count;
    assert(n <= STATE_BACK_MAX);
    for (size_t i = 0; i < n; i++) {
        stored->back_hashes[i] = (int64_t)taken->at[i].hash;
        stored->back_times_ms[i] = taken->at[i].time_ms;
    }
    state->back_hashes = (struct longs){stored->back_hashes, n};
    state->back_times_ms = (struct longs){stored->back_times_ms, n};
}

static void fill_listed(struct stored_user *stored, const struct listed *listed,
                        struct user_state *state)
{
    size_t n = (size_t)listed->count;
    assert(n <= STATE_LISTED_MAX);
    for (size_t i = 0; i < n; i++) {
        stored->listed_event_ids[i] = (int64_t)listed->at[i].id_hash;
        stored->listed_times_ms[i] = listed->at[i].time_ms;
        stored->listed_sources[i] = ids_text(stored->ids, listed->at[i].source);
        stored->listed_micros[i] = listed->at[i].micros;
    }
    state->listed_event_ids = (struct longs){stored->listed_event_ids, n};
    state->listed_times_ms = (struct longs){stored->listed_times_ms, n};
    state->listed_sources = (struct slices){stored->listed_sources, n};
    state->listed_micros = (struct longs){stored->listed_micros, n};
}

static void fill_actions(struct stored_user *stored, const struct timeline *timeline,
                         struct user_state *state)
{
    int32_t first = timeline->first;
    size_t n = (size_t)timeline->count;
    context_column_begin(&stored->contexts, n);
    for (size_t i = 0; i < n; i++) {
        stored->items[i] = ids_text(stored->ids, timeline->items[(size_t)first + i]);
        context_column_add(&stored->contexts, stored->ids, timeline->contexts[(size_t)first + i]);
    }
    state->contexts = context_column_texts(&stored->contexts);
    state->context_numbers = context_column_numbers(&stored->contexts);
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
        .first_offset = user->first_offset,
    };
    fill_shown(stored, &user->shown, ret_state);
    fill_searches(stored, &user->searches, ret_state);
    fill_taken_back(stored, &user->taken, ret_state);
    fill_listed(stored, &user->listed, ret_state);
    ret_state->merged_into =
        (struct slices){user->links.into.at, (size_t)user->links.into.count};
    ret_state->merged_from =
        (struct slices){user->links.from.at, (size_t)user->links.from.count};
    ret_state->merged_ms = user->links.merged_ms;
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

static bool shown_agrees(const struct user_state *state)
{
    size_t n = state->shown_items.count;
    bool ascends = true;
    for (size_t i = 1; i < n && i < state->shown_times_ms.count; i++) {
        ascends = ascends && state->shown_times_ms.at[i - 1] <= state->shown_times_ms.at[i];
    }
    return n <= HISTORY_SHOWN_MAX && state->shown_times_ms.count == n &&
           state->shown_event_ids.count == n && state->shown_places.count == n && ascends &&
           state->shown_total >= (int64_t)n && state->shown_total <= TIMELINE_ACTIONS_MAX &&
           ids_valid(&state->shown_items) && state->back_hashes.count <= STATE_BACK_MAX;
}

static bool listed_agrees(const struct user_state *state)
{
    size_t n = state->listed_event_ids.count;
    bool agrees = n <= STATE_LISTED_MAX && state->listed_times_ms.count == n &&
                  state->listed_sources.count == n && state->listed_micros.count == n;
    for (size_t i = 0; agrees && i < n; i++) {
        agrees = outcome_source_valid(state->listed_sources.at[i]) &&
                 timeline_allows(state->listed_times_ms.at[i], /* weight= */ 0.0);
    }
    return agrees;
}

static bool links_valid(const struct user_state *state)
{
    return state->merged_into.count <= STATE_MERGED_INTO_MAX &&
           state->merged_from.count <= STATE_MERGED_FROM_MAX && ids_valid(&state->merged_into) &&
           ids_valid(&state->merged_from);
}

static bool columns_agree(const struct user_state *state)
{
    size_t n = state->items.count, left = state->left_items.count;
    return n <= STATE_ACTIONS_MAX && state->actions.count == n && state->weights.count == n &&
           state->event_times_ms.count == n && state->sequences.count == n &&
           state->event_ids.count == n && state->offsets.count == n &&
           state->left_weights.count == left && state->left_times_ms.count == left &&
           left <= STATE_LEFT_MAX && shown_agrees(state) && listed_agrees(state) &&
           numbers_valid(state) && links_valid(state) &&
           searches_valid(&state->search_texts, &state->search_times_ms,
                          &state->search_event_ids) &&
           context_column_valid(&state->contexts, &state->context_numbers, n) &&
           context_column_valid(&state->left_contexts, &state->left_context_numbers, left) &&
           state->back_hashes.count == state->back_times_ms.count && ids_valid(&state->items) &&
           ids_valid(&state->left_items) && state->seen.size % HISTORY_SEEN_BYTES == 0 &&
           state->seen.size / HISTORY_SEEN_BYTES <= HISTORY_SEEN_MAX;
}

/* Loads the actions that wait for the archive, after the timeline. */
static int load_left(struct stored_user *stored, const struct user_state *state,
                     struct timeline *timeline)
{
    size_t count = state->left_items.count;
    bool named = state->left_actions.count == count && state->left_sequences.count == count &&
                 state->left_event_ids.count == count && state->left_offsets.count == count;
    reserve_left(stored, count);
    for (size_t i = 0; i < state->left_items.count; i++) {
        double weight = state->left_weights.at[i];
        int32_t item = ids_put(stored->ids, state->left_items.at[i]);
        if (item == ID_NONE) { return -ENOSPC; }
        if (!timeline_allows(state->left_times_ms.at[i], weight)) { return -EINVAL; }
        if (named && state->left_offsets.at[i] < -1) { return -EINVAL; }
        int32_t context;
        if (context_column_get(&state->left_contexts, &state->left_context_numbers, i, stored->ids,
                               &context) < 0) {
            return -ENOSPC;
        }
        stored->departed[i] = (struct departed){
            .time_ms = state->left_times_ms.at[i],
            .weight = weight,
            .item = item,
            .kind = named ? state->left_actions.at[i] : -1,
            .sequence = named ? state->left_sequences.at[i] : 0,
            .id_hash = named ? (uint64_t)state->left_event_ids.at[i] : 0,
            .offset = named ? state->left_offsets.at[i] : -1,
            .context = context,
        };
    }
    timeline_recall(timeline, stored->departed, state->left_items.count);
    return 0;
}

static int load_shown(struct stored_user *stored, const struct user_state *state,
                      struct shown *shown)
{
    for (size_t i = 0; i < state->shown_items.count; i++) {
        const struct showing showing = {
            .time_ms = state->shown_times_ms.at[i],
            .id_hash = (uint64_t)state->shown_event_ids.at[i],
            .item = ids_put(stored->ids, state->shown_items.at[i]),
            .place = state->shown_places.at[i],
        };
        if (showing.item == ID_NONE) { return -ENOSPC; }
        shown_add(shown, &showing, HISTORY_SHOWN_MAX);
    }
    shown->total = state->shown_total;
    return 0;
}

static int load_listed(struct stored_user *stored, const struct user_state *state,
                       struct listed *listed)
{
    for (size_t i = 0; i < state->listed_event_ids.count; i++) {
        const struct listed_action action = {
            .time_ms = state->listed_times_ms.at[i],
            .id_hash = (uint64_t)state->listed_event_ids.at[i],
            .micros = state->listed_micros.at[i],
            .source = ids_put(stored->ids, state->listed_sources.at[i]),
        };
        if (action.source == ID_NONE) { return -ENOSPC; }
        listed_add(listed, &action, STATE_LISTED_MAX);
    }
    return 0;
}

static void load_searches(const struct user_state *state, struct searches *searches)
{
    for (size_t i = 0; i < state->search_texts.count; i++) {
        (void)searches_add(searches, state->search_times_ms.at[i],
                           (uint64_t)state->search_event_ids.at[i], state->search_texts.at[i],
                           HISTORY_SEARCHES_MAX);
    }
}

static void load_taken_back(const struct user_state *state, struct taken_back *taken)
{
    for (size_t i = 0; i < state->back_hashes.count; i++) {
        (void)taken_back_add(taken, (uint64_t)state->back_hashes.at[i],
                             state->back_times_ms.at[i], STATE_BACK_MAX);
    }
}

static void load_links(const struct user_state *state, struct links *links)
{
    for (size_t i = 0; i < state->merged_into.count; i++) {
        link_list_put(&links->into, state->merged_into.at[i], STATE_MERGED_INTO_MAX);
    }
    for (size_t i = 0; i < state->merged_from.count; i++) {
        link_list_put(&links->from, state->merged_from.at[i], STATE_MERGED_FROM_MAX);
    }
    links->merged_ms = links->into.count ? state->merged_ms : MERGED_NEVER;
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
        int32_t context;
        int result = context_column_get(&state->contexts, &state->context_numbers, i, stored->ids,
                                        &context);
        if (item == ID_NONE || result < 0) { return -ENOSPC; }
        stored->actions[i] = (struct action){
            .time_ms = state->event_times_ms.at[i],
            .sequence = state->sequences.at[i],
            .id_hash = (uint64_t)state->event_ids.at[i],
            .offset = state->offsets.at[i],
            .weight = state->weights.at[i],
            .item = item,
            .kind = state->actions.at[i],
            .context = context,
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
    if (result == 0) { result = load_shown(stored, state, &user->shown); }
    if (result == 0) { result = load_listed(stored, state, &user->listed); }
    if (result < 0) {
        timeline_release(&user->timeline);
        shown_release(&user->shown);
        listed_release(&user->listed);
        return result;
    }
    load_searches(state, &user->searches);
    load_taken_back(state, &user->taken);
    load_links(state, &user->links);
    user->first_offset = state->first_offset;
    user->segments = state->segments;
    user->archived = state->archived;
    user->forgotten_ms = state->forgotten_ms;
    user->input_offset = state->input_offset;
    user->received_ms = state->received_ms;
    return 0;
}
