/* Actions and list of a user. The list is read first and what the page needs of it is copied,
 * because rows that are read borrow a buffer of the finder's.
 */
#include "base/base.h"
#include "base/quote.h"
#include "serve/console/page.h"
#include "serve/list_text.h"

enum { ACTIONS_SHOWN = 50, REMOVED_SHOWN = 50 };

struct user_view {
    struct slice user;
    struct found_list found;
    struct user_history history;
    int history_result;
};

static void copy_removals(const struct page *page, struct recommendation_list *list)
{
    size_t count = MIN_OF(list->removal_items.count, list->removal_rules.count);
    struct slice *items = arena_alloc_array(page->arena, count, sizeof(*items));
    struct slice *rules = arena_alloc_array(page->arena, count, sizeof(*rules));
    for (size_t i = 0; i < count; i++) {
        items[i] = arena_copy(page->arena, list->removal_items.at[i]);
        rules[i] = arena_copy(page->arena, list->removal_rules.at[i]);
    }
    list->removal_items = (struct slices){items, count};
    list->removal_rules = (struct slices){rules, count};
}

static void read_user(const struct page *page, struct user_view *view)
{
    (void)page_query(page);
    page->query->user = view->user;
    list_finder_find(page->finder, page->query, &view->found);
    if (!view->found.error) { copy_removals(page, &view->found.list); }
    view->history_result = list_finder_history(page->finder, view->user, &view->history);
}

/* ---- HTML ---- */

static void put_action(const struct page *page, const struct user_history *history, size_t at)
{
    struct buf *out = page->out;
    int32_t kind = history->actions.count == history->items.count ? history->actions.at[at]
                                                                  : ACTION_OTHER;
    bool known = kind >= 0 && kind < ACTIONS_COUNT;
    html_put(out, "<tr><td class=\"wide\">");
    page_item(page, history->items.at[at]);
    html_put(out, "</td><td>");
    page_put(page, (enum text)(TEXT_ACTION_OTHER + (known ? kind : ACTION_OTHER)));
    html_put(out, "</td><td class=\"number\">");
    if (history->event_times_ms.count == history->items.count) {
        page_time(page, history->event_times_ms.at[at]);
    }
    html_put(out, "</td></tr>\n");
}

static void put_actions(const struct page *page, const struct user_view *view)
{
    struct buf *out = page->out;
    size_t count = view->history_result == 0 ? view->history.items.count : 0;
    html_put(out, "<section><h2>");
    page_put(page, TEXT_ACTIONS);
    html_put(out, "</h2>\n");
    if (!count) {
        page_say(page, view->history_result == -EIO ? TEXT_DAMAGED : TEXT_NO_ACTIONS);
        html_put(out, "</section>\n");
        return;
    }
    html_put(out, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"");
    page_put(page, TEXT_ACTIONS);
    html_put(out, "\"><table><thead><tr><th>");
    page_put(page, TEXT_ITEM);
    html_put(out, "</th><th>");
    page_put(page, TEXT_KIND);
    html_put(out, "</th><th class=\"number\">");
    page_put(page, TEXT_TIME);
    html_put(out, "</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < MIN_OF(count, (size_t)ACTIONS_SHOWN); i++) {
        put_action(page, &view->history, count - 1 - i);
    }
    html_put(out, "</tbody></table></div></section>\n");
}

static void put_fact(const struct page *page, enum text name, struct slice value)
{
    if (!value.size) { return; }
    html_put(page->out, "<div><dt>");
    page_put(page, name);
    html_put(page->out, "</dt><dd>");
    html_text(page->out, value);
    html_put(page->out, "</dd></div>");
}

static void put_facts(const struct page *page, const struct found_list *found)
{
    const struct recommendation_list *list = &found->list;
    html_put(page->out, "<dl><div><dt>");
    page_put(page, TEXT_MADE);
    html_put(page->out, "</dt><dd>");
    page_ago(page, list->as_of_ms);
    html_put(page->out, "</dd></div>");
    put_fact(page, TEXT_MODEL, list->made_by);
    put_fact(page, TEXT_GENERATION, list->generation);
    put_fact(page, TEXT_CAUSE, slice_str(list_text_cause(found)));
    html_put(page->out, "<div><dt>");
    page_put(page, TEXT_COUNTED);
    html_put(page->out, "</dt><dd>");
    html_number(page->out, list->actions);
    html_put(page->out, "</dd></div></dl>\n");
}

