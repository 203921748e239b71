#include "base/base.h"
#include "base/xalloc.h"
#include "scorer/brought_changes.h"

enum { ARENA_BYTES = 1 << 14 };

struct brought_changes {
    struct brought_items *items;
    struct codec *codec;
    struct arena *arena;
    struct changed_users *changed;
    struct metric *records, *bytes;
};

struct brought_changes *brought_changes_new(struct run *run, struct brought_items *items,
                                            struct changed_users *changed)
{
    struct brought_changes *changes = xcalloc(1, sizeof(*changes));
    struct metrics *metrics = run_metrics(run);
    changes->items = items;
    changes->changed = changed;
    changes->codec = codec_new(&candidate_list_contract, run_schemas(run));
    changes->arena = arena_new(ARENA_BYTES);
    changes->records = metrics_gauge(metrics, "freshet_candidates_records", "",
                                     "Records of candidates in memory (candidates.used).");
    changes->bytes = metrics_gauge(metrics, "freshet_candidates_bytes", "",
                                   "Memory that they take (candidates.memory.max).");
    return changes;
}

struct brought_changes *brought_changes_free(struct brought_changes *changes)
{
    if (!changes) { return NULL; }
    codec_free(changes->codec);
    arena_free(changes->arena);
    free(changes);
    return NULL;
}

static void note(struct brought_changes *changes, struct tables *tables, struct slice user)
{
    if (!user.size) { tables->brought_changed = tables_change(tables); }
    if (user.size) { changed_users_note(changes->changed, user); }
    metric_set(changes->records, (double)brought_items_count(changes->items));
    metric_set(changes->bytes, (double)brought_items_bytes(changes->items));
}

enum verdict brought_changes_take(struct brought_changes *changes, struct run *run,
                                  struct tables *tables, const struct record *rec)
{
    struct candidate_list list;
    struct codec_error error;
    struct slice source, user;
    if (!rec->key.data || !candidate_list_key(rec->key, &source, &user)) {
        return run_refuse_record(run, "bad_key", "want source/user_id, or source for all users");
    }
    if (!rec->value.data) {
        brought_items_remove(changes->items, source, user);
        note(changes, tables, user);
        return VERDICT_DONE;
    }
    arena_reset(changes->arena);
    if (codec_decode(changes->codec, rec->value, changes->arena, &list, &error) < 0) {
        return run_refuse_undecoded(run, &error);
    }
    const char *reason = candidate_list_fault(&list, rec->key);
    if (!reason) {
        reason = brought_items_put(changes->items, &list);
        note(changes, tables, user);
    }
    if (!reason) { return VERDICT_DONE; }
    return run_refuse_record(run, reason, "candidates of %.*s", SLICE_ARGS(rec->key));
}
