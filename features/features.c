/* One partition of `events`, record by record:
 *
 *   event    -> the user's timeline -> additions to item pairs, in memory
 *   request  -> the user's additions are subtracted again, the timeline is emptied, a receipt
 *   identify -> the same, and what the timeline had goes to another user, by `moves` (merge.c,
 *               moves.c)
 *
 * Events that name a list also change the outcomes of its placement (outcome_sums.h).
 *
 * After each poll, the histories of its users are sent at once: the newest replaces the older ones,
 * so sending one twice does no harm. At each flush, states, archive segments, receipts, outcomes
 * and the pair sums since the last flush are staged; they are committed in one transaction with the
 * input offsets, because a sum that is sent twice counts twice.
 *
 * A rollback drops cached users and sums (roll_back()); the events are then read again. Duplicates
 * of an event are found in the user's own state, by event id.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "features/acceptance.h"
#include "features/features.h"
#include "features/features_internal.h"
#include "schemas/user_archive.h"
#include "schemas/user_erasure.h"

enum { MESSAGE_BYTES_MAX = 16 << 20 };

/* ---- Start and stop ---- */

static char *check(const void *settings, struct buf *notes _unused_)
{
    char why[300];
    return feature_settings_check(settings, why, sizeof(why)) < 0 ? xstrdup(why) : NULL;
}

static int start(struct run *run)
{
    const struct feature_settings *s = run_settings(run);
    struct features *f = xcalloc(1, sizeof(*f));
    struct timeline_rules rules = feature_settings_rules(s);
    f->settings = s;
    f->events = codec_new(&user_event_contract, run_schemas(run));
    f->histories = codec_new(&user_history_contract, run_schemas(run));
    f->deltas_codec = codec_new(&pair_deltas_contract, run_schemas(run));
    f->states = codec_new(&user_state_contract, run_schemas(run));
    f->requests = codec_new(&forget_request_contract, run_schemas(run));
    f->receipts = codec_new(&forget_receipt_contract, run_schemas(run));
    f->moves = codec_new(&user_move_contract, run_schemas(run));
    f->merge_receipts = codec_new(&merge_receipt_contract, run_schemas(run));
    f->ids = ids_new(INT32_MAX); /* items.max: make_room() */
    f->users = users_new((size_t)s->users_cache_bytes);
    f->window = window_new(&rules, f->ids);
    f->stored = stored_user_new(f->ids, f->window);
    f->archive = archive_new(f->ids, run_schemas(run), s->archive);
    f->backs = take_backs_new(f->archive, f->window, f->ids, &rules);
    f->erasing = erasing_new(f->archive, f->window, rules.pairs_window, run_schemas(run));
    f->history = history_new((int32_t)s->history_length, rules.actions_max, rules.seen_max, f->ids);
    f->deltas = deltas_new(f->ids, run_output_partitions(run, PAIR_DELTAS));
    buf_init(&f->out, MESSAGE_BYTES_MAX);
    f->m = feature_metrics_register(run_metrics(run));
    id_room_init(&f->room, run, s->items_max);
    run_set_state(run, f);
    return 0;
}

static void stop(struct run *run)
{
    struct features *f = run_state(run);
    if (!f) { return; }
    codec_free(f->events);
    codec_free(f->histories);
    codec_free(f->deltas_codec);
    codec_free(f->states);
    codec_free(f->requests);
    codec_free(f->receipts);
    codec_free(f->moves);
    codec_free(f->merge_receipts);
    erasing_free(f->erasing);
    take_backs_free(f->backs);
    archive_free(f->archive);
    stored_user_free(f->stored);
    history_free(f->history);
    deltas_free(f->deltas);
    window_free(f->window);
    users_free(f->users);
    context_column_release(&f->moved_contexts);
    ids_free(f->ids);
    buf_release(&f->out);
    free(f);
    run_set_state(run, NULL);
}

static int open_task(struct task *task)
{
    const struct feature_settings *settings = features_of(task)->settings;
    struct features_task *counts = xcalloc(1, sizeof(*counts));
    counts->pairs = pairs_new();
    counts->event_time_ms = INT64_MIN;
    counts->moves_stored = OFFSET_NONE;
    if (settings->outcomes_counted) {
        counts->outcomes = outcome_sums_new(task, features_of(task)->ids,
                                            settings->outcomes_kept_ms, OUTCOMES);
    }
    task_set_state(task, counts);
    return 0;
}

/* The salt may be of a request that is rolled back. */
static void drop_salt(struct features_task *counts)
{
    counts->salt = mac_free(counts->salt);
    counts->salt_read = false;
}

