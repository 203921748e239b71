#include "base/base.h"
#include "base/xalloc.h"
#include "scorer/brought_changes.h"

enum { ARENA_BYTES = 1 << 14 };

struct waiting {
    uint16_t size;
    char user[ID_BYTES_MAX];
};

struct brought_changes {
    struct brought_items *items;
    struct codec *codec;
    struct arena *arena;
    struct waiting *ring; /* of BROUGHT_WAITING_MAX */
    uint64_t count;       /* of all changes so far */
    struct metric *records, *bytes;
};

struct brought_changes *brought_changes_new(struct run *run, struct brought_items *items)
{
    struct brought_changes *changes = xcalloc(1, sizeof(*changes));
    struct metrics *metrics = run_metrics(run);
    changes->items = items;
    changes->codec = codec_new(&candidate_list_contract, run_schemas(run));
    changes->arena = arena_new(ARENA_BYTES);
    changes->ring = xcalloc(BROUGHT_WAITING_MAX, sizeof(*changes->ring));
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
    free(changes->ring);
    free(changes);
    return NULL;
}

uint64_t brought_changes_now(const struct brought_changes *changes)
{
    return changes ? changes->count : 0;
}

static void note(struct brought_changes *changes, struct tables *tables, struct slice user)
{
    if (!user.size) { tables->brought_changed = tables_change(tables); }
    struct waiting *waiting = &changes->ring[changes->count++ % BROUGHT_WAITING_MAX];
    waiting->size = (uint16_t)user.size;
    if (user.size) { memcpy(waiting->user, user.data, user.size); }
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

void brought_changes_mark(const struct brought_changes *changes, uint64_t *seen,
                          struct standing_lists *standing, struct tables *tables)
{
    if (!changes || *seen == changes->count) { return; }
    if (changes->count - *seen > BROUGHT_WAITING_MAX) {
        tables->brought_changed = tables_change(tables);
        *seen = changes->count;
    }
    for (; *seen < changes->count; (*seen)++) {
        const struct waiting *waiting = &changes->ring[*seen % BROUGHT_WAITING_MAX];
        struct slice user = slice_of(waiting->user, waiting->size);
        int32_t at = waiting->size ? standing_lists_find(standing, user) : HASH_INDEX_NONE;
        if (at == HASH_INDEX_NONE) { continue; }
        uint8_t flags = standing->at[at].flags;
        if (flags & (STANDING_ORPHAN | STANDING_LOST)) { continue; } /* nothing to make it of */
        standing_lists_mark(standing, (size_t)at, 0, flags | STANDING_AGED);
    }
}
