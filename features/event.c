/* What an event changes of its user: the timeline and with it the counts of pairs, what was shown,
 * what was searched for, what is taken back, and the outcomes of the list that it names. Events of
 * a user who is another one now follow (merge.c). Each kind has its own repeats: an event that was
 * seen before changes nothing.
 */
#include "base/base.h"
#include "features/acceptance.h"
#include "features/features_internal.h"
#include "model/counting/context_text.h"

enum verdict features_items_full(struct task *task)
{
    (void)task_refuse(task, "items_full", "one record brings %d distinct items",
                      ids_count(features_of(task)->ids));
    return VERDICT_FATAL;
}

/* What every event that counts changes of its user. */
static void note(struct task *task, struct user *user, const struct record *rec,
                 const struct user_event *ev, size_t grown_bytes)
{
    user->erased = false;
    user->input_offset = rec->offset;
    user->received_ms = acceptance_received_ms(rec, ev);
    users_changed(features_of(task)->users, user, grown_bytes);
}

static enum verdict drop_forgotten(struct task *task)
{
    metric_add(features_of(task)->m.forgotten_events, 1);
    return VERDICT_DONE;
}

static enum verdict drop_repeated(struct task *task)
{
    metric_add(features_of(task)->m.repeated, 1);
    return VERDICT_DONE;
}

/* ---- Outcomes ---- */

/* Counts what came of a list; false: ids are full. `id_hash`: 0 for an exposure. */
static bool count_outcome(struct task *task, struct user *user, const struct user_event *ev,
                          uint64_t id_hash, const struct outcome_counts *counts)
{
    struct features *f = features_of(task);
    struct outcome_sums *sums = ((struct features_task *)task_state(task))->outcomes;
    bool named;
    if (!sums || ev->list_id.size == 0) { return true; }
    int32_t source = outcome_source(sums, ev, &named);
    if (!named) { metric_add(f->m.foreign_lists, 1); }
    if (source == ID_NONE) { return !named; }
    outcome_sums_add(sums, source, ev->event_time_ms, counts, 1);
    if (!id_hash) { return true; }
    const struct listed_action action = {.time_ms = ev->event_time_ms,
                                         .id_hash = id_hash,
                                         .micros = counts->revenue_micros,
                                         .source = source};
    listed_add(&user->listed, &action, (int32_t)f->settings->listed_max);
    return true;
}

struct outcome_reversal {
    struct outcome_sums *sums;
    struct user *user;
};

/* What is too old to be remembered stays counted. */
static void reverse_outcome(void *arg, const struct departed *gone)
{
    const struct outcome_reversal *reversal = arg;
    struct listed_action action;
    if (!listed_take(&reversal->user->listed, gone->id_hash, &action)) { return; }
    const struct outcome_counts counts = outcome_of_action(gone->kind, action.micros);
    if (reversal->sums) {
        outcome_sums_add(reversal->sums, action.source, action.time_ms, &counts, -1);
    }
}

/* ---- Actions ---- */

static enum verdict refuse_late(struct task *task, const struct user_event *ev)
{
    const struct feature_settings *settings = features_of(task)->settings;
    return task_refuse(
        task, "too_late",
        "event '%.*s' is older than all but %" PRId64 " of the kept actions of user '%.*s'",
        SLICE_ARGS(ev->event_id), settings->actions_max - settings->pairs_window,
        SLICE_ARGS(ev->user_id));
}

enum event_added event_add(struct task *task, struct user *user, const struct action *action)
{
    struct features *f = features_of(task);
    struct features_task *counts = task_state(task);
    if (taken_back_has(&user->taken, action->id_hash, ids_hash(f->ids, action->item),
                       action->kind, action->time_ms)) {
        metric_add(f->m.taken_back_early, 1);
        return EVENT_TAKEN_BACK;
    }
    bool first = user->timeline.total == 0;
    enum timeline_result result = timeline_add(&user->timeline, f->window, action, counts->pairs);
    if (result == TIMELINE_REPEATED) {
        metric_add(f->m.repeated, 1);
        return EVENT_REPEATED;
    }
    if (result == TIMELINE_TOO_LATE) { return EVENT_TOO_LATE; }
    if (first) {
        user->first_item = action->item;
        user->first_offset = action->offset;
        pairs_add_user(counts->pairs, action->item);
    }
    if (result == TIMELINE_INSERTED) { metric_add(f->m.late, 1); }
    counts->event_time_ms = MAX_OF(counts->event_time_ms, action->time_ms);
    return EVENT_ADDED;
}