static void roll_back(struct task *task)
{
    struct features_task *counts = task_state(task);
    drop_salt(counts);
    users_forget(features_of(task)->users, &counts->changed);
    erasures_forget(&counts->erasures);
    pairs_reset(counts->pairs);
    if (counts->outcomes) { outcome_sums_forget(counts->outcomes); }
    counts->event_time_ms = INT64_MIN;
    counts->forgotten = 0;
    counts->moves_stored = OFFSET_NONE;
}

static void close_task(struct task *task)
{
    struct features_task *counts = task_state(task);
    if (!counts) { return; }
    roll_back(task);
    changed_users_release(&counts->changed);
    pairs_free(counts->pairs);
    outcome_sums_free(counts->outcomes);
    free(counts);
    task_set_state(task, NULL);
}

struct slice features_encode(struct features *f, struct codec *codec, const void *object)
{
    buf_clear(&f->out);
    int result = codec_encode(codec, object, &f->out);
    assert(result == 0);
    return buf_slice(&f->out);
}

/* ---- Room for ids ---- */

static bool make_room(struct task *task)
{
    struct features *f = features_of(task);
    enum id_room_verdict verdict = id_room_ask(&f->room, task, ids_count(f->ids));
    if (verdict == ID_ROOM_DROP) {
        users_clear(f->users);
        ids_clear(f->ids);
    }
    return verdict != ID_ROOM_FULL;
}

/* ---- One event ---- */

/* A state that cannot be read is dropped with its archive: the user begins anew. What the user's
 * actions had added stays in the counts. */
static enum verdict drop_state(struct task *task, struct user *user, struct slice key,
                               struct slice value, const struct codec_error *error)
{
    char what[ID_BYTES_MAX + 16];
    (void)snprintf(what, sizeof(what), "user '%.*s'", SLICE_ARGS(user_id(user)));
    enum verdict verdict = task_discard_state(task, key, value, what, error);
    if (verdict == VERDICT_DONE) { archive_drop_lost(features_of(task)->archive, task, user); }
    return verdict;
}

/* Reads the partition's salt once. One that cannot be read is dropped: the markers under it are
 * found no more. */
enum verdict features_read_salt(struct task *task)
{
    struct features *f = features_of(task);
    struct features_task *counts = task_state(task);
    const struct forgotten_key key = forgotten_salt_key();
    struct slice value;
    struct user_state state;
    struct codec_error error;
    enum verdict verdict = VERDICT_DONE;
    if (counts->salt_read) { return verdict; }
    if (task_get(task, forgotten_key_bytes(&key), &value) == 0) {
        if (codec_decode(f->states, value, task_arena(task), &state, &error) < 0) {
            verdict = task_discard_state(task, forgotten_key_bytes(&key), value,
                                         "the salt of markers", &error);
        } else {
            counts->salt = mac_new(state.first_item);
        }
    }
    counts->salt_read = verdict == VERDICT_DONE;
    return verdict;
}

/* Finds the marker of a user who was erased. */
static bool find_marker(struct task *task, struct slice id, struct forgotten_key *ret_key,
                        struct slice *ret_value)
{
    struct features_task *counts = task_state(task);
    if (counts->salt) {
        *ret_key = forgotten_key(counts->salt, id);
        if (task_get(task, forgotten_key_bytes(ret_key), ret_value) == 0) { return true; }
    }
    *ret_key = forgotten_former_key(id);
    return task_get(task, forgotten_key_bytes(ret_key), ret_value) == 0;
}

static enum verdict load_user(struct task *task, struct user *user)
{
    struct features *f = features_of(task);
    struct slice key = user_id(user), value;
    struct user_state state;
    struct codec_error error = {.reason = "bad_state", .detail = "it is not a valid timeline"};
    struct forgotten_key marker;
    if (task_get(task, key, &value) < 0) {
        enum verdict verdict = features_read_salt(task);
        if (verdict != VERDICT_DONE) { return verdict; }
        if (!find_marker(task, key, &marker, &value)) { return VERDICT_DONE; }
        key = forgotten_key_bytes(&marker);
        user->erased = true;
    }
    int result = codec_decode(f->states, value, task_arena(task), &state, &error);
    if (result == 0) { result = stored_user_load(f->stored, &state, user); }
    if (result == -ENOSPC) { return features_items_full(task); }
    if (result < 0) { return drop_state(task, user, key, value, &error); }
    users_measure(f->users, user);
    user->stored_bytes = value.size;
    return VERDICT_DONE;
}

