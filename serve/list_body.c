#include "base/base.h"
#include "base/quote.h"
#include "syntax/action_syntax.h"
#include "syntax/json_text.h"
#include "serve/list_body.h"

struct reader {
    struct arena *arena;
    struct list_query *query;
    char *why;
};

static struct slice text_of(const json_t *value)
{
    return slice_of(json_string_value(value), json_string_length(value));
}

static bool read_id(const struct reader *reader, const json_t *value, const char *what,
                    struct slice *ret_id)
{
    if (!json_is_string(value)) {
        return list_query_refuse(reader->why, what, "want a text");
    }
    if (!list_query_check_id(text_of(value), what, reader->why)) { return false; }
    *ret_id = arena_copy(reader->arena, text_of(value));
    return true;
}

static bool read_ids(const struct reader *reader, const json_t *value, const char *what,
                     struct slice *ids, size_t most, size_t *ret_count)
{
    if (!json_is_array(value)) {
        return list_query_refuse(reader->why, what, "want an array of ids");
    }
    if (json_array_size(value) > most) {
        return list_query_refuse(reader->why, what, "too many ids");
    }
    for (size_t i = 0; i < json_array_size(value); i++) {
        if (!read_id(reader, json_array_get(value, i), what, &ids[i])) { return false; }
    }
    *ret_count = json_array_size(value);
    return true;
}

static bool read_number(const struct reader *reader, const json_t *value, const char *what,
                        int64_t least, size_t *ret_number)
{
    int64_t number = json_is_integer(value) ? json_integer_value(value) : -1;
    if (!list_query_check_number(number, what, least, reader->why)) { return false; }
    *ret_number = (size_t)number;
    return true;
}

static bool read_kind(const struct reader *reader, const json_t *value, struct query_action *action)
{
    for (int kind = 0; json_is_string(value) && kind < ACTIONS_COUNT; kind++) {
        if (strcasecmp(json_string_value(value), action_kind_name(kind)) == 0) {
            action->kind = (enum action_kind)kind;
            return true;
        }
    }
    return list_query_refuse(reader->why, "kind",
                             "want other, view, click, like, cart, purchase, rating or dislike");
}

static bool read_weight(const struct reader *reader, const json_t *value,
                        struct query_action *action)
{
    double weight = json_is_number(value) ? json_number_value(value) : -1.0;
    if (!(weight >= 0.0 && weight <= QUERY_WEIGHT_MAX)) {
        return list_query_refuse(reader->why, "weight", "want a number from 0 to 1e6");
    }
    action->weight = (float)weight;
    return true;
}

static bool read_time(const struct reader *reader, const json_t *value,
                      struct query_action *action)
{
    if (!json_is_integer(value)) {
        return list_query_refuse(reader->why, "time_ms", "want milliseconds since 1970");
    }
    action->time_ms = json_integer_value(value);
    return true;
}

static bool unknown(const struct reader *reader, const char *name, const char *want)
{
    (void)snprintf(reader->why, QUERY_WHY_BYTES, "unknown member %.60s: want %s",
                   quote_line(slice_str(name)).text, want);
    return false;
}

static bool read_action(const struct reader *reader, json_t *value, struct query_action *action)
{
    const char *name;
    json_t *member;
    bool weighed = false;
    *action = (struct query_action){.kind = ACTION_VIEW, .time_ms = INT64_MAX};
    if (!json_is_object(value)) {
        return list_query_refuse(reader->why, "actions", "want objects with an item");
    }
    json_object_foreach(value, name, member) {
        bool fine = strcmp(name, "item") == 0     ? read_id(reader, member, "item", &action->item)
                    : strcmp(name, "kind") == 0   ? read_kind(reader, member, action)
                    : strcmp(name, "weight") == 0 ? read_weight(reader, member, action)
                    : strcmp(name, "time_ms") == 0
                        ? read_time(reader, member, action)
                        : unknown(reader, name, "item, kind, weight or time_ms");
        if (!fine) { return false; }
        weighed |= strcmp(name, "weight") == 0;
    }
    if (!weighed) { action->weight = list_query_weight(action->kind); }
    return action->item.size || list_query_refuse(reader->why, "actions", "want an item in each");
}

static bool read_actions(const struct reader *reader, const json_t *value)
{
    struct list_query *query = reader->query;
    if (!json_is_array(value)) {
        return list_query_refuse(reader->why, "actions", "want an array of objects");
    }
    if (json_array_size(value) > QUERY_ACTIONS_MAX) {
        return list_query_refuse(reader->why, "actions", "too many");
    }
    for (size_t i = 0; i < json_array_size(value); i++) {
        if (!read_action(reader, json_array_get(value, i), &query->actions[i])) { return false; }
    }
    query->actions_count = json_array_size(value);
    return true;
}

static bool read_word(const struct reader *reader, const json_t *value, const char *what,
                      struct slice *ret_word)
{
    return read_id(reader, value, what, ret_word) &&
           list_query_check_word(*ret_word, what, reader->why);
}

