/* Choosing items and the list for them. What is chosen stands in the address, so the page needs no
 * script and keeps nothing: `item` (several), `drop` (one of them to leave out), `q` (what was
 * searched for), and the weights that are tried (weights_form.h). With a script, the list follows
 * the weights while they are typed (live.js).
 */
#include "base/base.h"
#include "serve/console/list_table.h"
#include "serve/console/weights_form.h"
#include "serve/list_text.h"

enum { CHOSEN_MAX = 20, FOUND_MAX = 12, TRIED_LENGTH = 20 };

struct choice {
    struct slice items[CHOSEN_MAX];
    size_t count;
    struct weights_form form;
};

static bool has(const struct choice *choice, struct slice item)
{
    for (size_t i = 0; i < choice->count; i++) {
        if (slice_equal(choice->items[i], item)) { return true; }
    }
    return false;
}

static void read_choice(const struct page *page, struct choice *choice)
{
    char why[QUERY_WHY_BYTES];
    const struct http_request *request = page->request;
    struct slice dropped = page_argument(page, "drop");
    choice->count = 0;
    for (size_t i = 0; i < request->arguments_count && choice->count < CHOSEN_MAX; i++) {
        if (!slice_equal(request->arguments[i].name, slice_str("item"))) { continue; }
        struct slice item = page_decode(page, request->arguments[i].value);
        if (!item.data || !list_query_check_id(item, "item", why)) { continue; }
        if (slice_equal(item, dropped) || has(choice, item)) { continue; }
        choice->items[choice->count++] = item;
    }
}

/* Finds the list by these weights; NULL: by the usual ones. */
static void find_list(const struct page *page, const struct choice *choice,
                      const struct tried_weights *tried, struct found_list *ret_found)
{
    (void)page_query(page);
    for (size_t i = 0; i < choice->count; i++) {
        page->query->actions[i] = (struct query_action){
            choice->items[i], ACTION_VIEW, list_query_weight(ACTION_VIEW), INT64_MAX};
    }
    page->query->actions_count = choice->count;
    page->query->limit = TRIED_LENGTH;
    page->query->tried = tried;
    list_finder_find(page->finder, page->query, ret_found);
}

static void put_hidden(const struct page *page, const char *name, struct slice value)
{
    html_put(page->out, "<input type=\"hidden\" name=\"");
    html_text(page->out, slice_str(name));
    html_put(page->out, "\" value=\"");
    html_text(page->out, value);
    html_put(page->out, "\">");
}

static void keep_items(const struct page *page, const struct choice *choice)
{
    page_keep_language(page);
    for (size_t i = 0; i < choice->count; i++) { put_hidden(page, "item", choice->items[i]); }
}

static void keep_choice(const struct page *page, const struct choice *choice)
{
    keep_items(page, choice);
    weights_form_keep(page, &choice->form);
}

/* An item with the button that chooses it or leaves it out. */
static void put_button(const struct page *page, struct slice item, const char *name, enum text text)
{
    struct item_card card;
    (void)live_tables_card(page->live, item, page->arena, &card);
    html_put(page->out, "<tr><td class=\"wide\">");
    page_item(page, item);
    html_put(page->out, "</td><td class=\"number\"><button class=\"small\" name=\"");
    html_text(page->out, slice_str(name));
    html_put(page->out, "\" value=\"");
    html_text(page->out, item);
    html_put(page->out, "\" aria-label=\"");
    page_put(page, text);
    html_put(page->out, ": ");
    html_text(page->out, card.title.size ? card.title : item);
    html_put(page->out, "\">");
    page_put(page, text);
    html_put(page->out, "</button></td></tr>\n");
}

static void put_chosen(const struct page *page, const struct choice *choice)
{
    html_put(page->out, "<section><h2>");
    page_put(page, TEXT_CHOSEN);
    html_put(page->out, "</h2><form action=\"/console/try\">");
    keep_choice(page, choice);
    html_put(page->out, "<table><tbody>");
    for (size_t i = 0; i < choice->count; i++) {
        put_button(page, choice->items[i], "drop", TEXT_REMOVE);
    }
    html_put(page->out, "</tbody></table></form></section>\n");
}

