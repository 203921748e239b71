/* A set is checked field by field, so that what would refuse every record is refused here, with the
 * option that is wrong and what it should be.
 */
#include "base/base.h"
#include "ingest/mapping/field_set.h"
#include "ingest/mapping/path_hint.h"

enum { SETUP_ARENA_BYTES = 512, HINT_BYTES_MAX = 1024 };

#define BIT(field) (UINT64_C(1) << (field))
_Static_assert(MAPPED_COUNT <= 64, "a bit for each field");

/* The fields that each target has; all others are ignored. */
static const uint64_t fields_of[TARGETS_COUNT] = {
    [TARGET_EVENT] = BIT(MAPPED_USER) | BIT(MAPPED_ITEM) | BIT(MAPPED_ACTION) | BIT(MAPPED_TIME) |
                     BIT(MAPPED_WEIGHT) | BIT(MAPPED_ID) | BIT(MAPPED_SEQUENCE) | BIT(MAPPED_KIND) |
                     BIT(MAPPED_LIST) | BIT(MAPPED_PLACE) | BIT(MAPPED_RULE) |
                     BIT(MAPPED_VALUE) | BIT(MAPPED_TAKEN_BACK) | BIT(MAPPED_ANONYMOUS) |
                     BIT(MAPPED_QUERY) | BIT(MAPPED_DEVICE) | BIT(MAPPED_CHANNEL) |
                     BIT(MAPPED_COUNTRY) |
                     BIT(MAPPED_REGION) | BIT(MAPPED_GEOHASH) | BIT(MAPPED_LATITUDE) |
                     BIT(MAPPED_LONGITUDE) | BIT(MAPPED_TIME_ZONE),
    [TARGET_ITEM] = BIT(MAPPED_ITEM) | BIT(MAPPED_KIND) | BIT(MAPPED_TITLE) | BIT(MAPPED_TEXT) |
                    BIT(MAPPED_VECTOR) | BIT(MAPPED_VECTORS) | BIT(MAPPED_AVAILABLE) |
                    BIT(MAPPED_CREATED) |
                    BIT(MAPPED_PRICE) | BIT(MAPPED_STOCK) | BIT(MAPPED_BRAND) |
                    BIT(MAPPED_CATEGORY) | BIT(MAPPED_GROUP) | BIT(MAPPED_ITEM_KIND) |
                    BIT(MAPPED_AVAILABLE_FROM) | BIT(MAPPED_AVAILABLE_UNTIL) | BIT(MAPPED_IMAGE),
    [TARGET_PROFILE] =
        BIT(MAPPED_USER) | BIT(MAPPED_KIND) | BIT(MAPPED_BIRTH_YEAR) | BIT(MAPPED_COUNTRY),
};
static const uint64_t needed_of[TARGETS_COUNT] = {
    [TARGET_EVENT] = BIT(MAPPED_USER) | BIT(MAPPED_ITEM) | BIT(MAPPED_TIME),
    [TARGET_ITEM] = BIT(MAPPED_ITEM),
    [TARGET_PROFILE] = BIT(MAPPED_USER),
};

/* A set that is being filled in. */
struct filling {
    struct field_set *set;
    const struct field_formats *formats;
    struct named_headers *headers;
    char *why;
    size_t why_size;
};

static int refuse_path(const struct filling *filling, enum mapped field, const char *hint)
{
    const char *text = filling->set->paths[field];
    struct buf meant;
    buf_init(&meant, HINT_BYTES_MAX);
    if (text) { path_hint_write(slice_str(text), &meant); }
    (void)snprintf(filling->why, filling->why_size, "%s=%.100s: %s%s%.*s", mapping_path_key(field),
                   text ? text : "", hint, meant.size ? "; write " : "",
                   SLICE_ARGS(buf_slice(&meant)));
    buf_release(&meant);
    return -EINVAL;
}

/* ---- Constants and headers ---- */

static enum value_state try_constant(const struct field_formats *formats, enum mapped field,
                                     json_t *constant, struct arena *arena, const char **ret_hint)
{
    bool as_text = formats->numbers_as_text;
    struct slice text;
    struct floats floats;
    double number;
    int64_t integer;
    int32_t year;
    bool flag;
    switch (field) {
    case MAPPED_PRICE:
    case MAPPED_STOCK:
    case MAPPED_WEIGHT:
    case MAPPED_VALUE:
    case MAPPED_LATITUDE:
    case MAPPED_LONGITUDE:
        *ret_hint = "a number";
        return json_value_number(constant, NULL, as_text, &number);
    case MAPPED_SEQUENCE:
    case MAPPED_PLACE:
        *ret_hint = "an integer";
        return json_value_integer(constant, as_text, &integer);
    case MAPPED_TIME:
        *ret_hint = "a time as time.format says";
        return json_value_time(constant, &formats->time, as_text, &integer);
    case MAPPED_CREATED:
    case MAPPED_AVAILABLE_FROM:
    case MAPPED_AVAILABLE_UNTIL:
        *ret_hint = "a time as created.format says";
        return json_value_time(constant, &formats->created, as_text, &integer);
    case MAPPED_AVAILABLE:
        *ret_hint = "true or false";
        return json_value_flag(constant, NULL, &formats->available, &flag);
    case MAPPED_BIRTH_YEAR:
        *ret_hint = "a year";
        return json_value_year(constant, &year);
    case MAPPED_VECTOR:
        *ret_hint = "a list of numbers";
        return json_value_floats(constant, ITEM_VECTOR_MAX, arena, &floats);
    default:
        *ret_hint = "a text or an integer";
        return json_value_text(constant, NULL, true, arena, &text);
    }
}

