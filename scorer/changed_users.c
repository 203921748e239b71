#include "base/base.h"
#include "base/xalloc.h"
#include "schemas/user_event.h"
#include "scorer/changed_users.h"

struct waiting {
    uint16_t size;
    char user[ID_BYTES_MAX];
};

struct changed_users {
    struct waiting *ring; /* of CHANGED_USERS_MAX; NULL: nobody has changed yet */
    uint64_t count;       /* of all changes so far */
};

struct changed_users *changed_users_new(void)
{
    return xcalloc(1, sizeof(struct changed_users));
}

struct changed_users *changed_users_free(struct changed_users *changed)
{
    if (!changed) { return NULL; }
    free(changed->ring);
    free(changed);
    return NULL;
}

uint64_t changed_users_now(const struct changed_users *changed)
{
    return changed->count;
}

void changed_users_note(struct changed_users *changed, struct slice user)
{
    assert(user.size <= ID_BYTES_MAX);
    if (!changed->ring) { changed->ring = xcalloc(CHANGED_USERS_MAX, sizeof(*changed->ring)); }
    struct waiting *waiting = &changed->ring[changed->count++ % CHANGED_USERS_MAX];
    waiting->size = (uint16_t)user.size;
    if (user.size) { memcpy(waiting->user, user.data, user.size); }
}

void changed_users_mark(const struct changed_users *changed, uint64_t *seen,
                        struct standing_lists *standing, struct tables *tables)
{
    if (*seen == changed->count) { return; }
    if (changed->count - *seen > CHANGED_USERS_MAX) {
        tables->brought_changed = tables_change(tables);
        *seen = changed->count;
    }
    for (; *seen < changed->count; (*seen)++) {
        const struct waiting *waiting = &changed->ring[*seen % CHANGED_USERS_MAX];
        struct slice user = slice_of(waiting->user, waiting->size);
        int32_t at = waiting->size ? standing_lists_find(standing, user) : HASH_INDEX_NONE;
        if (at == HASH_INDEX_NONE) { continue; }
        uint8_t flags = standing->at[at].flags;
        if (flags & (STANDING_ORPHAN | STANDING_LOST)) { continue; } /* nothing to make it of */
        standing_lists_mark(standing, (size_t)at, 0, flags | STANDING_AGED);
    }
}
