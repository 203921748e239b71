#include "base/base.h"
#include "base/xalloc.h"
#include "features/history.h"

#include <endian.h>

struct mark {
    uint64_t hash;
    uint32_t stamp;
};

struct history {
    const struct ids *ids;
    int32_t length;
    struct slice *items;
    float *weights;
    uint64_t *seen;
    int32_t seen_count;
    struct mark *marks; /* fingerprints met in this message: open addressing, at most half full */
    size_t marks_mask;
    uint32_t stamp;
};

struct history *history_new(int32_t length, int32_t actions_max, int32_t seen_max,
                            const struct ids *ids)
{
    assert(length > 0 && length <= actions_max);
    struct history *history = xcalloc(1, sizeof(*history));
    size_t most = (size_t)actions_max + (size_t)seen_max;
    size_t marks_count = 2;
    while (marks_count < most * 2) { marks_count *= 2; }
    history->ids = ids;
    history->length = length;
    history->items = xcalloc((size_t)length, sizeof(*history->items));
    history->weights = xcalloc((size_t)length, sizeof(*history->weights));
    history->seen = xcalloc(most, sizeof(*history->seen));
    history->marks = xcalloc(marks_count, sizeof(*history->marks));
    history->marks_mask = marks_count - 1;
    return history;
}

struct history *history_free(struct history *history)
{
    if (!history) { return NULL; }
    free(history->items);
    free(history->weights);
    free(history->seen);
    free(history->marks);
    free(history);
    return NULL;
}

/* Marks a fingerprint; says whether it was not marked yet. */
static bool mark(struct history *history, uint64_t hash)
{
    for (size_t at = hash & history->marks_mask;; at = (at + 1) & history->marks_mask) {
        struct mark *mark = &history->marks[at];
        if (mark->stamp != history->stamp) {
            *mark = (struct mark){.hash = hash, .stamp = history->stamp};
            return true;
        }
        if (mark->hash == hash) { return false; }
    }
}

static void begin_marks(struct history *history)
{
    if (++history->stamp == 0) {
        memset(history->marks, 0, (history->marks_mask + 1) * sizeof(*history->marks));
        history->stamp = 1;
    }
    history->seen_count = 0;
}

static void add_seen(struct history *history, uint64_t hash)
{
    if (mark(history, hash)) { history->seen[history->seen_count++] = htole64(hash); }
}

void history_fill(struct history *history, const struct user *user, int32_t partition,
                  struct user_history *ret_message)
{
    const struct timeline *timeline = &user->timeline;
    assert(timeline->count > 0);
    int32_t count = MIN_OF(timeline->count, history->length);
    int32_t end = timeline->first + timeline->count, from = end - count;
    begin_marks(history);
    for (int32_t i = 0; i < count; i++) {
        int32_t item = timeline->items[from + i];
        history->items[i] = ids_text(history->ids, item);
        history->weights[i] = (float)timeline->weights[from + i];
        (void)mark(history, ids_hash(history->ids, item));
    }
    for (int32_t i = 0; i < timeline->seen_count; i++) {
        add_seen(history, timeline->seen[timeline->seen_first + i]);
    }
    for (int32_t i = timeline->first; i < from; i++) {
        add_seen(history, ids_hash(history->ids, timeline->items[i]));
    }
    size_t n = (size_t)count;
    *ret_message = (struct user_history){
        .user_id = user_id(user),
        .items = {history->items, n},
        .actions = {timeline->kinds + from, n},
        .weights = {history->weights, n},
        .event_times_ms = {timeline->times_ms + from, n},
        .offsets = {timeline->offsets + from, n},
        .seen = slice_of(history->seen, (size_t)history->seen_count * HISTORY_SEEN_BYTES),
        .events_total = timeline->total,
        .input_partition = partition,
        .input_offset = user->input_offset,
        .event_time_ms = timeline->times_ms[end - 1],
        .received_ms = user->received_ms,
    };
}
