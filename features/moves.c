/* What comes by `moves` from other partitions of the worker: actions of a user who is another one
 * now, events that followed such a user, and requests to forget a user who was joined with another.
 *
 * Actions are added as late events are, with their own ids, so that a repeat changes nothing. The
 * offset that the task has reached in `moves` is part of its state.
 *
 * When the user has gone to somebody else, all goes on to there. So does a chain a, b, c end at c,
 * whichever link came first. A link that leads back to where the actions have been closes a circle:
 * it is dropped, unless it is the newest of them, and they stay here. Each message bears the way it
 * came, and after MOVE_PATH_MAX users it stays where it is, and the link from there is dropped too:
 * none goes round for ever.
 */
#include "base/base.h"
#include "base/digest.h"
#include "features/acceptance.h"
#include "features/features_internal.h"

enum { UNLINK_SALT_BYTES = 16 };

/* ---- How far the task has read ---- */

/* No user id: it begins with the byte of marks. */
static struct slice key_of_offset(void)
{
    return slice_of("\xfemoves", 6);
}

int64_t moves_from(struct task *task)
{
    struct features *f = features_of(task);
    struct features_task *counts = task_state(task);
    struct slice value;
    struct user_state state;
    counts->moves_stored = OFFSET_NONE;
    if (task_get(task, key_of_offset(), &value) == 0 &&
        codec_decode(f->states, value, task_arena(task), &state, NULL) == 0 &&
        state.input_offset >= 0) {
        counts->moves_stored = state.input_offset;
    }
    return counts->moves_stored;
}

void moves_stage(struct task *task)
{
    struct features *f = features_of(task);
    struct features_task *counts = task_state(task);
    int64_t next = task_beside_offset(task);
    if (next <= MAX_OF(counts->moves_stored, (int64_t)0)) { return; }
    const struct user_state state = {
        .input_offset = next, .forgotten_ms = FORGOTTEN_NEVER, .merged_ms = MERGED_NEVER};
    task_put(task, key_of_offset(), features_encode(f, f->states, &state));
    counts->moves_stored = next;
}

/* ---- Checks ---- */

static bool ids_valid(const struct slices *ids)
{
    for (size_t i = 0; i < ids->count; i++) {
        if (ids->at[i].size == 0 || ids->at[i].size > ID_BYTES_MAX) { return false; }
    }
    return true;
}

static bool actions_valid(const struct user_move *move)
{
    size_t n = move->items.count;
    if (move->actions.count != n || move->weights.count != n || move->event_times_ms.count != n ||
        move->sequences.count != n || move->event_ids.count != n || !ids_valid(&move->items) ||
        !context_column_valid(&move->contexts, &move->context_numbers, n)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (!timeline_allows(move->event_times_ms.at[i], move->weights.at[i]) ||
            move->actions.at[i] < 0 || move->actions.at[i] >= ACTIONS_COUNT) {
            return false;
        }
    }
    return true;
}

static const char *fault_of(const struct record *rec, const struct user_move *move)
{
    size_t shown = move->shown_items.count;
    if (move->user_id.size == 0) { return "user_id is empty"; }
    if (rec->key.data && !slice_equal(rec->key, move->user_id)) { return "the key is not user_id"; }
    if (move->path.count == 0 || !ids_valid(&move->path)) { return "the path names no user"; }
    if (move->parts < 1 || move->parts > MOVE_PARTS_MAX || move->part < 0 ||
        move->part >= move->parts) {
        return "there is no such part";
    }
    if (!actions_valid(move)) { return "the columns of actions do not agree"; }
    if (move->shown_times_ms.count != shown || move->shown_event_ids.count != shown ||
        move->shown_places.count != shown || !ids_valid(&move->shown_items)) {
        return "the columns of what was shown do not agree";
    }
    if (!searches_valid(&move->search_texts, &move->search_times_ms, &move->search_event_ids)) {
        return "the columns of searches do not agree";
    }
    return move->back_hashes.count == move->back_times_ms.count
               ? NULL
               : "the columns of what was taken back do not agree";
}

/* ---- Going on ---- */

static bool has_passed(const struct user_move *move, struct slice user)
{
    for (size_t i = 0; i < move->path.count; i++) {
        if (slice_equal(move->path.at[i], user)) { return true; }
    }
    return false;
}

/* Says whether the user's own link is newer than the one by which the actions came. */
static bool is_newer(const struct user *user, const struct user_move *move)
{
    int64_t own_ms = user->links.merged_ms;
    if (own_ms != move->merged_ms) { return own_ms > move->merged_ms; }
    return slice_compare(user_id(user), move->path.at[move->path.count - 1]) > 0;
}

static bool goes_on(const struct user *user, const struct user_move *move)
{
    struct slice target = links_target(&user->links);
    if (!target.size || move->path.count >= MOVE_PATH_MAX) { return false; }
    return !has_passed(move, target) || is_newer(user, move);
}

