#include "base/base.h"
#include "ingest/mapping/time_hint.h"
#include "syntax/timestamp.h"

enum { WORD_BYTES_MAX = 40, PATTERN_TEXT_MAX = 120 };

/* Each format and other words for it, each between bars. */
static const struct {
    const char *name;
    const char *words;
} names[] = {
    {"iso8601", "|iso|iso-8601|iso_8601|iso8601z|rfc3339|datetime|timestamp|date|"},
    {"ms", "|milli|millis|millisecond|milliseconds|epoch_ms|epochmillis|unix_ms|"},
    {"s", "|sec|secs|second|seconds|unix|epoch|unixtime|epoch_s|posix|"},
    {"us", "|micro|micros|microsecond|microseconds|"},
    {"ns", "|nano|nanos|nanosecond|nanoseconds|"},
    {"days", "|day|epoch_day|epochday|"},
    {"auto", "|any|detect|guess|automatic|"},
};

/* Java's letters, the longest runs first, and strptime's conversions. */
static const struct {
    const char *java;
    const char *here;
} letters[] = {
    {"yyyy", "%Y"}, {"uuuu", "%Y"}, {"yy", "%y"},  {"MMMM", "%B"}, {"MMM", "%b"}, {"MM", "%m"},
    {"M", "%m"},    {"dd", "%d"},   {"d", "%d"},   {"HH", "%H"},   {"H", "%H"},   {"hh", "%I"},
    {"mm", "%M"},   {"ss", "%S"},   {"SSSSSS", "%f"}, {"SSS", "%f"}, {"SS", "%f"}, {"S", "%f"},
    {"XX" "X", "%z"},  {"XX", "%z"},   {"X", "%z"},   {"xxx", "%z"},  {"Z", "%z"},   {"a", "%p"},
    {"EEEE", "%A"}, {"EEE", "%a"},
};

static const char *name_of(const char *text)
{
    char word[WORD_BYTES_MAX + 3];
    if (!text[0] || strlen(text) > WORD_BYTES_MAX || strchr(text, '|')) { return NULL; }
    (void)snprintf(word, sizeof(word), "|%s|", text);
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        if (strcasecmp(names[i].name, text) == 0 || strcasestr(names[i].words, word)) {
            return names[i].name;
        }
    }
    return NULL;
}

/* Translates the letters at `at`; returns how many, 0: they are no conversion. */
static size_t translate(const char *at, struct buf *out)
{
    size_t run = 1;
    while (at[run] == at[0]) { run++; }
    for (size_t i = 0; i < ARRAY_COUNT(letters); i++) {
        if (strlen(letters[i].java) != run || letters[i].java[0] != at[0]) { continue; }
        buf_printf(out, "%s", letters[i].here);
        return run;
    }
    return 0;
}

/* Quoted texts are themselves; letters outside of quotes are conversions. */
static bool translate_all(const char *text, struct buf *out)
{
    bool quoted = false;
    for (const char *at = text; *at;) {
        bool letter = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z');
        if (*at == '\'') {
            quoted = !quoted;
            at++;
        } else if (letter && !quoted && *at != 'T') {
            size_t run = translate(at, out);
            if (!run) { return false; }
            at += run;
        } else {
            buf_append(out, at, 1);
            at++;
        }
    }
    return true;
}

/* Of a pattern of ours, a sign that there is not. */
static bool hint_sign(const char *text, struct buf *out)
{
    static const char signs[] = "YymdejHkIlMSfLpPbBhaAzZsTDFRnt%";
    for (const char *at = strchr(text, '%'); at && at[1]; at = strchr(at + 2, '%')) {
        if (strchr(signs, at[1])) { continue; }
        buf_printf(out, "; there is no %%%c, but %%Y %%m %%d %%H %%M %%S %%f %%z and others "
                        "(docs/mapping.md)", at[1]);
        return true;
    }
    return false;
}

void time_hint(const char *text, struct buf *out)
{
    const char *name = name_of(text);
    struct time_layout layout;
    struct buf pattern;
    if (name) {
        buf_printf(out, "; did you mean %s?", name);
        return;
    }
    if (hint_sign(text, out)) { return; }
    buf_init(&pattern, PATTERN_TEXT_MAX);
    bool good = !strchr(text, '%') && translate_all(text, &pattern) && !buf_failed(&pattern) &&
                time_layout_parse(buf_slice(&pattern), &layout) == 0;
    if (good) { buf_printf(out, "; did you mean %.*s?", SLICE_ARGS(buf_slice(&pattern))); }
    buf_release(&pattern);
}
