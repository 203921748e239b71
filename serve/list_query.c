/* Texts of a request are checked here, however it came: each check writes why it fails. Paths are a
 * table; arguments are read one by one, and an unknown one is refused, because a misspelt `exclude`
 * would show what must not be shown.
 */
#include "base/base.h"
#include "base/number.h"
#include "base/quote.h"
#include "base/utf8.h"
#include "schemas/recommendation_list.h"
#include "schemas/recommendation_request.h"
#include "serve/list_query.h"

enum { NUMBER_BYTES_MAX = 20, YEAR_MAX = 9999 };

/* Paths of lists; `id`: a part of the path is an id. */
static const struct {
    const char *begin, *end;
    struct list_path is;
    bool id;
} paths[] = {
    {"/v1/users/", "/recommendations", {.kind = QUERY_USER}, true},
    {"/v1/recommendations", "", {.kind = QUERY_USER, .post = true}, false},
    {"/v1/items/", "/similar", {.kind = QUERY_ITEMS, .order = ORDER_SIMILAR}, true},
    {"/v1/items/", "/together", {.kind = QUERY_ITEMS, .order = ORDER_TOGETHER}, true},
    {"/v1/items/", "/users", {.kind = QUERY_USERS}, true},
    {"/v1/users/", "/similar", {.kind = QUERY_SIMILAR}, true},
    {"/v1/users/", "/profile", {.kind = QUERY_PROFILE}, true},
    {"/v1/segments/", "/recommendations",
     {.kind = QUERY_GROUP, .group_kind = GROUP_SEGMENT}, true},
    {"/v1/clusters/", "/recommendations",
     {.kind = QUERY_GROUP, .group_kind = GROUP_CLUSTER}, true},
    {"/v1/items/popular", "", {.kind = QUERY_ITEMS, .order = ORDER_POPULAR}, false},
    {"/v1/items/trending", "", {.kind = QUERY_ITEMS, .order = ORDER_TRENDING}, false},
    {"/v1/items/new", "", {.kind = QUERY_ITEMS, .order = ORDER_NEW}, false},
};

bool list_query_path(const char *path, struct list_path *ret_path)
{
    for (size_t i = 0; i < ARRAY_COUNT(paths); i++) {
        size_t begin = strlen(paths[i].begin);
        if (strncmp(path, paths[i].begin, begin) != 0) { continue; }
        const char *end = paths[i].id ? strchr(path + begin, '/') : path + begin;
        if (!end || strcmp(end, paths[i].end) != 0) { continue; }
        *ret_path = paths[i].is;
        if (paths[i].id) { ret_path->id = slice_of(path + begin, (size_t)(end - path) - begin); }
        return true;
    }
    return false;
}

void list_query_clear(struct list_query *query)
{
    query->kind = QUERY_USER;
    const struct slice none = slice_str("");
    query->user = query->item = query->tag = query->placement = query->group = none;
    query->group_kind = GROUP_OTHER;
    query->text = slice_str("");
    query->ticket = 0;
    query->context = (struct request_context){
        .device = none, .channel = none, .country = none, .hour = -1, .region = none,
        .geohash = none};
    query->time_zone = none;
    query->profile = (struct user_attributes){.country = slice_str("")};
    query->offset = query->limit = 0;
    query->tried = NULL;
    query->looked_at = false;
    query->excluded_count = query->actions_count = query->candidates_count = 0;
}

bool list_query_refuse(char *why, const char *what, const char *want)
{
    (void)snprintf(why, QUERY_WHY_BYTES, "%s: %s", what, want);
    return false;
}

bool list_query_check_id(struct slice id, const char *what, char *why)
{
    if (!id.size) { return list_query_refuse(why, what, "want an id, not an empty text"); }
    if (id.size > ID_BYTES_MAX) {
        (void)snprintf(why, QUERY_WHY_BYTES, "%s: want at most %d bytes, not %zu", what,
                       ID_BYTES_MAX, id.size);
        return false;
    }
    return utf8_valid(id.data, id.size) || list_query_refuse(why, what, "want UTF-8");
}

bool list_query_check_placement(struct slice name, char *why)
{
    if (!list_query_check_id(name, "placement", why)) { return false; }
    return name.size <= PLACEMENT_NAME_BYTES_MAX ||
           list_query_refuse(why, "placement", "want a name of at most 64 bytes");
}

bool list_query_check_text(struct slice text, char *why)
{
    if (!text.size) { return list_query_refuse(why, "query", "want a text, not an empty one"); }
    if (text.size > QUERY_BYTES_MAX) {
        (void)snprintf(why, QUERY_WHY_BYTES, "query: want at most %d bytes, not %zu",
                       QUERY_BYTES_MAX, text.size);
        return false;
    }
    return utf8_valid(text.data, text.size) || list_query_refuse(why, "query", "want UTF-8");
}

