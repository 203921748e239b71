#include "base/base.h"
#include "base/array.h"
#include "features/listed.h"

enum { LISTED_FIRST = 4 };

static bool goes_before(const struct listed_action *one, const struct listed_action *other)
{
    if (one->time_ms != other->time_ms) { return one->time_ms < other->time_ms; }
    return one->id_hash < other->id_hash;
}

static void remove_at(struct listed *listed, int32_t place)
{
    listed->count--;
    memmove(listed->at + place, listed->at + place + 1,
            (size_t)(listed->count - place) * sizeof(*listed->at));
}

void listed_add(struct listed *listed, const struct listed_action *action, int32_t most)
{
    int32_t place = listed->count;
    while (place > 0 && goes_before(action, &listed->at[place - 1])) { place--; }
    ARRAY_RESERVE(listed->at, listed->capacity, listed->count + 1, LISTED_FIRST);
    memmove(listed->at + place + 1, listed->at + place,
            (size_t)(listed->count - place) * sizeof(*listed->at));
    listed->at[place] = *action;
    listed->count++;
    while (listed->count > most) { remove_at(listed, 0); }
}

bool listed_take(struct listed *listed, uint64_t id_hash, struct listed_action *ret_action)
{
    for (int32_t i = listed->count; i-- > 0;) {
        if (listed->at[i].id_hash != id_hash) { continue; }
        *ret_action = listed->at[i];
        remove_at(listed, i);
        return true;
    }
    return false;
}

void listed_release(struct listed *listed)
{
    free(listed->at);
    *listed = (struct listed){.count = 0};
}
