#include "base/base.h"
#include "base/array.h"
#include "base/xalloc.h"
#include "schemas/item.h"
#include "scorer/lists/validity.h"

enum { VALIDITIES_FIRST = 16, ITEMS_A_MS = 1000 };

static uint64_t hash_of(const void *validities, uint32_t at)
{
    return (uint64_t)((const struct validities *)validities)->at[at].item;
}

static bool is_item(const void *validities, uint32_t at, const void *item)
{
    return ((const struct validities *)validities)->at[at].item == *(const int32_t *)item;
}

void validities_init(struct validities *validities)
{
    *validities = (struct validities){.now_ms = INT64_MIN, .next_ms = INT64_MAX};
}

void validities_release(struct validities *validities)
{
    free(validities->at);
    hash_index_release(&validities->index);
    *validities = (struct validities){0};
}

static int32_t find(const struct validities *validities, int32_t item)
{
    return hash_index_find(&validities->index, (uint64_t)item, is_item, validities, &item);
}

/* Returns the first time after `now_ms` at which the item changes; INT64_MAX: it does not. */
static int64_t next_change(const struct validity *validity, int64_t now_ms)
{
    int64_t next_ms = INT64_MAX;
    if (validity->from_ms && validity->from_ms > now_ms) { next_ms = validity->from_ms; }
    if (validity->until_ms && validity->until_ms > now_ms) {
        next_ms = MIN_OF(next_ms, validity->until_ms);
    }
    return next_ms;
}

void validities_put(struct validities *validities, const struct validity *validity)
{
    int32_t found = find(validities, validity->item);
    size_t at = found == HASH_INDEX_NONE ? validities->count : (size_t)found;
    ARRAY_RESERVE(validities->at, validities->capacity, at + 1, VALIDITIES_FIRST);
    validities->at[at] = *validity;
    if (at == validities->count) {
        hash_index_add(&validities->index, (uint64_t)validity->item, (uint32_t)at, hash_of,
                       validities);
        validities->count++;
    }
    int64_t next_ms = next_change(validity, validities->now_ms);
    validities->next_ms = MIN_OF(validities->next_ms, next_ms);
}

/* The last one takes the place of the one that goes. */
void validities_drop(struct validities *validities, int32_t item)
{
    int32_t found = validities->count ? find(validities, item) : HASH_INDEX_NONE;
    if (found == HASH_INDEX_NONE) { return; }
    size_t at = (size_t)found, last = validities->count - 1;
    hash_index_remove(&validities->index, (uint64_t)item, (uint32_t)at, hash_of, validities);
    if (at != last) {
        hash_index_move(&validities->index, hash_of(validities, (uint32_t)last), (uint32_t)last,
                        (uint32_t)at);
        validities->at[at] = validities->at[last];
    }
    validities->count--;
}

bool validities_due(struct validities *validities, int64_t now_ms)
{
    if (now_ms >= validities->now_ms && now_ms < validities->next_ms) {
        validities->now_ms = now_ms;
        return false;
    }
    int64_t next_ms = INT64_MAX;
    for (size_t i = 0; i < validities->count; i++) {
        next_ms = MIN_OF(next_ms, next_change(&validities->at[i], now_ms));
    }
    int64_t soonest_ms = now_ms + (int64_t)(validities->count / ITEMS_A_MS);
    validities->now_ms = now_ms;
    validities->next_ms = MAX_OF(next_ms, soonest_ms);
    return true;
}

bool validity_holds(const struct validity *validity, int64_t now_ms)
{
    return validity->available &&
           item_dates_hold(validity->from_ms, validity->until_ms, now_ms);
}
