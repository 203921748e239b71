#include "base/base.h"
#include "ingest/mapping/json_value.h"

enum { DIGITS_MAX = 24, NUMBER_TEXT_MAX = 64, YEAR_LAST = 9999 };

static struct slice text_of(json_t *value)
{
    return slice_of(json_string_value(value), json_string_length(value));
}

/* What is known of a value before its type counts. NaN stands for a value that is not there. */
static enum value_state state_of(const json_t *value)
{
    if (!value) { return VALUE_ABSENT; }
    enum json_flaw flaw = json_flaw_of(value);
    if (!flaw) { return VALUE_FOUND; }
    return flaw == FLAW_NOT_FINITE ? VALUE_ABSENT : VALUE_FLAWED;
}

enum value_state json_value_text(json_t *value, struct arena *arena, struct slice *ret_text)
{
    enum value_state state = state_of(value);
    if (state != VALUE_FOUND) { return state; }
    if (json_is_string(value)) {
        *ret_text = arena_copy(arena, text_of(value));
        return VALUE_FOUND;
    }
    if (!json_is_integer(value)) { return VALUE_WRONG_TYPE; }
    char *digits = arena_alloc(arena, DIGITS_MAX);
    int size = snprintf(digits, DIGITS_MAX, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    *ret_text = slice_of(digits, (size_t)size);
    return VALUE_FOUND;
}

/* Says whether the whole text is a number in JSON's syntax, without what only strtod() accepts. */
static bool is_number_text(struct slice text)
{
    if (text.size == 0 || text.size >= NUMBER_TEXT_MAX) { return false; }
    size_t first = text.data[0] == '-';
    if (first == text.size || text.data[first] < '0' || text.data[first] > '9') { return false; }
    for (size_t i = first; i < text.size; i++) {
        if (!text.data[i] || !strchr("0123456789.eE+-", text.data[i])) { return false; }
    }
    return true;
}

/* Texts that other JSON writers use for doubles that JSON does not have. */
static bool names_no_number(struct slice text)
{
    static const char *const names[] = {"NaN", "nan", "Infinity", "-Infinity", "inf", "-inf"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        if (slice_equal(text, slice_str(names[i]))) { return true; }
    }
    return false;
}

/* jansson's strings end in a NUL; is_number_text() has checked that there is no other. */
static bool read_real(struct slice text, double *ret_number)
{
    char *end;
    if (!is_number_text(text)) { return false; }
    *ret_number = strtod(text.data, &end);
    return end == text.data + text.size;
}

static bool read_integer(struct slice text, int64_t *ret_integer)
{
    char *end;
    if (!is_number_text(text)) { return false; }
    errno = 0;
    long long number = strtoll(text.data, &end, 10);
    *ret_integer = number;
    return !errno && end == text.data + text.size;
}

enum value_state json_value_number(json_t *value, bool as_text, double *ret_number)
{
    if (json_flaw_of(value) == FLAW_NOT_FINITE) {
        *ret_number = NAN;
        return VALUE_FOUND;
    }
    enum value_state state = state_of(value);
    if (state != VALUE_FOUND) { return state; }
    if (json_is_string(value)) {
        double number;
        if (names_no_number(text_of(value))) {
            *ret_number = NAN;
            return VALUE_FOUND;
        }
        if (!as_text || !read_real(text_of(value), &number)) { return VALUE_WRONG_TYPE; }
        *ret_number = number + 0.0;
        return VALUE_FOUND;
    }
    if (!json_is_number(value)) { return VALUE_WRONG_TYPE; }
    *ret_number = json_number_value(value) + 0.0;
    return VALUE_FOUND;
}

enum value_state json_value_integer(json_t *value, bool as_text, int64_t *ret_integer)
{
    enum value_state state = state_of(value);
    if (state != VALUE_FOUND) { return state; }
    int64_t integer;
    if (as_text && json_is_string(value) && read_integer(text_of(value), &integer)) {
        *ret_integer = integer;
        return VALUE_FOUND;
    }
    if (!json_is_integer(value)) { return VALUE_WRONG_TYPE; }
    *ret_integer = json_integer_value(value);
    return VALUE_FOUND;
}

static enum value_state read_count(json_t *value, enum time_format format, bool as_text,
                                   int64_t *ret_ms)
{
    int64_t count;
    double real;
    int rc;
    if (json_value_integer(value, as_text, &count) == VALUE_FOUND) {
        rc = timestamp_from_integer(format, count, ret_ms);
    } else if (json_is_real(value)) {
        rc = timestamp_from_real(format, json_real_value(value), ret_ms);
    } else if (as_text && json_is_string(value) && read_real(text_of(value), &real)) {
        rc = timestamp_from_real(format, real, ret_ms);
    } else {
        return VALUE_WRONG_TYPE;
    }
    return rc ? VALUE_UNREADABLE : VALUE_FOUND;
}

enum value_state json_value_time(json_t *value, enum time_format format, bool as_text,
                                 int64_t *ret_ms)
{
    enum value_state state = state_of(value);
    if (state != VALUE_FOUND) { return state; }
    if (!time_format_is_text(format)) { return read_count(value, format, as_text, ret_ms); }
    if (!json_is_string(value)) { return VALUE_WRONG_TYPE; }
    return timestamp_from_iso8601(text_of(value), ret_ms) ? VALUE_UNREADABLE : VALUE_FOUND;
}

static bool is_listed(struct slice text, const char *list)
{
    for (const char *at = list; *at;) {
        size_t size = strcspn(at, ",");
        if (slice_equal(text, slice_of(at, size))) { return true; }
        at += size + (at[size] == ',');
    }
    return false;
}

bool json_value_is_listed(json_t *value, const char *texts)
{
    return json_is_string(value) && is_listed(text_of(value), texts);
}

enum value_state json_value_flag(json_t *value, const char *yes_texts, bool *ret_flag)
{
    enum value_state state = state_of(value);
    if (state != VALUE_FOUND) { return state; }
    if (json_is_boolean(value)) {
        *ret_flag = json_is_true(value);
    } else if (json_is_number(value)) {
        *ret_flag = json_number_value(value) > 0;
    } else if (json_is_string(value)) {
        *ret_flag = is_listed(text_of(value), yes_texts);
    } else {
        return VALUE_WRONG_TYPE;
    }
    return VALUE_FOUND;
}

enum value_state json_value_year(json_t *value, int32_t *ret_year)
{
    enum value_state state = state_of(value);
    if (state != VALUE_FOUND) { return state; }
    int64_t year = 0;
    if (json_is_string(value)) {
        struct slice text = text_of(value);
        if (text.size < 4) { return VALUE_UNREADABLE; }
        for (size_t i = 0; i < 4; i++) {
            if (text.data[i] < '0' || text.data[i] > '9') { return VALUE_UNREADABLE; }
            year = year * 10 + (text.data[i] - '0');
        }
    } else if (json_is_integer(value)) {
        year = json_integer_value(value);
    } else {
        return VALUE_WRONG_TYPE;
    }
    if (year < 0 || year > YEAR_LAST) { return VALUE_UNREADABLE; }
    *ret_year = (int32_t)year;
    return VALUE_FOUND;
}

enum value_state json_value_floats(json_t *value, size_t max, struct arena *arena,
                                   struct floats *ret_floats)
{
    enum value_state state = state_of(value);
    if (state != VALUE_FOUND) { return state; }
    if (!json_is_array(value)) { return VALUE_WRONG_TYPE; }
    size_t count = MIN_OF(json_array_size(value), max + 1);
    float *at = arena_alloc_array(arena, count, sizeof(*at));
    for (size_t i = 0; i < count; i++) {
        double number;
        if (json_value_number(json_array_get(value, i), false, &number) != VALUE_FOUND) {
            return VALUE_WRONG_TYPE;
        }
        at[i] = (float)number;
    }
    *ret_floats = (struct floats){.at = at, .count = count};
    return VALUE_FOUND;
}
