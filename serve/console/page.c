/* What all pages have. Only literals are written as markup (html_put); whatever comes from a
 * request, a topic or the catalogue goes through html_text() or quote_url(). Arguments are decoded
 * into the finder's arena, each time anew: a page has few. Links and forms carry `lang` along when
 * the address had it, so a language that was chosen stays.
 */
#include "base/base.h"
#include "base/quote.h"
#include "base/clock.h"
#include "base/utf8.h"
#include "serve/console/page.h"

#include <time.h>

enum { BAR_WIDTH = 72 };

/* ---- What was asked ---- */

struct slice page_decode(const struct page *page, struct slice sent)
{
    char *plain = arena_alloc(page->arena, sent.size + 1);
    for (size_t i = 0; i < sent.size; i++) { plain[i] = sent.data[i] == '+' ? ' ' : sent.data[i]; }
    struct slice text = http_unescape(slice_of(plain, sent.size),
                                      arena_alloc(page->arena, sent.size + 1));
    return text.data && utf8_valid(text.data, text.size) ? text : slice_of(NULL, 0);
}

struct slice page_argument(const struct page *page, const char *name)
{
    const struct http_request *request = page->request;
    for (size_t i = 0; i < request->arguments_count; i++) {
        if (!slice_equal(request->arguments[i].name, slice_str(name))) { continue; }
        return page_decode(page, request->arguments[i].value);
    }
    return slice_of(NULL, 0);
}

bool page_wants_json(const struct page *page)
{
    struct slice format = page_argument(page, "format");
    const char *accept = page->request->accept;
    if (format.size) { return slice_equal(format, slice_str("json")); }
    return accept && strncmp(accept, "application/json", strlen("application/json")) == 0;
}

struct list_query *page_query(const struct page *page)
{
    list_query_clear(page->query);
    page->query->looked_at = true;
    return page->query;
}

/* ---- The frame ---- */

void page_put(const struct page *page, enum text text)
{
    html_text(page->out, slice_str(text_of(text, page->language)));
}

static void put_language(const struct page *page)
{
    buf_printf(page->out, "%s", page->language == LANGUAGE_ZH ? "zh" : "en");
}

static bool language_is_asked(const struct page *page)
{
    return page_argument(page, "lang").size > 0;
}

void page_keep_language(const struct page *page)
{
    if (!language_is_asked(page)) { return; }
    html_put(page->out, "<input type=\"hidden\" name=\"lang\" value=\"");
    put_language(page);
    html_put(page->out, "\">");
}

static void put_link(const struct page *page, enum text at, enum text name, const char *path)
{
    html_put(page->out, "<a href=\"/console/");
    html_text(page->out, slice_str(path));
    if (language_is_asked(page)) {
        html_put(page->out, "?lang=");
        put_language(page);
    }
    html_put(page->out, "\"");
    if (at == name) { html_put(page->out, " aria-current=\"page\""); }
    html_put(page->out, ">");
    page_put(page, name);
    html_put(page->out, "</a>");
}

/* Appends this page's own address with one argument replaced. */
static void put_own_address(const struct page *page, const char *name, const char *value)
{
    const struct http_request *request = page->request;
    html_text(page->out, slice_str(request->path));
    html_put(page->out, "?");
    for (size_t i = 0; i < request->arguments_count; i++) {
        const struct http_argument *argument = &request->arguments[i];
        if (slice_equal(argument->name, slice_str(name))) { continue; }
        quote_url(page->out, page_decode(page, argument->name));
        html_put(page->out, "=");
        quote_url(page->out, page_decode(page, argument->value));
        html_put(page->out, "&amp;");
    }
    html_text(page->out, slice_str(name));
    html_put(page->out, "=");
    html_text(page->out, slice_str(value));
}

static void put_head(const struct page *page, struct slice title)
{
    html_put(page->out, "<!doctype html>\n<html lang=\"");
    put_language(page);
    html_put(page->out, "\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
                        "content=\"width=device-width, initial-scale=1\"><title>");
    html_text(page->out, title);
    html_put(page->out, " · ");
    page_put(page, TEXT_TITLE);
    html_put(page->out, "</title><link rel=\"stylesheet\" href=\"/console/style.css\">"
                        "<script src=\"/console/live.js\" defer></script></head>\n");
}

