/* Parsed: text to option_value, by the option's type, its units and its limits. Stored: an
 * option_value into the settings. Printed: what the settings have, the limits, the help; amounts in
 * the largest unit that divides them, so that what is printed can be read again.
 */
#include "base/base.h"
#include "base/number.h"
#include "base/utf8.h"
#include "stream/config/option_value.h"

enum { UNIT_BYTES_MAX = 8 };

struct unit {
    const char *name;
    int64_t size;
    const char *also; /* other spellings, each between bars */
};

static const struct unit bytes_units[] = {
    {"t", INT64_C(1) << 40, "|tb|tib|"}, {"g", 1 << 30, "|gb|gib|"}, {"m", 1 << 20, "|mb|mib|"},
    {"k", 1 << 10, "|kb|kib|"},          {"", 1, "|b|"},             {NULL, 0, NULL}};
static const struct unit duration_units[] = {
    {"d", 86400000, "|day|days|"}, {"h", 3600000, "|hour|hours|"}, {"m", 60000, "|min|minutes|"},
    {"s", 1000, "|sec|seconds|"},  {"ms", 1, ""},                  {"", 1, ""},
    {NULL, 0, NULL}};

static const struct {
    const char *name;
    const char *description;
} types[] = {
    [OPTION_STRING] = {"string", "a text in UTF-8"},
    [OPTION_SECRET] = {"secret", "a text"},
    [OPTION_LONG] = {"number", "a whole number"},
    [OPTION_DOUBLE] = {"decimal", "a decimal number"},
    [OPTION_BOOL] = {"boolean", "true or false"},
    [OPTION_BYTES] = {"size", "a size such as 64k, 32m or 1g"},
    [OPTION_DURATION] = {"duration", "a duration such as 250ms, 5s, 10m, 2h or 30d"},
    [OPTION_CHOICE] = {"choice", "one of"},
    [OPTION_PREFIX] = {"prefix", "any key that begins with the prefix"},
};

/* ---- From text ---- */

static bool is_unit(const struct unit *unit, const char *text)
{
    char word[UNIT_BYTES_MAX + 3];
    if (strcmp(unit->name, text) == 0) { return true; }
    if (strlen(text) > UNIT_BYTES_MAX || !text[0] || strchr(text, '|')) { return false; }
    (void)snprintf(word, sizeof(word), "|%s|", text);
    return strstr(unit->also, word) != NULL;
}

/* Writes a unit as the tables have it: sizes have no other meaning in capitals. */
static void fold_unit(const char *text, bool is_size, char *into, size_t size)
{
    size_t i = 0;
    for (; text[i] && i + 1 < size; i++) {
        bool upper = is_size && text[i] >= 'A' && text[i] <= 'Z';
        into[i] = (char)(upper ? text[i] - 'A' + 'a' : text[i]);
    }
    into[i] = '\0';
}

static int parse_units(const char *text, const struct unit *units, int64_t *ret_number)
{
    int64_t number;
    char name[UNIT_BYTES_MAX + 2];
    if (!number_read(&text, &number)) { return -EINVAL; }
    size_t blanks = strspn(text, " ");
    if (blanks && !text[blanks]) { return -EINVAL; }
    fold_unit(text + blanks, units == bytes_units, name, sizeof(name));
    for (; units->name; units++) {
        if (!is_unit(units, name)) { continue; }
        return __builtin_mul_overflow(number, units->size, ret_number) ? -EINVAL : 0;
    }
    return -EINVAL;
}

static int parse_bool(const char *text, int64_t *ret_number)
{
    bool truth = strcmp(text, "true") == 0;
    if (!truth && strcmp(text, "false") != 0) { return -EINVAL; }
    *ret_number = truth;
    return 0;
}

static int parse_choice(const char *choices, const char *text, int64_t *ret_number)
{
    size_t length = strlen(text);
    int64_t index = 0;
    for (const char *at = choices; at; index++) {
        size_t size = strcspn(at, "|");
        if (size == length && memcmp(at, text, size) == 0) {
            *ret_number = index;
            return 0;
        }
        at = at[size] ? at + size + 1 : NULL;
    }
    return -EINVAL;
}

static bool is_limited(const struct option *option)
{
    return option->min != 0 || option->max != 0;
}

static int parse_number(const struct option *option, const char *text, int64_t *ret_number)
{
    static const struct unit none[] = {{"", 1, ""}, {NULL, 0, NULL}};
    const struct unit *units = option->type == OPTION_BYTES      ? bytes_units
                               : option->type == OPTION_DURATION ? duration_units
                                                                 : none;
    int64_t number;
    if (option->part != MEMORY_NONE && strcmp(text, "auto") == 0) {
        *ret_number = MEMORY_AUTO;
        return 0;
    }
    if (parse_units(text, units, &number) < 0) { return -EINVAL; }
    if (number < 0 && option->type != OPTION_LONG) { return -EINVAL; }
    bool inside = (double)number >= option->min && (double)number <= option->max;
    if (is_limited(option) && !inside) { return -EINVAL; }
    *ret_number = number;
    return 0;
}

static int parse_real(const struct option *option, const char *text, double *ret_number)
{
    double number;
    if (!number_parse_real(text, &number)) { return -EINVAL; }
    bool inside = number >= option->min && number <= option->max;
    if (is_limited(option) && !inside) { return -EINVAL; }
    *ret_number = number;
    return 0;
}

