#include "base/base.h"
#include "base/clock.h"
#include "base/hash_index.h"
#include "base/xalloc.h"
#include "serve/wanting_users.h"

enum { WANTING_ARENA_BYTES = 1 << 16, WANTING_ROW_BYTES_MAX = 64 << 20 };

struct wanting {
    struct slice user;
    struct live_place at;
};

struct wanting_users {
    struct user_rows *histories;
    struct live_tables *live;
    struct recent_users *recent;
    struct schema_cache *schemas;
    struct codec *codec;
    struct arena *arena; /* of one user */
    struct buf row;
    struct slice users[WANTING_USERS_LOOKED];
    size_t users_count;
    struct hash_index index; /* of these */
    struct wanting found[WANTING_USERS_LOOKED];
    size_t found_count;
};

struct wanting_users *wanting_users_new(struct user_rows *histories, struct live_tables *live,
                                        struct recent_users *recent)
{
    struct wanting_users *wanting = xcalloc(1, sizeof(*wanting));
    wanting->histories = histories;
    wanting->live = live;
    wanting->recent = recent;
    wanting->schemas = schema_cache_new();
    wanting->codec = codec_new(&user_history_contract, wanting->schemas);
    wanting->arena = arena_new(WANTING_ARENA_BYTES);
    buf_init(&wanting->row, WANTING_ROW_BYTES_MAX);
    hash_index_init(&wanting->index, 3);
    return wanting;
}

struct wanting_users *wanting_users_free(struct wanting_users *wanting)
{
    if (!wanting) { return NULL; }
    codec_free(wanting->codec);
    schema_cache_free(wanting->schemas);
    arena_free(wanting->arena);
    buf_release(&wanting->row);
    hash_index_release(&wanting->index);
    free(wanting);
    return NULL;
}

/* ---- Candidates ---- */

static uint64_t hash_of(const void *owner, uint32_t at)
{
    const struct wanting_users *wanting = owner;
    return hash_index_text(wanting->users[at]);
}

static bool is(const void *owner, uint32_t at, const void *key)
{
    const struct wanting_users *wanting = owner;
    const struct slice *user = key;
    return slice_equal(wanting->users[at], *user);
}

/* Adds users who acted on an item, or on anything, each once. */
static void add_users(struct wanting_users *wanting, struct slice item, size_t most,
                      struct arena *arena)
{
    struct slice users[WANTING_USERS_LOOKED];
    size_t count = recent_users_find(wanting->recent, item, arena, users, most);
    for (size_t k = 0; k < count && wanting->users_count < WANTING_USERS_LOOKED; k++) {
        uint64_t hash = hash_index_text(users[k]);
        if (hash_index_find(&wanting->index, hash, is, wanting, &users[k]) >= 0) { continue; }
        wanting->users[wanting->users_count] = users[k];
        hash_index_add(&wanting->index, hash, (uint32_t)wanting->users_count++, hash_of, wanting);
    }
}

/* The items like the wanted one, copied: they are handed over under the tables' lock. */
struct like_item {
    struct arena *arena;
    struct slice items[WANTING_USERS_LOOKED / WANTING_USERS_EACH];
    size_t count;
};

static void take_alike(void *arg, const struct recommendation_list *list)
{
    struct like_item *alike = arg;
    for (size_t k = 0; k < list->items.count && alike->count < ARRAY_COUNT(alike->items); k++) {
        alike->items[alike->count++] = arena_copy(alike->arena, list->items.at[k]);
    }
}

static bool find_candidates(struct wanting_users *wanting, struct slice item, size_t each,
                            struct arena *arena)
{
    struct like_item alike = {.arena = arena};
    wanting->users_count = 0;
    hash_index_clear(&wanting->index);
    if (!live_tables_order(wanting->live, ORDER_SIMILAR, item, slice_str(""), take_alike, &alike)) {
        return false;
    }
    for (size_t k = 0; k < alike.count; k++) {
        add_users(wanting, alike.items[k], each, arena);
    }
    add_users(wanting, (struct slice){0}, WANTING_USERS_LOOKED, arena);
    return true;
}