bool list_query_check_user(const struct list_query *query, char *why)
{
    return !query->text.size || !query->candidates_count ||
           list_query_refuse(why, "query", "it finds the candidates: want no others");
}

struct slice *list_query_word(struct list_query *query, struct slice name)
{
    struct request_context *context = &query->context;
    if (slice_equal(name, slice_str("device"))) { return &context->device; }
    if (slice_equal(name, slice_str("channel"))) { return &context->channel; }
    if (slice_equal(name, slice_str("country"))) { return &context->country; }
    if (slice_equal(name, slice_str("region"))) { return &context->region; }
    if (slice_equal(name, slice_str("geohash"))) { return &context->geohash; }
    return slice_equal(name, slice_str("time_zone")) ? &query->time_zone : NULL;
}

int32_t *list_query_number(struct list_query *query, struct slice name)
{
    if (slice_equal(name, slice_str("hour"))) { return &query->context.hour; }
    return slice_equal(name, slice_str("weekday")) ? &query->context.weekday : NULL;
}

bool list_query_check_word(struct slice word, const char *what, char *why)
{
    if (!list_query_check_id(word, what, why)) { return false; }
    return word.size <= CONTEXT_WORD_BYTES_MAX ||
           list_query_refuse(why, what, "want a word of at most 64 bytes");
}

bool list_query_check_hour(int64_t hour, char *why)
{
    return (hour >= 0 && hour < 24) ||
           list_query_refuse(why, "hour", "want a number from 0 to 23");
}

bool list_query_check_weekday(int64_t weekday, char *why)
{
    return (weekday >= 1 && weekday <= 7) ||
           list_query_refuse(why, "weekday", "want a number from 1 (Monday) to 7");
}

bool list_query_set_number(int32_t *number, struct slice name, int64_t sent, char *why)
{
    bool fine = slice_equal(name, slice_str("hour")) ? list_query_check_hour(sent, why)
                                                     : list_query_check_weekday(sent, why);
    if (fine) { *number = (int32_t)sent; }
    return fine;
}

bool list_query_check_year(int64_t year, char *why)
{
    return (year >= 0 && year <= YEAR_MAX) ||
           list_query_refuse(why, "birth_year", "want a year, or 0");
}

bool list_query_sends(const struct list_query *query)
{
    return query->actions_count || query->candidates_count || query->text.size;
}

bool list_query_has_profile(const struct list_query *query)
{
    const struct user_attributes *profile = &query->profile;
    return profile->country.size || profile->tags.count || profile->born > 0;
}

bool list_query_has_context(const struct list_query *query)
{
    const struct request_context *context = &query->context;
    return context->device.size || context->channel.size || context->country.size ||
           context->hour >= 0 || context->weekday > 0 || context->region.size ||
           context->geohash.size || query->time_zone.size;
}

bool list_query_check_number(int64_t number, const char *what, int64_t least, char *why)
{
    if (number >= least && number <= LIST_ITEMS_MAX) { return true; }
    (void)snprintf(why, QUERY_WHY_BYTES, "%s: want a number from %" PRId64 " to %d", what, least,
                   LIST_ITEMS_MAX);
    return false;
}

float list_query_weight(enum action_kind kind)
{
    return kind == ACTION_DISLIKE ? 0.0F : 1.0F;
}

bool list_query_excludes(const struct list_query *query, struct slice item)
{
    for (size_t i = 0; i < query->excluded_count; i++) {
        if (slice_equal(query->excluded[i], item)) { return true; }
    }
    return false;
}

/* ---- Arguments ---- */

static bool read_id(struct slice sent, struct arena *arena, const char *what,
                    struct slice *ret_id, char *why)
{
    struct slice id = http_unescape(sent, arena_alloc(arena, sent.size + 1));
    if (!id.data) {
        return list_query_refuse(why, what, "want %XX with two hex digits after each %");
    }
    if (!list_query_check_id(id, what, why)) { return false; }
    *ret_id = id;
    return true;
}

/* Returns a whole number; -1: it is none. */
static int64_t number_of(struct slice sent)
{
    char text[NUMBER_BYTES_MAX + 1];
    int64_t number;
    struct slice kept = sent.size <= NUMBER_BYTES_MAX ? sent : slice_str("");
    (void)snprintf(text, sizeof(text), "%.*s", SLICE_ARGS(kept));
    return number_parse(text, &number) ? number : -1;
}

static bool read_number(struct slice sent, const char *what, int64_t least, size_t *ret_number,
                        char *why)
{
    int64_t number = number_of(sent);
    if (!list_query_check_number(number, what, least, why)) { return false; }
    *ret_number = (size_t)number;
    return true;
}

