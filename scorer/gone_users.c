#include "base/base.h"
#include "base/xalloc.h"
#include "scorer/gone_users.h"

enum { GONE_USERS_FIRST = 64 };

static struct gone_user *entry(const struct gone_users *gone, size_t index)
{
    return &gone->at[(gone->first + index) % gone->capacity];
}

static void drop_oldest(struct gone_users *gone)
{
    free(entry(gone, 0)->id);
    gone->first = (gone->first + 1) % gone->capacity;
    gone->count--;
}

void gone_users_release(struct gone_users *gone)
{
    while (gone->count) { drop_oldest(gone); }
    free(gone->at);
    *gone = (struct gone_users){0};
}

static void grow(struct gone_users *gone)
{
    size_t capacity = MAX_OF(2 * gone->capacity, (size_t)GONE_USERS_FIRST);
    struct gone_user *at = xcalloc(capacity, sizeof(*at));
    for (size_t i = 0; i < gone->count; i++) { at[i] = *entry(gone, i); }
    free(gone->at);
    gone->at = at;
    gone->first = 0;
    gone->capacity = capacity;
}

void gone_users_put(struct gone_users *gone, struct slice user_id, int64_t now_ms)
{
    while (gone->count && entry(gone, 0)->at_ms < now_ms - GONE_USERS_MS) { drop_oldest(gone); }
    if (gone->count == GONE_USERS_MAX) { drop_oldest(gone); }
    if (gone->count == gone->capacity) { grow(gone); }
    struct gone_user *one = entry(gone, gone->count++);
    *one = (struct gone_user){.size = user_id.size, .at_ms = now_ms};
    one->id = xmalloc(MAX_OF(user_id.size, (size_t)1));
    if (user_id.size) { memcpy(one->id, user_id.data, user_id.size); }
}

struct slice gone_users_id(const struct gone_users *gone, size_t index)
{
    assert(index < gone->count);
    const struct gone_user *one = entry(gone, index);
    return slice_of(one->id, one->size);
}
