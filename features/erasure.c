/* A user's actions are one sequence: the segments of the archive, then those that wait for it, then
 * the timeline. What an action had added follows from it and from pairs_window actions before it.
 * So a piece reads its segments and as many before them as the window reaches into:
 *
 *     first_segment ... | read only ... | this piece ... next_segment | subtracted already
 *
 * and then next_segment moves to the left. A segment is deleted with its piece, because the pieces
 * to its right, which needed it as a predecessor, are done.
 *
 * When a segment is missing or damaged, it and all before it stay in the counts, and the receipt
 * says how many actions that are.
 */
#include "base/base.h"
#include "base/array.h"
#include "base/quote.h"
#include "base/xalloc.h"
#include "features/erasure.h"
#include "schemas/user_erasure.h"

#include <endian.h>

enum {
    PIECE_SEGMENTS = 16, /* of a piece: about a thousand actions, some milliseconds */
    ERASURE_BYTE = 0xfd, /* no user id begins with it */
    ERASURE_BYTES_MAX = 2048,
};

/* Linked requests are of another topic. */
#define LINKED_BIT (UINT64_C(1) << 63)

struct erasing {
    struct archive *archive;
    struct window *window;
    int32_t window_segments; /* segments that the window reaches into */
    int32_t pairs_window;
    struct codec *codec;
    struct buf out;
    struct erasure *last; /* complete; its receipt is lent */
};

/* One erasure; the texts of `at` are its own. */
struct erasure {
    struct user_erasure at;
    char texts[];
};

struct erasure_key {
    unsigned char bytes[1 + sizeof(uint64_t)];
};

struct erasing *erasing_new(struct archive *archive, struct window *window, int32_t pairs_window,
                            struct schema_cache *schemas)
{
    struct erasing *erasing = xcalloc(1, sizeof(*erasing));
    erasing->archive = archive;
    erasing->window = window;
    erasing->pairs_window = pairs_window;
    erasing->window_segments = (pairs_window + ARCHIVE_SEGMENT - 1) / ARCHIVE_SEGMENT;
    erasing->codec = codec_new(&user_erasure_contract, schemas);
    buf_init(&erasing->out, ERASURE_BYTES_MAX);
    return erasing;
}

struct erasing *erasing_free(struct erasing *erasing)
{
    if (!erasing) { return NULL; }
    codec_free(erasing->codec);
    buf_release(&erasing->out);
    free(erasing->last);
    free(erasing);
    return NULL;
}

/* ---- The list ---- */

static struct slice keep(char **at, struct slice text)
{
    char *to = *at;
    if (text.size) { memcpy(to, text.data, text.size); }
    *at += text.size;
    return slice_of(to, text.size);
}

static void add(struct erasures *erasures, const struct user_erasure *from)
{
    size_t bytes = from->user_id.size + from->request_id.size + from->user_hash.size;
    struct erasure *erasure = xmalloc(sizeof(*erasure) + bytes);
    char *at = erasure->texts;
    erasure->at = *from;
    erasure->at.user_id = keep(&at, from->user_id);
    erasure->at.request_id = keep(&at, from->request_id);
    erasure->at.user_hash = keep(&at, from->user_hash);
    ARRAY_RESERVE(erasures->at, erasures->capacity, erasures->count + 1, 4);
    erasures->at[erasures->count++] = erasure;
}

void erasures_forget(struct erasures *erasures)
{
    for (size_t i = 0; i < erasures->count; i++) { free(erasures->at[i]); }
    free(erasures->at);
    *erasures = (struct erasures){.read = false};
}

/* ---- In the store ---- */

static struct erasure_key key_of(const struct user_erasure *at)
{
    struct erasure_key key = {.bytes = {ERASURE_BYTE}};
    uint64_t offset = htobe64((uint64_t)at->input_offset | (at->linked ? LINKED_BIT : 0));
    memcpy(key.bytes + 1, &offset, sizeof(offset));
    return key;
}

static struct slice bytes_of(const struct erasure_key *key)
{
    return slice_of((const char *)key->bytes, sizeof(key->bytes));
}

