#include "base/base.h"
#include "serve/console/user_group.h"
#include "serve/list_text.h"

enum { CLUSTER_ITEMS_SHOWN = 8, ALIKE_SHOWN = 10 };

static void begin_table(const struct page *page, enum text name, const enum text *heads,
                        size_t count)
{
    page_begin_scroll(page, name);
    html_put(page->out, "<table><thead><tr>");
    for (size_t k = 0; k < count; k++) {
        if (k) {
            html_put(page->out, "<th class=\"number\">");
        } else {
            html_put(page->out, "<th>");
        }
        page_put(page, heads[k]);
        html_put(page->out, "</th>");
    }
    html_put(page->out, "</tr></thead><tbody>\n");
}

static void put_number(const struct page *page, double number, int digits)
{
    html_put(page->out, "<td class=\"number\">");
    html_real(page->out, number, digits);
    html_put(page->out, "</td>");
}

static void put_items(const struct page *page, const struct live_cluster *cluster)
{
    static const enum text heads[] = {TEXT_ITEM, TEXT_OF_CLUSTER, TEXT_OF_ALL};
    begin_table(page, TEXT_CLUSTER, heads, ARRAY_COUNT(heads));
    for (size_t k = 0; k < MIN_OF(cluster->items.count, (size_t)CLUSTER_ITEMS_SHOWN); k++) {
        html_put(page->out, "<tr><td class=\"wide\">");
        page_item(page, cluster->items.at[k]);
        html_put(page->out, "</td>");
        put_number(page, cluster->item_users.at[k], 0);
        put_number(page, cluster->item_all_users.at[k], 0);
        html_put(page->out, "</tr>\n");
    }
    html_put(page->out, "</tbody></table></div>\n");
}

static void put_cluster(const struct page *page, const struct user_history *history)
{
    struct live_cluster cluster;
    html_put(page->out, "<section><h2>");
    page_put(page, TEXT_CLUSTER);
    html_put(page->out, "</h2>\n");
    if (!live_tables_cluster(page->live, history, page->arena, &cluster)) {
        page_say(page, TEXT_NO_CLUSTER);
        html_put(page->out, "</section>\n");
        return;
    }
    html_put(page->out, "<dl><div><dt>");
    page_put(page, TEXT_CLUSTER);
    html_put(page->out, "</dt><dd>");
    html_text(page->out, cluster.name);
    html_put(page->out, "</dd></div><div><dt>");
    page_put(page, TEXT_OF_CLUSTER);
    html_put(page->out, "</dt><dd>");
    html_number(page->out, (int64_t)cluster.users);
    html_put(page->out, "</dd></div><div><dt>");
    page_put(page, TEXT_OF_ALL);
    html_put(page->out, "</dt><dd>");
    html_number(page->out, (int64_t)cluster.all_users);
    html_put(page->out, "</dd></div></dl>\n");
    put_items(page, &cluster);
    html_put(page->out, "</section>\n");
}

/* ---- Similar users ---- */

static void find_alike(const struct page *page, struct slice user, struct found_list *ret_found)
{
    struct list_query *query = page_query(page);
    query->kind = QUERY_SIMILAR;
    query->user = user;
    query->limit = ALIKE_SHOWN;
    list_finder_find(page->finder, query, ret_found);
}

static void put_user(const struct page *page, const struct similar_user *one)
{
    html_put(page->out, "<tr><td class=\"wide\">");
    page_user_link(page, one->user);
    html_put(page->out, "</td>");
    put_number(page, one->likeness.cosine, 3);
    put_number(page, (double)one->likeness.common, 0);
    html_put(page->out, "</tr>\n");
}

static void put_users(const struct page *page, struct slice user)
{
    static const enum text heads[] = {TEXT_USER, TEXT_COSINE, TEXT_IN_COMMON};
    struct found_list found;
    find_alike(page, user, &found);
    if (found.error || !found.about->similar_count) {
        page_say(page, TEXT_NO_ALIKE);
        return;
    }
    begin_table(page, TEXT_ALIKE, heads, ARRAY_COUNT(heads));
    for (size_t k = 0; k < found.about->similar_count; k++) {
        put_user(page, &found.about->similar[k]);
    }
    html_put(page->out, "</tbody></table></div>\n");
}

static void put_alike(const struct page *page, struct slice user)
{
    html_put(page->out, "<section><h2>");
    page_put(page, TEXT_ALIKE);
    html_put(page->out, "</h2>\n");
    if (page->still) {
        put_users(page, user);
    } else {
        html_put(page->out, "<form action=\"/console/user\">");
        page_keep_language(page);
        html_put(page->out, "<input type=\"hidden\" name=\"id\" value=\"");
        html_text(page->out, user);
        html_put(page->out, "\"><button class=\"small\" name=\"alike\" value=\"yes\">");
        page_put(page, TEXT_LOOK_ALIKE);
        html_put(page->out, "</button></form>");
    }
    html_put(page->out, "</section>\n");
}

void user_group_put(const struct page *page, struct slice user, const struct user_history *history)
{
    put_cluster(page, history);
    put_alike(page, user);
}

void user_group_json(const struct page *page, struct slice user)
{
    struct found_list found;
    if (!page->still) { return; }
    find_alike(page, user, &found);
    buf_printf(page->out, ",\"alike\":");
    if (found.error) {
        buf_printf(page->out, "null");
    } else {
        list_text_found(page->out, page->query, &found, page->age_ms);
    }
}
