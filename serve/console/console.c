/* Nothing on a page comes from elsewhere but pictures of hosts that are named (picture_hosts.h),
 * and the only scripts are those that the server hands out: live.js, charts.js and Chart.js, which
 * the build takes from Debian's package. The policy forbids all other, so a title that got past the
 * escaping could do nothing.
 *
 * A page is live by server-sent events, each in an answer of its own: the client asks again after
 * `retry` with the id of the last one, a hash of the page's contents. So the server, which has one
 * thread, keeps nothing of a client that looks. A page has its own id, too: it may have changed
 * before the first event.
 */
#include "base/base.h"
#include "base/decimal.h"
#include "serve/console/console.h"
#include "serve/console/page.h"

enum { EVENTS_EVERY_MS = 2000 };

static const char style[] =
#include "style.css.inc"
    ;
static const char script[] =
#include "live.js.inc"
    ;
/* Chart.js, where the build found it (Makefile); else empty, and there are tables alone. */
static const char chart_library[] =
#include "chart.js.inc"
    ;
static const char charts_script[] =
#include "charts.js.inc"
    ;
static const char html_type[] = "text/html; charset=utf-8";

#define FILE_OF(path, type, text) {path, type, text, sizeof(text) - 1}

/* What pages load, which anybody may have. */
static const struct {
    const char *path, *type, *text;
    size_t size;
} files[] = {
    FILE_OF("/console/style.css", "text/css; charset=utf-8", style),
    FILE_OF("/console/live.js", "text/javascript; charset=utf-8", script),
    FILE_OF("/console/chart.js", "text/javascript; charset=utf-8", chart_library),
    FILE_OF("/console/charts.js", "text/javascript; charset=utf-8", charts_script),
};

static const struct {
    const char *path;
    void (*answer)(struct page *page);
} pages[] = {
    {"/console/user", user_page},
    {"/console/item", item_page},
    {"/console/try", try_page},
    {"/console/flow", flow_page},
    {"/console/quality", quality_page},
    {"/console/letters", refusals_page},
    {"/console", flow_page},
    {"/console/", flow_page},
};

bool console_has(const char *path)
{
    size_t size = strlen("/console");
    return strncmp(path, "/console", size) == 0 && (path[size] == '\0' || path[size] == '/');
}

/* ---- Tokens ---- */

static bool is_allowed(const struct console_parts *parts, const struct http_request *request)
{
    static const char scheme[] = "Basic ";
    char told[1024], bearer[1100];
    const char *sent = request->authorization;
    if (!parts->tokens || access_tokens_allow(parts->tokens, sent)) { return true; }
    if (!sent || strncasecmp(sent, scheme, sizeof(scheme) - 1) != 0) { return false; }
    int size = base64_decode(slice_str(sent + sizeof(scheme) - 1), told, sizeof(told));
    const char *colon = size > 0 ? memchr(told, ':', (size_t)size) : NULL;
    if (!colon) { return false; }
    struct slice token = slice_of(colon + 1, (size_t)(told + size - (colon + 1)));
    (void)snprintf(bearer, sizeof(bearer), "Bearer %.*s", SLICE_ARGS(token));
    return access_tokens_allow(parts->tokens, bearer);
}

/* ---- Answers ---- */

static void answer_plain(const struct page *page, struct http_answer *answer, unsigned code,
                         enum text text)
{
    answer->code = code;
    page_begin(page, TEXTS, slice_str(text_of(TEXT_TITLE, page->language)), text);
    html_put(page->out, "</main></body></html>\n");
}

static enum language language_of(const struct page *page)
{
    char asked[8] = "";
    struct slice lang = page_argument(page, "lang");
    if (lang.size && lang.size < sizeof(asked)) { memcpy(asked, lang.data, lang.size); }
    return text_language(asked[0] ? asked : NULL, page->request->language);
}

static bool wants_event(const struct page *page)
{
    return slice_equal(page_argument(page, "format"), slice_str("events"));
}

/* Puts the event in the place of the page: that its contents are not those of the id that was asked
 * with, or, without one, what they are. Always with 200: after another code a browser asks no
 * more. */
static void put_event(const struct page *page, struct http_answer *answer)
{
    char id[PAGE_ID_BYTES];
    struct buf *out = page->out;
    const char *last = page->request->last_event;
    page_find_id(page, id);
    buf_clear(out);
    answer->code = 200;
    answer->type = "text/event-stream";
    buf_printf(out, "retry: %d\nid: %s\n", EVENTS_EVERY_MS, id);
    if (!last || strcmp(last, id) != 0) {
        buf_printf(out, "event: %s\ndata: %s\n", last && last[0] ? "changed" : "known", id);
    }
    buf_printf(out, "\n");
}

static void answer_page(struct page *page, struct http_answer *answer)
{
    for (size_t i = 0; i < ARRAY_COUNT(pages); i++) {
        if (strcmp(page->request->path, pages[i].path) != 0) { continue; }
        pages[i].answer(page);
        answer->code = page->code;
        if (page->out->size && page->out->data[0] == '{') { answer->type = "application/json"; }
        if (wants_event(page)) { put_event(page, answer); }
        return;
    }
    answer_plain(page, answer, 404, TEXT_NOT_A_PAGE);
}

/* A browser may keep the library; our own files change with each release. */
static bool answer_file(const struct http_request *request, struct http_answer *answer)
{
    for (size_t i = 0; i < ARRAY_COUNT(files); i++) {
        if (strcmp(request->path, files[i].path) != 0) { continue; }
        answer->type = files[i].type;
        buf_append(&answer->body, files[i].text, files[i].size);
        answer->lasts = files[i].text == chart_library;
        return true;
    }
    return false;
}

void console_answer(const struct console_parts *parts, const struct http_request *request,
                    struct http_answer *answer)
{
    struct page page = {
        .out = &answer->body,
        .request = request,
        .finder = parts->finder,
        .live = list_finder_live(parts->finder),
        .arena = list_finder_begin(parts->finder),
        .query = parts->query,
        .letters = parts->letters,
        .quality = parts->quality,
        .beside = parts->beside,
        .flow = parts->flow,
        .pictures = parts->pictures,
        .command_flags = parts->command_flags,
        .draws = sizeof(chart_library) > 1,
        .age_ms = parts->age_ms,
        .code = 200,
    };
    page.language = language_of(&page);
    answer->type = html_type;
    answer->policy = picture_hosts_policy(parts->pictures);
    if (answer_file(request, answer)) { return; }
    if (!is_allowed(parts, request)) {
        answer->notes[0] = (struct http_note){.name = "WWW-Authenticate",
                                              .value = "Basic realm=\"freshet\""};
        answer_plain(&page, answer, 401, TEXT_NO_TOKEN);
    } else if (!parts->loaded) {
        answer_plain(&page, answer, 503, TEXT_LOADING);
        if (wants_event(&page)) { put_event(&page, answer); }
    } else {
        answer_page(&page, answer);
    }
}