static enum verdict send_on(struct task *task, const struct user *user,
                            const struct user_move *move)
{
    struct features *f = features_of(task);
    struct slice path[MOVE_PATH_MAX];
    struct user_move moved = *move;
    memcpy(path, move->path.at, move->path.count * sizeof(*path));
    path[move->path.count] = user_id(user);
    moved.path = (struct slices){path, move->path.count + 1};
    moved.user_id = links_target(&user->links);
    moved.merged_ms = user->links.merged_ms;
    if (move->request_id.size) { features_want_commits(task); }
    task_emit(task, MOVES, PARTITION_BY_KEY, moved.user_id,
              features_encode(f, f->moves, &moved));
    return VERDICT_DONE;
}

/* ---- Adding ---- */

/* An offset that is not newer than the user's lists: what was done before is no answer to them. */
static int64_t former_offset(const struct user *user)
{
    return MAX_OF(user->input_offset, (int64_t)0);
}

static int64_t present_offset(const struct task *task, const struct user *user)
{
    return MAX_OF(task_input_offset(task) - 1, former_offset(user));
}

static bool put_texts(struct ids *ids, const struct slices *texts)
{
    for (size_t i = 0; i < texts->count; i++) {
        if (ids_put(ids, texts->at[i]) == ID_NONE) { return false; }
    }
    return true;
}

/* The items of one exposure stand together. */
static void add_shown(struct task *task, struct user *user, const struct user_move *move)
{
    struct features *f = features_of(task);
    const struct longs *event_ids = &move->shown_event_ids;
    enum shown_result result = SHOWN_TOO_LATE;
    for (size_t i = 0; i < move->shown_items.count; i++) {
        const struct showing showing = {.time_ms = move->shown_times_ms.at[i],
                                        .id_hash = (uint64_t)event_ids->at[i],
                                        .item = ids_put(f->ids, move->shown_items.at[i]),
                                        .place = move->shown_places.at[i]};
        if (i == 0 || event_ids->at[i] != event_ids->at[i - 1]) {
            result = shown_check(&user->shown, showing.time_ms, showing.id_hash);
            if (showing.time_ms <= user->forgotten_ms) { result = SHOWN_TOO_LATE; }
        }
        if (result == SHOWN_ADDED) {
            shown_add(&user->shown, &showing, (int32_t)f->settings->shown_max);
        }
    }
}

static void add_searches(struct task *task, struct user *user, const struct user_move *move)
{
    int32_t most = (int32_t)features_of(task)->settings->searches_max;
    for (size_t i = 0; i < move->search_texts.count; i++) {
        int64_t time_ms = move->search_times_ms.at[i];
        uint64_t id_hash = (uint64_t)move->search_event_ids.at[i];
        struct slice text = move->search_texts.at[i];
        bool gone = time_ms <= user->forgotten_ms ||
                    taken_back_has(&user->taken, id_hash, ids_fingerprint(text), ACTION_SEARCH,
                                   time_ms);
        if (!gone) { (void)searches_add(&user->searches, time_ms, id_hash, text, most); }
    }
}

static bool add_backs(struct task *task, struct user *user, const struct user_move *move)
{
    for (size_t i = 0; i < move->back_hashes.count; i++) {
        bool of_event = move->back_times_ms.at[i] == TAKEN_BACK_EVENT;
        const struct take_back which = {.of_event = of_event,
                                        .hash = (uint64_t)move->back_hashes.at[i],
                                        .until_ms = move->back_times_ms.at[i]};
        if (event_take_back(task, user, &which) == EVENT_ITEMS_FULL) { return false; }
    }
    return true;
}

static void count_one(enum event_added added, struct merge_receipt *receipt)
{
    switch (added) {
    case EVENT_ADDED: receipt->added++; return;
    case EVENT_REPEATED: receipt->repeated++; return;
    case EVENT_TOO_LATE: receipt->too_late++; return;
    case EVENT_TAKEN_BACK: receipt->dropped++; return;
    }
}

static void add_actions(struct task *task, struct user *user, const struct user_move *move,
                        struct merge_receipt *receipt)
{
    struct features *f = features_of(task);
    int64_t offset = former_offset(user);
    for (size_t i = 0; i < move->items.count; i++) {
        int32_t context;
        (void)context_column_get(&move->contexts, &move->context_numbers, i, f->ids, &context);
        const struct action action = {
            .time_ms = move->event_times_ms.at[i],
            .sequence = move->sequences.at[i],
            .id_hash = (uint64_t)move->event_ids.at[i],
            .offset = offset,
            .weight = move->weights.at[i],
            .item = ids_put(f->ids, move->items.at[i]),
            .kind = move->actions.at[i],
            .context = context,
        };
        bool gone = action.time_ms <= user->forgotten_ms;
        count_one(gone ? EVENT_TAKEN_BACK : event_add(task, user, &action), receipt);
    }
}

