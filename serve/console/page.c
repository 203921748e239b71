/* What all pages have. Only literals are written as markup (html_put); whatever comes from a
 * request, a topic or the catalogue goes through html_text() or quote_url(). Arguments are decoded
 * into the finder's arena, each time anew: a page has few. Links and forms carry `lang` along when
 * the address had it, so a language that was chosen stays.
 */
#include "base/base.h"
#include "base/quote.h"
#include "base/clock.h"
#include "base/hash_index.h"
#include "base/utf8.h"
#include "serve/console/page.h"

#include <time.h>

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

void page_keep_language_in_link(const struct page *page)
{
    if (!language_is_asked(page)) { return; }
    html_put(page->out, "&amp;lang=");
    put_language(page);
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
                        "<script src=\"/console/live.js\" defer></script>");
    if (page->charted && page->draws) {
        html_put(page->out, "<script src=\"/console/chart.js\" defer></script>"
                            "<script src=\"/console/charts.js\" defer></script>");
    }
    html_put(page->out, "</head>\n");
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
    if (!page->still) { html_put(out, " data-live"); }
    html_put(out, "><h1>");
    html_text(out, title);
    html_put(out, "</h1><p class=\"soft\">");
    page_put(page, about);
    html_put(out, "</p>\n");
}

void page_find_id(const struct page *page, char ret_id[PAGE_ID_BYTES])
{
    static const char begins[] = "<main", ends[] = "</main>";
    struct slice text = buf_slice(page->out), contents = {0};
    const char *from = text.size ? memmem(text.data, text.size, begins, sizeof(begins) - 1) : NULL;
    if (from) {
        contents = slice_of(from, text.size - (size_t)(from - text.data));
        const char *end = memmem(contents.data, contents.size, ends, sizeof(ends) - 1);
        if (end) { contents.size = (size_t)(end - from); }
    }
    (void)snprintf(ret_id, PAGE_ID_BYTES, "%016" PRIx64, hash_index_text(contents));
}

void page_end(const struct page *page)
{
    char id[PAGE_ID_BYTES];
    page_find_id(page, id);
    html_put(page->out, "</main>\n<footer data-id=\"");
    html_text(page->out, slice_str(id));
    html_put(page->out, "\"><span>");
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

void page_begin_scroll(const struct page *page, enum text name)
{
    html_put(page->out, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"");
    page_put(page, name);
    html_put(page->out, "\">");
}

void page_begin_scroll_section(const struct page *page, enum text title)
{
    html_put(page->out, "<section><h2>");
    page_put(page, title);
    html_put(page->out, "</h2>");
    page_begin_scroll(page, title);
}

void page_head(const struct page *page, enum text name, bool numbers)
{
    html_put(page->out, "<th scope=\"col\"");
    if (numbers) { html_put(page->out, " class=\"number\""); }
    html_put(page->out, ">");
    page_put(page, name);
    html_put(page->out, "</th>");
}

/* A script puts a button behind it (live.js), which takes its texts from here. */
void page_begin_command(const struct page *page)
{
    html_put(page->out, "<code data-copy=\"");
    page_put(page, TEXT_COPY);
    html_put(page->out, "\" data-copied=\"");
    page_put(page, TEXT_COPIED);
    html_put(page->out, "\">");
}

void page_end_command(const struct page *page)
{
    html_put(page->out, "</code>");
}

void page_say(const struct page *page, enum text text)
{
    html_put(page->out, "<p>");
    page_put(page, text);
    html_put(page->out, "</p>\n");
}

void page_picture(const struct page *page, const struct item_card *card)
{
    if (!picture_hosts_allow(page->pictures, card->image)) { return; }
    html_put(page->out, "<img class=\"picture\" alt=\"\" width=\"48\" height=\"48\" "
                        "loading=\"lazy\" referrerpolicy=\"no-referrer\" src=\"");
    html_text(page->out, card->image);
    html_put(page->out, "\">");
}

/* Appends an item's title, or its id where there is none, as a link; says whether it has one. */
static bool put_link_to(const struct page *page, struct slice id, const struct item_card *card)
{
    html_put(page->out, "<a href=\"/console/item?id=");
    quote_url(page->out, id);
    page_keep_language_in_link(page);
    html_put(page->out, "\">");
    html_text(page->out, card->title.size ? card->title : id);
    html_put(page->out, "</a>");
    return card->title.size > 0;
}

bool page_item_link(const struct page *page, struct slice id)
{
    struct item_card card;
    (void)live_tables_card(page->live, id, page->arena, &card);
    return put_link_to(page, id, &card);
}

void page_item(const struct page *page, struct slice id)
{
    struct item_card card;
    (void)live_tables_card(page->live, id, page->arena, &card);
    page_picture(page, &card);
    if (!put_link_to(page, id, &card)) { return; }
    html_put(page->out, "<small>");
    html_text(page->out, id);
    html_put(page->out, "</small>");
}

void page_user_link(const struct page *page, struct slice user)
{
    html_put(page->out, "<a href=\"/console/user?id=");
    quote_url(page->out, user);
    page_keep_language_in_link(page);
    html_put(page->out, "\">");
    html_text(page->out, user);
    html_put(page->out, "</a>");
}

/* A line may be broken between the day and the time, and at no hyphen (style.css). */
void page_time(const struct page *page, int64_t time_ms)
{
    struct tm at;
    char day[16], hour[16];
    time_t seconds = (time_t)(time_ms / 1000);
    if (time_ms <= 0 || !gmtime_r(&seconds, &at) ||
        !strftime(day, sizeof(day), "%Y-%m-%d", &at) ||
        !strftime(hour, sizeof(hour), "%H:%M", &at)) {
        html_put(page->out, "–");
        return;
    }
    html_put(page->out, "<time><span>");
    html_text(page->out, slice_str(day));
    html_put(page->out, "</span> ");
    html_text(page->out, slice_str(hour));
    html_put(page->out, "</time>");
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
