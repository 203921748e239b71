/* Requests to forget a user.
 *
 * A request takes out of the counts what the user did, and what others did who were joined with the
 * user: after a merge nobody can tell them apart. So it goes on, by `moves`, to all to whom the
 * user's actions went, and those whose actions came here forget that they did. Each of these
 * requests is linked: it has a receipt of its own, and the receipt of the request that made it says
 * how many there are. A user who is erased has no links any more, so none goes round for ever.
 */
#include "base/base.h"
#include "features/features_internal.h"

enum { FORGET_MS = 10000 }; /* `freshet forget`, `freshet merge` wait for committed receipts */

/* Keeps the partition's salt, unless it has one: that of its first request. */
static void keep_salt(struct task *task, const struct forget_request *request)
{
    struct features *f = features_of(task);
    struct features_task *counts = task_state(task);
    const struct forgotten_key key = forgotten_salt_key();
    char hex[FORGOTTEN_SALT_HEX + 1];
    if (counts->salt) { return; }
    forgotten_salt(request, hex);
    const struct user_state state = {.first_item = slice_str(hex),
                                     .input_offset = -1,
                                     .forgotten_ms = FORGOTTEN_NEVER,
                                     .merged_ms = MERGED_NEVER};
    counts->salt = mac_new(slice_str(hex));
    counts->salt_read = true;
    task_put(task, forgotten_key_bytes(&key), features_encode(f, f->states, &state));
}

void features_want_commits(struct task *task)
{
    task_want_commits(task, FORGET_MS);
}

/* Offsets of linked requests are those of `moves`. */
void request_receipt_emit(struct task *task, const struct forget_receipt *receipt)
{
    struct features *f = features_of(task);
    char key[REQUEST_ID_BYTES_MAX + 48], linked[32] = "";
    if (receipt->linked) {
        (void)snprintf(linked, sizeof(linked), "/%" PRId64, receipt->input_offset);
    }
    (void)snprintf(key, sizeof(key), "%.*s/%d%s", SLICE_ARGS(receipt->request_id),
                   receipt->input_partition, linked);
    features_want_commits(task);
    task_emit(task, RECEIPTS, PARTITION_BY_KEY, slice_str(key),
              features_encode(f, f->receipts, receipt));
}

static int64_t newest_ms(const struct user *user)
{
    const struct timeline *timeline = &user->timeline;
    const struct searches *searches = &user->searches;
    int64_t newest = FORGOTTEN_NEVER;
    if (timeline->count) { newest = timeline->times_ms[timeline->first + timeline->count - 1]; }
    if (searches->count) { newest = MAX_OF(newest, searches->at[searches->count - 1].time_ms); }
    return newest;
}

/* ---- Links ---- */

static void send_linked(struct task *task, const struct forget_request *request,
                        struct slice user_id, struct slice unlinks)
{
    struct features *f = features_of(task);
    struct forget_request linked = *request;
    linked.user_id = user_id;
    linked.unlinks = unlinks;
    task_emit(task, MOVES, PARTITION_BY_KEY, user_id, features_encode(f, f->requests, &linked));
}

/* Sends the request on to all with whom the user was joined. */
static void forget_links(struct task *task, struct user *user,
                            const struct forget_request *request)
{
    const struct link_list *into = &user->links.into, *from = &user->links.from;
    for (int32_t i = 0; i < into->count; i++) {
        send_linked(task, request, into->at[i], slice_of(NULL, 0));
    }
    for (int32_t i = 0; i < from->count; i++) {
        send_linked(task, request, from->at[i], user_id(user));
    }
    links_release(&user->links);
}

/* The user's actions went to somebody who was forgotten: what is late of them is dropped, and what
 * comes later stays with the user. */
static void unlink_user(struct task *task, struct user *user, const struct forget_request *request)
{
    struct links *links = &user->links;
    bool follows = slice_equal(links_target(links), request->unlinks);
    if (!link_list_remove(&links->into, request->unlinks)) { return; }
    if (follows) {
        links->merged_ms = MERGED_NEVER;
        user->forgotten_ms = MAX_OF(user->forgotten_ms, request->until_ms);
    }
    user->erased = user->timeline.total == 0 && !user->searches.count && !links->into.count &&
                   !links->from.count;
    users_changed(features_of(task)->users, user, USER_BYTES);
}

/* ---- One request ---- */

static enum verdict erase(struct task *task, struct user *user,
                          const struct forget_request *request, struct forget_receipt *receipt)
{
    struct features *f = features_of(task);
    struct features_task *counts = task_state(task);
    bool known = user->timeline.total > 0 || user->searches.count > 0;
    int64_t until_ms = MAX_OF(request->until_ms, newest_ms(user));
    receipt->until_ms = MAX_OF(user->forgotten_ms, until_ms);
    receipt->follows = user->links.into.count + user->links.from.count;
    enum erasure_result result = erasing_begin(f->erasing, task, &counts->erasures, user, receipt,
                                               counts->pairs);
    if (result == ERASURE_ITEMS_FULL) { return features_items_full(task); }
    forget_links(task, user, request);
    user->forgotten_ms = receipt->until_ms;
    if (known) { user->tombstone_due = true; }
    if (result == ERASURE_DONE) { request_receipt_emit(task, receipt); }
    counts->forgotten++;
    metric_add(f->m.forgotten_users, known);
    users_changed(f->users, user, USER_BYTES);
    return VERDICT_DONE;
}

enum verdict request_process(struct task *task, const struct record *rec, bool linked)
{
    struct features *f = features_of(task);
    struct forget_request request;
    struct forget_receipt receipt;
    struct codec_error error;
    struct user *user;
    char hex[17];
    if (codec_decode(f->requests, rec->value, task_arena(task), &request, &error) < 0) {
        return task_refuse_undecoded(task, &error);
    }
    const char *fault = forgotten_fault(rec, &request, f->settings->future_max_ms);
    if (fault) { return task_refuse(task, "bad_request", "%s", fault); }
    enum verdict verdict = features_find_user(task, request.user_id, &user);
    if (verdict != VERDICT_DONE) { return verdict; }
    verdict = features_read_salt(task);
    if (verdict != VERDICT_DONE) { return verdict; }
    keep_salt(task, &request);
    forgotten_receipt(&request, rec, hex, &receipt);
    receipt.linked = linked;
    if (!request.unlinks.size) { return erase(task, user, &request, &receipt); }
    unlink_user(task, user, &request);
    if (request.request_id.size) { request_receipt_emit(task, &receipt); }
    return VERDICT_DONE;
}