/* Stages how far an erasure has come. */
static void stage(struct erasing *erasing, struct task *task, const struct user_erasure *at)
{
    const struct erasure_key key = key_of(at);
    buf_clear(&erasing->out);
    int result = codec_encode(erasing->codec, at, &erasing->out);
    assert(result == 0);
    task_put(task, bytes_of(&key), buf_slice(&erasing->out));
}

static bool is_count(int64_t number)
{
    return number >= 0 && number <= TIMELINE_ACTIONS_MAX;
}

static bool is_valid(const struct user_erasure *at)
{
    return at->first_segment >= 0 && at->first_segment < at->next_segment &&
           at->next_segment <= ARCHIVE_NUMBER_MAX && at->user_id.size > 0 &&
           at->user_id.size <= ID_BYTES_MAX && is_count(at->skipped) &&
           is_count(at->contributions) && is_count(at->left_in) && is_count(at->actions) &&
           is_count(at->archived);
}

struct reading {
    struct erasing *erasing;
    struct task *task;
    struct erasures *erasures;
};

static int read_one(void *arg, struct slice key, struct slice value)
{
    struct reading *reading = arg;
    struct user_erasure at;
    struct codec_error error = {.reason = "bad_state", .detail = "it is no erasure"};
    int result = codec_decode(reading->erasing->codec, value, task_arena(reading->task), &at,
                              &error);
    if (result == 0 && is_valid(&at)) {
        add(reading->erasures, &at);
        return 0;
    }
    enum verdict verdict = task_discard_state(reading->task, key, value, "an erasure", &error);
    return verdict == VERDICT_DONE ? 0 : 1;
}

static void read_all(struct erasing *erasing, struct task *task, struct erasures *erasures)
{
    static const char prefix[] = {(char)ERASURE_BYTE};
    struct reading reading = {erasing, task, erasures};
    if (erasures->read) { return; }
    erasures->read = true;
    (void)task_scan_prefix(task, slice_of(prefix, sizeof(prefix)), read_one, &reading);
}

/* ---- Subtracting ---- */

static void tell_damage(struct task *task, const struct user_erasure *at)
{
    run_log(task_run(task), LOG_WARN, "an archive is damaged, its actions stay in the counts",
            "partition=%d offset=%" PRId64, task_partition(task), at->input_offset);
}

/* Subtracts the newest segments, at most so many. */
static enum erasure_result subtract_piece(struct erasing *erasing, struct task *task,
                                          struct user_erasure *at, struct pairs *pairs)
{
    const struct departed *actions;
    size_t count;
    int32_t from = MAX_OF(at->first_segment, at->next_segment - PIECE_SEGMENTS);
    int32_t before = MAX_OF(at->first_segment, from - erasing->window_segments);
    int result = archive_read(erasing->archive, task, at->user_id, before, at->next_segment,
                              &actions, &count);
    if (result == -ENOSPC) { return ERASURE_ITEMS_FULL; }
    if (result < 0) {
        tell_damage(task, at);
        at->left_in += (int64_t)(at->next_segment - at->first_segment) * ARCHIVE_SEGMENT;
        from = at->first_segment;
    } else {
        int64_t known = (int64_t)(from - before) * ARCHIVE_SEGMENT;
        int64_t skipped = at->skipped - (int64_t)(before - at->first_segment) * ARCHIVE_SEGMENT;
        uint64_t updates = pairs_updates(pairs);
        timeline_subtract(erasing->window, actions, count, (size_t)MAX_OF(known, skipped), pairs);
        at->contributions += (int64_t)(pairs_updates(pairs) - updates);
    }
    archive_drop(erasing->archive, task, at->user_id, from, at->next_segment);
    at->next_segment = from;
    return from == at->first_segment ? ERASURE_DONE : ERASURE_GOES_ON;
}

