/* A TZif file has a block of 32-bit times for old readers, then one of 64 bits: the times at which
 * the offset changes, ascending, and for each the number of its type; then the types. Behind it
 * stands a text that says what holds after the last of them, as POSIX has it in TZ:
 *
 *     CET-1CEST,M3.5.0,M10.5.0/3     an hour ahead; two from the last Sunday of March on, to the
 *                                    last of October at 3 o'clock, by the time that holds before
 *
 * Days are of the form Mm.w.d in the tz database; where a text has another form, its standard time
 * is taken.
 */
#include "base/base.h"
#include "base/array.h"
#include "base/calendar.h"
#include "base/hash_index.h"
#include "base/text_file.h"
#include "base/xalloc.h"
#include "syntax/time_zone.h"

#include <endian.h>

enum {
    FILE_BYTES_MAX = 256 << 10,
    HEADER_BYTES = 44,
    TYPE_BYTES = 6,
    OFFSET_MAX = 26 * 3600, /* of RFC 9636 */
    HOUR = 3600,
    DAY = 86400,
};

/* A day on which the clocks are changed: weekday of a week of a month, and when. */
struct change {
    int month, week, weekday;
    int32_t second; /* of the day */
};

/* What holds after the last time of the file. */
struct ending {
    int32_t standard, summer;
    struct change begins, ends;
    bool has_summer, known;
};

struct zone {
    char name[TIME_ZONE_NAME_BYTES_MAX + 1];
    int64_t *times; /* seconds since 1970, ascending */
    int32_t *offsets; /* from these times on */
    size_t count;
    int32_t first; /* before them */
    struct ending ending;
};

struct time_zones {
    const char *directory;
    struct zone *at;
    size_t count, capacity;
    struct hash_index index; /* of names */
};

static uint64_t hash_at(const void *owner, uint32_t at)
{
    const struct time_zones *zones = owner;
    return hash_index_text(slice_str(zones->at[at].name));
}

static bool name_is(const void *owner, uint32_t at, const void *key)
{
    const struct time_zones *zones = owner;
    return slice_equal(*(const struct slice *)key, slice_str(zones->at[at].name));
}

struct time_zones *time_zones_new(const char *directory)
{
    struct time_zones *zones = xcalloc(1, sizeof(*zones));
    zones->directory = directory ? directory : "/usr/share/zoneinfo";
    return zones;
}

static void zone_release(struct zone *zone)
{
    free(zone->times);
    free(zone->offsets);
}

struct time_zones *time_zones_free(struct time_zones *zones)
{
    if (!zones) { return NULL; }
    for (size_t k = 0; k < zones->count; k++) { zone_release(&zones->at[k]); }
    hash_index_release(&zones->index);
    free(zones->at);
    free(zones);
    return NULL;
}

/* ---- Offsets ---- */

static bool two_digits(const char **at, const char *end, int32_t *ret_number)
{
    if (end - *at < 2) { return false; }
    int32_t tens = (*at)[0] - '0', ones = (*at)[1] - '0';
    if (tens < 0 || tens > 9 || ones < 0 || ones > 9) { return false; }
    *at += 2;
    *ret_number = tens * 10 + ones;
    return true;
}

/* +h, +hh, +hhmm, +hh:mm, or nothing. */
static bool read_offset(struct slice text, int32_t *ret_seconds)
{
    const char *at = text.data, *end = text.data + text.size;
    int32_t hours = 0, minutes = 0;
    *ret_seconds = 0;
    if (at == end) { return true; }
    bool behind = *at == '-';
    if (*at != '+' && !behind) { return false; }
    at++;
    if (end - at == 1 && *at >= '0' && *at <= '9') {
        hours = *at++ - '0';
    } else if (!two_digits(&at, end, &hours)) {
        return false;
    }
    if (at < end && *at == ':') { at++; }
    if (at < end && !two_digits(&at, end, &minutes)) { return false; }
    if (at != end || hours > 14 || minutes > 59) { return false; }
    *ret_seconds = (behind ? -1 : 1) * (hours * HOUR + minutes * 60);
    return true;
}

static bool begins(struct slice *text, const char *with)
{
    size_t size = strlen(with);
    if (text->size < size || memcmp(text->data, with, size) != 0) { return false; }
    *text = slice_of(text->data + size, text->size - size);
    return true;
}

static bool find_offset(struct slice zone, int32_t *ret_seconds)
{
    if (!zone.size) { return false; }
    if (!begins(&zone, "UTC") && !begins(&zone, "GMT") && begins(&zone, "Z") && zone.size) {
        return false;
    }
    return read_offset(zone, ret_seconds);
}

/* ---- The text behind the times ---- */

static bool read_number(const char **at, int *ret_number)
{
    int number = 0;
    if (**at < '0' || **at > '9') { return false; }
    while (**at >= '0' && **at <= '9' && number < 1000) { number = number * 10 + *(*at)++ - '0'; }
    *ret_number = number;
    return true;
}

