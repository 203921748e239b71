#include "base/base.h"
#include "base/quote.h"
#include "base/secret.h"
#include "base/xalloc.h"
#include "stream/config/option_value.h"
#include "stream/reload.h"

static size_t size_of(enum option_type type)
{
    switch (type) {
    case OPTION_STRING:
    case OPTION_SECRET: return sizeof(const char *);
    case OPTION_LONG:
    case OPTION_BYTES:
    case OPTION_DURATION: return sizeof(int64_t);
    case OPTION_DOUBLE: return sizeof(double);
    case OPTION_BOOL: return sizeof(bool);
    case OPTION_CHOICE: return sizeof(int32_t);
    case OPTION_PREFIX: return sizeof(struct properties);
    }
    assert(false);
    return 0;
}

static bool same_properties(const struct properties *a, const struct properties *b)
{
    bool same = a->count == b->count;
    for (size_t i = 0; i < a->count && same; i++) {
        const char *other = properties_get(b, a->at[i].key);
        same = other && strcmp(other, a->at[i].value) == 0;
    }
    return same;
}

static bool same_value(enum option_type type, const void *a, const void *b)
{
    if (type == OPTION_PREFIX) { return same_properties(a, b); }
    if (type != OPTION_STRING && type != OPTION_SECRET) { return memcmp(a, b, size_of(type)) == 0; }
    const char *one, *two;
    memcpy(&one, a, sizeof(one));
    memcpy(&two, b, sizeof(two));
    return one == two || (one && two && strcmp(one, two) == 0);
}

void reload_options(const struct option *options, size_t count, void *used, const void *fresh,
                    bool (*reloads)(const char *option), struct buf *taken, struct buf *kept)
{
    for (size_t i = 0; i < count; i++) {
        char *old = (char *)used + options[i].offset;
        const char *new = (const char *)fresh + options[i].offset;
        if (same_value(options[i].type, old, new)) { continue; }
        bool takes = options[i].live || (reloads && reloads(options[i].name));
        struct buf *names = takes ? taken : kept;
        buf_printf(names, "%s%s", names->size ? "," : "", options[i].name);
        if (takes) { memcpy(old, new, size_of(options[i].type)); }
    }
}

/* ---- In words ---- */

enum { VALUE_BYTES_MAX = 64 << 10 };

static void say_change(const char *prefix, const char *key, const char *from, const char *to,
                       struct buf *lines)
{
    _cleanup_(xfreep) char *name = xprintf("%s%s", prefix, key);
    bool secret = secret_named(slice_str(name));
    buf_printf(lines, "option=%s from=%s to=%s\n", quote_text(name).text,
               secret && from[0] ? "****" : quote_text(from).text,
               secret && to[0] ? "****" : quote_text(to).text);
}

static void say_properties(const char *prefix, const struct properties *from,
                           const struct properties *to, struct buf *lines)
{
    for (size_t i = 0; i < from->count; i++) {
        const char *new = properties_get(to, from->at[i].key), *old = from->at[i].value;
        if (new && strcmp(new, old) == 0) { continue; }
        say_change(prefix, from->at[i].key, old, new ? new : "", lines);
    }
    for (size_t i = 0; i < to->count; i++) {
        const struct property *new = &to->at[i];
        if (properties_get(from, new->key)) { continue; }
        say_change(prefix, new->key, "", new->value, lines);
    }
}

static char *value_text(const struct option *option, const void *settings)
{
    struct buf text;
    buf_init(&text, VALUE_BYTES_MAX);
    option_value_print(option, settings, &text);
    char *copy = xprintf("%.*s", SLICE_ARGS(buf_slice(&text)));
    buf_release(&text);
    return copy;
}

void reload_changes(const struct option *options, size_t count, const void *from, const void *to,
                    struct buf *lines)
{
    for (size_t i = 0; i < count; i++) {
        const char *old = (const char *)from + options[i].offset;
        const char *new = (const char *)to + options[i].offset;
        if (same_value(options[i].type, old, new)) { continue; }
        if (options[i].type == OPTION_PREFIX) {
            const void *one = old, *two = new;
            say_properties(options[i].name, one, two, lines);
            continue;
        }
        _cleanup_(xfreep) char *was = value_text(&options[i], from);
        _cleanup_(xfreep) char *is = value_text(&options[i], to);
        say_change(options[i].name, "", was, is, lines);
    }
}