enum verdict features_find_user(struct task *task, struct slice id, struct user **ret_user)
{
    struct features *f = features_of(task);
    struct features_task *counts = task_state(task);
    struct user *user = users_find(f->users, &counts->changed, id);
    if (!user) {
        user = users_add(f->users, &counts->changed, id);
        enum verdict verdict = load_user(task, user);
        if (verdict != VERDICT_DONE) {
            users_drop(f->users, user);
            return verdict;
        }
    }
    *ret_user = user;
    return VERDICT_DONE;
}

/* ---- Work in pieces ---- */

/* Without room for ids, a piece waits like a record. */
static bool pending(struct task *task)
{
    struct features_task *counts = task_state(task);
    return make_room(task) && erasing_pending(features_of(task)->erasing, task, &counts->erasures);
}

/* The next piece of an erasure. */
static enum verdict work(struct task *task)
{
    struct features *f = features_of(task);
    struct features_task *counts = task_state(task);
    struct forget_receipt receipt;
    enum erasure_result result =
        erasing_step(f->erasing, task, &counts->erasures, counts->pairs, &receipt);
    if (result == ERASURE_ITEMS_FULL) { return features_items_full(task); }
    if (result == ERASURE_DONE) { request_receipt_emit(task, &receipt); }
    counts->forgotten++;
    return VERDICT_DONE;
}

/* ---- One record ---- */

static enum verdict process(struct task *task, const struct record *rec)
{
    struct features *f = features_of(task);
    struct user_event ev;
    struct codec_error error;
    if (!make_room(task)) { return VERDICT_WAIT; }
    if (codec_decode(f->events, rec->value, task_arena(task), &ev, &error) < 0) {
        if (codec_names(f->requests, rec->value)) {
            return request_process(task, rec, /* linked= */ false);
        }
        return task_refuse_undecoded(task, &error);
    }
    return features_take_event(task, rec, &ev);
}

enum verdict features_take_event(struct task *task, const struct record *rec,
                                 const struct user_event *ev)
{
    struct features *f = features_of(task);
    struct acceptance_error fault;
    struct user *user;
    if (acceptance_check(rec, ev, f->settings->future_max_ms, f->settings->latest_ms, &fault)) {
        return task_refuse(task, fault.reason, "%s", fault.detail);
    }
    enum verdict verdict = features_find_user(task, ev->user_id, &user);
    return verdict == VERDICT_DONE ? event_take(task, user, rec, ev) : verdict;
}

static enum verdict process_beside(struct task *task, const struct record *rec)
{
    return make_room(task) ? moves_process(task, rec) : VERDICT_WAIT;
}

/* ---- Histories and staging ---- */

/* A user without actions was erased, or has taken all of them back: readers get a tombstone, but
 * only from the partition that had the user. Each partition gets the same request, and a tombstone
 * from another one could come after a newer history. */
static void emit_history(struct task *task, struct user *user)
{
    struct features *f = features_of(task);
    struct user_history message;
    if (history_any(user)) {
        history_fill(f->history, user, task_partition(task), &message);
        task_emit(task, HISTORIES, PARTITION_BY_KEY, user_id(user),
                  features_encode(f, f->histories, &message));
    } else if (user->tombstone_due) {
        task_emit(task, HISTORIES, PARTITION_BY_KEY, user_id(user), slice_of(NULL, 0));
    }
    user->tombstone_due = false;
}

static void end_poll(struct task *task)
{
    struct features *f = features_of(task);
    struct features_task *counts = task_state(task);
    for (size_t i = 0; i < counts->changed.touched_count; i++) {
        emit_history(task, counts->changed.touched[i]);
    }
    changed_users_emitted(&counts->changed);
    users_trim(f->users);
    metric_set(f->m.users_cached, (double)users_count(f->users));
    uint64_t updates = pairs_updates(counts->pairs);
    metric_add(f->m.pair_updates, (double)(updates - counts->updates));
    counts->updates = updates;
}

static void emit_deltas(void *arg, int32_t partition, const struct pair_deltas *message)
{
    struct task *task = arg;
    struct features *f = features_of(task);
    task_emit(task, PAIR_DELTAS, partition, slice_of(NULL, 0),
              features_encode(f, f->deltas_codec, message));
}

/* The state of an erased user is replaced by a marker. It is deleted only if it is here: the user
 * may belong to another partition. */
static void stage(struct task *task, struct user *user)
{
    struct features *f = features_of(task);
    struct user_state state;
    struct slice old;
    archive_stage(f->archive, task, user);
    stored_user_fill(f->stored, user, &state);
    struct slice value = features_encode(f, f->states, &state);
    user->stored_bytes = value.size;
    if (!user->erased) {
        task_put(task, user_id(user), value);
        return;
    }
    const struct features_task *counts = task_state(task);
    const struct forgotten_key key = forgotten_key(counts->salt, user_id(user));
    const struct forgotten_key former = forgotten_former_key(user_id(user));
    if (task_get(task, user_id(user), &old) == 0) {
        task_put(task, user_id(user), slice_of(NULL, 0));
    }
    if (task_get(task, forgotten_key_bytes(&former), &old) == 0) {
        task_put(task, forgotten_key_bytes(&former), slice_of(NULL, 0));
    }
    task_put(task, forgotten_key_bytes(&key), value);
}

