/* Merging two users, at the one who is no more.
 *
 * An IDENTIFY event says that a user, so far anonymous, is another one. All that the user did is
 * taken out of the counts, as when it is forgotten, and written to `moves`, keyed by the other
 * user, in the same transaction. The owner of that key adds it as late events (moves.c). Both are
 * exact, whatever the order of arrival, so the counts become those of one user who did all of it.
 *
 * The user's state keeps a link, and events that come later follow it. A later IDENTIFY event
 * replaces the link: what comes then goes to the next user, what has gone stays where it is.
 *
 * All is done at once, so a user with a long archive is refused: nothing changes then.
 */
#include "base/base.h"
#include "features/acceptance.h"
#include "features/context_column.h"
#include "features/features_internal.h"

enum {
    MERGE_SEGMENTS_MAX = 16, /* of the archive: about a thousand actions, some milliseconds */
    BACKS_OF_PART = 50,      /* each is searched for among the user's actions */
};

/* All that a user did, as columns in the task's arena. */
struct taken_out {
    struct departed *actions;
    size_t actions_count;
    struct ints contexts; /* of them, as actions have them */
    struct user_move columns;
    int64_t contributions;
};

/* ---- Receipts ---- */

void merge_receipt_emit(struct task *task, const struct merge_receipt *receipt)
{
    struct features *f = features_of(task);
    char key[ID_BYTES_MAX + 32];
    if (!receipt->request_id.size) { return; }
    (void)snprintf(key, sizeof(key), "%.*s/m/%d", SLICE_ARGS(receipt->request_id), receipt->part);
    features_want_commits(task);
    task_emit(task, RECEIPTS, PARTITION_BY_KEY, slice_str(key),
              features_encode(f, f->merge_receipts, receipt));
}

void merge_refuse(struct task *task, const struct record *rec, const struct user_event *ev,
                  const char *why)
{
    const struct merge_receipt receipt = {
        .request_id = ev->receipt ? ev->event_id : slice_of(NULL, 0),
        .parts = 1,
        .input_partition = rec->partition,
        .input_offset = rec->offset,
        .refused = slice_str(why),
    };
    merge_receipt_emit(task, &receipt);
}

/* ---- Taking out ---- */

static void *column(struct task *task, size_t count, size_t size)
{
    return arena_alloc_array(task_arena(task), count + 1, size);
}

/* Gathers the user's actions: archive, what waits for it, timeline. -E2BIG: there are too many, or
 * some are not known any more. */
static int gather(struct task *task, const struct user *user, struct taken_out *out)
{
    struct features *f = features_of(task);
    const struct timeline *timeline = &user->timeline;
    const struct departed *archived = NULL;
    size_t count = 0, waiting = (size_t)timeline->departed_count, n = 0;
    int32_t first = archive_first(user);
    if (user->segments - first > MERGE_SEGMENTS_MAX) { return -E2BIG; }
    if (user->archived > 0) {
        int result = archive_read(f->archive, task, user_id(user), first, user->segments,
                                  &archived, &count);
        if (result == -ENOSPC) { return result; }
        if (result < 0) { return -E2BIG; }
    }
    size_t all = count + waiting + (size_t)timeline->count;
    if ((int64_t)all != timeline->total) { return -E2BIG; }
    out->actions = column(task, all, sizeof(*out->actions));
    for (size_t i = 0; i < count; i++) { out->actions[n++] = archived[i]; }
    for (size_t i = 0; i < waiting; i++) { out->actions[n++] = timeline->departed[i]; }
    for (int32_t i = 0; i < timeline->count; i++) {
        out->actions[n++] = timeline_departed(timeline, i);
    }
    out->actions_count = n;
    for (size_t i = 0; i < n; i++) {
        if (out->actions[i].kind < 0) { return -E2BIG; }
    }
    return 0;
}

static void fill_actions(struct task *task, struct taken_out *out)
{
    const struct ids *ids = features_of(task)->ids;
    size_t n = out->actions_count;
    struct user_move *columns = &out->columns;
    columns->items = (struct slices){column(task, n, sizeof(struct slice)), n};
    columns->actions = (struct ints){column(task, n, sizeof(int32_t)), n};
    columns->weights = (struct doubles){column(task, n, sizeof(double)), n};
    columns->event_times_ms = (struct longs){column(task, n, sizeof(int64_t)), n};
    columns->sequences = (struct longs){column(task, n, sizeof(int64_t)), n};
    columns->event_ids = (struct longs){column(task, n, sizeof(int64_t)), n};
    out->contexts = (struct ints){column(task, n, sizeof(int32_t)), n};
    for (size_t i = 0; i < n; i++) {
        const struct departed *action = &out->actions[i];
        columns->items.at[i] = ids_text(ids, action->item);
        columns->actions.at[i] = action->kind;
        columns->weights.at[i] = action->weight;
        columns->event_times_ms.at[i] = action->time_ms;
        columns->sequences.at[i] = action->sequence;
        columns->event_ids.at[i] = (int64_t)action->id_hash;
        out->contexts.at[i] = action->context;
    }
}

