/* A user's actions are one sequence: the segments of the archive, then those that wait for it, then
 * the timeline. gather() puts so much of its end as is needed into one array:
 *
 *     segments from `first` on | departed | kept
 *     0 .. archived              .. waiting   .. count
 *
 * Most actions that are taken back are kept ones with enough kept predecessors; for them the array
 * holds the timeline alone. All else reads the archive, as far as TAKE_BACK_SEGMENTS_MAX.
 */
#include "base/base.h"
#include "base/array.h"
#include "base/xalloc.h"
#include "features/take_back.h"

struct take_backs {
    struct archive *archive;
    struct window *window;
    const struct ids *ids;
    int32_t pairs_window;
    struct departed *all;
    size_t capacity;
    size_t archived, waiting, count; /* ends of the parts */
    int32_t first;                   /* segment with which the array begins */
};

struct take_backs *take_backs_new(struct archive *archive, struct window *window,
                                  const struct ids *ids, const struct timeline_rules *rules)
{
    struct take_backs *backs = xcalloc(1, sizeof(*backs));
    backs->archive = archive;
    backs->window = window;
    backs->ids = ids;
    backs->pairs_window = rules->pairs_window;
    return backs;
}

struct take_backs *take_backs_free(struct take_backs *backs)
{
    if (!backs) { return NULL; }
    free(backs->all);
    free(backs);
    return NULL;
}

static bool is_meant(const struct take_backs *backs, const struct take_back *which,
                     const struct departed *action)
{
    if (action->kind < 0) { return false; }
    if (which->of_event) { return action->id_hash == which->hash; }
    return action->time_ms <= which->until_ms &&
           taken_back_hash(ids_hash(backs->ids, action->item), action->kind) == which->hash;
}

/* ---- The sequence ---- */

static void append(struct take_backs *backs, const struct departed *from, size_t count)
{
    ARRAY_RESERVE(backs->all, backs->capacity, backs->count + count, 1);
    if (count) { memcpy(backs->all + backs->count, from, count * sizeof(*from)); }
    backs->count += count;
}

static int gather(struct take_backs *backs, struct task *task, const struct user *user, bool whole)
{
    const struct timeline *timeline = &user->timeline;
    const struct departed *actions = NULL;
    size_t count = 0;
    backs->count = 0;
    backs->first = user->segments;
    if (whole && user->archived > 0) {
        int32_t least = archive_first(user);
        backs->first = MAX_OF(least, user->segments - TAKE_BACK_SEGMENTS_MAX);
        int result = archive_read(backs->archive, task, user_id(user), backs->first,
                                  user->segments, &actions, &count);
        if (result < 0) { return result; }
    }
    append(backs, actions, count);
    backs->archived = backs->count;
    if (whole) { append(backs, timeline->departed, (size_t)timeline->departed_count); }
    backs->waiting = backs->count;
    for (int32_t i = 0; i < timeline->count; i++) {
        const struct departed kept = timeline_departed(timeline, i);
        append(backs, &kept, 1);
    }
    return 0;
}

/* Says whether the array is the user's whole sequence. */
static bool is_whole(const struct take_backs *backs, const struct user *user)
{
    return (int64_t)backs->count == user->timeline.total;
}

/* The newest action that is meant; SIZE_MAX: there is none. */
static size_t find(const struct take_backs *backs, const struct take_back *which)
{
    for (size_t i = backs->count; i-- > 0;) {
        if (is_meant(backs, which, &backs->all[i])) { return i; }
    }
    return SIZE_MAX;
}

static bool has_predecessors(const struct take_backs *backs, const struct user *user, size_t at)
{
    return at >= (size_t)backs->pairs_window || is_whole(backs, user);
}

/* ---- What else follows from the sequence ---- */

/* An item stays `seen` while another action on it has left the timeline. */
static void correct_seen(struct take_backs *backs, struct user *user, int32_t item)
{
    if (!is_whole(backs, user)) { return; }
    for (size_t i = 0; i < backs->waiting; i++) {
        if (backs->all[i].item == item) { return; }
    }
    timeline_forget_seen(&user->timeline, ids_hash(backs->ids, item));
}

/* The user is counted on the item of the first event: now on that of the next one. */
static void correct_first(struct take_backs *backs, struct user *user, struct pairs *pairs)
{
    const struct departed *first = NULL;
    if (!is_whole(backs, user)) { return; }
    for (size_t i = 0; i < backs->count; i++) {
        const struct departed *action = &backs->all[i];
        if (action->kind < 0) { return; }
        if (!first || action->offset < first->offset) { first = action; }
    }
    if (user->first_item != ID_NONE) { pairs_remove_user(pairs, user->first_item); }
    user->first_item = first ? first->item : ID_NONE;
    user->first_offset = first ? first->offset : -1;
    if (first) { pairs_add_user(pairs, first->item); }
}

