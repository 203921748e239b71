#include "base/base.h"
#include "schemas/context_words.h"

struct wording {
    const char *name, *english, *chinese; /* %.*s: the value */
};

/* Whole values first. */
static const struct wording values[] = {
    {"day=night", "at night", "夜间"},
    {"day=morning", "in the morning", "上午"},
    {"day=afternoon", "in the afternoon", "下午"},
    {"day=evening", "in the evening", "晚间"},
    {"week=weekday", "on weekdays", "工作日"},
    {"week=weekend", "at weekends", "周末"},
    {"device=mobile", "on mobile", "在移动端"},
    {"device=desktop", "on desktop", "在电脑上"},
    {"device=tablet", "on tablet", "在平板上"},
    {"device=tv", "on tv", "在电视上"},
};

enum form { FORM_DEVICE, FORM_CHANNEL, FORM_COUNTRY, FORM_REGION, FORM_GEOHASH, FORM_OTHER };

static enum form form_of(struct slice because, struct slice *ret_value)
{
    static const char *const names[FORM_OTHER] = {"device=", "channel=", "country=", "region=",
                                                  "geohash="};
    for (int form = 0; form < FORM_OTHER; form++) {
        size_t size = strlen(names[form]);
        if (because.size <= size || memcmp(because.data, names[form], size) != 0) { continue; }
        *ret_value = slice_of(because.data + size, because.size - size);
        return (enum form)form;
    }
    *ret_value = because;
    return FORM_OTHER;
}

/* Codes of countries and regions are written in capitals. */
static void raise(char *text)
{
    for (; *text; text++) {
        if (*text >= 'a' && *text <= 'z') { *text = (char)(*text - 'a' + 'A'); }
    }
}

static void write_form(enum form form, const char *value, bool chinese, char *into)
{
    const size_t size = CONTEXT_WORDS_BYTES;
    switch (form) {
    case FORM_DEVICE:
        (void)snprintf(into, size, chinese ? "在 %s 上" : "on %s", value);
        return;
    case FORM_CHANNEL:
        (void)snprintf(into, size, chinese ? "通过 %s" : "by %s", value);
        return;
    case FORM_COUNTRY:
    case FORM_REGION:
        (void)snprintf(into, size, chinese ? "在 %s" : "in %s", value);
        return;
    case FORM_GEOHASH:
        (void)snprintf(into, size, chinese ? "在 %s 附近" : "near %s", value);
        return;
    case FORM_OTHER:
        (void)snprintf(into, size, "%s", value);
    }
}

const char *context_words(struct slice because, bool chinese,
                          char into[static CONTEXT_WORDS_BYTES])
{
    struct slice rest;
    char value[CONTEXT_WORDS_BYTES / 2];
    for (size_t k = 0; k < ARRAY_COUNT(values); k++) {
        if (!slice_equal(because, slice_str(values[k].name))) { continue; }
        (void)snprintf(into, CONTEXT_WORDS_BYTES, "%s",
                       chinese ? values[k].chinese : values[k].english);
        return into;
    }
    enum form form = form_of(because, &rest);
    (void)snprintf(value, sizeof(value), "%.*s", SLICE_ARGS(rest));
    if (form == FORM_COUNTRY || form == FORM_REGION) { raise(value); }
    write_form(form, value, chinese, into);
    return into;
}
