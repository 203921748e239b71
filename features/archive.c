/* Segments of a user are numbered 0, 1, 2 ...; the user's state says the number of the next one
 * (`segments`) and how many actions the present ones hold (`archived`), ARCHIVE_SEGMENT each. State
 * and segments are staged together and committed in one transaction, so they always agree; a
 * difference means damage. After an erasure the numbers go on, so that what the user does next is
 * never mistaken for what is still to be subtracted.
 *
 *   key: 0xff | segment number (u32, big-endian) | user id
 *
 * With history.archive=false, departed actions are not kept. As soon as one is lost, the user's
 * earlier segments are deleted too: an erasure with a gap would subtract the wrong numbers.
 */
#include "base/base.h"
#include "base/array.h"
#include "base/xalloc.h"
#include "features/archive.h"
#include "features/context_column.h"
#include "model/counting/context_text.h"
#include "schemas/user_archive.h"

#include <endian.h>

_Static_assert((int)ARCHIVE_SEGMENT <= (int)ARCHIVE_SEGMENT_MAX, "a segment fits its contract");

enum {
    ARENA_BYTES = 1 << 14,
    SEGMENT_BYTE = 0xff,
    SEGMENT_KEY_BYTES = 1 + 4 + ID_BYTES_MAX,
    ABSENT_MAX = 4096, /* segments that are missing in a row */
    SEGMENT_BYTES_MAX = ARCHIVE_SEGMENT * (ID_BYTES_MAX + CONTEXT_TEXT_BYTES_MAX + 40) + 256,
};

struct archive {
    struct ids *ids;
    struct codec *codec;
    bool enabled;
    struct arena *arena; /* of the segment being read */
    struct buf out;
    unsigned char key[SEGMENT_KEY_BYTES];
    struct slice items[ARCHIVE_SEGMENT];
    double weights[ARCHIVE_SEGMENT];
    int64_t steps_ms[ARCHIVE_SEGMENT];
    int32_t kinds[ARCHIVE_SEGMENT];
    int64_t sequences[ARCHIVE_SEGMENT];
    int64_t event_ids[ARCHIVE_SEGMENT];
    int64_t offset_steps[ARCHIVE_SEGMENT];
    struct context_column contexts;
    struct departed *departed;
    size_t count;
    size_t capacity;
};

struct archive *archive_new(struct ids *ids, struct schema_cache *schemas, bool enabled)
{
    struct archive *archive = xcalloc(1, sizeof(*archive));
    archive->ids = ids;
    archive->codec = codec_new(&user_archive_contract, schemas);
    archive->enabled = enabled;
    archive->arena = arena_new(ARENA_BYTES);
    buf_init(&archive->out, SEGMENT_BYTES_MAX);
    return archive;
}

struct archive *archive_free(struct archive *archive)
{
    if (!archive) { return NULL; }
    codec_free(archive->codec);
    buf_release(&archive->out);
    arena_free(archive->arena);
    free(archive->departed);
    context_column_release(&archive->contexts);
    free(archive);
    return NULL;
}

static struct slice segment_key(struct archive *archive, struct slice user, int32_t segment)
{
    uint32_t number = htobe32((uint32_t)segment);
    archive->key[0] = SEGMENT_BYTE;
    memcpy(archive->key + 1, &number, sizeof(number));
    memcpy(archive->key + 1 + sizeof(number), user.data, user.size);
    return slice_of(archive->key, 1 + sizeof(number) + user.size);
}

int32_t archive_first(const struct user *user)
{
    return user->segments - (int32_t)(user->archived / ARCHIVE_SEGMENT);
}

/* ---- Writing ---- */

/* Encodes a segment; its number is `segment`. */
static void write_segment(struct archive *archive, struct task *task, const struct user *user,
                          int32_t segment, const struct departed *at)
{
    int64_t before_ms = 0, before = 0;
    context_column_begin(&archive->contexts, ARCHIVE_SEGMENT);
    for (size_t i = 0; i < ARCHIVE_SEGMENT; i++) {
        archive->items[i] = ids_text(archive->ids, at[i].item);
        archive->weights[i] = at[i].weight;
        archive->steps_ms[i] = at[i].time_ms - before_ms;
        archive->kinds[i] = at[i].kind;
        archive->sequences[i] = at[i].sequence;
        archive->event_ids[i] = (int64_t)at[i].id_hash;
        archive->offset_steps[i] = at[i].offset - before;
        context_column_add(&archive->contexts, archive->ids, at[i].context);
        before_ms = at[i].time_ms;
        before = at[i].offset;
    }
    const struct user_archive message = {.items = {archive->items, ARCHIVE_SEGMENT},
                                         .weights = {archive->weights, ARCHIVE_SEGMENT},
                                         .time_steps_ms = {archive->steps_ms, ARCHIVE_SEGMENT},
                                         .actions = {archive->kinds, ARCHIVE_SEGMENT},
                                         .sequences = {archive->sequences, ARCHIVE_SEGMENT},
                                         .event_ids = {archive->event_ids, ARCHIVE_SEGMENT},
                                         .offset_steps = {archive->offset_steps,
                                                          ARCHIVE_SEGMENT},
                                         .contexts = context_column_texts(&archive->contexts),
                                         .context_numbers =
                                             context_column_numbers(&archive->contexts)};
    buf_clear(&archive->out);
    int result = codec_encode(archive->codec, &message, &archive->out);
    assert(result == 0);
    task_put(task, segment_key(archive, user_id(user), segment), buf_slice(&archive->out));
}

