#include "base/base.h"
#include "base/hash_index.h"
#include "base/xalloc.h"
#include "serve/candidate_users.h"

enum { USER_ARENA_BYTES = 1 << 16, USER_ROW_BYTES_MAX = 64 << 20 };

struct candidate_users {
    struct user_rows *histories;
    struct recent_users *recent;
    struct schema_cache *schemas;
    struct codec *codec;
    struct arena *arena; /* of one user */
    struct buf row;
    size_t users_max, count;
    struct slice *users, *found; /* found: scratch */
    struct hash_index index;     /* of `users` */
};

struct candidate_users *candidate_users_new(struct user_rows *histories,
                                            struct recent_users *recent, size_t users_max)
{
    struct candidate_users *candidates = xcalloc(1, sizeof(*candidates));
    candidates->histories = histories;
    candidates->recent = recent;
    candidates->schemas = schema_cache_new();
    candidates->codec = codec_new(&user_history_contract, candidates->schemas);
    candidates->arena = arena_new(USER_ARENA_BYTES);
    buf_init(&candidates->row, USER_ROW_BYTES_MAX);
    candidates->users_max = users_max;
    candidates->users = xcalloc(users_max, sizeof(*candidates->users));
    candidates->found = xcalloc(users_max, sizeof(*candidates->found));
    hash_index_init(&candidates->index, 3);
    return candidates;
}

struct candidate_users *candidate_users_free(struct candidate_users *candidates)
{
    if (!candidates) { return NULL; }
    codec_free(candidates->codec);
    schema_cache_free(candidates->schemas);
    arena_free(candidates->arena);
    buf_release(&candidates->row);
    hash_index_release(&candidates->index);
    free(candidates->users);
    free(candidates->found);
    free(candidates);
    return NULL;
}

void candidate_users_clear(struct candidate_users *candidates)
{
    candidates->count = 0;
    hash_index_clear(&candidates->index);
}

static uint64_t hash_of(const void *owner, uint32_t at)
{
    const struct candidate_users *candidates = owner;
    return hash_index_text(candidates->users[at]);
}

static bool is(const void *owner, uint32_t at, const void *key)
{
    const struct candidate_users *candidates = owner;
    const struct slice *user = key;
    return slice_equal(candidates->users[at], *user);
}

void candidate_users_add(struct candidate_users *candidates, struct slice user)
{
    uint64_t hash = hash_index_text(user);
    if (candidates->count == candidates->users_max) { return; }
    if (hash_index_find(&candidates->index, hash, is, candidates, &user) >= 0) { return; }
    candidates->users[candidates->count] = user;
    hash_index_add(&candidates->index, hash, (uint32_t)candidates->count++, hash_of, candidates);
}

void candidate_users_add_recent(struct candidate_users *candidates, struct slice item, size_t most,
                                struct arena *arena)
{
    assert(most <= candidates->users_max);
    size_t count = recent_users_find(candidates->recent, item, arena, candidates->found, most);
    for (size_t k = 0; k < count; k++) { candidate_users_add(candidates, candidates->found[k]); }
}

struct slices candidate_users_all(const struct candidate_users *candidates)
{
    return (struct slices){candidates->users, candidates->count};
}

bool candidate_users_read(struct candidate_users *candidates, struct slice user,
                          struct user_history *ret_history)
{
    arena_reset(candidates->arena);
    buf_clear(&candidates->row);
    if (user_rows_read(candidates->histories, user, &candidates->row) < 0) { return false; }
    struct slice row = buf_slice(&candidates->row);
    return codec_decode(candidates->codec, row, candidates->arena, ret_history, NULL) == 0 &&
           !history_fault(ret_history);
}
