/* Beside its state, a partition keeps of each user the newest history, and the list that the user's
 * own action made when another one has taken its place: under 'h' or 'l' and the id. Neither is in
 * a changelog (task_keep()).
 *
 * A list whose history is not kept is *lost*: the copy before this one, or an earlier release, made
 * it. The histories are then read once more from their topic, in turns with the lists that can be
 * made: under steady traffic there are always some of those. A list whose history is not there
 * either is an orphan. A list that is older than the user's newest history came late, from a former
 * owner, before this one started: it is made again of that history.
 */
#include "base/base.h"
#include "scorer/scorer_internal.h"

enum { KEPT_HISTORY = 'h', KEPT_LIST = 'l' };

struct kept_key {
    char bytes[ID_BYTES_MAX + 1];
    size_t size;
};

static struct kept_key kept_key(char kind, struct slice user_id)
{
    struct kept_key key = {.bytes = {kind}, .size = user_id.size + 1};
    assert(user_id.size <= ID_BYTES_MAX);
    memcpy(key.bytes + 1, user_id.data, user_id.size);
    return key;
}

static void keep(struct task *task, char kind, struct slice user_id, struct slice value)
{
    struct kept_key key = kept_key(kind, user_id);
    task_keep(task, slice_of(key.bytes, key.size), value);
}

static bool get_kept(struct task *task, char kind, struct slice user_id, struct slice *ret_value)
{
    struct kept_key key = kept_key(kind, user_id);
    return task_get_kept(task, slice_of(key.bytes, key.size), ret_value) == 0;
}

bool scorer_read_first_list(struct task *task, struct slice user_id,
                            struct recommendation_list *ret_list)
{
    struct scorer *scorer = run_state(task_run(task));
    struct slice value;
    if (!get_kept(task, KEPT_LIST, user_id, &value)) { return false; }
    return scorer_decode_list(scorer, arena_copy(task_arena(task), value), task_arena(task),
                              ret_list);
}

void scorer_keep_history(struct task *task, struct slice user_id, struct slice value, bool first)
{
    struct partition_state *state = task_state(task);
    struct slice kept;
    keep(task, KEPT_HISTORY, user_id, value);
    if (!first && get_kept(task, KEPT_LIST, user_id, &kept)) {
        keep(task, KEPT_LIST, user_id, slice_of(NULL, 0));
    }
    if (!value.data) { standing_lists_drop(&state->standing, user_id); }
}

void scorer_keep_first(struct task *task, struct slice user_id,
                       const struct recommendation_list *list)
{
    struct scorer *scorer = run_state(task_run(task));
    if (list->cause != CAUSE_ACTION) { return; }
    keep(task, KEPT_LIST, user_id, scorer_encode_list(scorer, list));
}

/* Says whether this is the history that a user's list was made of, or a newer one. */
static bool gives_list(const struct user_history *hist, struct slice user_id,
                       const struct recommendation_list *list)
{
    return !history_fault(hist) && slice_equal(hist->user_id, user_id) &&
           hist->input_partition == list->input_partition &&
           !history_older(hist, list->input_partition, list->input_offset);
}

bool scorer_read_history(struct task *task, struct slice user_id,
                         const struct recommendation_list *list, struct user_history *ret_hist)
{
    struct scorer *scorer = run_state(task_run(task));
    struct slice value;
    struct codec_error error;
    if (!get_kept(task, KEPT_HISTORY, user_id, &value)) { return false; }
    if (codec_decode(scorer->history_codec, value, task_arena(task), ret_hist, &error) < 0) {
        return false;
    }
    return gives_list(ret_hist, user_id, list);
}

/* ---- Lost histories ---- */

/* Says whether a history is older than the one that is kept for a list. */
static bool is_superseded(struct task *task, const struct user_history *hist,
                          const struct recommendation_list *list)
{
    struct user_history kept;
    return scorer_read_history(task, hist->user_id, list, &kept) &&
           history_older(hist, kept.input_partition, kept.input_offset);
}

/* Keeps a history that is read again, if it is that of a lost list, or a newer one that the task
 * has read: then the list came behind its successor, from a former owner. A tombstone says that the
 * user has none: the list came behind its own tombstone. */
static void find_history(struct task *task, const struct record *rec)
{
    struct scorer *scorer = run_state(task_run(task));
    struct partition_state *state = task_state(task);
    struct recommendation_list list;
    struct user_history hist;
    struct codec_error error;
    if (!rec->key.data || rec->key.size > ID_BYTES_MAX) { return; }
    int32_t at = standing_lists_find(&state->standing, rec->key);
    if (at == HASH_INDEX_NONE) { return; }
    const struct standing *one = &state->standing.at[at];
    if (!(one->flags & (STANDING_LOST | STANDING_FOUND))) { return; }
    uint8_t gone = rec->value.data ? 0 : STANDING_GONE;
    standing_lists_mark(&state->standing, (size_t)at, one->made,
                        (uint8_t)((one->flags & ~STANDING_GONE) | gone));
    if (gone || rec->offset >= task_input_offset(task)) { return; }
    if (codec_decode(scorer->history_codec, rec->value, task_arena(task), &hist, &error) < 0 ||
        !scorer_read_list(task, rec->key, task_arena(task), &list) ||
        !gives_list(&hist, rec->key, &list)) {
        return;
    }
    bool found = !(one->flags & STANDING_LOST);
    if (found && is_superseded(task, &hist, &list)) { return; }
    keep(task, KEPT_HISTORY, rec->key, rec->value);
    standing_lists_mark(&state->standing, (size_t)at, 0,
                        (uint8_t)((one->flags & ~STANDING_LOST) | STANDING_FOUND));
}

/* A deletion is in one of the next commits: one may be in flight already. */
enum { COMMITS_OPEN = 2 };

/* Deletes the lists of users who have no history, as their tombstones say. The last record takes
 * the place of the one that goes. */
static void end_reread(struct task *task)
{
    struct partition_state *state = task_state(task);
    struct standing_lists *standing = &state->standing;
    for (size_t i = standing->count; i-- > 0;) {
        const struct standing *one = &standing->at[i];
        if (one->flags & STANDING_FOUND) {
            standing_lists_mark(standing, i, one->made,
                                (uint8_t)(one->flags & ~STANDING_FOUND));
        }
        if (!(one->flags & STANDING_GONE)) { continue; }
        struct slice user_id = arena_copy(task_arena(task), standing_id(&standing->at[i]));
        scorer_put_list(task, user_id, slice_of(NULL, 0));
        scorer_keep_history(task, user_id, slice_of(NULL, 0), /* first= */ false);
        state->deleted_commits = COMMITS_OPEN;
    }
}

bool lost_histories_due(struct task *task)
{
    const struct partition_state *state = task_state(task);
    const struct standing_lists *standing = &state->standing;
    return task_rereads(task) || (standing->lost && !standing_lists_has_unknown(standing));
}

void lost_histories_step(struct task *task)
{
    struct partition_state *state = task_state(task);
    struct standing_lists *standing = &state->standing;
    if (!task_rereads(task)) {
        state->reread_losses = standing->losses;
        if (!task_reread(task)) { return; }
    }
    if (task_reread_step(task, find_history) != 0) { return; }
    end_reread(task);
    /* What was lost meanwhile may have been passed over: it is looked for once more. */
    if (standing->losses == state->reread_losses) { standing_lists_orphan_lost(standing); }
}