/* Finds the context of an action; false: ids are full. What says nothing is none. */
static bool find_context(struct features *f, const struct user_event *ev, int32_t *ret_context)
{
    const struct circumstances known = {.device = ev->device,
                                        .channel = ev->channel,
                                        .country = ev->country,
                                        .region = ev->region,
                                        .geohash = ev->geohash,
                                        .hour = ev->weekday ? ev->hour : -1,
                                        .weekday = ev->weekday,
                                        .group = context_group(ev->event_time_ms, ev->weekday)};
    char into[CONTEXT_TEXT_BYTES_MAX];
    struct slice text = context_text_write(&known, into);
    *ret_context = 0;
    if (!text.size || !f->settings->contexts_counted) { return true; }
    *ret_context = ids_put(f->ids, text) + 1;
    return *ret_context > 0;
}

static enum verdict add_action(struct task *task, struct user *user, const struct record *rec,
                               const struct user_event *ev)
{
    struct features *f = features_of(task);
    int32_t context;
    if (!find_context(f, ev, &context)) { return features_items_full(task); }
    const struct action action = {
        .time_ms = ev->event_time_ms,
        .sequence = ev->sequence,
        .id_hash = ids_fingerprint(ev->event_id),
        .offset = rec->offset,
        .weight = ev->weight,
        .item = ids_put(f->ids, ev->item_id),
        .kind = ev->action,
        .context = context,
    };
    if (action.item == ID_NONE) { return features_items_full(task); }
    bool first = user->timeline.total == 0;
    enum event_added added = event_add(task, user, &action);
    if (added == EVENT_TOO_LATE) { return refuse_late(task, ev); }
    if (added != EVENT_ADDED) { return VERDICT_DONE; }
    const struct outcome_counts outcome =
        outcome_of_action(ev->action, outcome_micros(ev->value));
    if (!count_outcome(task, user, ev, action.id_hash, &outcome)) {
        return features_items_full(task);
    }
    metric_add(f->m.accepted, 1);
    note(task, user, rec, ev,
         ev->item_id.size + ev->list_id.size + ACTION_BYTES + (first ? USER_BYTES : 0) +
             (context ? ids_text(f->ids, context - 1).size : 0));
    return VERDICT_DONE;
}

/* ---- Exposures ---- */

static size_t shown_count(const struct user_event *ev)
{
    return ev->items.count ? ev->items.count : 1;
}

static struct slice shown_item(const struct user_event *ev, size_t at)
{
    return ev->items.count ? ev->items.at[at] : ev->item_id;
}

static int32_t shown_place(const struct user_event *ev, size_t at)
{
    if (!ev->items.count) { return ev->place; }
    return ev->places.count ? ev->places.at[at] : (int32_t)at + 1;
}

static enum verdict add_exposure(struct task *task, struct user *user, const struct record *rec,
                                 const struct user_event *ev)
{
    struct features *f = features_of(task);
    int32_t most = (int32_t)f->settings->shown_max;
    uint64_t id_hash = ids_fingerprint(ev->event_id);
    size_t count = shown_count(ev), bytes = 0;
    for (size_t i = 0; i < count; i++) {
        if (ids_put(f->ids, shown_item(ev, i)) == ID_NONE) { return features_items_full(task); }
    }
    enum shown_result result = shown_check(&user->shown, ev->event_time_ms, id_hash);
    if (result == SHOWN_REPEATED) { return drop_repeated(task); }
    if (result == SHOWN_TOO_LATE) {
        return task_refuse(task, "too_late",
                           "exposure '%.*s' is older than all %" PRId64
                           " that are kept of user '%.*s' (history.shown.max)",
                           SLICE_ARGS(ev->event_id), f->settings->shown_max,
                           SLICE_ARGS(ev->user_id));
    }
    for (size_t i = 0; i < count; i++) {
        const struct showing showing = {.time_ms = ev->event_time_ms,
                                        .id_hash = id_hash,
                                        .item = ids_put(f->ids, shown_item(ev, i)),
                                        .place = shown_place(ev, i)};
        shown_add(&user->shown, &showing, most);
        bytes += shown_item(ev, i).size + ACTION_BYTES;
    }
    const struct outcome_counts outcome = {.impressions = (int64_t)count};
    if (!count_outcome(task, user, ev, /* id_hash= */ 0, &outcome)) {
        return features_items_full(task);
    }
    metric_add(f->m.exposures, (double)count);
    note(task, user, rec, ev, bytes + USER_BYTES);
    return VERDICT_DONE;
}

/* ---- Searches ---- */

/* Of the text as it is kept and moved to other users, so that a search that is taken back stays so,
 * whether it comes as an event or with a user who is joined. */
static uint64_t search_hash(const struct user_event *ev)
{
    return ids_fingerprint(searches_kept(ev->query));
}

