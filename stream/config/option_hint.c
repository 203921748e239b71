#include "base/base.h"
#include "base/edit_distance.h"
#include "stream/config/option_hint.h"

/* Returns the choice that a text means: the nearest, or one that begins with it; its size is 0 when
 * there is none. */
static struct slice nearest_choice(const char *choices, const char *text)
{
    char name[EDIT_TEXT_MAX + 1];
    size_t least = SIZE_MAX, length = strlen(text);
    struct slice best = {0};
    for (const char *at = choices; at;) {
        size_t size = strcspn(at, "|");
        (void)snprintf(name, sizeof(name), "%.*s", (int)size, at);
        bool holds = length >= 3 && strcasestr(name, text) != NULL;
        bool begins = holds || (length >= 2 && strncasecmp(name, text, length) == 0) ||
                      (size >= 3 && strncasecmp(name, text, size) == 0);
        bool same = strcasecmp(name, text) == 0;
        size_t distance = same ? 0 : begins ? 1 : edit_distance(name, text) + 1;
        bool near = begins || same || (length > 2 && edit_is_near(distance - 1, size));
        if (near && distance < least) {
            least = distance;
            best = slice_of(at, size);
        }
        at = at[size] ? at + size + 1 : NULL;
    }
    return best;
}

static bool has_quotes(const char *text)
{
    size_t size = strlen(text);
    return size > 1 && (text[0] == '"' || text[0] == '\'') && text[size - 1] == text[0];
}

/* A pattern of a date, as other programs have it. */
static bool is_date_pattern(const char *text)
{
    return strcasestr(text, "yy") || strstr(text, "%Y") || strstr(text, "%d");
}

static void hint_truth(const char *text, struct buf *out)
{
    static const char *const words[] = {"false", "no", "off", "0", "true", "yes", "on", "1"};
    for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
        if (strcasecmp(text, words[i]) != 0) { continue; }
        buf_printf(out, "; write %s", i < 4 ? "false" : "true");
        return;
    }
}

bool option_has_comment(const char *text)
{
    const char *at = strpbrk(text, "\t ");
    for (; at && at[1] != '#'; at = strpbrk(at + 1, "\t ")) {}
    return at && at[2] && !strpbrk(at, "\"']");
}

void option_hint(const struct option *option, const char *text, struct buf *out)
{
    if (has_quotes(text)) {
        buf_printf(out, "%svalues have no quotes around them", out->size ? "; " : "");
        return;
    }
    if (option_has_comment(text)) {
        buf_printf(out, "%s%s", out->size ? "; " : "", OPTION_COMMENT_HINT);
        return;
    }
    if (option->type == OPTION_BOOL) { hint_truth(text, out); }
    if (option->type != OPTION_CHOICE) { return; }
    struct slice meant = nearest_choice(option->choices, text);
    if (meant.size) { buf_printf(out, "; did you mean %.*s?", SLICE_ARGS(meant)); }
    if (!meant.size && strstr(option->choices, "iso8601") && is_date_pattern(text)) {
        buf_printf(out, "; for texts such as 2026-11-23 09:00:00 or 2026-11-23T09:00:00Z write "
                        "iso8601");
    }
}
