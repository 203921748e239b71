#include "base/base.h"
#include "model/counting/context_text.h"

enum { MARK_BYTES = 2, ITEM_LETTER = 'i', GEOHASH_BYTES = 4, GROUP_MARK = '/', WEEK_DAYS = 7 };

#define DAY_MS INT64_C(86400000)

/* A digit would be a kind of action (cross_rules.h). */
static const char letters[CONTEXT_DIMENSIONS] = {'d', 'c', 'n', 'r', 'g', 't', 'w'};

static const char *const parts[CONTEXT_PARTS] = {"night", "morning", "afternoon", "evening",
                                                 "weekday", "weekend"};

static char small(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* ---- Writing ---- */

struct writing {
    char *into;
    size_t size;
};

static bool is_printed(struct slice value)
{
    for (size_t k = 0; k < value.size; k++) {
        unsigned char c = (unsigned char)value.data[k];
        if (c < 0x20 || c == 0x7f) { return false; }
    }
    return true;
}

/* Appends an indicator whose value may be of two parts. */
static void add(struct writing *text, enum context_dimension dimension, struct slice before,
                struct slice value)
{
    size_t size = before.size + value.size;
    if (!value.size || size > CONTEXT_VALUE_BYTES_MAX) { return; }
    if (!is_printed(before) || !is_printed(value)) { return; }
    char *at = text->into + text->size;
    *at++ = CONTEXT_MARK;
    *at++ = letters[dimension];
    for (size_t k = 0; k < before.size; k++) { *at++ = small(before.data[k]); }
    for (size_t k = 0; k < value.size; k++) { *at++ = small(value.data[k]); }
    text->size += MARK_BYTES + size;
}

static bool begins_with(struct slice text, struct slice with)
{
    for (size_t k = 0; k < with.size; k++) {
        if (k == text.size || small(text.data[k]) != small(with.data[k])) { return false; }
    }
    return text.size > with.size;
}

/* Regions of two countries may have one name: ISO 3166-2 has the country's before it. */
static void add_region(struct writing *text, const struct circumstances *from)
{
    char before[CONTEXT_VALUE_BYTES_MAX + 1];
    size_t size = from->country.size;
    if (!size || size >= sizeof(before) || begins_with(from->region, from->country)) {
        add(text, CONTEXT_REGION, slice_str(""), from->region);
        return;
    }
    memcpy(before, from->country.data, size);
    before[size] = '-';
    add(text, CONTEXT_REGION, slice_of(before, size + 1), from->region);
}

/* A geohash has digits and letters but a, i, l and o (G. Niemeyer, geohash.org). */
static bool is_geohash(struct slice value)
{
    for (size_t k = 0; k < value.size; k++) {
        char c = small(value.data[k]);
        bool digit = c >= '0' && c <= '9';
        if (!digit && (c < 'b' || c > 'z' || strchr("ilo", c))) { return false; }
    }
    return value.size >= GEOHASH_BYTES;
}

bool context_is_grouped(enum context_dimension dimension)
{
    return dimension >= CONTEXT_DAY;
}

_Static_assert(CONTEXT_WEEK == CONTEXT_DAY + 1 && CONTEXT_DIMENSIONS == CONTEXT_WEEK + 1,
               "grouped dimensions are the last ones");

int32_t context_part(const struct context_id *id)
{
    int32_t from = id->dimension == CONTEXT_DAY ? 0 : CONTEXT_DAY_PARTS;
    int32_t to = id->dimension == CONTEXT_DAY ? CONTEXT_DAY_PARTS : CONTEXT_PARTS;
    if (!context_is_grouped(id->dimension)) { return -1; }
    for (int32_t part = from; part < to; part++) {
        if (slice_equal(id->value, slice_str(parts[part]))) { return part; }
    }
    return -1;
}

struct context_id context_of_part(int32_t part, int32_t group)
{
    assert(part >= 0 && part < CONTEXT_PARTS);
    return (struct context_id){part < CONTEXT_DAY_PARTS ? CONTEXT_DAY : CONTEXT_WEEK,
                               slice_str(parts[part]), group};
}

struct slice context_id_write(const struct context_id *id, char into[static CONTEXT_ID_BYTES_MAX])
{
    size_t size = MARK_BYTES + id->value.size;
    assert(size <= CONTEXT_ID_BYTES_MAX && id->group >= 0 && id->group < CONTEXT_GROUPS);
    into[0] = CONTEXT_MARK;
    into[1] = letters[id->dimension];
    if (id->value.size) { memcpy(into + MARK_BYTES, id->value.data, id->value.size); }
    if (!id->group) { return slice_of(into, size); }
    assert(context_is_grouped(id->dimension) && size + 2 <= CONTEXT_ID_BYTES_MAX);
    into[size] = GROUP_MARK;
    into[size + 1] = (char)('0' + id->group);
    return slice_of(into, size + 2);
}

static void add_of_days(struct writing *text, enum context_dimension dimension, const char *value,
                        int32_t group)
{
    char into[CONTEXT_ID_BYTES_MAX];
    const struct context_id id = {dimension, slice_str(value), group};
    struct slice written = context_id_write(&id, into);
    memcpy(text->into + text->size, written.data, written.size);
    text->size += written.size;
}

struct slice context_text_write(const struct circumstances *from,
                                char into[static CONTEXT_TEXT_BYTES_MAX])
{
    const struct slice none = slice_str("");
    struct writing text = {.into = into};
    add(&text, CONTEXT_DEVICE, none, from->device);
    add(&text, CONTEXT_CHANNEL, none, from->channel);
    add(&text, CONTEXT_COUNTRY, none, from->country);
    add_region(&text, from);
    if (is_geohash(from->geohash)) {
        add(&text, CONTEXT_GEOHASH, none, slice_of(from->geohash.data, GEOHASH_BYTES));
    }
    if (from->hour >= 0 && from->hour < 24) {
        add_of_days(&text, CONTEXT_DAY, parts[from->hour / 6], from->group);
    }
    if (from->weekday >= 1 && from->weekday <= 7) {
        bool weekend = from->weekday > 5;
        add_of_days(&text, CONTEXT_WEEK, parts[CONTEXT_DAY_PARTS + weekend], from->group);
    }
    assert(text.size <= CONTEXT_TEXT_BYTES_MAX);
    return slice_of(into, text.size);
}

static int64_t floor_mod(int64_t a, int64_t b)
{
    int64_t rest = a % b;
    return rest < 0 ? rest + b : rest;
}

/* Zones are less than a day from UTC: a weekday is that of the day in UTC, or of one beside it.
 * 1970 began on a Thursday. */
int32_t context_group(int64_t time_ms, int32_t weekday)
{
    int64_t day = (time_ms - floor_mod(time_ms, DAY_MS)) / DAY_MS;
    int64_t ahead = floor_mod(weekday - (floor_mod(day + 3, WEEK_DAYS) + 1), WEEK_DAYS);
    if (ahead == 1) { day++; }
    if (ahead == WEEK_DAYS - 1) { day--; }
    return 1 + (int32_t)floor_mod(day, CONTEXT_GROUPS - 1);
}

/* ---- Reading ---- */

static bool find_dimension(char letter, enum context_dimension *ret_dimension)
{
    for (int d = 0; d < CONTEXT_DIMENSIONS; d++) {
        if (letters[d] != letter) { continue; }
        *ret_dimension = (enum context_dimension)d;
        return true;
    }
    return false;
}

/* Takes the group off a value, if it has one. */
static int32_t take_group(struct slice *value)
{
    if (value->size < 2 || value->data[value->size - 2] != GROUP_MARK) { return 0; }
    int32_t group = value->data[value->size - 1] - '0';
    if (group < 1 || group >= CONTEXT_GROUPS) { return 0; }
    value->size -= 2;
    return group;
}

bool context_id_read(struct slice id, struct context_id *ret_id)
{
    if (id.size < MARK_BYTES || id.size > CONTEXT_ID_BYTES_MAX || id.data[0] != CONTEXT_MARK ||
        !find_dimension(id.data[1], &ret_id->dimension)) {
        return false;
    }
    ret_id->value = slice_of(id.data + MARK_BYTES, id.size - MARK_BYTES);
    ret_id->group = context_is_grouped(ret_id->dimension) ? take_group(&ret_id->value) : 0;
    return true;
}

bool context_text_next(struct slice *text, struct slice *ret_indicator)
{
    if (text->size < MARK_BYTES || text->data[0] != CONTEXT_MARK) { return false; }
    const char *end = memchr(text->data + 1, CONTEXT_MARK, text->size - 1);
    size_t size = end ? (size_t)(end - text->data) : text->size;
    *ret_indicator = slice_of(text->data, size);
    *text = slice_of(text->data + size, text->size - size);
    return true;
}

bool context_text_valid(struct slice text)
{
    struct slice indicator;
    struct context_id id;
    int before = -1;
    if (!text.size || text.size > CONTEXT_TEXT_BYTES_MAX) { return false; }
    while (text.size) {
        if (!context_text_next(&text, &indicator) || !context_id_read(indicator, &id) ||
            !id.value.size || (int)id.dimension <= before) {
            return false;
        }
        before = (int)id.dimension;
    }
    return true;
}

/* ---- Other ids ---- */

struct slice context_item_write(struct slice item, char into[static CONTEXT_ITEM_BYTES_MAX])
{
    if (!item.size || item.size > CONTEXT_ITEM_BYTES_MAX - MARK_BYTES) { return slice_of(into, 0); }
    into[0] = CONTEXT_MARK;
    into[1] = ITEM_LETTER;
    memcpy(into + MARK_BYTES, item.data, item.size);
    return slice_of(into, item.size + MARK_BYTES);
}

bool context_item_read(struct slice id, struct slice *ret_item)
{
    if (id.size <= MARK_BYTES || id.data[0] != CONTEXT_MARK || id.data[1] != ITEM_LETTER) {
        return false;
    }
    *ret_item = slice_of(id.data + MARK_BYTES, id.size - MARK_BYTES);
    return true;
}

const char *context_dimension_name(enum context_dimension dimension)
{
    static const char *const names[CONTEXT_DIMENSIONS] = {"device", "channel", "country", "region",
                                                          "geohash", "day", "week"};
    assert(dimension < CONTEXT_DIMENSIONS);
    return names[dimension];
}