static bool is_time(enum mapped field)
{
    return field == MAPPED_TIME || field == MAPPED_CREATED || field == MAPPED_AVAILABLE_FROM ||
           field == MAPPED_AVAILABLE_UNTIL;
}

/* Returns what a field's constant should be; NULL when it is valid or there is none. */
static const char *constant_fault(const struct filling *filling, enum mapped field)
{
    json_t *constant = field_choice_constant(filling->set->choices[field]);
    const char *hint;
    if (!constant) { return NULL; }
    if (field == MAPPED_ID) {
        return "a path: with one id for all, every event would be a repeat of the first";
    }
    struct arena *arena = arena_new(SETUP_ARENA_BYTES);
    enum value_state state = try_constant(filling->formats, field, constant, arena, &hint);
    arena_free(arena);
    return state == VALUE_FOUND ? NULL : hint;
}

/* Returns the first path of a choice that leads to a header; NULL when none does. */
static const struct field_path *path_to_header(const struct field_choice *choice)
{
    for (size_t i = 0; i < choice->count; i++) {
        if (field_path_root(choice->paths[i]) == PATH_HEADER) { return choice->paths[i]; }
    }
    return NULL;
}

/* Returns what a field that is not a text needs to be read from a header; NULL: nothing. */
static const char *header_fault(const struct filling *filling, enum mapped field)
{
    const struct field_formats *formats = filling->formats;
    const struct field_path *path = path_to_header(filling->set->choices[field]);
    if (!path) { return NULL; }
    if (field == MAPPED_VECTOR) { return "a header is a text, never a list of numbers"; }
    if (formats->numbers_as_text) { return NULL; }
    if (field == MAPPED_WEIGHT || field == MAPPED_SEQUENCE || field == MAPPED_PRICE ||
        field == MAPPED_STOCK || field == MAPPED_VALUE || field == MAPPED_PLACE ||
        field == MAPPED_LATITUDE || field == MAPPED_LONGITUDE) {
        return "a header is a text: set numbers.as.text=true";
    }
    if (!is_time(field)) { return NULL; }
    struct time_layouts layouts = field == MAPPED_TIME ? formats->time : formats->created;
    const struct path_format *own = field_path_format(path);
    if (own) { layouts = time_layouts_of(own->time); }
    return time_layouts_read_text(&layouts)
               ? NULL
               : "a header is a text: set time.format=iso8601, or numbers.as.text=true";
}

/* ---- Paths ---- */

/* Returns what is wrong with the formats of a field's paths; NULL: nothing. */
static const char *format_fault(const struct filling *filling, enum mapped field)
{
    const struct field_choice *choice = filling->set->choices[field];
    bool timed = is_time(field);
    bool decimal = field == MAPPED_USER || field == MAPPED_ITEM || field == MAPPED_ID ||
                   field == MAPPED_WEIGHT || field == MAPPED_AVAILABLE ||
                   field == MAPPED_PRICE || field == MAPPED_STOCK || field == MAPPED_VALUE ||
                   field == MAPPED_TAKEN_BACK || field == MAPPED_ANONYMOUS ||
                   field == MAPPED_QUERY;
    for (size_t i = 0; i < choice->count; i++) {
        const struct path_format *format = field_path_format(choice->paths[i]);
        if (!format) { continue; }
        if (format->kind == PATH_FORMAT_TIME && !timed) {
            return "this is no time; a key with a colon is written [\"a:ms\"]";
        }
        if (format->kind == PATH_FORMAT_DECIMAL && !decimal) {
            return ":decimal is for ids and weights, prices, stocks and map.available; a key with "
                   "a colon is written [\"a:decimal\"]";
        }
    }
    return NULL;
}