static bool is_seen(const struct timeline *timeline, uint64_t hash)
{
    for (int32_t i = 0; i < timeline->seen_count; i++) {
        if (timeline->seen[timeline->seen_first + i] == hash) { return true; }
    }
    return false;
}

/* ---- Removing ---- */

/* Fills the timeline up from what departed last. */
static int refill(struct take_backs *backs, struct task *task, struct user *user)
{
    struct timeline *timeline = &user->timeline;
    if (timeline->departed_count == 0 && user->archived > 0) {
        const struct departed *actions;
        size_t count;
        int32_t last = user->segments - 1;
        int result = archive_read(backs->archive, task, user_id(user), last, user->segments,
                                  &actions, &count);
        if (result < 0) { return result; }
        timeline_recall(timeline, actions, count);
        archive_drop(backs->archive, task, user_id(user), last, user->segments);
        user->segments = last;
        user->archived -= ARCHIVE_SEGMENT;
    }
    while (timeline_put_back(timeline, backs->window)) { }
    return 0;
}

/* Takes the action out of the part of the sequence in which it is. */
static int remove_at(struct take_backs *backs, struct task *task, struct user *user, size_t at)
{
    struct timeline *timeline = &user->timeline;
    struct departed *all = backs->all;
    if (at >= backs->waiting) {
        timeline_remove(timeline, (int32_t)(at - backs->waiting));
    } else if (at >= backs->archived) {
        size_t index = at - backs->archived, left = backs->waiting - at - 1;
        memmove(timeline->departed + index, timeline->departed + index + 1,
                left * sizeof(*timeline->departed));
        timeline->departed_count--;
        timeline->total--;
    } else {
        int32_t segment = backs->first + (int32_t)(at / ARCHIVE_SEGMENT);
        size_t from = at / ARCHIVE_SEGMENT * ARCHIVE_SEGMENT;
        memmove(all + at, all + at + 1, (backs->archived - at - 1) * sizeof(*all));
        archive_rewrite(backs->archive, task, user, segment, all + from,
                        backs->archived - 1 - from);
        timeline->total--;
        memmove(all + backs->archived - 1, all + backs->archived,
                (backs->count - backs->archived) * sizeof(*all));
        backs->archived--, backs->waiting--, backs->count--;
        return refill(backs, task, user);
    }
    memmove(all + at, all + at + 1, (backs->count - at - 1) * sizeof(*all));
    backs->waiting -= at < backs->waiting;
    backs->count--;
    return refill(backs, task, user);
}

static enum take_back_result result_of(int result)
{
    return result == -ENOSPC ? TAKE_BACK_ITEMS_FULL : TAKE_BACK_LOST;
}

/* Removes the newest action that is meant. ret_found is false when there is none. */
static enum take_back_result take_one(struct take_backs *backs, struct task *task,
                                      struct user *user, const struct take_back *which,
                                      struct pairs *pairs, struct departed *ret_gone,
                                      bool *ret_found)
{
    bool trimmed = user->timeline.total > user->timeline.count;
    int result = gather(backs, task, user, /* whole= */ false);
    size_t at = find(backs, which);
    bool alone = at != SIZE_MAX && has_predecessors(backs, user, at) &&
                 !is_seen(&user->timeline, ids_hash(backs->ids, backs->all[at].item)) &&
                 user->first_offset >= 0 && backs->all[at].offset != user->first_offset;
    *ret_found = false;
    if (!alone && trimmed) {
        result = gather(backs, task, user, /* whole= */ true);
        at = result < 0 ? SIZE_MAX : find(backs, which);
    }
    if (result < 0) { return result_of(result); }
    if (at == SIZE_MAX) { return TAKE_BACK_DONE; }
    if (!has_predecessors(backs, user, at)) { return TAKE_BACK_LOST; }
    const struct departed gone = backs->all[at];
    timeline_take_out(backs->window, backs->all, backs->count, at, pairs);
    result = remove_at(backs, task, user, at);
    if (!alone && trimmed) { correct_seen(backs, user, gone.item); }
    if (gone.offset == user->first_offset || user->first_offset < 0) {
        correct_first(backs, user, pairs);
    }
    *ret_gone = gone;
    *ret_found = true;
    return result < 0 ? result_of(result) : TAKE_BACK_DONE;
}

enum take_back_result take_backs_apply(struct take_backs *backs, struct task *task,
                                       struct user *user, const struct take_back *which,
                                       struct pairs *pairs,
                                       void (*each)(void *arg, const struct departed *gone),
                                       void *arg, int64_t *ret_count)
{
    bool found = true;
    struct departed gone;
    enum take_back_result result = TAKE_BACK_DONE;
    *ret_count = 0;
    while (found && result == TAKE_BACK_DONE && user->timeline.total > 0) {
        result = take_one(backs, task, user, which, pairs, &gone, &found);
        *ret_count += found;
        if (found) { each(arg, &gone); }
    }
    return result;
}