static bool read_clock(const struct reader *reader, const char *name, const json_t *value,
                       int32_t *number)
{
    int64_t sent = json_is_integer(value) ? json_integer_value(value) : -1;
    return list_query_set_number(number, slice_str(name), sent, reader->why);
}

static bool read_context(const struct reader *reader, json_t *value)
{
    const char *name;
    json_t *member;
    if (!json_is_object(value)) {
        return list_query_refuse(reader->why, "context", "want an object");
    }
    json_object_foreach(value, name, member) {
        struct slice *word = list_query_word(reader->query, slice_str(name));
        int32_t *number = list_query_number(reader->query, slice_str(name));
        bool fine = word     ? read_word(reader, member, name, word)
                    : number ? read_clock(reader, name, member, number)
                             : unknown(reader, name, QUERY_CONTEXT_WORDS);
        if (!fine) { return false; }
    }
    return true;
}

static bool read_year(const struct reader *reader, const json_t *value, int32_t *ret_year)
{
    int64_t year = json_is_integer(value) ? json_integer_value(value) : -1;
    if (!list_query_check_year(year, reader->why)) { return false; }
    *ret_year = (int32_t)year;
    return true;
}

static bool read_profile(const struct reader *reader, json_t *value)
{
    const char *name;
    json_t *member;
    struct list_query *query = reader->query;
    if (!json_is_object(value)) {
        return list_query_refuse(reader->why, "profile", "want an object");
    }
    json_object_foreach(value, name, member) {
        bool fine = strcmp(name, "country") == 0
                        ? read_id(reader, member, "country", &query->profile.country)
                    : strcmp(name, "birth_year") == 0
                        ? read_year(reader, member, &query->profile.born)
                    : strcmp(name, "tags") == 0
                        ? read_ids(reader, member, "tags", query->profile_tags, PROFILE_TAGS_MAX,
                                   &query->profile.tags.count)
                        : unknown(reader, name, "country, birth_year or tags");
        if (!fine) { return false; }
    }
    query->profile.tags.at = query->profile_tags;
    return true;
}

static bool read_text(const struct reader *reader, const json_t *value, struct slice *ret_text)
{
    if (!json_is_string(value)) { return list_query_refuse(reader->why, "query", "want a text"); }
    if (!list_query_check_text(text_of(value), reader->why)) { return false; }
    *ret_text = arena_copy(reader->arena, text_of(value));
    return true;
}

static bool read_member(const struct reader *reader, const char *name, json_t *value)
{
    struct list_query *query = reader->query;
    if (strcmp(name, "user") == 0) { return read_id(reader, value, "user", &query->user); }
    if (strcmp(name, "actions") == 0) { return read_actions(reader, value); }
    if (strcmp(name, "candidates") == 0) {
        return read_ids(reader, value, "candidates", query->candidates, QUERY_CANDIDATES_MAX,
                        &query->candidates_count);
    }
    if (strcmp(name, "exclude") == 0) {
        return read_ids(reader, value, "exclude", query->excluded, QUERY_EXCLUDED_MAX,
                        &query->excluded_count);
    }
    if (strcmp(name, "placement") == 0) {
        return read_id(reader, value, "placement", &query->placement) &&
               list_query_check_placement(query->placement, reader->why);
    }
    if (strcmp(name, "query") == 0) { return read_text(reader, value, &query->text); }
    if (strcmp(name, "context") == 0) { return read_context(reader, value); }
    if (strcmp(name, "profile") == 0) { return read_profile(reader, value); }
    if (strcmp(name, "offset") == 0) {
        return read_number(reader, value, "offset", 0, &query->offset);
    }
    if (strcmp(name, "limit") == 0) {
        return read_number(reader, value, "limit", 1, &query->limit);
    }
    return unknown(reader, name, "user, actions, candidates, query, placement, context, profile, "
                                 "exclude, offset or limit");
}

static bool read_object(const struct reader *reader, json_t *object)
{
    const char *name;
    json_t *value;
    if (!json_is_object(object)) {
        return list_query_refuse(reader->why, "body", "want a JSON object");
    }
    json_object_foreach(object, name, value) {
        if (!read_member(reader, name, value)) { return false; }
    }
    const struct list_query *query = reader->query;
    bool some = query->user.size || list_query_sends(query) || list_query_has_profile(query) ||
                list_query_has_context(query);
    return some ? list_query_check_user(query, reader->why)
                : list_query_refuse(reader->why, "body",
                                    "want a user, actions, candidates, a query, a profile "
                                    "or a context");
}

bool list_body_read(struct slice body, struct arena *arena, struct list_query *ret_query,
                    char *why)
{
    char where[QUERY_WHY_BYTES / 2];
    const struct json_rules rules = {.values_max = JSON_VALUES_MAX, .strict = true};
    const struct reader reader = {arena, ret_query, why};
    json_t *object = NULL;
    list_query_clear(ret_query);
    if (json_text_parse(body, &rules, &object, where, sizeof(where)) != JSON_FINE) {
        return list_query_refuse(why, "body", where);
    }
    bool fine = read_object(&reader, object);
    json_decref(object);
    return fine;
}
