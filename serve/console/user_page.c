/* Actions and lists of a user: the list itself, or that of the placement that is asked for. Where
 * rules have a placement `main`, it is the list itself.
 */
#include "base/base.h"
#include "base/quote.h"
#include "schemas/list_id.h"
#include "serve/console/list_table.h"
#include "serve/console/rule_words.h"
#include "serve/console/user_group.h"
#include "serve/list_text.h"
#include "syntax/action_syntax.h"

enum { ACTIONS_SHOWN = 50, REMOVED_SHOWN = 50 };

struct user_view {
    struct slice user;
    struct slice placement;   /* that is shown; empty: the list itself, which no rules made */
    struct slices placements; /* that the list has */
    struct found_list found;
    struct user_history history;
    int history_result;
};

static bool has_main(const struct slices *placements)
{
    for (size_t i = 0; i < placements->count; i++) {
        if (slice_equal(placements->at[i], slice_str(LIST_ID_MAIN))) { return true; }
    }
    return false;
}

static void find(const struct page *page, struct user_view *view)
{
    (void)page_query(page);
    page->query->user = view->user;
    page->query->placement = view->placement;
    list_finder_find(page->finder, page->query, &view->found);
}

static void read_user(const struct page *page, struct user_view *view)
{
    char why[QUERY_WHY_BYTES];
    struct slice asked = page_argument(page, "placement");
    view->placement = slice_str("");
    find(page, view);
    view->placements = view->found.placements;
    if (asked.size && list_query_check_placement(asked, why)) {
        view->placement = asked;
    } else if (has_main(&view->placements)) {
        view->placement = slice_str(LIST_ID_MAIN);
    }
    if (view->placement.size && !view->found.error) { find(page, view); }
    if (view->placement.size && view->found.error) { /* the rules have no such placement any more */
        view->placement = slice_str("");
        find(page, view);
    }
    view->history_result = list_finder_history(page->finder, view->user, &view->history);
}

/* ---- HTML ---- */

/* Returns the kind of an action of a history. */
static enum action_kind kind_of(const struct user_history *history, size_t at)
{
    int32_t kind = history->actions.count == history->items.count ? history->actions.at[at]
                                                                  : ACTION_OTHER;
    return kind >= 0 && kind < ACTIONS_COUNT ? (enum action_kind)kind : ACTION_OTHER;
}

/* What is said of an action beside its kind: of a rating, the opinion. */
static bool has_weight(const struct user_history *history, size_t at)
{
    return kind_of(history, at) == ACTION_RATING && history->weights.count == history->items.count;
}

static void put_action(const struct page *page, const struct user_history *history, size_t at)
{
    struct buf *out = page->out;
    html_put(out, "<tr><td class=\"wide\">");
    page_item(page, history->items.at[at]);
    html_put(out, "</td><td class=\"kind\">");
    page_put(page, (enum text)(TEXT_ACTION_OTHER + kind_of(history, at)));
    if (has_weight(history, at)) {
        double weight = (double)history->weights.at[at];
        html_put(out, " ");
        html_real(out, weight, weight == floor(weight) ? 0 : 1);
    }
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
    page_begin_scroll(page, TEXT_ACTIONS);
    html_put(out, "<table class=\"actions\"><thead><tr><th>");
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
    put_fact(page, TEXT_GENERATION, list->generation.size ? list->generation : slice_str("base"));
    int32_t cause = list->cause;
    bool known = cause >= 0 && cause < TEXT_CAUSE_REQUEST - TEXT_CAUSE_ACTION;
    enum text words = (enum text)(TEXT_CAUSE_ACTION + (known ? cause : 0));
    put_fact(page, TEXT_CAUSE,
             slice_str(text_of(found->made ? TEXT_CAUSE_REQUEST : words, page->language)));
    html_put(page->out, "<div><dt>");
    page_put(page, TEXT_COUNTED);
    html_put(page->out, "</dt><dd>");
    html_number(page->out, list->actions);
    html_put(page->out, "</dd></div></dl>\n");
}

/* Returns the placement from which a removal is. */
static struct slice placement_of(const struct user_view *view, size_t at)
{
    const struct slices *from = &view->found.removed_from;
    return at < from->count ? from->at[at] : view->placement;
}

static void put_removal(const struct page *page, const struct user_view *view, size_t at)
{
    const struct recommendation_list *list = &view->found.list;
    html_put(page->out, "<tr><td class=\"wide\">");
    page_item(page, list->removal_items.at[at]);
    html_put(page->out, "</td><td>");
    html_text(page->out, placement_of(view, at));
    html_put(page->out, "</td><td class=\"wide\">");
    rule_words_put(page, placement_of(view, at), list->removal_rules.at[at]);
    html_put(page->out, "</td><td class=\"number\">");
    html_place(page->out, list->removal_ranks.at[at]);
    html_put(page->out, "</td></tr>\n");
}

