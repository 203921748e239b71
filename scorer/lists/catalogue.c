#include "base/base.h"
#include "base/xalloc.h"
#include "scorer/lists/catalogue.h"

enum { CATALOGUE_FIRST = 1024 };

void catalogue_init(struct catalogue *catalogue, bool required)
{
    *catalogue = (struct catalogue){.required = required};
}

void catalogue_release(struct catalogue *catalogue)
{
    free(catalogue->flags);
    *catalogue = (struct catalogue){0};
}

void catalogue_reach(struct catalogue *catalogue, int32_t count)
{
    if (count <= catalogue->count) { return; }
    if (count > catalogue->capacity) {
        int64_t capacity = MAX_OF((int64_t)catalogue->capacity * 2, (int64_t)CATALOGUE_FIRST);
        capacity = MIN_OF(MAX_OF(capacity, (int64_t)count), (int64_t)INT32_MAX);
        catalogue->flags = xreallocarray(catalogue->flags, (size_t)capacity, 1);
        catalogue->capacity = (int32_t)capacity;
    }
    uint8_t flags = catalogue->required ? ITEM_BARRED : 0;
    memset(catalogue->flags + catalogue->count, flags, (size_t)(count - catalogue->count));
    for (; catalogue->count < count; catalogue->count++) {
        if (flags) { change_log_add(&catalogue->changes, catalogue->count); }
    }
}

static void set(struct catalogue *catalogue, int32_t item, uint8_t flags)
{
    assert(item >= 0);
    catalogue_reach(catalogue, item + 1);
    if (catalogue->flags[item] == flags) { return; }
    catalogue->barred += (flags & ITEM_BARRED) && !(catalogue->flags[item] & ITEM_BARRED);
    catalogue->flags[item] = flags;
    change_log_add(&catalogue->changes, item);
}

void catalogue_put(struct catalogue *catalogue, int32_t item, bool available)
{
    set(catalogue, item, ITEM_LISTED | (available ? 0 : ITEM_BARRED));
}

void catalogue_remove(struct catalogue *catalogue, int32_t item)
{
    set(catalogue, item, ITEM_BARRED);
}

void catalogue_forget(struct catalogue *catalogue, int32_t item)
{
    set(catalogue, item, catalogue->required ? ITEM_BARRED : 0);
}

struct item_flags catalogue_flags(const struct catalogue *catalogue)
{
    return (struct item_flags){
        .at = catalogue->flags,
        .count = catalogue->count,
        .changes = &catalogue->changes,
    };
}
