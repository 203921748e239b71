/* Readers of one value each. What a value is comes first (absent, a flaw, wrapped in an object),
 * then its type, then its text. Nothing is guessed: a text is a number only where the caller says
 * so, and a real is an id only if it is whole and below 2^53, where each double is one integer.
 */
#include "base/base.h"
#include "base/decimal.h"
#include "ingest/mapping/json_value.h"
#include "ingest/mapping/wrapped_value.h"

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

/* Returns the size of the blank at the start of a text, 0 when there is none: ASCII's, U+0085,
 * U+00A0, U+2000 to U+200B, U+2028, U+2029, U+202F, U+3000, U+FEFF. */
static size_t blank_size(const char *at, const char *end)
{
    unsigned char c = (unsigned char)*at;
    if (c == ' ' || (c >= '\t' && c <= '\r')) { return 1; }
    if (c < 0xc2 || end - at < 2) { return 0; }
    unsigned char second = (unsigned char)at[1];
    if (c == 0xc2) { return second == 0x85 || second == 0xa0 ? 2 : 0; }
    if (end - at < 3) { return 0; }
    unsigned char third = (unsigned char)at[2];
    if (c == 0xe2 && second == 0x80) {
        return third <= 0x8b || third == 0xa8 || third == 0xa9 || third == 0xaf ? 3 : 0;
    }
    return (c == 0xe3 && second == 0x80 && third == 0x80) ||
                   (c == 0xef && second == 0xbb && third == 0xbf)
               ? 3
               : 0;
}

static struct slice trimmed(struct slice text)
{
    const char *at = text.data, *end = text.data + text.size;
    for (size_t size; at < end && (size = blank_size(at, end)); at += size) {}
    for (bool more = true; more && at < end;) {
        more = false;
        for (size_t size = 1; size <= 3 && at + size <= end; size++) {
            if (blank_size(end - size, end) != size) { continue; }
            end -= size;
            more = true;
            break;
        }
    }
    return slice_of(at, (size_t)(end - at));
}

bool json_value_is_blank(const json_t *value)
{
    if (!json_is_string(value)) { return false; }
    size_t size = json_string_length(value);
    return size == 0 || trimmed(slice_of(json_string_value(value), size)).size == 0;
}

static enum value_state whole_real(double real, struct arena *arena, struct slice *ret_text)
{
    const double last = 9007199254740992.0; /* 2^53: above, several integers are one double */
    if (!(real > -last && real < last) || real != floor(real)) { return VALUE_WRONG_TYPE; }
    char *digits = arena_alloc(arena, DIGITS_MAX);
    int size = snprintf(digits, DIGITS_MAX, "%.0f", real + 0.0);
    *ret_text = slice_of(digits, (size_t)size);
    return VALUE_FOUND;
}

/* A decimal's digits, as the text of an id. */
static enum value_state decimal_id(struct slice number, struct arena *arena, struct slice *ret_text)
{
    if (!decimal_whole(&number)) { return VALUE_WRONG_TYPE; }
    *ret_text = arena_copy(arena, number);
    return VALUE_FOUND;
}

