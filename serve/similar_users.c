#include "base/base.h"
#include "base/hash_index.h"
#include "base/xalloc.h"
#include "serve/similar_users.h"

enum { SIMILAR_ARENA_BYTES = 1 << 16, SIMILAR_ROW_BYTES_MAX = 64 << 20 };

struct similar_users {
    struct user_rows *histories;
    struct live_tables *live;
    struct recent_users *recent;
    struct schema_cache *schemas;
    struct codec *codec;
    struct arena *arena; /* of one user */
    struct buf row;
    struct likeness *likeness;
    struct slice users[SIMILAR_USERS_LOOKED];
    size_t users_count;
    struct hash_index index; /* of these */
    struct live_neighbour neighbours[SIMILAR_USERS_NEAREST];
    struct similar_user found[SIMILAR_USERS_LOOKED];
    size_t found_count;
    float strengths[HISTORY_ACTIONS_MAX];
};

struct similar_users *similar_users_new(struct user_rows *histories, struct live_tables *live,
                                        struct recent_users *recent)
{
    struct similar_users *similar = xcalloc(1, sizeof(*similar));
    similar->histories = histories;
    similar->live = live;
    similar->recent = recent;
    similar->schemas = schema_cache_new();
    similar->codec = codec_new(&user_history_contract, similar->schemas);
    similar->arena = arena_new(SIMILAR_ARENA_BYTES);
    buf_init(&similar->row, SIMILAR_ROW_BYTES_MAX);
    similar->likeness = likeness_new();
    hash_index_init(&similar->index, 5);
    return similar;
}

struct similar_users *similar_users_free(struct similar_users *similar)
{
    if (!similar) { return NULL; }
    codec_free(similar->codec);
    schema_cache_free(similar->schemas);
    arena_free(similar->arena);
    buf_release(&similar->row);
    likeness_free(similar->likeness);
    hash_index_release(&similar->index);
    free(similar);
    return NULL;
}

/* ---- Candidates ---- */

static uint64_t hash_of(const void *owner, uint32_t at)
{
    const struct similar_users *similar = owner;
    return hash_index_text(similar->users[at]);
}

static bool is(const void *owner, uint32_t at, const void *key)
{
    const struct similar_users *similar = owner;
    const struct slice *user = key;
    return slice_equal(similar->users[at], *user);
}

static void add_user(struct similar_users *similar, struct slice user)
{
    uint64_t hash = hash_index_text(user);
    if (similar->users_count == SIMILAR_USERS_LOOKED) { return; }
    if (hash_index_find(&similar->index, hash, is, similar, &user) >= 0) { return; }
    similar->users[similar->users_count] = user;
    hash_index_add(&similar->index, hash, (uint32_t)similar->users_count++, hash_of, similar);
}

/* Adds users who acted lately on the newest items of the history. */
static void add_companions(struct similar_users *similar, const struct user_history *history,
                           struct arena *arena)
{
    struct slice users[SIMILAR_USERS_EACH];
    size_t items = 0;
    for (size_t k = history->items.count; k-- > 0 && items < SIMILAR_USERS_ITEMS;) {
        if (!(history->weights.at[k] > 0.0F)) { continue; }
        items++;
        size_t count = recent_users_find(similar->recent, history->items.at[k], arena, users,
                                         SIMILAR_USERS_EACH);
        for (size_t u = 0; u < count; u++) { add_user(similar, users[u]); }
    }
}

static void find_candidates(struct similar_users *similar, const struct user_history *history,
                            const struct live_cluster *cluster, struct arena *arena)
{
    similar->users_count = 0;
    hash_index_clear(&similar->index);
    if (cluster) {
        size_t count = live_tables_neighbours(similar->live, similar->recent, cluster, arena,
                                              similar->neighbours, SIMILAR_USERS_NEAREST);
        for (size_t k = 0; k < count; k++) { add_user(similar, similar->neighbours[k].user); }
    }
    add_companions(similar, history, arena);
}

/* ---- Likeness ---- */

/* Describes a history's actions; `strengths` of the object until the next call. */
static struct user_actions actions_of(struct similar_users *similar,
                                      const struct user_history *history)
{
    size_t count = MIN_OF(history->items.count, (size_t)HISTORY_ACTIONS_MAX);
    for (size_t k = 0; k < count; k++) { similar->strengths[k] = history_strength(history, k); }
    return (struct user_actions){history->items.at, similar->strengths, history->weights.at, count};
}

static void look_at(struct similar_users *similar, struct slice user)
{
    struct user_history history;
    struct user_likeness likeness;
    arena_reset(similar->arena);
    buf_clear(&similar->row);
    if (user_rows_read(similar->histories, user, &similar->row) < 0) { return; } /* forgotten */
    struct slice row = buf_slice(&similar->row);
    if (codec_decode(similar->codec, row, similar->arena, &history, NULL) < 0) { return; }
    if (history_fault(&history)) { return; }
    const struct user_actions actions = actions_of(similar, &history);
    likeness_compare(similar->likeness, &actions, &likeness);
    if (!likeness.common) { return; }
    similar->found[similar->found_count++] = (struct similar_user){user, likeness};
}

static int compare(const void *a, const void *b)
{
    const struct similar_user *x = a, *y = b;
    if (x->likeness.cosine != y->likeness.cosine) {
        return x->likeness.cosine > y->likeness.cosine ? -1 : 1;
    }
    if (x->likeness.common != y->likeness.common) {
        return x->likeness.common > y->likeness.common ? -1 : 1;
    }
    return slice_compare(x->user, y->user);
}

size_t similar_users_find(struct similar_users *similar, const struct user_history *history,
                          const struct live_cluster *cluster, struct arena *arena,
                          const struct similar_user **ret_users)
{
    const struct user_actions own = actions_of(similar, history);
    likeness_set(similar->likeness, &own);
    find_candidates(similar, history, cluster, arena);
    similar->found_count = 0;
    for (size_t k = 0; k < similar->users_count; k++) {
        if (slice_equal(similar->users[k], history->user_id)) { continue; }
        look_at(similar, similar->users[k]);
    }
    qsort(similar->found, similar->found_count, sizeof(*similar->found), compare);
    *ret_users = similar->found;
    return similar->found_count;
}
