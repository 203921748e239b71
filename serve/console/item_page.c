#include "base/base.h"
#include "base/quote.h"
#include "serve/console/list_table.h"
#include "serve/list_text.h"

enum { NEIGHBOURS_SHOWN = 30, USERS_SHOWN = 20, USERS_LOOKED = 100, LOOK_MS = 20 };

static void find_neighbours(const struct page *page, struct slice item,
                            enum item_order_kind order, struct found_list *ret_found)
{
    (void)page_query(page);
    page->query->kind = QUERY_ITEMS;
    page->query->order = order;
    page->query->item = item;
    page->query->limit = NEIGHBOURS_SHOWN;
    list_finder_find(page->finder, page->query, ret_found);
}

static void put_neighbours(const struct page *page, struct slice item, enum item_order_kind order,
                           enum text title)
{
    struct found_list found;
    find_neighbours(page, item, order, &found);
    html_put(page->out, "<section><h2>");
    page_put(page, title);
    html_put(page->out, "</h2>\n");
    if (found.error || !found.list.items.count) {
        page_say(page, TEXT_NO_NEIGHBOURS);
    } else {
        list_table_neighbours(page, title, &found.list, order == ORDER_SIMILAR);
    }
    html_put(page->out, "</section>\n");
}

/* ---- Who gets it ---- */

/* Returns when the list was made that stands for a user and has this item on it; 0: none does. */
static int64_t listed_ms(const struct page *page, struct slice user, struct slice item)
{
    struct found_list found;
    struct list_query *query = page_query(page);
    query->user = user;
    list_finder_find(page->finder, query, &found);
    for (size_t i = 0; !found.error && !found.made && i < found.list.items.count; i++) {
        if (slice_equal(found.list.items.at[i], item)) { return found.list.as_of_ms; }
    }
    return 0;
}

static void put_user(const struct page *page, const struct found_list *found, size_t at,
                     struct slice item)
{
    html_put(page->out, "<tr><td class=\"wide\">");
    page_user_link(page, found->users.at[at]);
    html_put(page->out, "</td><td class=\"number\">");
    html_number(page->out, found->list.placement_ranks.at[at]);
    html_put(page->out, "</td><td class=\"wide\">");
    list_table_reason(page, &found->list, at);
    html_put(page->out, "</td><td class=\"time\">");
    page_ago(page, listed_ms(page, found->users.at[at], item));
    html_put(page->out, "</td></tr>\n");
}

static void find_users(const struct page *page, struct slice item, struct found_list *ret_found)
{
    struct list_query *query = page_query(page);
    query->kind = QUERY_USERS;
    query->item = item;
    query->limit = USERS_SHOWN;
    query->users_looked = USERS_LOOKED; /* a list takes some tenths of a millisecond */
    query->look_ms = LOOK_MS;
    list_finder_find(page->finder, query, ret_found);
}

