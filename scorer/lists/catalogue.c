#include "base/base.h"
#include "base/xalloc.h"
#include "scorer/lists/catalogue.h"

enum { CATALOGUE_FIRST = 1024 };

void catalogue_init(struct catalogue *catalogue, bool required)
{
    *catalogue = (struct catalogue){.required = required};
    validities_init(&catalogue->validities);
}

void catalogue_release(struct catalogue *catalogue)
{
    free(catalogue->flags);
    validities_release(&catalogue->validities);
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
    validities_drop(&catalogue->validities, item);
    set(catalogue, item, ITEM_LISTED | (available ? 0 : ITEM_BARRED));
}

static void set_by_dates(struct catalogue *catalogue, const struct validity *validity)
{
    bool holds = validity_holds(validity, catalogue->validities.now_ms);
    set(catalogue, validity->item, ITEM_LISTED | (holds ? 0 : ITEM_BARRED));
}

void catalogue_put_dated(struct catalogue *catalogue, int32_t item, bool available,
                         int64_t from_ms, int64_t until_ms)
{
    const struct validity validity = {item, available, from_ms, until_ms};
    if (!from_ms && !until_ms) {
        catalogue_put(catalogue, item, available);
        return;
    }
    validities_put(&catalogue->validities, &validity);
    set_by_dates(catalogue, &validity);
}

void catalogue_set_clock(struct catalogue *catalogue, int64_t now_ms)
{
    struct validities *validities = &catalogue->validities;
    if (!validities_due(validities, now_ms)) { return; }
    for (size_t i = 0; i < validities->count; i++) {
        set_by_dates(catalogue, &validities->at[i]);
    }
}

void catalogue_remove(struct catalogue *catalogue, int32_t item)
{
    validities_drop(&catalogue->validities, item);
    set(catalogue, item, ITEM_BARRED);
}

void catalogue_forget(struct catalogue *catalogue, int32_t item)
{
    validities_drop(&catalogue->validities, item);
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
