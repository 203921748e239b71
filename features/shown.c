#include "base/base.h"
#include "base/array.h"
#include "features/shown.h"

enum { SHOWN_FIRST = 16 };

static bool goes_before(int64_t time_ms, uint64_t id_hash, const struct showing *other)
{
    return time_ms != other->time_ms ? time_ms < other->time_ms : id_hash < other->id_hash;
}

enum shown_result shown_check(const struct shown *shown, int64_t time_ms, uint64_t id_hash)
{
    for (int32_t i = 0; i < shown->count; i++) {
        if (shown->at[i].id_hash == id_hash) { return SHOWN_REPEATED; }
    }
    bool first = shown->count == 0 || goes_before(time_ms, id_hash, &shown->at[0]);
    return first && shown->total > shown->count ? SHOWN_TOO_LATE : SHOWN_ADDED;
}

/* Behind those of the same event, whose items keep their order. */
void shown_add(struct shown *shown, const struct showing *showing, int32_t most)
{
    int32_t place = shown->count;
    shown->total++;
    while (place > 0 && goes_before(showing->time_ms, showing->id_hash, &shown->at[place - 1])) {
        place--;
    }
    ARRAY_RESERVE(shown->at, shown->capacity, shown->count + 1, SHOWN_FIRST);
    memmove(shown->at + place + 1, shown->at + place,
            (size_t)(shown->count - place) * sizeof(*shown->at));
    shown->at[place] = *showing;
    shown->count++;
    int32_t over = shown->count - most;
    if (over <= 0) { return; }
    shown->count -= over;
    memmove(shown->at, shown->at + over, (size_t)shown->count * sizeof(*shown->at));
}

void shown_release(struct shown *shown)
{
    free(shown->at);
    *shown = (struct shown){.count = 0};
}
