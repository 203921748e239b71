#include "base/base.h"
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
        bool takes = reloads && reloads(options[i].name);
        struct buf *names = takes ? taken : kept;
        buf_printf(names, "%s%s", names->size ? "," : "", options[i].name);
        if (takes) { memcpy(old, new, size_of(options[i].type)); }
    }
}