enum value_state json_value_text(json_t *value, const struct path_format *format, bool trims,
                                 struct arena *arena, struct slice *ret_text)
{
    enum value_state state = state_of(value);
    char number[DECIMAL_TEXT_MAX];
    struct slice inside;
    if (state != VALUE_FOUND) { return state; }
    if (format && format->kind == PATH_FORMAT_DECIMAL && json_is_string(value)) {
        if (!wrapped_decimal(value, format->scale, number, &inside)) { return VALUE_WRONG_TYPE; }
        return decimal_id(inside, arena, ret_text);
    }
    if (json_is_string(value)) {
        struct slice text = text_of(value);
        *ret_text = arena_copy(arena, trims ? trimmed(text) : text);
        return VALUE_FOUND;
    }
    if (json_is_real(value)) { return whole_real(json_real_value(value), arena, ret_text); }
    if (json_is_object(value) && wrapped_number(value, number, &inside)) {
        return decimal_id(inside, arena, ret_text);
    }
    char uuid[WRAPPED_TEXT_MAX];
    if (json_is_object(value) && wrapped_text(value, uuid, &inside)) {
        *ret_text = arena_copy(arena, inside);
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

static enum value_state text_number(json_t *value, const struct path_format *format, bool as_text,
                                    double *ret_number)
{
    char number[DECIMAL_TEXT_MAX];
    struct slice text = trimmed(text_of(value));
    if (format && format->kind == PATH_FORMAT_DECIMAL) {
        if (!wrapped_decimal(value, format->scale, number, &text)) { return VALUE_WRONG_TYPE; }
        *ret_number = strtod(number, NULL) + 0.0;
        return VALUE_FOUND;
    }
    if (names_no_number(text)) {
        *ret_number = NAN;
        return VALUE_FOUND;
    }
    double real;
    if (!as_text || !read_real(text, &real)) { return VALUE_WRONG_TYPE; }
    *ret_number = real + 0.0;
    return VALUE_FOUND;
}

enum value_state json_value_number(json_t *value, const struct path_format *format, bool as_text,
                                   double *ret_number)
{
    char number[DECIMAL_TEXT_MAX];
    struct slice inside;
    if (json_flaw_of(value) == FLAW_NOT_FINITE) {
        *ret_number = NAN;
        return VALUE_FOUND;
    }
    enum value_state state = state_of(value);
    if (state != VALUE_FOUND) { return state; }
    if (json_is_string(value)) { return text_number(value, format, as_text, ret_number); }
    if (json_is_object(value) && wrapped_number(value, number, &inside)) {
        *ret_number = strtod(number, NULL) + 0.0;
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
    char number[DECIMAL_TEXT_MAX];
    struct slice inside;
    if (as_text && json_is_string(value) && read_integer(trimmed(text_of(value)), &integer)) {
        *ret_integer = integer;
        return VALUE_FOUND;
    }
    if (json_is_object(value) && wrapped_number(value, number, &inside) &&
        read_integer(inside, &integer)) {
        *ret_integer = integer;
        return VALUE_FOUND;
    }
    if (!json_is_integer(value)) { return VALUE_WRONG_TYPE; }
    *ret_integer = json_integer_value(value);
    return VALUE_FOUND;
}

/* ---- Times ---- */

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
    } else if (as_text && json_is_string(value) && read_real(trimmed(text_of(value)), &real)) {
        rc = timestamp_from_real(format, real, ret_ms);
    } else {
        return VALUE_WRONG_TYPE;
    }
    return rc ? VALUE_UNREADABLE : VALUE_FOUND;
}

/* A number tells its unit by its size; where it is none of these years, it is a text. */
static enum value_state read_any(json_t *value, int64_t *ret_ms)
{
    double real;
    if (json_is_string(value)) {
        struct slice text = trimmed(text_of(value));
        if (timestamp_from_text(text, ret_ms) == 0) { return VALUE_FOUND; }
        if (!read_real(text, &real)) { return VALUE_UNREADABLE; }
    } else if (json_value_number(value, NULL, false, &real) != VALUE_FOUND) {
        return VALUE_WRONG_TYPE;
    }
    return timestamp_from_size(real, ret_ms) ? VALUE_UNREADABLE : VALUE_FOUND;
}

static enum value_state read_layout(json_t *value, const struct time_layout *layout, bool as_text,
                                    int64_t *ret_ms)
{
    if (layout->format == TIME_FORMAT_AUTO) { return read_any(value, ret_ms); }
    if (!time_format_is_text(layout->format)) {
        return read_count(value, layout->format, as_text, ret_ms);
    }
    char uuid[WRAPPED_TEXT_MAX];
    struct slice text;
    if (json_is_string(value)) {
        text = trimmed(text_of(value));
    } else if (!json_is_object(value) || !wrapped_text(value, uuid, &text)) {
        return VALUE_WRONG_TYPE;
    }
    int rc = layout->format == TIME_FORMAT_PATTERN
                 ? timestamp_from_pattern(text, layout->pattern, ret_ms)
                 : timestamp_from_text(text, ret_ms);
    return rc ? VALUE_UNREADABLE : VALUE_FOUND;
}

enum value_state json_value_time(json_t *value, const struct time_layouts *layouts, bool as_text,
                                 int64_t *ret_ms)
{
    enum value_state state = state_of(value);
    if (state != VALUE_FOUND) { return state; }
    if (json_is_array(value)) { return wrapped_time(value, ret_ms); }
    state = json_is_object(value) ? wrapped_time(value, ret_ms) : VALUE_WRONG_TYPE;
    if (state != VALUE_WRONG_TYPE) { return state; }
    for (size_t i = 0; i < layouts->count; i++) {
        enum value_state next = read_layout(value, &layouts->at[i], as_text, ret_ms);
        if (next == VALUE_FOUND) { return next; }
        if (next == VALUE_UNREADABLE) { state = next; }
    }
    return state;
}

/* ---- Lists of texts ---- */

/* Takes the next text of a,b,... off the list; false: there is none. An empty one counts only
 * between commas, or behind the last one. */
static bool next_listed(const char **list, struct slice *ret_text)
{
    const char *at = *list;
    if (!at) { return false; }
    size_t size = strcspn(at, ",");
    *ret_text = slice_of(at, size);
    *list = at[size] ? at + size + 1 : NULL;
    return true;
}

static bool is_listed(struct slice text, const char *list, bool any_case)
{
    struct slice one;
    if (!*list) { return false; }
    while (next_listed(&list, &one)) {
        bool same = one.size == text.size && (any_case ? !strncasecmp(one.data, text.data, one.size)
                                                       : !memcmp(one.data, text.data, one.size));
        if (same) { return true; }
    }
    return false;
}

static bool is_listed_number(double number, const char *list)
{
    struct slice one;
    while (next_listed(&list, &one)) {
        char text[NUMBER_TEXT_MAX];
        if (one.size >= sizeof(text)) { continue; }
        memcpy(text, one.data, one.size);
        text[one.size] = '\0';
        double listed;
        if (read_real(slice_of(text, one.size), &listed) && listed == number) { return true; }
    }
    return false;
}

/* What Debezium writes for a large column that did not change; its bytes are in Base64. */
static bool is_placeholder(const json_t *value)
{
    static const char text[] = "__debezium_unavailable_value";
    static const char base64[] = "X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ==";
    if (json_is_array(value) && json_array_size(value) == 1) { value = json_array_get(value, 0); }
    if (!json_is_string(value)) { return false; }
    struct slice found = text_of((json_t *)value);
    return slice_equal(found, slice_of(text, sizeof(text) - 1)) ||
           slice_equal(found, slice_of(base64, sizeof(base64) - 1));
}

bool json_value_is_listed(json_t *value, const char *list, bool texts_only)
{
    if (json_is_object(value) ? wrapped_null(value) : is_placeholder(value)) { return true; }
    if (!*list) { return false; }
    if (json_is_string(value)) { return is_listed(text_of(value), list, false); }
    if (texts_only) { return false; }
    if (json_is_boolean(value)) {
        return is_listed(slice_str(json_is_true(value) ? "true" : "false"), list, false);
    }
    if (json_is_number(value)) { return is_listed_number(json_number_value(value), list); }
    bool empty = json_is_object(value) ? json_object_size(value) == 0
                                       : json_is_array(value) && json_array_size(value) == 0;
    return empty && is_listed(slice_str(json_is_object(value) ? "{}" : "[]"), list, false);
}

static enum value_state text_flag(struct slice text, const struct flag_texts *texts, bool *ret_flag)
{
    double number;
    char copy[NUMBER_TEXT_MAX];
    if (is_listed(text, texts->yes, true)) {
        *ret_flag = true;
        return VALUE_FOUND;
    }
    if (text.size < sizeof(copy)) {
        memcpy(copy, text.data, text.size);
        copy[text.size] = '\0';
        if (read_real(slice_of(copy, text.size), &number)) {
            *ret_flag = number > 0;
            return VALUE_FOUND;
        }
    }
    if (texts->no && !is_listed(text, texts->no, true)) { return VALUE_WRONG_TYPE; }
    *ret_flag = false;
    return VALUE_FOUND;
}

enum value_state json_value_flag(json_t *value, const struct path_format *format,
                                 const struct flag_texts *texts, bool *ret_flag)
{
    double number;
    enum value_state state = state_of(value);
    if (state != VALUE_FOUND) { return state; }
    if (json_is_string(value) && !format) {
        return text_flag(trimmed(text_of(value)), texts, ret_flag);
    }
    if (json_is_object(value) && wrapped_flag(value)) { value = wrapped_flag(value); }
    if (json_is_boolean(value)) {
        *ret_flag = json_is_true(value);
        return VALUE_FOUND;
    }
    state = json_value_number(value, format, false, &number);
    if (state == VALUE_FOUND) { *ret_flag = number > 0; }
    return state;
}

enum value_state json_value_year(json_t *value, int32_t *ret_year)
{
    enum value_state state = state_of(value);
    if (state != VALUE_FOUND) { return state; }
    int64_t year = 0;
    if (json_is_string(value)) {
        struct slice text = trimmed(text_of(value));
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
        if (json_value_number(json_array_get(value, i), NULL, false, &number) != VALUE_FOUND) {
            return VALUE_WRONG_TYPE;
        }
        at[i] = (float)number;
    }
    *ret_floats = (struct floats){.at = at, .count = count};
    return VALUE_FOUND;
}

/* Counts the numbers of all arrays of an object, at most so many of each. */
static size_t count_numbers(json_t *object, size_t most_each)
{
    const char *name;
    json_t *list;
    size_t sum = 0;
    json_object_foreach(object, name, list) {
        sum += MIN_OF(json_array_size(list), most_each);
    }
    return sum;
}

enum value_state json_value_named_floats(json_t *value, size_t most, size_t most_each,
                                         struct arena *arena, struct slices *ret_names,
                                         struct ints *ret_widths, struct floats *ret_numbers)
{
    enum value_state state = state_of(value);
    const char *name;
    json_t *list;
    size_t sum = 0;
    if (state != VALUE_FOUND) { return state; }
    if (!json_is_object(value)) { return VALUE_WRONG_TYPE; }
    struct slices names = {.at = arena_alloc_array(arena, most + 1, sizeof(struct slice))};
    struct ints widths = {.at = arena_alloc_array(arena, most + 1, sizeof(int32_t))};
    size_t all = count_numbers(value, most_each + 1);
    float *numbers = arena_alloc_array(arena, all + 1, sizeof(*numbers));
    json_object_foreach(value, name, list) {
        struct floats one;
        if (names.count > most || json_is_null(list)) { continue; }
        if (json_value_floats(list, most_each, arena, &one) != VALUE_FOUND) {
            return VALUE_WRONG_TYPE;
        }
        names.at[names.count++] = arena_copy(arena, slice_str(name));
        widths.at[widths.count++] = (int32_t)one.count;
        if (one.count) { memcpy(numbers + sum, one.at, one.count * sizeof(*numbers)); }
        sum += one.count;
    }
    *ret_names = names;
    *ret_widths = widths;
    *ret_numbers = (struct floats){.at = numbers, .count = sum};
    return VALUE_FOUND;
}