/* ---- Places ---- */

static void look_at(struct wanting_users *wanting, struct slice user, struct slice item,
                    struct arena *arena)
{
    struct user_history history;
    struct live_place at;
    arena_reset(wanting->arena);
    buf_clear(&wanting->row);
    if (user_rows_read(wanting->histories, user, &wanting->row) < 0) { return; } /* forgotten */
    struct slice row = buf_slice(&wanting->row);
    if (codec_decode(wanting->codec, row, wanting->arena, &history, NULL) < 0) { return; }
    if (history_fault(&history)) { return; } /* as a request for the user's own list would tell */
    if (!live_tables_place(wanting->live, &history, item, arena, &at)) { return; }
    wanting->found[wanting->found_count++] = (struct wanting){user, at};
}

static int compare(const void *a, const void *b)
{
    const struct wanting *x = a, *y = b;
    if (x->at.place != y->at.place) { return x->at.place < y->at.place ? -1 : 1; }
    if (x->at.evidence != y->at.evidence) { return x->at.evidence > y->at.evidence ? -1 : 1; }
    return slice_compare(x->user, y->user);
}

/* ---- The page ---- */

static void write_page(const struct wanting_users *wanting, const struct list_query *query,
                       size_t limit, struct arena *arena, struct found_list *found)
{
    struct recommendation_list *list = &found->list;
    size_t most = MIN_OF(limit, wanting->found_count) + 1, left = 0, count = 0;
    found->users.at = arena_alloc_array(arena, most, sizeof(struct slice));
    list->because.at = arena_alloc_array(arena, most, sizeof(struct slice));
    list->scores.at = arena_alloc_array(arena, most, sizeof(float));
    list->shares.at = arena_alloc_array(arena, most, sizeof(float));
    list->evidence.at = arena_alloc_array(arena, most, sizeof(float));
    list->reasons.at = arena_alloc_array(arena, most, sizeof(int32_t));
    list->placement_ranks.at = arena_alloc_array(arena, most, sizeof(int32_t));
    for (size_t k = 0; k < wanting->found_count; k++) {
        const struct wanting *one = &wanting->found[k];
        if (list_query_excludes(query, one->user)) { continue; }
        if (left++ < query->offset || count == limit) { continue; }
        found->users.at[count] = one->user;
        list->because.at[count] = one->at.because;
        list->scores.at[count] = one->at.score;
        list->shares.at[count] = one->at.share;
        list->evidence.at[count] = one->at.evidence;
        list->reasons.at[count] = one->at.reason;
        list->placement_ranks.at[count++] = (int32_t)one->at.place;
    }
    found->users.count = list->because.count = list->scores.count = list->shares.count = count;
    list->evidence.count = list->reasons.count = list->placement_ranks.count = count;
    found->total = left;
}

int wanting_users_find(struct wanting_users *wanting, const struct list_query *query, size_t limit,
                       struct arena *arena, struct found_list *ret_found)
{
    size_t most = query->users_looked ? query->users_looked : WANTING_USERS_LOOKED;
    size_t each = MAX_OF(most * WANTING_USERS_EACH / WANTING_USERS_LOOKED, (size_t)1);
    if (!find_candidates(wanting, query->item, each, arena)) { return -ENOENT; }
    wanting->found_count = 0;
    int64_t until_ms = query->look_ms ? clock_monotonic_ms() + query->look_ms : INT64_MAX;
    for (size_t k = 0; k < MIN_OF(wanting->users_count, most); k++) {
        if (clock_monotonic_ms() > until_ms) { break; }
        look_at(wanting, wanting->users[k], query->item, arena);
    }
    qsort(wanting->found, wanting->found_count, sizeof(*wanting->found), compare);
    write_page(wanting, query, limit, arena, ret_found);
    return 0;
}