static void put_removed(const struct page *page, const struct user_view *view)
{
    size_t count = view->found.list.removal_items.count;
    if (!count) { return; }
    page_begin_scroll_section(page, TEXT_REMOVED);
    html_put(page->out, "<table><thead><tr><th>");
    page_put(page, TEXT_ITEM);
    html_put(page->out, "</th><th>");
    page_put(page, TEXT_PLACEMENT);
    html_put(page->out, "</th><th>");
    page_put(page, TEXT_RULE);
    html_put(page->out, "</th><th class=\"number\">");
    page_put(page, TEXT_RANK);
    html_put(page->out, "</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < MIN_OF(count, (size_t)REMOVED_SHOWN); i++) {
        put_removal(page, view, i);
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

/* Why an item is not on the list; the order is that in which causes are looked for. */
enum why_kind {
    WHY_UNKNOWN, WHY_LISTED, WHY_UNAVAILABLE, WHY_RULE, WHY_HAD, WHY_WEAK, WHY_UNRANKED,
};

static const struct {
    enum text text;
    const char *word; /* in JSON */
} whys[] = {
    [WHY_UNKNOWN] = {TEXT_NOT_UNKNOWN, "unknown"},
    [WHY_LISTED] = {TEXT_NOT_LISTED, "listed"},
    [WHY_UNAVAILABLE] = {TEXT_NOT_BARRED, "unavailable"},
    [WHY_RULE] = {TEXT_NOT_RULE, "rule"},
    [WHY_HAD] = {TEXT_NOT_HAD, "had"},
    [WHY_WEAK] = {TEXT_NOT_WEAK, "weak"},
    [WHY_UNRANKED] = {TEXT_NOT_UNRANKED, "unranked"},
};

struct why_not {
    enum why_kind kind;
    size_t at;    /* the place on the list, or among the removals */
    double score; /* of WHY_WEAK: now */
};

/* Ranks the item alone for the user now. */
static bool score_now(const struct page *page, const struct user_view *view, struct slice item,
                      double *ret_score)
{
    struct found_list one;
    (void)page_query(page);
    page->query->user = view->user;
    page->query->candidates[page->query->candidates_count++] = item;
    list_finder_find(page->finder, page->query, &one);
    if (one.error || !one.list.items.count) { return false; }
    *ret_score = (double)one.list.scores.at[0];
    return true;
}

static struct why_not find_why(const struct page *page, const struct user_view *view,
                               struct slice item)
{
    struct item_card card;
    struct why_not why = {.kind = WHY_UNRANKED};
    const struct recommendation_list *list = &view->found.list;
    bool known = live_tables_card(page->live, item, page->arena, &card);
    bool stands = !view->found.error;
    size_t listed = stands ? place_of(&list->items, item) : 0;
    size_t removed = stands ? place_of(&list->removal_items, item) : 0;
    if (!known) {
        why.kind = WHY_UNKNOWN;
    } else if (stands && listed < list->items.count) {
        why = (struct why_not){.kind = WHY_LISTED, .at = listed};
    } else if (!card.available) {
        why.kind = WHY_UNAVAILABLE;
    } else if (stands && removed < list->removal_items.count) {
        why = (struct why_not){.kind = WHY_RULE, .at = removed};
    } else if (view->history_result == 0 &&
               place_of(&view->history.items, item) < view->history.items.count) {
        why.kind = WHY_HAD;
    } else if (score_now(page, view, item, &why.score)) {
        why.kind = WHY_WEAK;
    }
    return why;
}

static void put_why(const struct page *page, const struct user_view *view, struct slice item)
{
    const struct floats *scores = &view->found.list.scores;
    struct why_not why = find_why(page, view, item);
    html_put(page->out, "<div class=\"answer\" role=\"status\">");
    page_put(page, whys[why.kind].text);
    html_put(page->out, " ");
    if (why.kind == WHY_LISTED) { html_number(page->out, (int64_t)why.at + 1); }
    if (why.kind == WHY_RULE) {
        rule_words_put(page, placement_of(view, why.at), view->found.list.removal_rules.at[why.at]);
    }
    if (why.kind == WHY_WEAK) {
        html_real(page->out, why.score, 3);
        html_put(page->out, ". ");
    }
    if (why.kind == WHY_WEAK && !view->found.error && scores->count) {
        page_put(page, TEXT_LAST_SCORE);
        html_put(page->out, " ");
        html_real(page->out, (double)scores->at[scores->count - 1], 3);
    }
    html_put(page->out, "</div>\n");
}

static void put_json_why(const struct page *page, const struct user_view *view)
{
    struct slice item = page_argument(page, "why");
    if (!item.size || item.size > ID_BYTES_MAX) { return; }
    struct why_not why = find_why(page, view, item);
    buf_printf(page->out, ",\"why\":{\"item\":");
    quote_json(page->out, item, QUOTE_EITHER);
    buf_printf(page->out, ",\"answer\":\"%s\"", whys[why.kind].word);
    if (why.kind == WHY_LISTED) { buf_printf(page->out, ",\"place\":%zu", why.at + 1); }
    if (why.kind == WHY_WEAK) { buf_printf(page->out, ",\"score\":%.9g", why.score); }
    if (why.kind == WHY_RULE) {
        buf_printf(page->out, ",\"placement\":");
        quote_json(page->out, placement_of(view, why.at), QUOTE_EITHER);
        buf_printf(page->out, ",\"rule\":");
        quote_json(page->out, view->found.list.removal_rules.at[why.at], QUOTE_EITHER);
    }
    buf_printf(page->out, "}");
}

static void put_why_form(const struct page *page, const struct user_view *view)
{
    struct slice item = page_argument(page, "why");
    html_put(page->out, "<form class=\"ask\" action=\"/console/user\">");
    page_keep_language(page);
    html_put(page->out, "<input type=\"hidden\" name=\"id\" value=\"");
    html_text(page->out, view->user);
    if (page_argument(page, "placement").size) {
        html_put(page->out, "\"><input type=\"hidden\" name=\"placement\" value=\"");
        html_text(page->out, view->placement);
    }
    html_put(page->out, "\"><label>");
    page_put(page, TEXT_WHY_NOT);
    html_put(page->out, "<input name=\"why\" maxlength=\"1024\" required value=\"");
    html_text(page->out, item);
    html_put(page->out, "\"></label><button>");
    page_put(page, TEXT_ASK);
    html_put(page->out, "</button></form>\n");
    if (item.size && item.size <= ID_BYTES_MAX) { put_why(page, view, item); }
}

/* A link to the list of a placement; `name` empty: to the list itself. */
static void put_placement(const struct page *page, const struct user_view *view, struct slice name)
{
    bool shown = slice_equal(name, view->placement);
    html_put(page->out, "<a href=\"/console/user?id=");
    quote_url(page->out, view->user);
    html_put(page->out, "&amp;placement=");
    quote_url(page->out, name);
    page_keep_language_in_link(page);
    html_put(page->out, "\"");
    if (shown) { html_put(page->out, " aria-current=\"true\""); }
    html_put(page->out, ">");
    if (name.size) {
        html_text(page->out, name);
    } else {
        page_put(page, TEXT_MAIN_LIST);
    }
    html_put(page->out, "</a>");
}

static void put_placements(const struct page *page, const struct user_view *view)
{
    if (!view->placements.count) { return; }
    html_put(page->out, "<nav class=\"placements\" aria-label=\"");
    page_put(page, TEXT_PLACEMENTS);
    html_put(page->out, "\">");
    if (!has_main(&view->placements)) { put_placement(page, view, slice_str("")); }
    for (size_t i = 0; i < view->placements.count; i++) {
        put_placement(page, view, view->placements.at[i]);
    }
    html_put(page->out, "</nav>\n");
}

static void put_list(const struct page *page, const struct user_view *view)
{
    html_put(page->out, "<section><h2>");
    page_put(page, TEXT_LIST);
    html_put(page->out, "</h2>\n");
    put_placements(page, view);
    if (view->found.error) {
        page_say(page, view->found.code == 404 ? TEXT_NO_LIST : TEXT_DAMAGED);
    } else {
        page->query->placement = view->placement;
        put_facts(page, &view->found);
        list_table_put(page, TEXT_LIST, &view->found.list, NULL);
    }
    html_put(page->out, "</section>\n<section>");
    put_why_form(page, view);
    html_put(page->out, "</section>\n");
    if (!view->found.error) { put_removed(page, view); }
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
        buf_printf(out, ",\"kind\":\"%s\"", action_kind_name(kind_of(history, count - 1 - i)));
        if (has_weight(history, count - 1 - i)) {
            buf_printf(out, ",\"weight\":%.9g", (double)history->weights.at[count - 1 - i]);
        }
        buf_printf(out, ",\"time_ms\":%" PRId64 "}",
                   timed ? history->event_times_ms.at[count - 1 - i] : history->event_time_ms);
    }
    buf_printf(out, "],\"list\":");
    if (view->found.error) {
        buf_printf(out, "null");
    } else {
        (void)page_query(page);
        page->query->user = view->user;
        page->query->placement = view->placement;
        list_text_found(out, page->query, &view->found, page->age_ms);
    }
    put_json_why(page, view);
    user_group_json(page, view->user);
    buf_printf(out, "}\n");
}

void user_page(struct page *page)
{
    char why[QUERY_WHY_BYTES];
    struct user_view view = {.user = page_argument(page, "id")};
    bool asked = view.user.size > 0;
    page->still = page_argument(page, "alike").size > 0;
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
        html_put(page->out, "<div>");
        put_list(page, &view);
        if (view.history_result == 0) { user_group_put(page, view.user, &view.history); }
        html_put(page->out, "</div></div>\n");
    }
    page_end(page);
    page->code = asked && !fine ? 400 : 200;
}
