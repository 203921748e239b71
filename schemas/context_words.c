#include "base/base.h"
#include "schemas/context_words.h"

struct wording {
    const char *name, *english, *chinese;
};

/* Values with words of their own. */
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

/* What stands before any other value, and behind it in Chinese. */
static const struct form {
    const char *name, *english, *chinese, *behind;
    bool capitals; /* codes of countries and regions */
} forms[] = {
    {"device=", "on ", "在 ", " 上", false},
    {"channel=", "by ", "通过 ", "", false},
    {"country=", "in ", "在 ", "", true},
    {"region=", "in ", "在 ", "", true},
    {"geohash=", "near ", "在 ", " 附近", false},
};

/* Finds the form, and the value behind its name. */
static const struct form *form_of(struct slice because, struct slice *ret_value)
{
    static const struct form none = {"", "", "", "", false};
    for (size_t k = 0; k < ARRAY_COUNT(forms); k++) {
        size_t size = strlen(forms[k].name);
        if (because.size <= size || memcmp(because.data, forms[k].name, size) != 0) { continue; }
        *ret_value = slice_of(because.data + size, because.size - size);
        return &forms[k];
    }
    *ret_value = because;
    return &none;
}

static void raise(char *text)
{
    for (; *text; text++) {
        if (*text >= 'a' && *text <= 'z') { *text = (char)(*text - 'a' + 'A'); }
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
    const struct form *form = form_of(because, &rest);
    (void)snprintf(value, sizeof(value), "%.*s", SLICE_ARGS(rest));
    if (form->capitals) { raise(value); }
    (void)snprintf(into, CONTEXT_WORDS_BYTES, "%s%s%s", chinese ? form->chinese : form->english,
                   value, chinese ? form->behind : "");
    return into;
}