static void put_segment(struct archive *archive, struct task *task, struct user *user,
                        const struct departed *at)
{
    write_segment(archive, task, user, user->segments, at);
    user->segments++;
    user->archived += ARCHIVE_SEGMENT;
}

/* With the archive disabled, departed actions are lost. A user's segments are then incomplete and
 * of no use, so they are deleted. */
static void discard_departed(struct archive *archive, struct task *task, struct user *user)
{
    const struct timeline *timeline = &user->timeline;
    int64_t left = timeline->total - timeline->count;
    if (user->archived + timeline->departed_count == left) { return; }
    archive_drop(archive, task, user_id(user), archive_first(user), user->segments);
    user->archived = 0;
    timeline_archived(&user->timeline, timeline->departed_count);
}

void archive_stage(struct archive *archive, struct task *task, struct user *user)
{
    struct timeline *timeline = &user->timeline;
    if (!archive->enabled) {
        discard_departed(archive, task, user);
        return;
    }
    int32_t done = 0;
    for (; timeline->departed_count - done >= ARCHIVE_SEGMENT; done += ARCHIVE_SEGMENT) {
        put_segment(archive, task, user, timeline->departed + done);
    }
    if (done > 0) { timeline_archived(timeline, done); }
}

void archive_rewrite(struct archive *archive, struct task *task, struct user *user, int32_t from,
                     const struct departed *actions, size_t count)
{
    size_t segments = count / ARCHIVE_SEGMENT, left = count % ARCHIVE_SEGMENT;
    int32_t end = from + (int32_t)segments;
    for (size_t s = 0; s < segments; s++) {
        write_segment(archive, task, user, from + (int32_t)s, actions + s * ARCHIVE_SEGMENT);
    }
    archive_drop(archive, task, user_id(user), end, user->segments);
    user->archived -= (int64_t)(user->segments - end) * ARCHIVE_SEGMENT;
    user->segments = end;
    timeline_recall(&user->timeline, actions + segments * ARCHIVE_SEGMENT, left);
}

void archive_drop(struct archive *archive, struct task *task, struct slice user, int32_t from,
                  int32_t to)
{
    struct slice value;
    int32_t absent = 0;
    for (int32_t i = to; i-- > from && absent < ABSENT_MAX;) {
        absent++;
        if (task_get(task, segment_key(archive, user, i), &value) < 0) { continue; }
        task_put(task, segment_key(archive, user, i), slice_of(NULL, 0));
        absent = 0;
    }
}

void archive_drop_lost(struct archive *archive, struct task *task, struct user *user)
{
    struct slice value;
    for (int32_t i = 0; task_get(task, segment_key(archive, user_id(user), i), &value) == 0; i++) {
        task_put(task, segment_key(archive, user_id(user), i), slice_of(NULL, 0));
    }
}

/* ---- Reading ---- */

static void reserve(struct archive *archive, size_t more)
{
    ARRAY_RESERVE(archive->departed, archive->capacity, archive->count + more, 1);
}

/* Says whether the segment has what finds an action again. */
static bool has_names(const struct user_archive *message)
{
    size_t count = message->items.count;
    return message->actions.count == count && message->sequences.count == count &&
           message->event_ids.count == count && message->offset_steps.count == count;
}

static int read_segment(struct archive *archive, const struct user_archive *message)
{
    size_t count = message->items.count;
    bool named = has_names(message);
    int64_t time_ms = 0, offset = 0;
    if (count != ARCHIVE_SEGMENT || message->weights.count != count ||
        message->time_steps_ms.count != count ||
        !context_column_valid(&message->contexts, &message->context_numbers, count)) {
        return -EINVAL;
    }
    reserve(archive, count);
    for (size_t i = 0; i < count; i++) {
        struct slice id = message->items.at[i];
        double weight = message->weights.at[i];
        if (id.size == 0 || id.size > ID_BYTES_MAX ||
            __builtin_add_overflow(time_ms, message->time_steps_ms.at[i], &time_ms) ||
            !timeline_allows(time_ms, weight)) {
            return -EINVAL;
        }
        int32_t item = ids_put(archive->ids, id), context;
        int result = context_column_get(&message->contexts, &message->context_numbers, i,
                                        archive->ids, &context);
        if (item == ID_NONE || result < 0) { return -ENOSPC; }
        if (named && __builtin_add_overflow(offset, message->offset_steps.at[i], &offset)) {
            return -EINVAL;
        }
        archive->departed[archive->count++] = (struct departed){
            .time_ms = time_ms,
            .weight = weight,
            .item = item,
            .kind = named ? message->actions.at[i] : -1,
            .sequence = named ? message->sequences.at[i] : 0,
            .id_hash = named ? (uint64_t)message->event_ids.at[i] : 0,
            .offset = named ? offset : -1,
            .context = context,
        };
    }
    return 0;
}

int archive_read(struct archive *archive, struct task *task, struct slice user, int32_t from,
                 int32_t to, const struct departed **ret_departed, size_t *ret_count)
{
    archive->count = 0;
    for (int32_t i = from; i < to; i++) {
        struct slice value;
        struct user_archive message;
        arena_reset(archive->arena);
        if (task_get(task, segment_key(archive, user, i), &value) < 0 ||
            codec_decode(archive->codec, value, archive->arena, &message, NULL) < 0) {
            return -EINVAL;
        }
        int result = read_segment(archive, &message);
        if (result < 0) { return result; }
    }
    *ret_departed = archive->departed;
    *ret_count = archive->count;
    return 0;
}