static void flush(struct task *task)
{
    struct features *f = features_of(task);
    struct features_task *counts = task_state(task);
    for (size_t i = 0; i < counts->changed.dirty_count; i++) {
        stage(task, counts->changed.dirty[i]);
    }
    changed_users_flushed(&counts->changed);
    moves_stage(task);
    if (counts->outcomes) { outcome_sums_flush(counts->outcomes); }
    if (pairs_empty(counts->pairs) && !counts->forgotten) { return; }
    const struct pair_deltas head = {
        .input_partition = task_partition(task),
        .input_offset = task_input_offset(task) - 1,
        .event_time_ms = counts->event_time_ms == INT64_MIN ? 0 : counts->event_time_ms,
        .forgotten = counts->forgotten,
    };
    struct pairs_view view;
    pairs_drain(counts->pairs, &view);
    deltas_cut(f->deltas, &view, &head, emit_deltas, task);
    pairs_reset(counts->pairs);
    counts->event_time_ms = INT64_MIN;
    counts->forgotten = 0;
}

static size_t held_bytes(struct task *task)
{
    const struct features_task *counts = task_state(task);
    size_t outcomes = counts->outcomes ? outcome_sums_bytes(counts->outcomes) : 0;
    return pairs_bytes(counts->pairs) + counts->changed.dirty_bytes + outcomes;
}

static void committed(struct task *task)
{
    struct features_task *counts = task_state(task);
    changed_users_committed(&counts->changed);
    users_trim(features_of(task)->users);
}

static const struct input inputs[] = {
    {.name = "events", .kind = INPUT_PARTITIONED, .shared = true, .cleanup = CLEANUP_LOG},
    {.name = "moves", .kind = INPUT_BESIDE, .cleanup = CLEANUP_LOG},
};

static const struct output outputs[] = {
    [HISTORIES] = {.name = "histories",
                   .delivery = DELIVERY_AT_ONCE,
                   .cleanup = CLEANUP_TABLE,
                   .contracts = {&user_history_contract}},
    [PAIR_DELTAS] = {.name = "pair-deltas",
                     .delivery = DELIVERY_TXN,
                     .cleanup = CLEANUP_LOG,
                     .contracts = {&pair_deltas_contract}},
    [CHANGELOG] = {.name = "features-changelog",
                   .delivery = DELIVERY_TXN,
                   .cleanup = CLEANUP_TABLE,
                   .contracts = {&user_state_contract, &user_archive_contract,
                                &user_erasure_contract, &placement_outcomes_contract}},
    [RECEIPTS] = {.name = "receipts",
                  .delivery = DELIVERY_TXN,
                  .contracts = {&forget_receipt_contract, &merge_receipt_contract}},
    [OUTCOMES] = {.name = "outcomes",
                  .delivery = DELIVERY_TXN,
                  .cleanup = CLEANUP_TABLE,
                  .contracts = {&placement_outcomes_contract}},
    [MOVES] = {.name = "moves",
               .delivery = DELIVERY_TXN,
               .cleanup = CLEANUP_LOG,
               .contracts = {&user_move_contract, &user_event_contract, &forget_request_contract}},
};

static bool uses_output(struct run *run, int output)
{
    const struct feature_settings *settings = run_settings(run);
    return output != OUTCOMES || settings->outcomes_counted;
}

const struct worker features_worker = {
    .name = "features",
    .about = "Turns users' events into histories and into counts of item pairs.",
    .inputs = inputs,
    .inputs_count = ARRAY_COUNT(inputs),
    .outputs = outputs,
    .outputs_count = ARRAY_COUNT(outputs),
    .changelog = CHANGELOG,
    .options = feature_options,
    .options_count = FEATURE_OPTIONS_COUNT,
    .settings_size = sizeof(struct feature_settings),
    .records_few = 2000, /* each commit writes the whole state of its users */
    .uses_output = uses_output,
    .check = check,
    .start = start,
    .stop = stop,
    .open = open_task,
    .close = close_task,
    .process = process,
    .beside_from = moves_from,
    .beside = process_beside,
    .goes_on = make_room,
    .end_poll = end_poll,
    .held_bytes = held_bytes,
    .flush = flush,
    .committed = committed,
    .roll_back = roll_back,
    .pending = pending,
    .work = work,
};