/* h[:mm[:ss]], with a sign. */
static bool read_hours(const char **at, int32_t *ret_seconds)
{
    int hours = 0, minutes = 0, seconds = 0;
    bool below = **at == '-';
    if (below || **at == '+') { (*at)++; }
    if (!read_number(at, &hours)) { return false; }
    if (**at == ':' && (++*at, !read_number(at, &minutes))) { return false; }
    if (**at == ':' && (++*at, !read_number(at, &seconds))) { return false; }
    *ret_seconds = (below ? -1 : 1) * (hours * HOUR + minutes * 60 + seconds);
    return true;
}

/* CET, or <+03>. */
static bool skip_name(const char **at)
{
    const char *begin = *at;
    if (**at == '<') {
        const char *end = strchr(*at, '>');
        if (!end) { return false; }
        *at = end + 1;
        return true;
    }
    while ((**at >= 'A' && **at <= 'Z') || (**at >= 'a' && **at <= 'z')) { (*at)++; }
    return *at > begin;
}

static bool read_change(const char **at, struct change *change)
{
    change->second = 2 * HOUR;
    if ((*at)[0] != ',' || (*at)[1] != 'M') { return false; }
    *at += 2;
    if (!read_number(at, &change->month) || *(*at)++ != '.' || !read_number(at, &change->week) ||
        *(*at)++ != '.' || !read_number(at, &change->weekday)) {
        return false;
    }
    if (**at == '/' && (++*at, !read_hours(at, &change->second))) { return false; }
    return change->month >= 1 && change->month <= 12 && change->week >= 1 && change->week <= 5 &&
           change->weekday <= 6;
}

static void read_ending(const char *text, struct ending *ending)
{
    const char *at = text;
    *ending = (struct ending){.known = false};
    if (!skip_name(&at) || !read_hours(&at, &ending->standard)) { return; }
    ending->standard = -ending->standard; /* POSIX counts to the west */
    ending->summer = ending->standard + HOUR;
    ending->known = abs(ending->standard) <= OFFSET_MAX;
    if (!*at || !skip_name(&at)) { return; }
    if (*at && *at != ',') {
        if (!read_hours(&at, &ending->summer)) { return; }
        ending->summer = -ending->summer;
    }
    ending->has_summer = abs(ending->summer) <= OFFSET_MAX && read_change(&at, &ending->begins) &&
                         read_change(&at, &ending->ends);
}

/* ---- Days ---- */

static int64_t floor_of(int64_t number, int64_t by)
{
    return number / by - (number % by < 0);
}

/* 0: Sunday; 1970-01-01 was a Thursday. */
static int weekday_of(int64_t day)
{
    return (int)(day + 4 - floor_of(day + 4, 7) * 7);
}

static int64_t year_of(int64_t day)
{
    int64_t year = 1970 + (day < 0 ? floor_of(day, 365) : day / 366);
    while (calendar_days(year + 1, 1, 1) <= day) { year++; }
    return year;
}

/* Returns the second, by the clock before it, at which a change happens. */
static int64_t second_of(const struct change *change, int64_t year)
{
    int64_t first = calendar_days(year, change->month, 1);
    int64_t next = first + calendar_month_days(year, change->month);
    int64_t day = first + (change->weekday - weekday_of(first) + 7) % 7 + 7 * (change->week - 1);
    if (day >= next) { day -= 7; }
    return day * DAY + change->second;
}

static int32_t offset_at_end(const struct ending *ending, int64_t second)
{
    if (!ending->has_summer) { return ending->standard; }
    int64_t year = year_of(floor_of(second + ending->standard, DAY));
    int64_t begins = second_of(&ending->begins, year) - ending->standard;
    int64_t ends = second_of(&ending->ends, year) - ending->summer;
    bool summer = begins < ends ? second >= begins && second < ends
                                : second >= begins || second < ends; /* south of the equator */
    return summer ? ending->summer : ending->standard;
}

/* ---- Files ---- */

static uint32_t number_at(const char *at)
{
    uint32_t number;
    memcpy(&number, at, sizeof(number));
    return be32toh(number);
}

/* A header's counts, and how long its block is. */
struct block {
    size_t times, types, bytes;
};

static bool read_header(struct slice file, size_t from, size_t time_bytes, struct block *block)
{
    if (file.size < from || file.size - from < HEADER_BYTES) { return false; }
    const char *at = file.data + from;
    if (memcmp(at, "TZif", 4) != 0) { return false; }
    size_t utc = number_at(at + 20), standard = number_at(at + 24), leaps = number_at(at + 28);
    block->times = number_at(at + 32);
    block->types = number_at(at + 36);
    size_t letters = number_at(at + 40), most = FILE_BYTES_MAX;
    if (utc > most || standard > most || leaps > most || block->times > most ||
        block->types > 256 || !block->types || letters > most) {
        return false;
    }
    block->bytes = block->times * (time_bytes + 1) + block->types * TYPE_BYTES + letters +
                   leaps * (time_bytes + 4) + standard + utc;
    return block->bytes <= file.size - from - HEADER_BYTES;
}

