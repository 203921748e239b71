#include "base/base.h"
#include "base/calendar.h"
#include "base/message.h"
#include "rules/rule_text.h"

#define SECOND_MS 1000.0
#define DAY_MS 86400000.0
#define PERIOD_MS_MAX (36500.0 * DAY_MS)

void rule_text_init(struct rule_text *text, struct slice bytes)
{
    *text = (struct rule_text){.at = bytes.data, .end = bytes.data + bytes.size};
    rule_text_next(text);
}

bool rule_text_fault(struct rule_text *text, const char *format, ...)
{
    if (text->why[0]) { return false; }
    va_list args;
    va_start(args, format);
    message_write(text->why, sizeof(text->why), format, args);
    va_end(args);
    text->word = WORD_FAULT;
    return false;
}

struct slice rule_text_found(const struct rule_text *text)
{
    return text->word == WORD_END ? slice_str("the end") : text->text;
}

bool rule_text_is(const struct rule_text *text, const char *word)
{
    bool fits = text->word == WORD_NAME || text->word == WORD_SIGN;
    return fits && slice_equal(text->text, slice_str(word));
}

bool rule_text_take(struct rule_text *text, const char *word)
{
    if (!rule_text_is(text, word)) { return false; }
    rule_text_next(text);
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static void read_name(struct rule_text *text)
{
    const char *begin = text->at;
    while (text->at < text->end &&
           (is_letter(*text->at) || is_digit(*text->at) || *text->at == '.')) {
        text->at++;
    }
    text->word = WORD_NAME;
    text->text = slice_of(begin, (size_t)(text->at - begin));
}

static void read_quoted(struct rule_text *text, char quote)
{
    const char *begin = text->at + 1;
    const char *close = memchr(begin, quote, (size_t)(text->end - begin));
    if (!close) {
        text->at = text->end;
        (void)rule_text_fault(text, "a text has no closing %c: write %c...%c", quote, quote, quote);
        return;
    }
    text->word = WORD_TEXT;
    text->text = slice_of(begin, (size_t)(close - begin));
    text->at = close + 1;
}

/* Reads exactly so many digits; -1: others. */
static int digits(const struct rule_text *text, size_t from, size_t count)
{
    int number = 0;
    if ((size_t)(text->end - text->at) < from + count) { return -1; }
    for (size_t k = 0; k < count; k++) {
        char c = text->at[from + k];
        if (!is_digit(c)) { return -1; }
        number = number * 10 + (c - '0');
    }
    return number;
}

static bool has_at(const struct rule_text *text, size_t at, char c)
{
    return (size_t)(text->end - text->at) > at && text->at[at] == c;
}

/* Reads a date; false: this is none. */
static bool read_date(struct rule_text *text)
{
    int year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
    const char *begin = text->at;
    if (year < 0 || month < 0 || day < 0 || !has_at(text, 4, '-') || !has_at(text, 7, '-')) {
        return false;
    }
    int hour = 0, minute = 0;
    size_t size = 10;
    if (has_at(text, 10, 'T')) {
        hour = digits(text, 11, 2);
        minute = has_at(text, 13, ':') ? digits(text, 14, 2) : -1;
        size = 16;
    }
    if (year < 1970 || month < 1 || month > 12 || day < 1 ||
        day > calendar_month_days(year, month) || hour < 0 || hour > 23 || minute < 0 ||
        minute > 59) {
        return !rule_text_fault(text, "a date is written 2026-12-01 or 2026-12-01T08:30 (UTC)");
    }
    text->at += size;
    if (has_at(text, 0, 'Z')) { text->at++; }
    text->word = WORD_DATE;
    text->text = slice_of(begin, (size_t)(text->at - begin));
    text->number = (double)calendar_days(year, month, day) * DAY_MS +
                   (double)(hour * 60 + minute) * 60.0 * SECOND_MS;
    return true;
}

static double unit_ms(char unit)
{
    switch (unit) {
    case 's': return SECOND_MS;
    case 'm': return SECOND_MS * 60.0;
    case 'h': return SECOND_MS * 3600.0;
    case 'd': return DAY_MS;
    case 'w': return DAY_MS * 7.0;
    default: return 0.0;
    }
}

/* The unit behind a number: none, a percent sign, or that of a period. */
static void read_unit(struct rule_text *text)
{
    char unit = text->at < text->end ? *text->at : ' ';
    text->word = WORD_NUMBER;
    if (unit == '%') {
        text->at++;
        text->word = WORD_SHARE;
        text->number /= 100.0;
        return;
    }
    if (!is_letter(unit)) { return; }
    double factor = unit_ms(unit);
    bool longer = text->end - text->at > 1 && (is_letter(text->at[1]) || is_digit(text->at[1]));
    if (factor == 0.0 || longer) {
        (void)rule_text_fault(text, "a period is written 90s, 15m, 36h, 14d or 2w");
        return;
    }
    text->number *= factor;
    if (text->number > PERIOD_MS_MAX) {
        (void)rule_text_fault(text, "a period is at most 36500d");
        return;
    }
    text->at++;
    text->word = WORD_PERIOD;
}

static void read_number(struct rule_text *text)
{
    const char *begin = text->at;
    double number = 0.0, place = 1.0;
    if (read_date(text)) { return; }
    for (; text->at < text->end && is_digit(*text->at); text->at++) {
        number = number * 10.0 + (double)(*text->at - '0');
    }
    if (has_at(text, 0, '.')) {
        for (text->at++; text->at < text->end && is_digit(*text->at); text->at++) {
            place *= 10.0;
            number = number * 10.0 + (double)(*text->at - '0');
        }
    }
    text->number = number / place; /* exact for up to 15 digits */
    if (!(number <= 1e15)) {
        (void)rule_text_fault(text, "a number has at most 15 digits");
        return;
    }
    read_unit(text);
    text->text = slice_of(begin, (size_t)(text->at - begin));
}

static void read_sign(struct rule_text *text)
{
    bool two = text->end - text->at > 1 && text->at[1] == '=' && *text->at &&
               strchr("!<>=", *text->at);
    text->word = WORD_SIGN;
    text->text = slice_of(text->at, two ? 2 : 1);
    if (!two && (!*text->at || !strchr("=<>(),+-", *text->at))) {
        (void)rule_text_fault(text, "%.*s is no sign: there are = != < <= > >= ( ) ,",
                              SLICE_ARGS(text->text));
        return;
    }
    if (two && *text->at == '=') { text->text = slice_of(text->at, 1); } /* == is = */
    text->at += two ? 2 : 1;
}

void rule_text_next(struct rule_text *text)
{
    if (text->word == WORD_FAULT) { return; }
    while (text->at < text->end && (*text->at == ' ' || *text->at == '\t' || *text->at == '\n')) {
        text->at++;
    }
    if (text->at == text->end) {
        text->word = WORD_END;
        text->text = slice_str("");
    } else if (is_letter(*text->at)) {
        read_name(text);
    } else if (is_digit(*text->at)) {
        read_number(text);
    } else if (*text->at == '\'' || *text->at == '"') {
        read_quoted(text, *text->at);
    } else {
        read_sign(text);
    }
}
