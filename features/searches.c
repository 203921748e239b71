#include "base/base.h"
#include "base/array.h"
#include "base/utf8.h"
#include "features/searches.h"
#include "model/counting/timeline.h"
#include "schemas/user_history.h"

enum { SEARCHES_FIRST = 2 };

static bool goes_before(int64_t time_ms, uint64_t id_hash, const struct search *other)
{
    return time_ms != other->time_ms ? time_ms < other->time_ms : id_hash < other->id_hash;
}

static void remove_at(struct searches *searches, int32_t place)
{
    searches->count--;
    memmove(searches->at + place, searches->at + place + 1,
            (size_t)(searches->count - place) * sizeof(*searches->at));
}

struct slice searches_kept(struct slice text)
{
    return utf8_beginning(text, SEARCH_TEXT_BYTES_MAX);
}

bool searches_add(struct searches *searches, int64_t time_ms, uint64_t id_hash, struct slice text,
                  int32_t most)
{
    struct slice kept = searches_kept(text);
    int32_t place = searches->count;
    if (most <= 0 || !kept.size) { return false; }
    for (int32_t i = 0; i < searches->count; i++) {
        if (searches->at[i].id_hash == id_hash) { return false; }
    }
    while (place > 0 && goes_before(time_ms, id_hash, &searches->at[place - 1])) { place--; }
    if (place == 0 && searches->count >= most) { return false; }
    ARRAY_RESERVE(searches->at, searches->capacity, searches->count + 1, SEARCHES_FIRST);
    memmove(searches->at + place + 1, searches->at + place,
            (size_t)(searches->count - place) * sizeof(*searches->at));
    struct search *search = &searches->at[place];
    *search = (struct search){time_ms, id_hash, (uint32_t)kept.size, ""};
    memcpy(search->text, kept.data, kept.size);
    searches->count++;
    while (searches->count > most) { remove_at(searches, 0); }
    return true;
}

bool searches_take(struct searches *searches, uint64_t id_hash)
{
    for (int32_t i = 0; i < searches->count; i++) {
        if (searches->at[i].id_hash != id_hash) { continue; }
        remove_at(searches, i);
        return true;
    }
    return false;
}

bool searches_take_text(struct searches *searches, struct slice text, int64_t until_ms)
{
    struct slice kept = searches_kept(text);
    bool any = false;
    for (int32_t i = searches->count; i-- > 0;) {
        bool meant = searches->at[i].time_ms <= until_ms &&
                     slice_equal(searches_text(searches, i), kept);
        if (meant) { remove_at(searches, i); }
        any |= meant;
    }
    return any;
}

struct slice searches_text(const struct searches *searches, int32_t at)
{
    assert(at >= 0 && at < searches->count);
    return slice_of(searches->at[at].text, searches->at[at].size);
}

void searches_release(struct searches *searches)
{
    free(searches->at);
    *searches = (struct searches){.count = 0};
}

bool searches_valid(const struct slices *texts, const struct longs *times_ms,
                    const struct longs *event_ids)
{
    size_t n = texts->count;
    bool valid = n <= HISTORY_SEARCHES_MAX && times_ms->count == n && event_ids->count == n;
    for (size_t i = 0; valid && i < n; i++) {
        valid = timeline_allows(times_ms->at[i], /* weight= */ 0.0);
    }
    return valid;
}
