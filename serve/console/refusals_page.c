/* The dead letters that are kept (refused_records.h), by reason and topic of origin, with the
 * commands that send them again, and the newest of them. Reason and topic go into a command only
 * when they are plain words: whoever may write to `dead-letters` chooses them.
 */
#include "base/base.h"
#include "base/quote.h"
#include "serve/console/page.h"

#include <ctype.h>

enum { REASONS_SHOWN = 32, LETTERS_SHOWN = 50, SCREEN_BYTES = 4 * REFUSED_TEXT_BYTES + 1 };

/* Letters of one reason, about records of one topic, by one worker. */
struct reason_row {
    struct refused_text reason, worker, topic;
    int64_t count;
};

struct view {
    struct page *page;
    struct slice reason; /* empty: all */
    struct reason_row *rows; /* REASONS_SHOWN */
    size_t rows_count, shown;
};

static struct slice slice_text(const struct refused_text *text)
{
    return slice_of(text->data, text->size);
}

/* Says whether a text is a word, or a topic's name, and nothing else to a shell. */
static bool is_word(struct slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (!isalnum((unsigned char)text.data[i]) && !memchr("._-", text.data[i], 3)) {
            return false;
        }
    }
    return text.size > 0 && text.data[0] != '-';
}

static bool is_asked(const struct view *view, const struct refused_record *letter)
{
    return !view->reason.size || slice_equal(view->reason, slice_text(&letter->reason));
}

/* Returns the last header of a name, which is the dead letter's own; a text of 0 bytes: none. */
static const struct refused_text *find_header(const struct refused_record *letter,
                                              const char *name)
{
    static const struct refused_text none;
    for (size_t i = letter->headers_count; i--;) {
        if (slice_equal(slice_text(&letter->names[i]), slice_str(name))) {
            return &letter->values[i];
        }
    }
    return &none;
}

static bool is_same(const struct refused_text *a, const struct refused_text *b)
{
    return slice_equal(slice_text(a), slice_text(b));
}

static void count(void *arg, const struct refused_record *letter)
{
    size_t at = 0;
    struct view *view = arg;
    const struct refused_text *worker = find_header(letter, "worker");
    const struct refused_text *topic = find_header(letter, "origin.topic");
    for (; at < view->rows_count; at++) {
        const struct reason_row *row = &view->rows[at];
        if (is_same(&row->reason, &letter->reason) && is_same(&row->worker, worker) &&
            is_same(&row->topic, topic)) {
            break;
        }
    }
    if (at == REASONS_SHOWN) { return; }
    if (at == view->rows_count) {
        view->rows[view->rows_count++] =
            (struct reason_row){.reason = letter->reason, .worker = *worker, .topic = *topic};
    }
    view->rows[at].count++;
}

/* ---- HTML ---- */

static void put_bytes(const struct page *page, const struct refused_text *text)
{
    char screen[SCREEN_BYTES];
    quote_screen(slice_text(text), screen, sizeof(screen));
    html_text(page->out, text->null ? slice_str("–") : slice_str(screen));
    if (text->whole > text->size) {
        html_put(page->out, "… (");
        html_number(page->out, (int64_t)text->whole);
        html_put(page->out, " B)");
    }
}

static void put_command(const struct page *page, const struct reason_row *row, bool dry)
{
    page_begin_command(page);
    html_put(page->out, "freshet redrive");
    html_text(page->out, slice_str(page->command_flags));
    html_put(page->out, " --reason ");
    html_text(page->out, slice_text(&row->reason));
    html_put(page->out, " --origin ");
    html_text(page->out, slice_text(&row->topic));
    if (dry) { html_put(page->out, " --dry-run"); }
    page_end_command(page);
}

/* Those of tables are not sent again (cli/dead_letters/dead_letters.h). */
static bool is_sent_again(const struct reason_row *row)
{
    struct slice worker = slice_text(&row->worker);
    return slice_equal(worker, slice_str("ingest")) || slice_equal(worker, slice_str("features"));
}

static void put_commands(const struct page *page, const struct reason_row *row)
{
    if (!is_sent_again(row)) {
        page_put(page, TEXT_NOT_SENT_AGAIN);
        return;
    }
    if (!is_word(slice_text(&row->reason)) || !is_word(slice_text(&row->topic))) {
        html_put(page->out, "–");
        return;
    }
    page_put(page, TEXT_SEND_FIRST);
    put_command(page, row, true);
    page_put(page, TEXT_SEND_THEN);
    put_command(page, row, false);
}

static void put_reason(const struct page *page, const struct reason_row *row)
{
    struct slice reason = slice_text(&row->reason);
    html_put(page->out, "<tr><td class=\"wide\"><a href=\"/console/letters?lang=");
    html_text(page->out, slice_str(page->language == LANGUAGE_ZH ? "zh" : "en"));
    html_put(page->out, "&amp;reason=");
    quote_url(page->out, reason);
    html_put(page->out, "\">");
    html_text(page->out, reason.size ? reason : slice_str("–"));
    html_put(page->out, "</a></td><td class=\"number\">");
    html_number(page->out, row->count);
    html_put(page->out, "</td><td class=\"wide\">");
    put_bytes(page, &row->topic);
    html_put(page->out, "<small>");
    put_bytes(page, &row->worker);
    html_put(page->out, "</small></td><td>");
    put_commands(page, row);
    html_put(page->out, "</td></tr>\n");
}