static int take_path(const struct filling *filling, enum mapped field)
{
    struct field_set *set = filling->set;
    unsigned target = (unsigned)filling->formats->settings->target;
    const char *text = set->paths[field];
    const char *hint = "there is nothing to write without it";
    if (!(fields_of[target] & BIT(field))) { return 0; }
    if (!text || !*text) {
        if (!(needed_of[target] & BIT(field))) { return 0; }
    } else if (field_choice_new(slice_str(text), &set->choices[field], &hint) == 0) {
        hint = constant_fault(filling, field);
        if (!hint) { hint = format_fault(filling, field); }
        if (!hint) { hint = header_fault(filling, field); }
        if (!hint) { return 0; }
    }
    return refuse_path(filling, field, hint);
}

static int take_tags(const struct filling *filling)
{
    const struct mapping_settings *settings = filling->formats->settings;
    const char *text = filling->set->paths[MAPPED_TAGS];
    const char *hint;
    if (settings->target == TARGET_EVENT || !text || !*text) { return 0; }
    int rc = tag_sources_new(text, settings->tags_separator, &filling->set->tags, &hint);
    struct field_choice *choice;
    for (size_t i = 0; !rc && (choice = tag_sources_at(filling->set->tags, i)); i++) {
        for (size_t k = 0; k < choice->count && !rc; k++) {
            bool joined = field_path_root(choice->paths[k]) == PATH_JOINED;
            if (!joined && !field_path_format(choice->paths[k])) { continue; }
            hint = "tags are neither joined by + nor read by a format; a key with such a sign is "
                   "written [\"a+b\"]";
            rc = -EINVAL;
        }
    }
    return rc ? refuse_path(filling, MAPPED_TAGS, hint) : 0;
}

/* Calls a function for every path of a choice, and for the parts of those that are joined. */
static int each_part(const struct filling *filling, enum mapped field, struct field_choice *choice,
                     int (*take)(const struct filling *, enum mapped, struct field_path *))
{
    int rc = 0;
    for (size_t i = 0; choice && i < choice->count && !rc; i++) {
        struct field_path *path = choice->paths[i];
        for (size_t k = 0; k < field_path_parts(path) && !rc; k++) {
            rc = take(filling, field, field_path_part(path, k));
        }
    }
    return rc;
}

static int take_arrays(const struct filling *filling, enum mapped field, struct field_path *path)
{
    struct field_set *set = filling->set;
    const char *hint = "the kind is the whole record's: no [*] here";
    if (field_path_stars(path) && field == MAPPED_KIND) {
        return refuse_path(filling, field, hint);
    }
    int rc = spread_add(&set->spread, path, field == set->main, &hint);
    return rc ? refuse_path(filling, field, hint) : 0;
}

static int know_arrays(const struct filling *filling, enum mapped field, struct field_path *path)
{
    (void)field;
    spread_recognise(&filling->set->spread, path);
    return 0;
}

static int take_rest(const struct filling *filling, enum mapped field, struct field_path *path)
{
    const char *hint;
    struct slice name = field_path_header(path);
    if (name.data && named_headers_add(filling->headers, name, &hint)) {
        return refuse_path(filling, field, hint);
    }
    filling->set->whole_arrays |= field_path_enters_array(path);
    return 0;
}

/* The main field's arrays come first. */
static int find_arrays(const struct filling *filling)
{
    struct field_set *set = filling->set;
    int rc = each_part(filling, set->main, set->choices[set->main], take_arrays);
    for (enum mapped field = 0; field < MAPPED_COUNT && !rc; field++) {
        if (field == set->main) { continue; }
        rc = each_part(filling, field, set->choices[field], take_arrays);
    }
    return rc;
}

int field_set_init(struct field_set *set, const struct field_formats *formats,
                   struct named_headers *headers, char *why, size_t why_size)
{
    const struct filling filling = {
        .set = set, .formats = formats, .headers = headers, .why = why, .why_size = why_size};
    set->main = formats->settings->target == TARGET_PROFILE ? MAPPED_USER : MAPPED_ITEM;
    int rc = 0;
    for (enum mapped field = 0; field < MAPPED_COUNT && !rc; field++) {
        rc = take_path(&filling, field);
    }
    if (!rc) { rc = take_tags(&filling); }
    if (!rc) { rc = find_arrays(&filling); }
    for (enum mapped field = 0; field < MAPPED_COUNT && !rc; field++) {
        rc = each_part(&filling, field, set->choices[field], take_rest);
    }
    struct field_choice *tags;
    for (size_t i = 0; set->tags && !rc && (tags = tag_sources_at(set->tags, i)); i++) {
        rc = each_part(&filling, MAPPED_TAGS, tags, take_rest);
        if (!rc) { rc = each_part(&filling, MAPPED_TAGS, tags, know_arrays); }
    }
    return rc;
}

void field_set_clear(struct field_set *set)
{
    for (enum mapped field = 0; field < MAPPED_COUNT; field++) {
        field_choice_free(set->choices[field]);
    }
    tag_sources_free(set->tags);
}
