#include "base/base.h"
#include "base/hash_index.h"
#include "base/xalloc.h"
#include "features/history.h"

struct hash_entry {
    uint64_t hash;
    uint32_t stamp;
};

struct history {
    const struct ids *ids;
    int32_t length;
    struct slice *items;
    float *weights;
    uint32_t *had; /* prefixes */
    uint32_t *had_sorted;
    uint8_t *had_bytes;
    int32_t had_count;
    struct slice shown_items[HISTORY_SHOWN_MAX];
    int64_t shown_times_ms[HISTORY_SHOWN_MAX];
    int32_t shown_places[HISTORY_SHOWN_MAX];
    struct slice search_texts[HISTORY_SEARCHES_MAX];
    int64_t search_times_ms[HISTORY_SEARCHES_MAX];
    struct hash_entry *hashes; /* of this message: open addressing, at most half full */
    size_t hashes_mask;
    uint32_t stamp;
};

struct history *history_new(int32_t length, int32_t actions_max, int32_t seen_max,
                            const struct ids *ids)
{
    assert(length > 0 && length <= actions_max);
    struct history *history = xcalloc(1, sizeof(*history));
    size_t most = (size_t)actions_max + (size_t)seen_max;
    size_t hashes_count = 2;
    while (hashes_count < most * 2) { hashes_count *= 2; }
    history->ids = ids;
    history->length = length;
    history->items = xcalloc((size_t)length, sizeof(*history->items));
    history->weights = xcalloc((size_t)length, sizeof(*history->weights));
    history->had = xcalloc(most, sizeof(*history->had));
    history->had_sorted = xcalloc(most, sizeof(*history->had_sorted));
    history->had_bytes = xmalloc(PREFIX_SET_BYTES(most));
    history->hashes = xcalloc(hashes_count, sizeof(*history->hashes));
    history->hashes_mask = hashes_count - 1;
    return history;
}

struct history *history_free(struct history *history)
{
    if (!history) { return NULL; }
    free(history->items);
    free(history->weights);
    free(history->had);
    free(history->had_sorted);
    free(history->had_bytes);
    free(history->hashes);
    free(history);
    return NULL;
}

/* Nobody knows the seed, so nobody can make items whose fingerprints meet here. */
static size_t home_of(const struct history *history, uint64_t hash)
{
    uint64_t mixed = (hash ^ hash_index_process_seed) * UINT64_C(0x9e3779b97f4a7c15);
    return (size_t)(mixed >> 32) & history->hashes_mask;
}

/* Adds a fingerprint to the set; says whether it is new. */
static bool add_hash(struct history *history, uint64_t hash)
{
    for (size_t at = home_of(history, hash);; at = (at + 1) & history->hashes_mask) {
        struct hash_entry *entry = &history->hashes[at];
        if (entry->stamp != history->stamp) {
            *entry = (struct hash_entry){.hash = hash, .stamp = history->stamp};
            return true;
        }
        if (entry->hash == hash) { return false; }
    }
}

static void clear_hashes(struct history *history)
{
    if (++history->stamp == 0) {
        memset(history->hashes, 0, (history->hashes_mask + 1) * sizeof(*history->hashes));
        history->stamp = 1;
    }
    history->had_count = 0;
}

static void add_had(struct history *history, uint64_t hash)
{
    if (add_hash(history, hash)) { history->had[history->had_count++] = ids_prefix(hash); }
}

static void fill_shown(struct history *history, const struct shown *shown,
                       struct user_history *message)
{
    size_t n = (size_t)shown->count;
    assert(n <= HISTORY_SHOWN_MAX);
    for (size_t i = 0; i < n; i++) {
        history->shown_items[i] = ids_text(history->ids, shown->at[i].item);
        history->shown_times_ms[i] = shown->at[i].time_ms;
        history->shown_places[i] = shown->at[i].place;
    }
    message->shown_items = (struct slices){history->shown_items, n};
    message->shown_times_ms = (struct longs){history->shown_times_ms, n};
    message->shown_places = (struct ints){history->shown_places, n};
}

static void fill_searches(struct history *history, const struct searches *searches,
                          struct user_history *message)
{
    size_t n = (size_t)searches->count;
    assert(n <= HISTORY_SEARCHES_MAX);
    for (size_t i = 0; i < n; i++) {
        history->search_texts[i] = searches_text(searches, (int32_t)i);
        history->search_times_ms[i] = searches->at[i].time_ms;
    }
    message->search_texts = (struct slices){history->search_texts, n};
    message->search_times_ms = (struct longs){history->search_times_ms, n};
}

bool history_any(const struct user *user)
{
    return user->timeline.count > 0 || user->searches.count > 0;
}

/* Who has only searched so far has the time of that. */
static int64_t newest_ms(const struct user *user)
{
    const struct timeline *timeline = &user->timeline;
    return timeline->count ? timeline->times_ms[timeline->first + timeline->count - 1]
                           : user->searches.at[user->searches.count - 1].time_ms;
}

void history_fill(struct history *history, const struct user *user, int32_t partition,
                  struct user_history *ret_message)
{
    const struct timeline *timeline = &user->timeline;
    assert(history_any(user));
    int32_t count = MIN_OF(timeline->count, history->length);
    int32_t end = timeline->first + timeline->count, from = end - count;
    clear_hashes(history);
    for (int32_t i = 0; i < count; i++) {
        int32_t item = timeline->items[from + i];
        history->items[i] = ids_text(history->ids, item);
        history->weights[i] = (float)timeline->weights[from + i];
        (void)add_hash(history, ids_hash(history->ids, item));
    }
    for (int32_t i = 0; i < timeline->seen_count; i++) {
        add_had(history, timeline->seen[timeline->seen_first + i]);
    }
    for (int32_t i = timeline->first; i < from; i++) {
        add_had(history, ids_hash(history->ids, timeline->items[i]));
    }
    size_t n = (size_t)count;
    size_t had_size = prefix_set_write(history->had, history->had_sorted,
                                       (size_t)history->had_count, history->had_bytes);
    *ret_message = (struct user_history){
        .user_id = user_id(user),
        .items = {history->items, n},
        .weights = {history->weights, n},
        .had_prefixes = slice_of(history->had_bytes, had_size),
        .events_total = timeline->total,
        .input_partition = partition,
        .input_offset = user->input_offset,
        .event_time_ms = newest_ms(user),
        .received_ms = user->received_ms,
    };
    if (n) {
        ret_message->actions = (struct ints){timeline->kinds + from, n};
        ret_message->event_times_ms = (struct longs){timeline->times_ms + from, n};
        ret_message->offsets = (struct longs){timeline->offsets + from, n};
    }
    fill_shown(history, &user->shown, ret_message);
    fill_searches(history, &user->searches, ret_message);
}