int option_value_parse(const struct option *option, const char *text,
                       struct option_value *ret_value)
{
    struct option_value value = {.text = text};
    int result = 0;
    switch (option->type) {
    case OPTION_STRING:
        result = utf8_valid(text, strlen(text)) ? 0 : -EINVAL;
        break;
    case OPTION_SECRET:
        break;
    case OPTION_LONG:
    case OPTION_BYTES:
    case OPTION_DURATION:
        result = parse_number(option, text, &value.number);
        break;
    case OPTION_DOUBLE:
        result = parse_real(option, text, &value.real);
        break;
    case OPTION_BOOL:
        result = parse_bool(text, &value.number);
        break;
    case OPTION_CHOICE:
        result = parse_choice(option->choices, text, &value.number);
        break;
    case OPTION_PREFIX:
        assert(!"a prefix option has no value of its own");
    }
    if (result == 0) { *ret_value = value; }
    return result;
}

/* ---- Into the settings ---- */

void option_value_store(const struct option *option, const struct option_value *value,
                        void *settings)
{
    char *member = (char *)settings + option->offset;
    int32_t choice = (int32_t)value->number;
    bool truth = value->number != 0;
    switch (option->type) {
    case OPTION_STRING:
    case OPTION_SECRET:
        memcpy(member, &value->text, sizeof(value->text));
        return;
    case OPTION_LONG:
    case OPTION_BYTES:
    case OPTION_DURATION:
        memcpy(member, &value->number, sizeof(value->number));
        return;
    case OPTION_DOUBLE:
        memcpy(member, &value->real, sizeof(value->real));
        return;
    case OPTION_BOOL:
        memcpy(member, &truth, sizeof(truth));
        return;
    case OPTION_CHOICE:
        memcpy(member, &choice, sizeof(choice));
        return;
    case OPTION_PREFIX:
        assert(!"a prefix option has no value of its own");
    }
}

/* ---- In words ---- */

const char *option_type_name(enum option_type type)
{
    return types[type].name;
}

static void append_amount(const struct option *option, double amount, struct buf *out)
{
    const struct unit *unit = option->type == OPTION_BYTES      ? bytes_units
                              : option->type == OPTION_DURATION ? duration_units
                                                                : NULL;
    if (!unit || amount == 0) {
        buf_printf(out, option->type == OPTION_DOUBLE ? "%.15g" : "%.0f", amount);
        return;
    }
    while (fmod(amount, (double)unit->size) != 0 && unit->size > 1) { unit++; }
    buf_printf(out, "%.15g%s", amount / (double)unit->size, unit->name);
}

static void append_choices(const char *choices, struct buf *out)
{
    for (const char *at = choices; at;) {
        size_t size = strcspn(at, "|");
        const char *next = at[size] ? at + size + 1 : NULL;
        bool is_last = next && !strchr(next, '|');
        buf_append(out, at, size);
        if (next) { buf_printf(out, is_last ? " or " : ", "); }
        at = next;
    }
}

static void append_choice(const char *choices, int32_t index, struct buf *out)
{
    while (index-- > 0) { choices += strcspn(choices, "|") + 1; }
    buf_append(out, choices, strcspn(choices, "|"));
}

static void append_number(const struct option *option, int64_t number, struct buf *out)
{
    if (option->part != MEMORY_NONE && number == MEMORY_AUTO) {
        buf_printf(out, "auto");
    } else {
        append_amount(option, (double)number, out);
    }
}

void option_value_print(const struct option *option, const void *settings, struct buf *out)
{
    const char *member = (const char *)settings + option->offset, *text;
    int64_t number;
    int32_t choice;
    double real;
    switch (option->type) {
    case OPTION_STRING:
        memcpy(&text, member, sizeof(text));
        buf_printf(out, "%s", text ? text : "");
        return;
    case OPTION_SECRET:
        buf_printf(out, "****");
        return;
    case OPTION_LONG:
    case OPTION_BYTES:
    case OPTION_DURATION:
        memcpy(&number, member, sizeof(number));
        append_number(option, number, out);
        return;
    case OPTION_DOUBLE:
        memcpy(&real, member, sizeof(real));
        append_amount(option, real, out);
        return;
    case OPTION_BOOL:
        buf_printf(out, "%s", *(const bool *)member ? "true" : "false");
        return;
    case OPTION_CHOICE:
        memcpy(&choice, member, sizeof(choice));
        append_choice(option->choices, choice, out);
        return;
    case OPTION_PREFIX:
        assert(!"a prefix option has no value of its own");
    }
}

void option_about(const struct option *option, struct buf *out)
{
    size_t size = strlen(option->help);
    buf_append(out, option->help, size);
    if (option->live) {
        bool ended = size && option->help[size - 1] == '.';
        buf_printf(out, "%s SIGHUP reads it again.", ended ? "" : ".");
    }
    if (option->former) { buf_printf(out, " Formerly %s.", option->former); }
}

void option_limits(const struct option *option, struct buf *out)
{
    if (option->type == OPTION_CHOICE) {
        append_choices(option->choices, out);
        return;
    }
    bool is_number = option->type == OPTION_LONG || option->type == OPTION_DOUBLE ||
                     option->type == OPTION_BYTES || option->type == OPTION_DURATION;
    if (!is_number || !is_limited(option)) { return; }
    bool low = !isinf(option->min);
    bool high = !isinf(option->max);
    if (low) {
        buf_printf(out, high ? "from " : "at least ");
        append_amount(option, option->min, out);
    }
    if (high) {
        buf_printf(out, low ? " to " : "at most ");
        append_amount(option, option->max, out);
    }
    if (option->part != MEMORY_NONE) { buf_printf(out, ", or auto"); }
}

void option_describe(const struct option *option, struct buf *out)
{
    buf_printf(out, "%s", types[option->type].description);
    size_t before = out->size;
    buf_printf(out, option->type == OPTION_CHOICE ? " " : ", ");
    size_t with_comma = out->size;
    option_limits(option, out);
    if (out->size == with_comma) { out->size = before; }
}