static bool read_text(struct slice sent, struct arena *arena, struct slice *ret_text, char *why)
{
    char *blanked = arena_alloc(arena, sent.size + 1);
    for (size_t k = 0; k < sent.size; k++) {
        blanked[k] = sent.data[k] == '+' ? ' ' : sent.data[k];
    }
    struct slice text = http_unescape(slice_of(blanked, sent.size), blanked);
    if (!text.data) {
        return list_query_refuse(why, "query", "want %XX with two hex digits after each %");
    }
    *ret_text = text;
    return list_query_check_text(text, why);
}

/* Reads an argument of the context. False with *ret_known false: it is none. */
static bool read_context(const struct http_argument *argument, struct arena *arena,
                         struct list_query *query, bool *ret_known, char *why)
{
    struct slice *word = list_query_word(query, argument->name);
    int32_t *number = list_query_number(query, argument->name);
    *ret_known = true;
    if (word) {
        char name[CONTEXT_WORD_BYTES_MAX];
        (void)snprintf(name, sizeof(name), "%.*s", SLICE_ARGS(argument->name));
        return read_id(argument->value, arena, name, word, why) &&
               list_query_check_word(*word, name, why);
    }
    if (number) {
        return list_query_set_number(number, argument->name, number_of(argument->value), why);
    }
    *ret_known = false;
    return false;
}

static bool read_excluded(struct slice sent, struct arena *arena, struct list_query *query,
                          char *why)
{
    while (sent.size) {
        const char *comma = memchr(sent.data, ',', sent.size);
        size_t size = comma ? (size_t)(comma - sent.data) : sent.size;
        if (query->excluded_count == QUERY_EXCLUDED_MAX) {
            return list_query_refuse(why, "exclude", "too many ids");
        }
        if (size && !read_id(slice_of(sent.data, size), arena, "exclude",
                             &query->excluded[query->excluded_count++], why)) {
            return false;
        }
        size_t done = comma ? size + 1 : size;
        sent = slice_of(sent.data + done, sent.size - done);
    }
    return true;
}

static bool read_argument(const struct http_argument *argument, struct arena *arena,
                          struct list_query *query, char *why)
{
    if (slice_equal(argument->name, slice_str("limit"))) {
        return read_number(argument->value, "limit", 1, &query->limit, why);
    }
    if (slice_equal(argument->name, slice_str("offset"))) {
        return read_number(argument->value, "offset", 0, &query->offset, why);
    }
    if (slice_equal(argument->name, slice_str("exclude"))) {
        return read_excluded(argument->value, arena, query, why);
    }
    bool tagged = query->kind == QUERY_ITEMS && query->order != ORDER_SIMILAR &&
                  query->order != ORDER_TOGETHER;
    if (tagged && slice_equal(argument->name, slice_str("tag"))) {
        return read_id(argument->value, arena, "tag", &query->tag, why);
    }
    bool placed = query->kind == QUERY_USER || query->kind == QUERY_GROUP;
    if (placed && slice_equal(argument->name, slice_str("placement"))) {
        return read_id(argument->value, arena, "placement", &query->placement, why) &&
               list_query_check_placement(query->placement, why);
    }
    if (query->kind == QUERY_USER && slice_equal(argument->name, slice_str("query"))) {
        return read_text(argument->value, arena, &query->text, why);
    }
    bool known = false;
    if (placed) {
        bool fine = read_context(argument, arena, query, &known, why);
        if (known) { return fine; }
    }
    (void)snprintf(why, QUERY_WHY_BYTES, "unknown argument %.60s: want limit, offset or exclude%s",
                   quote_line(argument->name).text,
                   tagged   ? ", or tag"
                   : placed ? ", or query, placement, " QUERY_CONTEXT_WORDS
                            : "");
    return false;
}

/* Reads the id of a path: of a user, an item or a group. */
static bool read_subject(const struct list_path *path, struct arena *arena,
                         struct list_query *query, char *why)
{
    switch (path->kind) {
    case QUERY_USER:
    case QUERY_SIMILAR:
    case QUERY_PROFILE: return read_id(path->id, arena, "user id", &query->user, why);
    case QUERY_GROUP: return read_id(path->id, arena, "name", &query->group, why);
    case QUERY_ITEMS:
    case QUERY_USERS: break;
    }
    return read_id(path->id, arena, "item id", &query->item, why);
}

bool list_query_read(const struct http_request *request, const struct list_path *path,
                     struct arena *arena, struct list_query *ret_query, char *why)
{
    list_query_clear(ret_query);
    ret_query->kind = path->kind;
    ret_query->order = path->order;
    ret_query->group_kind = path->group_kind;
    if (path->id.data && !read_subject(path, arena, ret_query, why)) { return false; }
    for (size_t i = 0; i < request->arguments_count; i++) {
        if (!read_argument(&request->arguments[i], arena, ret_query, why)) { return false; }
    }
    return true;
}