static void put_reasons(const struct view *view)
{
    static const enum text heads[] = {TEXT_REASON, TEXT_NUMBER, TEXT_FROM_TOPIC, TEXT_SEND_AGAIN};
    const struct page *page = view->page;
    page_begin_scroll_section(page, TEXT_BY_REASON);
    html_put(page->out, "<table class=\"stacked\"><thead><tr>");
    for (size_t i = 0; i < ARRAY_COUNT(heads); i++) {
        page_head(page, heads[i], heads[i] == TEXT_NUMBER);
    }
    html_put(page->out, "</tr></thead><tbody>\n");
    for (size_t i = 0; i < view->rows_count; i++) { put_reason(page, &view->rows[i]); }
    html_put(page->out, "</tbody></table></div></section>\n");
}

static void put_fact(const struct page *page, struct slice name, const struct refused_text *text)
{
    html_put(page->out, "<div><dt>");
    html_text(page->out, name);
    html_put(page->out, "</dt><dd>");
    put_bytes(page, text);
    html_put(page->out, "</dd></div>");
}

static void put_letter(void *arg, const struct refused_record *letter)
{
    struct view *view = arg;
    const struct page *page = view->page;
    if (!is_asked(view, letter) || view->shown++ >= LETTERS_SHOWN) { return; }
    html_put(page->out, "<section><h2>");
    put_bytes(page, &letter->reason);
    html_put(page->out, "</h2><p>");
    put_bytes(page, &letter->message);
    html_put(page->out, "</p><dl><div><dt>");
    page_put(page, TEXT_TIME);
    html_put(page->out, "</dt><dd>");
    page_time(page, letter->time_ms);
    html_put(page->out, "</dd></div><div><dt>dead-letters</dt><dd>");
    html_number(page->out, letter->partition);
    html_put(page->out, "/");
    html_number(page->out, letter->offset);
    html_put(page->out, "</dd></div>");
    put_fact(page, slice_str(text_of(TEXT_KEY, page->language)), &letter->key);
    put_fact(page, slice_str(text_of(TEXT_VALUE, page->language)), &letter->value);
    for (size_t i = 0; i < letter->headers_count; i++) {
        struct slice name = slice_text(&letter->names[i]);
        bool above = slice_equal(name, slice_str("reason")) ||
                     slice_equal(name, slice_str("message"));
        if (!above) { put_fact(page, name, &letter->values[i]); }
    }
    html_put(page->out, "</dl></section>\n");
}

/* ---- JSON ---- */

static void put_member(const struct page *page, const char *name, const struct refused_text *text)
{
    buf_printf(page->out, ",\"%s\":", name);
    if (text->null) {
        buf_printf(page->out, "null");
    } else {
        quote_json(page->out, slice_text(text), QUOTE_EITHER);
    }
}

static void put_json_letter(void *arg, const struct refused_record *letter)
{
    struct view *view = arg;
    struct buf *out = view->page->out;
    if (!is_asked(view, letter) || view->shown >= LETTERS_SHOWN) { return; }
    buf_printf(out, "%s{\"partition\":%d,\"offset\":%" PRId64 ",\"time_ms\":%" PRId64,
               view->shown++ ? "," : "", letter->partition, letter->offset, letter->time_ms);
    put_member(view->page, "reason", &letter->reason);
    put_member(view->page, "message", &letter->message);
    put_member(view->page, "key", &letter->key);
    put_member(view->page, "value", &letter->value);
    buf_printf(out, ",\"headers\":[");
    for (size_t i = 0; i < letter->headers_count; i++) {
        buf_printf(out, "%s{\"name\":", i ? "," : "");
        quote_json(out, slice_text(&letter->names[i]), QUOTE_EITHER);
        put_member(view->page, "value", &letter->values[i]);
        buf_printf(out, "}");
    }
    buf_printf(out, "]}");
}

static void put_json(struct view *view)
{
    struct buf *out = view->page->out;
    buf_printf(out, "{\"reasons\":[");
    for (size_t i = 0; i < view->rows_count; i++) {
        buf_printf(out, "%s{\"count\":%" PRId64, i ? "," : "", view->rows[i].count);
        put_member(view->page, "reason", &view->rows[i].reason);
        put_member(view->page, "worker", &view->rows[i].worker);
        put_member(view->page, "topic", &view->rows[i].topic);
        buf_printf(out, "}");
    }
    buf_printf(out, "],\"letters\":[");
    refused_records_each(view->page->letters, put_json_letter, view);
    buf_printf(out, "]}\n");
}

void refusals_page(struct page *page)
{
    struct view view = {.page = page, .reason = page_argument(page, "reason")};
    view.rows = arena_alloc_array(page->arena, REASONS_SHOWN, sizeof(*view.rows));
    refused_records_each(page->letters, count, &view);
    if (page_wants_json(page)) {
        put_json(&view);
        return;
    }
    page_begin(page, TEXT_LETTERS, slice_str(text_of(TEXT_LETTERS, page->language)),
               TEXT_LETTERS_ABOUT);
    if (!view.rows_count) { page_say(page, TEXT_NO_LETTERS); }
    if (view.rows_count) { put_reasons(&view); }
    refused_records_each(page->letters, put_letter, &view);
    page_end(page);
}