static void fill_shown(struct task *task, const struct shown *shown, struct user_move *columns)
{
    const struct ids *ids = features_of(task)->ids;
    size_t n = (size_t)shown->count;
    columns->shown_items = (struct slices){column(task, n, sizeof(struct slice)), n};
    columns->shown_times_ms = (struct longs){column(task, n, sizeof(int64_t)), n};
    columns->shown_event_ids = (struct longs){column(task, n, sizeof(int64_t)), n};
    columns->shown_places = (struct ints){column(task, n, sizeof(int32_t)), n};
    for (size_t i = 0; i < n; i++) {
        columns->shown_items.at[i] = ids_text(ids, shown->at[i].item);
        columns->shown_times_ms.at[i] = shown->at[i].time_ms;
        columns->shown_event_ids.at[i] = (int64_t)shown->at[i].id_hash;
        columns->shown_places.at[i] = shown->at[i].place;
    }
}

static void fill_searches(struct task *task, const struct searches *searches,
                          struct user_move *columns)
{
    size_t n = (size_t)searches->count;
    columns->search_texts = (struct slices){column(task, n, sizeof(struct slice)), n};
    columns->search_times_ms = (struct longs){column(task, n, sizeof(int64_t)), n};
    columns->search_event_ids = (struct longs){column(task, n, sizeof(int64_t)), n};
    for (size_t i = 0; i < n; i++) {
        columns->search_texts.at[i] =
            arena_copy(task_arena(task), searches_text(searches, (int32_t)i));
        columns->search_times_ms.at[i] = searches->at[i].time_ms;
        columns->search_event_ids.at[i] = (int64_t)searches->at[i].id_hash;
    }
}

static void fill_backs(struct task *task, const struct taken_back *taken,
                       struct user_move *columns)
{
    size_t n = (size_t)taken->count;
    columns->back_hashes = (struct longs){column(task, n, sizeof(int64_t)), n};
    columns->back_times_ms = (struct longs){column(task, n, sizeof(int64_t)), n};
    for (size_t i = 0; i < n; i++) {
        columns->back_hashes.at[i] = (int64_t)taken->at[i].hash;
        columns->back_times_ms.at[i] = taken->at[i].time_ms;
    }
}

/* Subtracts what the actions added, and empties the user. */
static void take_out(struct task *task, struct user *user, struct taken_out *out)
{
    struct features *f = features_of(task);
    struct features_task *counts = task_state(task);
    struct timeline *timeline = &user->timeline;
    size_t before = out->actions_count - (size_t)(timeline->departed_count + timeline->count);
    fill_actions(task, out);
    fill_shown(task, &user->shown, &out->columns);
    fill_searches(task, &user->searches, &out->columns);
    fill_backs(task, &user->taken, &out->columns);
    if (out->actions_count && user->first_item != ID_NONE) {
        pairs_remove_user(counts->pairs, user->first_item);
    }
    uint64_t updates = pairs_updates(counts->pairs);
    (void)timeline_take_back(timeline, f->window, out->actions, before, /* skipped= */ 0,
                             counts->pairs);
    out->contributions = (int64_t)(pairs_updates(counts->pairs) - updates);
    archive_drop(f->archive, task, user_id(user), archive_first(user), user->segments);
    if (out->actions_count || user->searches.count) { user->tombstone_due = true; }
    user_empty(user);
}

/* ---- Sending ---- */

static size_t parts_of(size_t count, size_t most)
{
    return (count + most - 1) / most;
}

/* The elements `from` to (not including) the smaller of `to` and the end. */
#define PART_OF(columns, type, from, to)                                                          \
    ((type){(columns).at + MIN_OF((size_t)(from), (columns).count),                               \
            MIN_OF((size_t)(to), (columns).count) - MIN_OF((size_t)(from), (columns).count)})