/* Subtracts the timeline and what waits for the archive. */
static enum erasure_result subtract_newest(struct erasing *erasing, struct task *task,
                                           struct user *user, struct user_erasure *at,
                                           struct pairs *pairs)
{
    struct timeline *timeline = &user->timeline;
    const struct departed *actions = NULL;
    size_t count = 0;
    int64_t newest = timeline->departed_count + timeline->count;
    int32_t before = MAX_OF(at->first_segment, at->next_segment - erasing->window_segments);
    int result = archive_read(erasing->archive, task, at->user_id, before, at->next_segment,
                              &actions, &count);
    if (result == -ENOSPC) { return ERASURE_ITEMS_FULL; }
    if (result < 0) { /* without its end, the archive is of no use */
        tell_damage(task, at);
        archive_drop(erasing->archive, task, at->user_id, at->first_segment, at->next_segment);
        at->first_segment = before = at->next_segment;
        at->archived = 0;
        count = 0;
    }
    int64_t known = at->archived + newest;
    at->skipped = known < timeline->total ? MIN_OF((int64_t)erasing->pairs_window, known) : 0;
    at->left_in = timeline->total - known + at->skipped;
    int64_t skipped = at->skipped - (int64_t)(before - at->first_segment) * ARCHIVE_SEGMENT;
    uint64_t updates = pairs_updates(pairs);
    (void)timeline_take_back(timeline, erasing->window, actions, count,
                             (size_t)MAX_OF((int64_t)count, skipped), pairs);
    at->contributions = (int64_t)(pairs_updates(pairs) - updates);
    return ERASURE_GOES_ON;
}

static void fill_receipt(const struct user_erasure *at, struct forget_receipt *receipt)
{
    *receipt = (struct forget_receipt){
        .request_id = at->request_id,
        .user_hash = at->user_hash,
        .input_partition = at->input_partition,
        .input_offset = at->input_offset,
        .requested_ms = at->requested_ms,
        .until_ms = at->until_ms,
        .actions = at->actions,
        .archived = at->archived,
        .contributions = at->contributions,
        .left_in = at->left_in,
        .follows = at->follows,
        .linked = at->linked,
    };
}

enum erasure_result erasing_begin(struct erasing *erasing, struct task *task,
                                  struct erasures *erasures, struct user *user,
                                  struct forget_receipt *receipt, struct pairs *pairs)
{
    read_all(erasing, task, erasures);
    archive_stage(erasing->archive, task, user);
    struct user_erasure at = {
        .user_id = user_id(user),
        .request_id = receipt->request_id,
        .user_hash = receipt->user_hash,
        .input_partition = receipt->input_partition,
        .input_offset = receipt->input_offset,
        .requested_ms = receipt->requested_ms,
        .until_ms = receipt->until_ms,
        .follows = receipt->follows,
        .linked = receipt->linked,
        .actions = user->timeline.total,
        .archived = user->archived,
        .first_segment = archive_first(user),
        .next_segment = user->segments,
    };
    if (at.actions > 0 && user->first_item != ID_NONE) {
        pairs_remove_user(pairs, user->first_item);
    }
    enum erasure_result result = subtract_newest(erasing, task, user, &at, pairs);
    if (result == ERASURE_GOES_ON) {
        result = at.first_segment == at.next_segment ? ERASURE_DONE
                                                     : subtract_piece(erasing, task, &at, pairs);
    }
    if (result == ERASURE_ITEMS_FULL) { return result; }
    if (result == ERASURE_GOES_ON) {
        stage(erasing, task, &at);
        add(erasures, &at);
    }
    fill_receipt(&at, receipt);
    user_empty(user);
    user->erased = true;
    user->input_offset = -1;
    user->received_ms = 0;
    return result;
}

bool erasing_pending(struct erasing *erasing, struct task *task, struct erasures *erasures)
{
    read_all(erasing, task, erasures);
    return erasures->count > 0;
}

enum erasure_result erasing_step(struct erasing *erasing, struct task *task,
                                 struct erasures *erasures, struct pairs *pairs,
                                 struct forget_receipt *ret_receipt)
{
    struct user_erasure *at = &erasures->at[0]->at;
    enum erasure_result result = subtract_piece(erasing, task, at, pairs);
    if (result == ERASURE_GOES_ON) { stage(erasing, task, at); }
    if (result != ERASURE_DONE) { return result; }
    const struct erasure_key key = key_of(at);
    task_put(task, bytes_of(&key), slice_of(NULL, 0));
    free(erasing->last);
    erasing->last = erasures->at[0];
    erasures->count--;
    memmove(erasures->at, erasures->at + 1, erasures->count * sizeof(*erasures->at));
    fill_receipt(&erasing->last->at, ret_receipt);
    return result;
}