void page_begin(const struct page *page, enum text at, struct slice title, enum text about)
{
    struct buf *out = page->out;
    put_head(page, title);
    html_put(out, "<body><a class=\"skip\" href=\"#content\">");
    page_put(page, TEXT_SKIP);
    html_put(out, "</a><header><div><strong>");
    page_put(page, TEXT_TITLE);
    html_put(out, "</strong><nav>");
    put_link(page, at, TEXT_FLOW, "flow");
    put_link(page, at, TEXT_USER, "user");
    put_link(page, at, TEXT_ITEM, "item");
    put_link(page, at, TEXT_TRY, "try");
    put_link(page, at, TEXT_QUALITY, "quality");
    put_link(page, at, TEXT_LETTERS, "letters");
    html_put(out, "</nav><a class=\"language\" href=\"");
    put_own_address(page, "lang", page->language == LANGUAGE_ZH ? "en" : "zh");
    html_put(out, "\">");
    page_put(page, TEXT_OTHER_LANGUAGE);
    html_put(out, "</a></div></header>\n<main id=\"content\"");
    /* A search reads all titles, and what was chosen shall stay. */
    if (at != TEXT_TRY) { html_put(out, " data-live"); }
    html_put(out, "><h1>");
    html_text(out, title);
    html_put(out, "</h1><p class=\"soft\">");
    page_put(page, about);
    html_put(out, "</p>\n");
}

void page_end(const struct page *page)
{
    html_put(page->out, "</main>\n<footer><span>");
    page_put(page, TEXT_DATA_AGE);
    html_put(page->out, ": ");
    html_real(page->out, (double)page->age_ms / 1000.0, 1);
    html_put(page->out, " s</span><a href=\"");
    put_own_address(page, "format", "json");
    html_put(page->out, "\">");
    page_put(page, TEXT_JSON);
    html_put(page->out, "</a></footer></body></html>\n");
}

/* ---- Parts ---- */

void page_form(const struct page *page, const char *action, const char *name, enum text label,
               enum text button, struct slice value)
{
    html_put(page->out, "<form class=\"ask\" action=\"/console/");
    html_text(page->out, slice_str(action));
    html_put(page->out, "\">");
    page_keep_language(page);
    html_put(page->out, "<label>");
    page_put(page, label);
    html_put(page->out, "<input name=\"");
    html_text(page->out, slice_str(name));
    html_put(page->out, "\" value=\"");
    html_text(page->out, value);
    html_put(page->out, "\" maxlength=\"1024\" required></label><button>");
    page_put(page, button);
    html_put(page->out, "</button></form>\n");
}

void page_say(const struct page *page, enum text text)
{
    html_put(page->out, "<p>");
    page_put(page, text);
    html_put(page->out, "</p>\n");
}

/* Appends an item's title, or its id where there is none, as a link; says whether it has one. */
static bool put_item_link(const struct page *page, struct slice id)
{
    struct item_card card;
    (void)live_tables_card(page->live, id, page->arena, &card);
    html_put(page->out, "<a href=\"/console/item?id=");
    quote_url(page->out, id);
    if (language_is_asked(page)) {
        html_put(page->out, "&amp;lang=");
        put_language(page);
    }
    html_put(page->out, "\">");
    html_text(page->out, card.title.size ? card.title : id);
    html_put(page->out, "</a>");
    return card.title.size > 0;
}

void page_item(const struct page *page, struct slice id)
{
    if (!put_item_link(page, id)) { return; }
    html_put(page->out, "<small>");
    html_text(page->out, id);
    html_put(page->out, "</small>");
}

void page_time(const struct page *page, int64_t time_ms)
{
    struct tm at;
    char text[32] = "–";
    time_t seconds = (time_t)(time_ms / 1000);
    if (time_ms > 0 && gmtime_r(&seconds, &at) &&
        !strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &at)) {
        text[0] = '\0';
    }
    html_text(page->out, slice_str(text));
}

void page_ago(const struct page *page, int64_t time_ms)
{
    static const struct {
        int64_t seconds;
        enum text text;
    } units[] = {{86400, TEXT_AGO_D}, {3600, TEXT_AGO_H}, {60, TEXT_AGO_MIN}, {1, TEXT_AGO_S}};
    if (time_ms <= 0) {
        html_put(page->out, "–");
        return;
    }
    int64_t seconds = MAX_OF((clock_wall_ms() - time_ms) / 1000, (int64_t)0);
    size_t unit = 0;
    while (unit + 1 < ARRAY_COUNT(units) && seconds < 2 * units[unit].seconds) { unit++; }
    html_number(page->out, seconds / units[unit].seconds);
    html_put(page->out, " ");
    page_put(page, units[unit].text);
}

/* ---- Lists ---- */