static void put_users(const struct page *page, struct slice item)
{
    struct found_list found;
    find_users(page, item, &found);
    if (found.error || !found.users.count) {
        page_say(page, TEXT_NO_WANTING);
        return;
    }
    page_begin_scroll(page, TEXT_WANTING);
    html_put(page->out, "<table><thead><tr><th>");
    page_put(page, TEXT_USER);
    html_put(page->out, "</th><th class=\"number\">");
    page_put(page, TEXT_PLACE);
    html_put(page->out, "</th><th>");
    page_put(page, TEXT_REASON);
    html_put(page->out, "</th><th>");
    page_put(page, TEXT_LISTED_SINCE);
    html_put(page->out, "</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < found.users.count; i++) { put_user(page, &found, i, item); }
    html_put(page->out, "</tbody></table></div>\n");
}

/* Up to USERS_LOOKED lists are made for the answer, so it is found when it is asked for. */
static void put_wanting(const struct page *page, struct slice item)
{
    html_put(page->out, "<section><h2>");
    page_put(page, TEXT_WANTING);
    html_put(page->out, "</h2>\n");
    if (page->still) {
        put_users(page, item);
    } else {
        html_put(page->out, "<form action=\"/console/item\">");
        page_keep_language(page);
        html_put(page->out, "<input type=\"hidden\" name=\"id\" value=\"");
        html_text(page->out, item);
        html_put(page->out, "\"><button class=\"small\" name=\"users\" value=\"yes\">");
        page_put(page, TEXT_LOOK);
        html_put(page->out, "</button></form>");
    }
    html_put(page->out, "</section>\n");
}

static void begin_fact(const struct page *page, enum text name)
{
    html_put(page->out, "<div><dt>");
    page_put(page, name);
    html_put(page->out, "</dt><dd>");
}

static void put_card(const struct page *page, struct slice id, const struct item_card *card)
{
    struct buf *out = page->out;
    html_put(out, "<section><h2>");
    page_put(page, TEXT_ATTRIBUTES);
    html_put(out, "</h2>");
    page_picture(page, card);
    html_put(out, "<dl>");
    begin_fact(page, TEXT_ITEM_ID);
    html_text(out, id);
    html_put(out, "</dd></div>");
    begin_fact(page, TEXT_COUNTED);
    html_real(out, card->actions, card->actions < 10.0 ? 1 : 0);
    html_put(out, "</dd></div>");
    begin_fact(page, TEXT_STATE);
    page_put(page, card->available ? TEXT_AVAILABLE : TEXT_NOT_AVAILABLE);
    html_put(out, "</dd></div>");
    if (card->price >= 0.0) {
        begin_fact(page, TEXT_PRICE);
        html_real(out, card->price, 2);
        html_put(out, "</dd></div>");
    }
    begin_fact(page, TEXT_CREATED);
    page_time(page, card->created_ms);
    html_put(out, "</dd></div>");
    begin_fact(page, TEXT_SINCE);
    page_time(page, card->since_ms);
    html_put(out, "</dd></div>");
    begin_fact(page, TEXT_TAG_WORDS);
    for (size_t i = 0; i < card->tags_count; i++) {
        if (i) { html_put(out, ", "); }
        html_text(out, card->tags[i]);
    }
    if (!card->tags_count) { html_put(out, "–"); }
    html_put(out, "</dd></div></dl></section>\n");
}

static void put_json(const struct page *page, struct slice item, const struct item_card *card)
{
    struct buf *out = page->out;
    struct found_list found;
    buf_printf(out, "{\"item\":");
    quote_json(out, item, QUOTE_EITHER);
    buf_printf(out, ",\"title\":");
    quote_json(out, card->title, QUOTE_EITHER);
    if (card->image.size) {
        buf_printf(out, ",\"image\":");
        quote_json(out, card->image, QUOTE_EITHER);
    }
    buf_printf(out, ",\"available\":%s,\"actions\":%.9g,\"created_ms\":%" PRId64
                    ",\"since_ms\":%" PRId64 ",\"tags\":[",
               card->available ? "true" : "false", card->actions, card->created_ms,
               card->since_ms);
    for (size_t i = 0; i < card->tags_count; i++) {
        buf_printf(out, "%s", i ? "," : "");
        quote_json(out, card->tags[i], QUOTE_EITHER);
    }
    find_neighbours(page, item, ORDER_SIMILAR, &found);
    buf_printf(out, "],\"similar\":");
    list_text_found(out, page->query, &found, page->age_ms);
    if (page->still) {
        find_users(page, item, &found);
        buf_printf(out, ",\"wanting\":");
        list_text_found(out, page->query, &found, page->age_ms);
        buf_printf(out, ",\"listed_ms\":[");
        for (size_t i = 0; i < found.users.count; i++) {
            buf_printf(out, "%s%" PRId64, i ? "," : "",
                       listed_ms(page, found.users.at[i], item));
        }
        buf_printf(out, "]");
    }
    buf_printf(out, "}\n");
}

void item_page(struct page *page)
{
    char why[QUERY_WHY_BYTES];
    struct item_card card = {0};
    struct slice id = page_argument(page, "id");
    bool asked = id.size > 0;
    page->still = page_argument(page, "users").size > 0;
    bool fine = asked && list_query_check_id(id, "id", why);
    bool known = fine && live_tables_card(page->live, id, page->arena, &card);
    if (known && page_wants_json(page)) {
        put_json(page, id, &card);
        return;
    }
    struct slice name = card.title.size ? card.title : id;
    page_begin(page, TEXT_ITEM,
               known ? name : slice_str(text_of(TEXT_ITEM, page->language)), TEXT_ITEM_ABOUT);
    page_form(page, "item", "id", TEXT_ITEM_ID, TEXT_SHOW, id);
    if (asked && !known) { page_say(page, fine ? TEXT_NO_ITEM : TEXT_BAD_ID); }
    if (known) {
        put_card(page, id, &card);
        html_put(page->out, "<div class=\"columns even\">");
        put_neighbours(page, id, ORDER_SIMILAR, TEXT_SIMILAR);
        put_neighbours(page, id, ORDER_TOGETHER, TEXT_TOGETHER);
        html_put(page->out, "</div>");
        put_wanting(page, id);
    }
    page_end(page);
    page->code = !asked || known ? 200 : fine ? 404 : 400;
}