/* Finds what was searched for, or what is popular; returns how many. */
static size_t find_items(const struct page *page, struct slice text, struct slice *ret_items)
{
    struct found_list found;
    if (text.size) {
        return live_tables_search(page->live, text, page->arena, ret_items, FOUND_MAX);
    }
    (void)page_query(page);
    page->query->kind = QUERY_ITEMS;
    page->query->order = ORDER_POPULAR;
    page->query->limit = FOUND_MAX;
    list_finder_find(page->finder, page->query, &found);
    if (found.error) { return 0; }
    for (size_t i = 0; i < found.list.items.count; i++) { ret_items[i] = found.list.items.at[i]; }
    return found.list.items.count;
}

static void put_search(const struct page *page, const struct choice *choice, struct slice text)
{
    struct slice items[FOUND_MAX];
    html_put(page->out, "<section><form class=\"ask\" action=\"/console/try\">");
    keep_choice(page, choice);
    html_put(page->out, "<label>");
    page_put(page, TEXT_SEARCH);
    html_put(page->out, "<input type=\"search\" name=\"q\" maxlength=\"200\" value=\"");
    html_text(page->out, text);
    html_put(page->out, "\"></label><button>");
    page_put(page, TEXT_FIND);
    html_put(page->out, "</button></form>");
    size_t count = find_items(page, text, items);
    if (!text.size && !choice->count) { page_say(page, TEXT_NOTHING_CHOSEN); }
    if (text.size && !count) { page_say(page, TEXT_NOTHING_FOUND); }
    html_put(page->out, "<form action=\"/console/try\">");
    keep_choice(page, choice);
    if (text.size) { put_hidden(page, "q", text); }
    html_put(page->out, "<table><tbody>");
    for (size_t i = 0; i < count; i++) {
        if (!has(choice, items[i])) { put_button(page, items[i], "item", TEXT_CHOOSE); }
    }
    html_put(page->out, "</tbody></table></form></section>\n");
}

static void put_weights(const struct page *page, const struct choice *choice)
{
    html_put(page->out, "<section><h2>");
    page_put(page, TEXT_WEIGHTS);
    html_put(page->out, "</h2><form action=\"/console/try\" data-now>");
    keep_items(page, choice);
    weights_form_put(page, &choice->form);
    html_put(page->out, "</form></section>\n");
}

static void put_found(const struct page *page, const struct choice *choice,
                      const struct found_list *found, const struct found_list *usual)
{
    html_put(page->out, "<section data-made><h2>");
    page_put(page, TEXT_SESSION_LIST);
    html_put(page->out, "</h2>\n");
    if (found->error || !found->list.items.count) {
        page_say(page, TEXT_NOTHING_FOUND);
    } else {
        list_table_put(page, TEXT_SESSION_LIST, &found->list,
                       choice->form.changed && !usual->error ? &usual->list : NULL);
    }
    if (choice->form.changed) {
        html_put(page->out, "<form action=\"/console/try\">");
        keep_items(page, choice);
        html_put(page->out, "<button class=\"small\">");
        page_put(page, TEXT_USUAL_WEIGHTS);
        html_put(page->out, "</button></form>");
    }
    html_put(page->out, "</section>\n");
}

void try_page(struct page *page)
{
    struct choice choice;
    page->still = true; /* a search reads all titles, and what was chosen shall stay */
    struct found_list found = {0}, usual = {0};
    read_choice(page, &choice);
    weights_form_read(page, (int64_t)choice.count, &choice.form);
    bool both = choice.count && choice.form.changed;
    if (both) { find_list(page, &choice, NULL, &usual); }
    if (choice.count) { find_list(page, &choice, &choice.form.tried, &found); }
    if (choice.count && !found.error && page_wants_json(page)) {
        list_text_found(page->out, page->query, &found, page->age_ms);
        return;
    }
    page_begin(page, TEXT_TRY, slice_str(text_of(TEXT_TRY, page->language)), TEXT_TRY_ABOUT);
    html_put(page->out, "<div class=\"columns\"><div>");
    if (choice.count) { put_chosen(page, &choice); }
    put_search(page, &choice, page_argument(page, "q"));
    html_put(page->out, "</div><div>");
    if (choice.count) {
        put_weights(page, &choice);
        put_found(page, &choice, &found, &usual);
    }
    html_put(page->out, "</div></div>\n");
    page_end(page);
}