static void put_removed(const struct page *page, const struct recommendation_list *list)
{
    if (!list->removal_items.count) { return; }
    html_put(page->out, "<section><h2>");
    page_put(page, TEXT_REMOVED);
    html_put(page->out, "</h2><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"");
    page_put(page, TEXT_REMOVED);
    html_put(page->out, "\"><table><thead><tr><th>");
    page_put(page, TEXT_ITEM);
    html_put(page->out, "</th><th>");
    page_put(page, TEXT_RULE);
    html_put(page->out, "</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < MIN_OF(list->removal_items.count, (size_t)REMOVED_SHOWN); i++) {
        html_put(page->out, "<tr><td class=\"wide\">");
        page_item(page, list->removal_items.at[i]);
        html_put(page->out, "</td><td>");
        html_text(page->out, list->removal_rules.at[i]);
        html_put(page->out, "</td></tr>\n");
    }
    html_put(page->out, "</tbody></table></div></section>\n");
}

/* ---- Why not this item? ---- */

/* Returns where an item stands in a column; its count: nowhere. */
static size_t place_of(const struct slices *column, struct slice item)
{
    size_t at = 0;
    while (at < column->count && !slice_equal(column->at[at], item)) { at++; }
    return at;
}

/* The item alone is ranked for the user now. */
static void put_score_now(const struct page *page, const struct user_view *view, struct slice item)
{
    struct found_list one;
    const struct floats *scores = &view->found.list.scores;
    (void)page_query(page);
    page->query->user = view->user;
    page->query->candidates[page->query->candidates_count++] = item;
    list_finder_find(page->finder, page->query, &one);
    if (one.error || !one.list.items.count) {
        page_put(page, TEXT_NOT_UNRANKED);
        return;
    }
    page_put(page, TEXT_NOT_WEAK);
    html_put(page->out, " ");
    html_real(page->out, (double)one.list.scores.at[0], 3);
    html_put(page->out, ". ");
    if (view->found.error || !scores->count) { return; }
    page_put(page, TEXT_LAST_SCORE);
    html_put(page->out, " ");
    html_real(page->out, (double)scores->at[scores->count - 1], 3);
}

static void put_why(const struct page *page, const struct user_view *view, struct slice item)
{
    struct item_card card;
    const struct recommendation_list *list = &view->found.list;
    bool known = live_tables_card(page->live, item, page->arena, &card);
    size_t listed = view->found.error ? 0 : place_of(&list->items, item);
    size_t removed = view->found.error ? 0 : place_of(&list->removal_items, item);
    html_put(page->out, "<p class=\"answer\" role=\"status\">");
    if (!known) {
        page_put(page, TEXT_NOT_UNKNOWN);
    } else if (!view->found.error && listed < list->items.count) {
        page_put(page, TEXT_NOT_LISTED);
        html_put(page->out, " ");
        html_number(page->out, (int64_t)listed + 1);
    } else if (!card.available) {
        page_put(page, TEXT_NOT_BARRED);
    } else if (!view->found.error && removed < list->removal_items.count) {
        page_put(page, TEXT_NOT_RULE);
        html_put(page->out, " ");
        html_text(page->out, list->removal_rules.at[removed]);
    } else if (view->history_result == 0 &&
               place_of(&view->history.items, item) < view->history.items.count) {
        page_put(page, TEXT_NOT_HAD);
    } else {
        put_score_now(page, view, item);
    }
    html_put(page->out, "</p>\n");
}

static void put_why_form(const struct page *page, const struct user_view *view)
{
    struct slice item = page_argument(page, "why");
    html_put(page->out, "<form class=\"ask\" action=\"/console/user\">");
    page_keep_language(page);
    html_put(page->out, "<input type=\"hidden\" name=\"id\" value=\"");
    html_text(page->out, view->user);
    html_put(page->out, "\"><label>");
    page_put(page, TEXT_WHY_NOT);
    html_put(page->out, "<input name=\"why\" maxlength=\"1024\" required value=\"");
    html_text(page->out, item);
    html_put(page->out, "\"></label><button>");
    page_put(page, TEXT_ASK);
    html_put(page->out, "</button></form>\n");
    if (item.size && item.size <= ID_BYTES_MAX) { put_why(page, view, item); }
}

static void put_list(const struct page *page, const struct user_view *view)
{
    html_put(page->out, "<div><section><h2>");
    page_put(page, TEXT_LIST);
    html_put(page->out, "</h2>\n");
    if (view->found.error) {
        page_say(page, view->found.code == 404 ? TEXT_NO_LIST : TEXT_DAMAGED);
    } else {
        put_facts(page, &view->found);
        page_list(page, TEXT_LIST, &view->found.list, TEXT_EVIDENCE, NULL);
    }
    html_put(page->out, "</section>\n<section>");
    put_why_form(page, view);
    html_put(page->out, "</section>\n");
    if (!view->found.error) { put_removed(page, &view->found.list); }
    html_put(page->out, "</div>");
}

/* ---- JSON ---- */

static void put_json(const struct page *page, const struct user_view *view)
{
    struct buf *out = page->out;
    const struct user_history *history = &view->history;
    size_t count = view->history_result == 0 ? history->items.count : 0;
    buf_printf(out, "{\"actions\":[");
    for (size_t i = 0; i < MIN_OF(count, (size_t)ACTIONS_SHOWN); i++) {
        buf_printf(out, "%s{\"item\":", i ? "," : "");
        quote_json(out, history->items.at[count - 1 - i], QUOTE_EITHER);
        bool timed = history->event_times_ms.count == count;
        buf_printf(out, ",\"time_ms\":%" PRId64 "}",
                   timed ? history->event_times_ms.at[count - 1 - i] : history->event_time_ms);
    }
    buf_printf(out, "],\"list\":");
    if (view->found.error) {
        buf_printf(out, "null");
    } else {
        (void)page_query(page);
        page->query->user = view->user;
        list_text_found(out, page->query, &view->found, page->age_ms);
    }
    buf_printf(out, "}\n");
}

void user_page(struct page *page)
{
    char why[QUERY_WHY_BYTES];
    struct user_view view = {.user = page_argument(page, "id")};
    bool asked = view.user.size > 0;
    bool fine = asked && list_query_check_id(view.user, "id", why);
    if (fine) { read_user(page, &view); }
    if (fine && page_wants_json(page)) {
        put_json(page, &view);
        return;
    }
    page_begin(page, TEXT_USER, fine ? view.user : slice_str(text_of(TEXT_USER, page->language)),
               TEXT_USER_ABOUT);
    page_form(page, "user", "id", TEXT_USER_ID, TEXT_SHOW, view.user);
    if (asked && !fine) { page_say(page, TEXT_BAD_ID); }
    if (fine) {
        html_put(page->out, "<div class=\"columns\">");
        put_actions(page, &view);
        put_list(page, &view);
        html_put(page->out, "</div>\n");
    }
    page_end(page);
    page->code = asked && !fine ? 400 : 200;
}