static void tell_late(struct task *task, const struct record *rec, int64_t count)
{
    struct features *f = features_of(task);
    if (!count) { return; }
    metric_add(f->m.moved_late, (double)count);
    run_log(task_run(task), LOG_WARN, "moved actions are too late and count no more",
            "partition=%d offset=%" PRId64 " actions=%" PRId64, rec->partition, rec->offset,
            count);
}

/* The user was forgotten after the merge, and before this came. Nobody waits for this request. */
static void unlink_sender(struct task *task, const struct user *user,
                          const struct user_move *move)
{
    struct features *f = features_of(task);
    char salt[UNLINK_SALT_BYTES]; /* else the marker's hash would be that of a known word */
    digest_random(salt, sizeof(salt));
    const struct forget_request request = {
        .request_id = slice_str(""),
        .salt = slice_of(salt, sizeof(salt)),
        .user_id = move->path.at[move->path.count - 1],
        .until_ms = user->forgotten_ms,
        .requested_ms = user->forgotten_ms,
        .unlinks = user_id(user),
    };
    task_emit(task, MOVES, PARTITION_BY_KEY, request.user_id,
              features_encode(f, f->requests, &request));
}

static enum verdict add_move(struct task *task, struct user *user, const struct record *rec,
                             const struct user_move *move)
{
    struct features *f = features_of(task);
    struct merge_receipt receipt = {
        .request_id = move->request_id,
        .part = move->part,
        .parts = move->parts,
        .input_partition = rec->partition,
        .input_offset = rec->offset,
        .contributions = move->contributions,
        .actions = (int64_t)move->items.count,
    };
    bool has_room = put_texts(f->ids, &move->items) && put_texts(f->ids, &move->shown_items) &&
                    put_texts(f->ids, &move->contexts);
    if (!has_room || !add_backs(task, user, move)) { return features_items_full(task); }
    add_shown(task, user, move);
    add_searches(task, user, move);
    add_actions(task, user, move, &receipt);
    merge_receipt_emit(task, &receipt);
    tell_late(task, rec, receipt.too_late);
    metric_add(f->m.moved, (double)receipt.added);
    user->links.merged_ms = MERGED_NEVER;
    if (move->merged_ms <= user->forgotten_ms) {
        unlink_sender(task, user, move);
    } else {
        link_list_put(&user->links.from, move->path.at[move->path.count - 1],
                      STATE_MERGED_FROM_MAX);
        user->erased = false;
    }
    if (history_any(user)) {
        user->erased = false;
        user->tombstone_due = false;
        user->input_offset = present_offset(task, user);
        user->received_ms = MAX_OF(rec->time_ms, (int64_t)0);
    }
    if (user->shown.count > 0) { user->erased = false; }
    if (user->erased) { /* all of it was forgotten before it came */
        taken_back_release(&user->taken);
        return VERDICT_DONE;
    }
    users_changed(f->users, user,
                  USER_BYTES + (move->items.count + move->shown_items.count) * 2 * ACTION_BYTES);
    return VERDICT_DONE;
}

static enum verdict take_move(struct task *task, const struct record *rec)
{
    struct features *f = features_of(task);
    struct user_move move;
    struct codec_error error;
    struct user *user;
    if (codec_decode(f->moves, rec->value, task_arena(task), &move, &error) < 0) {
        return task_refuse_undecoded(task, &error);
    }
    const char *fault = fault_of(rec, &move);
    if (fault) { return task_refuse(task, "bad_move", "%s", fault); }
    enum verdict verdict = features_find_user(task, move.user_id, &user);
    if (verdict != VERDICT_DONE) { return verdict; }
    return goes_on(user, &move) ? send_on(task, user, &move) : add_move(task, user, rec, &move);
}

/* ---- Events that followed their user ---- */

static enum verdict take_event(struct task *task, const struct record *rec)
{
    struct features *f = features_of(task);
    struct user_event ev;
    struct codec_error error;
    struct user *user;
    struct record here = *rec;
    if (codec_decode(f->events, rec->value, task_arena(task), &ev, &error) < 0) {
        return task_refuse_undecoded(task, &error);
    }
    if (ev.user_id.size == 0) { return task_refuse(task, "empty_user_id", "user_id is empty"); }
    enum verdict verdict = features_find_user(task, ev.user_id, &user);
    if (verdict != VERDICT_DONE) { return verdict; }
    here.offset = present_offset(task, user);
    return features_take_event(task, &here, &ev);
}

enum verdict moves_process(struct task *task, const struct record *rec)
{
    struct features *f = features_of(task);
    if (codec_names(f->moves, rec->value)) { return take_move(task, rec); }
    if (codec_names(f->requests, rec->value)) {
        return request_process(task, rec, /* linked= */ true);
    }
    return take_event(task, rec);
}