static bool read_times(const char *at, const struct block *block, struct zone *zone)
{
    const char *types = at + block->times * sizeof(int64_t);
    const char *offsets = types + block->times;
    zone->count = block->times;
    zone->times = xcalloc(block->times + 1, sizeof(*zone->times));
    zone->offsets = xcalloc(block->times + 1, sizeof(*zone->offsets));
    zone->first = (int32_t)number_at(offsets);
    bool right = zone->first >= -OFFSET_MAX && zone->first <= OFFSET_MAX;
    for (size_t k = 0; k < block->times && right; k++) {
        size_t type = (unsigned char)types[k];
        uint64_t time;
        memcpy(&time, at + k * sizeof(time), sizeof(time));
        zone->times[k] = (int64_t)be64toh(time);
        if (type >= block->types) { return false; }
        zone->offsets[k] = (int32_t)number_at(offsets + type * TYPE_BYTES);
        right = (k == 0 || zone->times[k - 1] < zone->times[k]) &&
                zone->offsets[k] >= -OFFSET_MAX && zone->offsets[k] <= OFFSET_MAX;
    }
    return right;
}

static bool read_file(struct slice file, struct zone *zone)
{
    struct block old, block;
    if (!read_header(file, 0, 4, &old) || file.data[4] < '2') { return false; }
    size_t from = HEADER_BYTES + old.bytes;
    if (!read_header(file, from, 8, &block)) { return false; }
    const char *at = file.data + from + HEADER_BYTES;
    if (!read_times(at, &block, zone)) { return false; }
    const char *text = at + block.bytes, *end = file.data + file.size;
    char ending[128] = "";
    if (text < end && *text == '\n') {
        size_t size = 0;
        for (text++; text < end && *text != '\n' && size + 1 < sizeof(ending); text++) {
            ending[size++] = *text;
        }
        ending[size] = '\0';
    }
    read_ending(ending, &zone->ending);
    return true;
}

/* Says whether a name leads to a file of the directory, and is its only one: A//B is another name
 * of A/B, and as many as somebody likes would leave no room for zones. */
static bool is_name(struct slice name)
{
    if (!name.size || name.size > TIME_ZONE_NAME_BYTES_MAX) { return false; }
    if (memmem(name.data, name.size, "//", 2)) { return false; }
    for (size_t k = 0; k < name.size; k++) {
        char c = name.data[k];
        bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        bool inner = (c >= '0' && c <= '9') || c == '_' || c == '+' || c == '-' || c == '/';
        if (!letter && (k == 0 || !inner)) { return false; }
    }
    return true;
}

static const struct zone *load(struct time_zones *zones, struct slice name)
{
    struct buf file;
    struct zone zone = {.count = 0};
    if (zones->count == TIME_ZONES_MAX) { return NULL; }
    (void)snprintf(zone.name, sizeof(zone.name), "%.*s", SLICE_ARGS(name));
    _cleanup_(xfreep) char *path = xprintf("%s/%s", zones->directory, zone.name);
    buf_init(&file, FILE_BYTES_MAX);
    bool read = text_file_read(path, &file) == 0 && read_file(buf_slice(&file), &zone);
    buf_release(&file);
    if (!read) {
        zone_release(&zone);
        return NULL;
    }
    ARRAY_RESERVE(zones->at, zones->capacity, zones->count + 1, 4);
    zones->at[zones->count] = zone;
    hash_index_add(&zones->index, hash_index_text(name), (uint32_t)zones->count, hash_at, zones);
    return &zones->at[zones->count++];
}

static const struct zone *find(struct time_zones *zones, struct slice name)
{
    int32_t at = hash_index_find(&zones->index, hash_index_text(name), name_is, zones, &name);
    if (at != HASH_INDEX_NONE) { return &zones->at[at]; }
    return is_name(name) ? load(zones, name) : NULL;
}

static int32_t offset_of(const struct zone *zone, int64_t second)
{
    size_t low = 0, high = zone->count;
    while (low < high) { /* the first time after it */
        size_t middle = low + (high - low) / 2;
        if (zone->times[middle] <= second) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == zone->count && zone->ending.known) { return offset_at_end(&zone->ending, second); }
    return low ? zone->offsets[low - 1] : zone->first;
}

bool time_zones_offset(struct time_zones *zones, struct slice zone, int64_t time_ms,
                       int32_t *ret_seconds)
{
    if (find_offset(zone, ret_seconds)) { return true; }
    const struct zone *found = find(zones, zone);
    if (!found) { return false; }
    *ret_seconds = offset_of(found, floor_of(time_ms, 1000));
    return true;
}

struct wall_clock time_zone_clock(int64_t time_ms, int32_t offset_seconds)
{
    int64_t second = floor_of(time_ms, 1000) + offset_seconds, day = floor_of(second, DAY);
    int weekday = weekday_of(day);
    return (struct wall_clock){.hour = (int32_t)((second - day * DAY) / HOUR),
                               .weekday = weekday ? weekday : 7};
}
