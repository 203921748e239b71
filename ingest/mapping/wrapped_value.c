#include "base/base.h"
#include "syntax/timestamp.h"
#include "ingest/mapping/wrapped_value.h"

enum { NS_PER_MS = 1000000, DATE_PARTS_LEAST = 3, DATE_PARTS_MOST = 7, UUID_BYTES = 16 };

static json_t *member(json_t *object, const char *const *names, size_t count)
{
    json_t *found = NULL;
    for (size_t i = 0; i < count && !found; i++) { found = json_object_get(object, names[i]); }
    return found;
}

#define MEMBER(object, names) member(object, names, ARRAY_COUNT(names))

/* MongoDB's binary of subtype 4: {"$binary": {"base64": ..., "subType": "04"}}, or as older tools
 * write it {"$binary": ..., "$type": "04"}. In which order older subtypes have their bytes, nobody
 * can tell. */
static bool uuid_text(json_t *object, char text[WRAPPED_TEXT_MAX], struct slice *ret_text)
{
    unsigned char bytes[UUID_BYTES + 2];
    json_t *inside = json_object_get(object, "$binary");
    bool older = json_is_string(inside);
    json_t *type = older ? json_object_get(object, "$type") : json_object_get(inside, "subType");
    json_t *base64 = older ? inside : json_object_get(inside, "base64");
    const char *subtype = json_string_value(type);
    if (!subtype || !json_is_string(base64) || strspn(subtype, "0") + 1 != strlen(subtype) ||
        subtype[strlen(subtype) - 1] != '4') {
        return false;
    }
    struct slice encoded = slice_of(json_string_value(base64), json_string_length(base64));
    if (base64_decode(encoded, (char *)bytes, sizeof(bytes)) != UUID_BYTES) { return false; }
    char *at = text;
    for (size_t i = 0; i < UUID_BYTES; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) { *at++ = '-'; }
        at += snprintf(at, 3, "%02x", bytes[i]);
    }
    *ret_text = slice_of(text, (size_t)(at - text));
    return true;
}

bool wrapped_text(json_t *object, char text[WRAPPED_TEXT_MAX], struct slice *ret_text)
{
    static const char *const names[] = {"$oid", "$uuid", "$symbol", "S"};
    json_t *inside = json_object_size(object) == 1 ? MEMBER(object, names) : NULL;
    if (!json_is_string(inside)) { return uuid_text(object, text, ret_text); }
    *ret_text = slice_of(json_string_value(inside), json_string_length(inside));
    return true;
}

json_t *wrapped_flag(json_t *object)
{
    json_t *flag = json_object_size(object) == 1 ? json_object_get(object, "BOOL") : NULL;
    return json_is_boolean(flag) ? flag : NULL;
}

json_t *wrapped_within(json_t *value)
{
    static const char *const lists[] = {"L", "SS", "NS"};
    if (json_object_size(value) != 1) { return value; }
    json_t *map = json_object_get(value, "M"), *list = MEMBER(value, lists);
    if (json_is_object(map)) { return map; }
    return json_is_array(list) ? list : value;
}

bool wrapped_null(const json_t *object)
{
    return json_object_size(object) == 1 && json_is_true(json_object_get(object, "NULL"));
}

static bool is_number(const char *text)
{
    char *end;
    return strspn(text, "0123456789+-.eE") == strlen(text) && *text &&
           isfinite(strtod(text, &end)) && !*end;
}

bool wrapped_decimal(json_t *base64, int scale, char text[DECIMAL_TEXT_MAX],
                     struct slice *ret_number)
{
    char bytes[DECIMAL_BYTES_MAX];
    struct slice encoded = slice_of(json_string_value(base64), json_string_length(base64));
    int size = base64_decode(encoded, bytes, sizeof(bytes));
    size_t written = size > 0 ? decimal_write(slice_of(bytes, (size_t)size), scale, text) : 0;
    *ret_number = slice_of(text, written);
    return written > 0;
}

bool wrapped_number(json_t *object, char text[DECIMAL_TEXT_MAX], struct slice *ret_number)
{
    static const char *const names[] = {"$numberLong", "$numberInt", "$numberDouble",
                                        "$numberDecimal", "N"};
    json_t *scale = json_object_get(object, "scale"), *value = json_object_get(object, "value");
    if (json_object_size(object) == 2 && json_is_integer(scale) && json_is_string(value)) {
        json_int_t behind = json_integer_value(scale);
        bool fits = behind >= -DECIMAL_SCALE_MAX && behind <= DECIMAL_SCALE_MAX;
        return fits && wrapped_decimal(value, (int)behind, text, ret_number);
    }
    const char *inside =
        json_object_size(object) == 1 ? json_string_value(MEMBER(object, names)) : NULL;
    if (!inside || strlen(inside) >= DECIMAL_TEXT_MAX || !is_number(inside)) { return false; }
    (void)snprintf(text, DECIMAL_TEXT_MAX, "%s", inside);
    *ret_number = slice_str(text);
    return true;
}

