#include "base/base.h"
#include "base/buf.h"
#include "cli/dead_letters/filter_flags.h"

bool filter_take_reason(void *settings, const char *text, struct buf *why)
{
    struct dead_letter_filter *filter = settings;
    if (!text[0]) {
        buf_printf(why, "want a word such as missing_item; none: all reasons");
        return false;
    }
    if (filter->reasons_count == DEAD_LETTER_REASONS_MAX) {
        buf_printf(why, "at most %d times", DEAD_LETTER_REASONS_MAX);
        return false;
    }
    filter->reasons[filter->reasons_count++] = text;
    return true;
}

static bool read_time(const char *text, int64_t *ret_ms, struct buf *why)
{
    if (dead_letter_time(text, ret_ms)) { return true; }
    buf_printf(why, "\"%s\" is wrong; it takes a time such as 2026-05-01T12:00:00Z or "
               "2026-05-01, or 90s, 30m, 2h or 7d for so long ago", text);
    return false;
}

bool filter_take_since(void *settings, const char *text, struct buf *why)
{
    struct dead_letter_filter *filter = settings;
    return read_time(text, &filter->since_ms, why);
}

bool filter_take_until(void *settings, const char *text, struct buf *why)
{
    struct dead_letter_filter *filter = settings;
    if (!read_time(text, &filter->until_ms, why)) { return false; }
    filter->until_ms = filter->until_ms ? filter->until_ms : 1; /* 0 means no end */
    return true;
}

void filter_tell_none(const struct dead_letter_filter *filter)
{
    if (filter->selected || !filter->passed_over) { return; }
    fprintf(stderr,
            "freshet: none of %" PRId64 " dead letters is as the flags say; their reasons: ",
            filter->passed_over);
    for (size_t i = 0; i < filter->others_count; i++) {
        fprintf(stderr, "%s%s", i ? ", " : "", filter->others[i]);
    }
    fprintf(stderr, "%s\n", filter->others_count == DEAD_LETTER_OTHERS_MAX ? ", ..." : "");
}