/* What was searched for is kept for the user's lists and adds nothing to any count. */
static enum verdict add_search(struct task *task, struct user *user, const struct record *rec,
                               const struct user_event *ev)
{
    struct features *f = features_of(task);
    uint64_t id_hash = ids_fingerprint(ev->event_id);
    if (taken_back_has(&user->taken, id_hash, search_hash(ev), ACTION_SEARCH, ev->event_time_ms)) {
        metric_add(f->m.taken_back_early, 1);
        return VERDICT_DONE;
    }
    metric_add(f->m.searches, 1);
    if (searches_add(&user->searches, ev->event_time_ms, id_hash, ev->query,
                     (int32_t)f->settings->searches_max)) {
        note(task, user, rec, ev, USER_BYTES + SEARCH_TEXT_BYTES_MAX);
    }
    return VERDICT_DONE;
}

/* The search of an event, or all searches for a text up to a time. */
static enum verdict take_search_back(struct task *task, struct user *user,
                                     const struct record *rec, const struct user_event *ev)
{
    struct features *f = features_of(task);
    bool of_event = ev->taken_back_id.size > 0;
    uint64_t hash = of_event ? ids_fingerprint(ev->taken_back_id)
                             : taken_back_hash(search_hash(ev), ACTION_SEARCH);
    if (!taken_back_add(&user->taken, hash, of_event ? TAKEN_BACK_EVENT : ev->event_time_ms,
                        (int32_t)f->settings->taken_back_max)) {
        return drop_repeated(task);
    }
    bool any = of_event ? searches_take(&user->searches, hash)
                        : searches_take_text(&user->searches, ev->query, ev->event_time_ms);
    metric_add(f->m.taken_back, any);
    if (any && !history_any(user)) { user->tombstone_due = true; }
    note(task, user, rec, ev, USER_BYTES);
    return VERDICT_DONE;
}

/* ---- Taking back ---- */

enum event_taken event_take_back(struct task *task, struct user *user,
                                 const struct take_back *which)
{
    struct features *f = features_of(task);
    struct features_task *counts = task_state(task);
    int64_t taken = 0;
    if (!taken_back_add(&user->taken, which->hash,
                        which->of_event ? TAKEN_BACK_EVENT : which->until_ms,
                        (int32_t)f->settings->taken_back_max)) {
        return EVENT_NOTHING_NEW;
    }
    struct outcome_reversal reversal = {counts->outcomes, user};
    enum take_back_result result = take_backs_apply(f->backs, task, user, which, counts->pairs,
                                                    reverse_outcome, &reversal, &taken);
    if (result == TAKE_BACK_ITEMS_FULL) { return EVENT_ITEMS_FULL; }
    counts->forgotten += taken > 0;
    metric_add(f->m.taken_back, (double)taken);
    if (taken && !history_any(user)) { user->tombstone_due = true; }
    return result == TAKE_BACK_DONE ? EVENT_TAKEN : EVENT_LOST;
}

static enum verdict take_back(struct task *task, struct user *user, const struct record *rec,
                              const struct user_event *ev)
{
    struct features *f = features_of(task);
    bool of_event = ev->taken_back_id.size > 0;
    int32_t item = of_event ? ID_NONE : ids_put(f->ids, ev->item_id);
    if (!of_event && item == ID_NONE) { return features_items_full(task); }
    const struct take_back which = {
        .of_event = of_event,
        .hash = of_event ? ids_fingerprint(ev->taken_back_id)
                         : taken_back_hash(ids_hash(f->ids, item), ev->action),
        .until_ms = ev->event_time_ms,
    };
    enum event_taken result = event_take_back(task, user, &which);
    if (result == EVENT_NOTHING_NEW) { return drop_repeated(task); }
    if (result == EVENT_ITEMS_FULL) { return features_items_full(task); }
    note(task, user, rec, ev, USER_BYTES);
    if (result == EVENT_TAKEN) { return VERDICT_DONE; }
    return task_refuse(task, "too_late",
                       "event '%.*s' takes back an action of user '%.*s' whose predecessors are "
                       "not known any more (history.archive)",
                       SLICE_ARGS(ev->event_id), SLICE_ARGS(ev->user_id));
}

enum verdict event_take(struct task *task, struct user *user, const struct record *rec,
                        const struct user_event *ev)
{
    if (ev->event_time_ms <= user->forgotten_ms) {
        if (ev->action == ACTION_IDENTIFY) {
            merge_refuse(task, rec, ev, "the user was forgotten");
        }
        return drop_forgotten(task);
    }
    if (ev->action == ACTION_IDENTIFY) { return merge_take(task, user, rec, ev); }
    if (links_target(&user->links).size) { return merge_follow(task, user, ev); }
    if (ev->action == ACTION_SEARCH) {
        return ev->takes_back ? take_search_back(task, user, rec, ev)
                              : add_search(task, user, rec, ev);
    }
    if (ev->takes_back) { return take_back(task, user, rec, ev); }
    if (ev->action == ACTION_EXPOSURE) { return add_exposure(task, user, rec, ev); }
    return add_action(task, user, rec, ev);
}