static void put_reason(const struct page *page, const struct recommendation_list *list, size_t at)
{
    static const enum text texts[LIST_REASONS] = {
        [REASON_OTHER] = TEXT_OTHER,       [REASON_BECAUSE] = TEXT_BECAUSE,
        [REASON_POPULAR] = TEXT_POPULAR,   [REASON_TRENDING] = TEXT_TRENDING,
        [REASON_NEW] = TEXT_NEW,           [REASON_TAGS] = TEXT_TAGS,
        [REASON_AGAIN] = TEXT_AGAIN,       [REASON_CROSS] = TEXT_CROSS,
        [REASON_BROUGHT] = TEXT_BROUGHT,   [REASON_SEGMENT] = TEXT_LIKED_BY,
    };
    int32_t reason = list->reasons.at[at];
    bool known = reason >= 0 && reason < LIST_REASONS;
    page_put(page, known ? texts[reason] : TEXT_OTHER);
    if (!list->because.at[at].size) { return; }
    html_put(page->out, " ");
    if (reason == REASON_BROUGHT || reason == REASON_SEGMENT) {
        html_text(page->out, list->because.at[at]);
        return;
    }
    (void)put_item_link(page, list->because.at[at]);
    double share = (double)list_share(list, at);
    if (list_last_ms(list, at)) {
        html_put(page->out, " <small>");
        page_ago(page, list_last_ms(list, at));
        html_put(page->out, "</small>");
    } else if (share > 0.0) {
        html_put(page->out, "<small>");
        html_real(page->out, share * 100.0, 0);
        html_put(page->out, " %</small>");
    }
}

/* A bar as long as a score is, beside the largest and the smallest of the list. */
static void put_score(const struct page *page, const struct recommendation_list *list, size_t at)
{
    double most = (double)list->scores.at[0], least = most, score = (double)list->scores.at[at];
    for (size_t i = 0; i < list->scores.count; i++) {
        most = fmax(most, (double)list->scores.at[i]);
        least = fmin(least, (double)list->scores.at[i]);
    }
    least = fmin(least, 0.0);
    double part = most > least ? (score - least) / (most - least) : 1.0;
    html_real(page->out, score, 3);
    html_put(page->out, "<svg class=\"bar\" viewBox=\"0 0 72 4\" aria-hidden=\"true\"><rect "
                        "width=\"72\" height=\"4\"/><rect height=\"4\" width=\"");
    html_real(page->out, part * BAR_WIDTH, 1);
    html_put(page->out, "\"/></svg>");
}

/* Appends the place of an item on another list. */
static void put_before(const struct page *page, const struct recommendation_list *before,
                       struct slice item)
{
    size_t at = 0;
    while (at < before->items.count && !slice_equal(before->items.at[at], item)) { at++; }
    html_put(page->out, "</td><td class=\"number\">");
    if (at < before->items.count) {
        html_number(page->out, (int64_t)at + 1);
    } else {
        html_put(page->out, "–");
    }
}

static void put_row(const struct page *page, const struct recommendation_list *list, size_t at,
                    const struct recommendation_list *before)
{
    struct buf *out = page->out;
    html_put(out, "<tr><td class=\"number\">");
    html_number(out, (int64_t)at + 1);
    if (before) { put_before(page, before, list->items.at[at]); }
    html_put(out, "</td><td class=\"wide\">");
    page_item(page, list->items.at[at]);
    html_put(out, "</td><td class=\"wide\">");
    put_reason(page, list, at);
    html_put(out, "</td><td class=\"number least\">");
    html_real(out, (double)list->evidence.at[at], list->evidence.at[at] < 10.0F ? 1 : 0);
    html_put(out, "</td><td class=\"number\">");
    put_score(page, list, at);
    html_put(out, "</td></tr>\n");
}

void page_list(const struct page *page, enum text name, const struct recommendation_list *list,
               enum text evidence, const struct recommendation_list *before)
{
    struct buf *out = page->out;
    html_put(out, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"");
    page_put(page, name);
    html_put(out, "\"><table><thead><tr><th class=\"number\">");
    page_put(page, TEXT_PLACE);
    if (before) {
        html_put(out, "</th><th class=\"number\">");
        page_put(page, TEXT_USUAL_PLACE);
    }
    html_put(out, "</th><th>");
    page_put(page, TEXT_ITEM);
    html_put(out, "</th><th>");
    page_put(page, TEXT_REASON);
    html_put(out, "</th><th class=\"number least\">");
    page_put(page, evidence);
    html_put(out, "</th><th class=\"number\">");
    page_put(page, TEXT_SCORE);
    html_put(out, "</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < list->items.count; i++) { put_row(page, list, i, before); }
    html_put(out, "</tbody></table></div>\n");
}