/* An integer, or one in quotes, or one that MongoDB has wrapped. */
static bool integer(json_t *value, int64_t *ret_integer)
{
    char text[DECIMAL_TEXT_MAX];
    struct slice number;
    const char *digits = json_string_value(value);
    if (json_is_integer(value)) {
        *ret_integer = json_integer_value(value);
        return true;
    }
    if (json_is_object(value) && wrapped_number(value, text, &number)) { digits = text; }
    char *end;
    errno = 0;
    if (!digits || !*digits) { return false; }
    long long parsed = strtoll(digits, &end, 10);
    *ret_integer = parsed;
    return !errno && !*end;
}

static enum value_state as_state(int rc)
{
    return rc ? VALUE_UNREADABLE : VALUE_FOUND;
}

static enum value_state seconds(json_t *value, json_t *nanos, int64_t *ret_ms)
{
    int64_t whole, parts = 0, ms;
    if (!integer(value, &whole) || (nanos && !integer(nanos, &parts))) { return VALUE_WRONG_TYPE; }
    if (parts < 0 || parts >= 1000 * (int64_t)NS_PER_MS) { return VALUE_UNREADABLE; }
    if (timestamp_from_integer(TIME_FORMAT_S, whole, &ms)) { return VALUE_UNREADABLE; }
    return as_state(timestamp_from_integer(TIME_FORMAT_MS, ms + parts / NS_PER_MS, ret_ms));
}

static enum value_state mongo_date(json_t *date, int64_t *ret_ms)
{
    int64_t ms;
    if (json_is_string(date)) {
        struct slice text = slice_of(json_string_value(date), json_string_length(date));
        return as_state(timestamp_from_text(text, ret_ms));
    }
    if (!integer(date, &ms)) { return VALUE_WRONG_TYPE; }
    return as_state(timestamp_from_integer(TIME_FORMAT_MS, ms, ret_ms));
}

/* Year, month, day, then hour, minute, second, nanoseconds as far as they are not zero. */
static enum value_state listed(json_t *list, int64_t *ret_ms)
{
    int64_t parts[DATE_PARTS_MOST] = {0};
    size_t count = json_array_size(list);
    if (count < DATE_PARTS_LEAST || count > DATE_PARTS_MOST) { return VALUE_WRONG_TYPE; }
    for (size_t i = 0; i < count; i++) {
        json_t *part = json_array_get(list, i);
        if (!json_is_integer(part)) { return VALUE_WRONG_TYPE; }
        parts[i] = json_integer_value(part);
        if (parts[i] < 0 || parts[i] >= 1000 * (int64_t)NS_PER_MS) { return VALUE_UNREADABLE; }
    }
    static const int64_t most[] = {9999, 12, 31, 23, 59, 59};
    for (size_t i = 0; i < ARRAY_COUNT(most); i++) {
        if (parts[i] > most[i]) { return VALUE_UNREADABLE; }
    }
    return as_state(timestamp_of((int)parts[0], (int)parts[1], (int)parts[2],
                                 parts[3] * 3600 + parts[4] * 60 + parts[5],
                                 (int)(parts[6] / NS_PER_MS), ret_ms));
}

enum value_state wrapped_time(json_t *value, int64_t *ret_ms)
{
    static const char *const second[] = {"seconds", "_seconds", "epochSecond"};
    static const char *const nano[] = {"nanos", "_nanoseconds", "nanoseconds", "nano"};
    if (json_is_array(value)) { return listed(value, ret_ms); }
    json_t *whole = MEMBER(value, second), *nanos = MEMBER(value, nano);
    if (whole && json_object_size(value) == 1 + (nanos != NULL)) {
        return seconds(whole, nanos, ret_ms);
    }
    if (json_object_size(value) != 1) { return VALUE_WRONG_TYPE; }
    json_t *date = json_object_get(value, "$date");
    if (date) { return mongo_date(date, ret_ms); }
    json_t *stamp = json_object_get(value, "$timestamp");
    return stamp ? seconds(json_object_get(stamp, "t"), NULL, ret_ms) : VALUE_WRONG_TYPE;
}