static struct user_move part_of(const struct user_move *all, size_t part)
{
    struct user_move one = *all;
    size_t from = part * MOVE_ENTRIES_MAX, to = from + MOVE_ENTRIES_MAX;
    size_t back = part * BACKS_OF_PART, back_to = back + BACKS_OF_PART;
    one.part = (int32_t)part;
    one.contributions = part ? 0 : all->contributions;
    one.items = PART_OF(all->items, struct slices, from, to);
    one.actions = PART_OF(all->actions, struct ints, from, to);
    one.weights = PART_OF(all->weights, struct doubles, from, to);
    one.event_times_ms = PART_OF(all->event_times_ms, struct longs, from, to);
    one.sequences = PART_OF(all->sequences, struct longs, from, to);
    one.event_ids = PART_OF(all->event_ids, struct longs, from, to);
    one.shown_items = PART_OF(all->shown_items, struct slices, from, to);
    one.shown_times_ms = PART_OF(all->shown_times_ms, struct longs, from, to);
    one.shown_event_ids = PART_OF(all->shown_event_ids, struct longs, from, to);
    one.shown_places = PART_OF(all->shown_places, struct ints, from, to);
    if (part) { one.search_texts.count = one.search_times_ms.count = 0; }
    if (part) { one.search_event_ids.count = 0; }
    one.back_hashes = PART_OF(all->back_hashes, struct longs, back, back_to);
    one.back_times_ms = PART_OF(all->back_times_ms, struct longs, back, back_to);
    return one;
}

/* Each part names its own contexts. */
static void put_contexts(struct features *f, const struct taken_out *out, size_t part,
                         struct user_move *one)
{
    const struct ints contexts = PART_OF(out->contexts, struct ints, part * MOVE_ENTRIES_MAX,
                                         (part + 1) * MOVE_ENTRIES_MAX);
    context_column_begin(&f->moved_contexts, contexts.count);
    for (size_t i = 0; i < contexts.count; i++) {
        context_column_add(&f->moved_contexts, f->ids, contexts.at[i]);
    }
    one->contexts = context_column_texts(&f->moved_contexts);
    one->context_numbers = context_column_numbers(&f->moved_contexts);
}

static void send(struct task *task, const struct user *user, const struct user_event *ev,
                 struct taken_out *out)
{
    struct features *f = features_of(task);
    struct slice path = user_id(user);
    struct user_move *all = &out->columns;
    size_t parts = MAX_OF(parts_of(all->items.count, MOVE_ENTRIES_MAX), (size_t)1);
    parts = MAX_OF(parts, parts_of(all->shown_items.count, MOVE_ENTRIES_MAX));
    parts = MAX_OF(parts, parts_of(all->back_hashes.count, BACKS_OF_PART));
    all->user_id = ev->known_id;
    all->path = (struct slices){&path, 1};
    all->merged_ms = ev->event_time_ms;
    if (ev->receipt) { all->request_id = ev->event_id; }
    all->parts = (int32_t)parts;
    all->contributions = out->contributions;
    for (size_t i = 0; i < parts; i++) {
        struct user_move one = part_of(all, i);
        put_contexts(f, out, i, &one);
        task_emit(task, MOVES, PARTITION_BY_KEY, one.user_id, features_encode(f, f->moves, &one));
    }
}

enum verdict merge_take(struct task *task, struct user *user, const struct record *rec,
                        const struct user_event *ev)
{
    struct features *f = features_of(task);
    struct features_task *counts = task_state(task);
    struct links *links = &user->links;
    struct slice target = links_target(links);
    struct taken_out out = {0};
    if (target.size && links->merged_ms > ev->event_time_ms) {
        merge_refuse(task, rec, ev, "a later merge has been made");
        metric_add(f->m.repeated, 1);
        return VERDICT_DONE;
    }
    if (target.size && !ev->receipt && slice_equal(target, ev->known_id)) {
        metric_add(f->m.repeated, 1);
        links->merged_ms = ev->event_time_ms;
        users_changed(f->users, user, /* grown_bytes= */ 0);
        return VERDICT_DONE;
    }
    int result = gather(task, user, &out);
    if (result == -ENOSPC) { return features_items_full(task); }
    if (result < 0) {
        merge_refuse(task, rec, ev, "the user has too many actions");
        return task_refuse(task, "merge_too_long",
                           "user '%.*s' has %" PRId64 " actions, more than can be moved to "
                           "another user (%d segments of the archive), or some are not known any "
                           "more (history.archive)",
                           SLICE_ARGS(user_id(user)), user->timeline.total, MERGE_SEGMENTS_MAX);
    }
    take_out(task, user, &out);
    link_list_put(&links->into, ev->known_id, STATE_MERGED_INTO_MAX);
    links->merged_ms = ev->event_time_ms;
    send(task, user, ev, &out);
    if (ev->receipt) { features_want_commits(task); }
    counts->forgotten += ev->receipt && out.actions_count;
    metric_add(f->m.merged, 1);
    user->erased = false;
    users_changed(f->users, user, USER_BYTES + ev->known_id.size);
    return VERDICT_DONE;
}

enum verdict merge_follow(struct task *task, const struct user *user, const struct user_event *ev)
{
    struct features *f = features_of(task);
    struct user_event moved = *ev;
    moved.user_id = links_target(&user->links);
    task_emit(task, MOVES, PARTITION_BY_KEY, moved.user_id, features_encode(f, f->events, &moved));
    metric_add(f->m.followed, 1);
    return VERDICT_DONE;
}
