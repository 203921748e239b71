/* The context of an action (docs/context.md): on which device, by which channel, where, and what
 * the clock on the wall showed. It never costs an event: what cannot be read is not known.
 */
#include "base/base.h"
#include "ingest/mapping/mapping_internal.h"
#include "syntax/geohash.h"

static bool is_word(struct slice word)
{
    for (size_t k = 0; k < word.size; k++) {
        unsigned char c = (unsigned char)word.data[k];
        if (c < 0x20 || c == 0x7f) { return false; }
    }
    return word.size <= CONTEXT_WORD_BYTES_MAX;
}

static struct slice read_word(struct work *work, enum mapped field)
{
    struct slice word = slice_str("");
    bool found = work_read_text(work, field, &word) == VALUE_FOUND;
    return found && is_word(word) ? word : slice_str("");
}

/* A place as degrees, where there is no geohash. */
static struct slice read_place(struct work *work)
{
    double latitude, longitude;
    char *text = arena_alloc(work->arena, GEOHASH_BYTES);
    bool known = work_read_number(work, MAPPED_LATITUDE, &latitude) == VALUE_FOUND &&
                 work_read_number(work, MAPPED_LONGITUDE, &longitude) == VALUE_FOUND &&
                 geohash_write(latitude, longitude, text);
    return known ? slice_of(text, GEOHASH_BYTES) : slice_str("");
}

static void read_clock(struct work *work, struct user_event *ev)
{
    struct mapping *mapping = work->mapping;
    struct slice zone = read_word(work, MAPPED_TIME_ZONE);
    struct slice usual = slice_str(mapping->settings->time_zone);
    int64_t time_ms = ev->event_time_ms;
    int32_t offset;
    if (work->candidate.states[MAPPED_TIME] != VALUE_FOUND) { return; }
    bool known = time_zones_offset(mapping->zones, zone, time_ms, &offset) ||
                 time_zones_offset(mapping->zones, usual, time_ms, &offset);
    if (!known) { return; }
    struct wall_clock clock = time_zone_clock(time_ms, offset);
    ev->hour = clock.hour;
    ev->weekday = clock.weekday;
}

void work_read_context(struct work *work, struct user_event *ev)
{
    ev->hour = -1;
    ev->weekday = 0;
    ev->device = read_word(work, MAPPED_DEVICE);
    ev->channel = read_word(work, MAPPED_CHANNEL);
    ev->country = read_word(work, MAPPED_COUNTRY);
    ev->region = read_word(work, MAPPED_REGION);
    ev->geohash = read_word(work, MAPPED_GEOHASH);
    if (!ev->geohash.size) { ev->geohash = read_place(work); }
    read_clock(work, ev);
}
