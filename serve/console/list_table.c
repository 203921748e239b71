#include "base/base.h"
#include "schemas/context_words.h"
#include "serve/console/list_table.h"
#include "serve/console/rule_words.h"

void list_table_reason(const struct page *page, const struct recommendation_list *list, size_t at)
{
    static const enum text texts[LIST_REASONS] = {
        [REASON_OTHER] = TEXT_OTHER,       [REASON_BECAUSE] = TEXT_BECAUSE,
        [REASON_POPULAR] = TEXT_POPULAR,   [REASON_TRENDING] = TEXT_TRENDING,
        [REASON_NEW] = TEXT_NEW,           [REASON_TAGS] = TEXT_TAGS,
        [REASON_AGAIN] = TEXT_AGAIN,       [REASON_CROSS] = TEXT_CROSS,
        [REASON_BROUGHT] = TEXT_BROUGHT,   [REASON_SEGMENT] = TEXT_LIKED_BY,
        [REASON_QUERY] = TEXT_MATCHES,
        [REASON_CONTEXT] = TEXT_CONTEXT,   [REASON_USERS] = TEXT_CHOSEN_BY,
    };
    int32_t reason = list->reasons.at[at];
    bool known = reason >= 0 && reason < LIST_REASONS;
    page_put(page, known ? texts[reason] : TEXT_OTHER);
    if (!list->because.at[at].size) { return; }
    html_put(page->out, " ");
    if (reason == REASON_BROUGHT || reason == REASON_SEGMENT || reason == REASON_QUERY) {
        html_text(page->out, list->because.at[at]);
        return;
    }
    if (reason == REASON_CONTEXT) {
        char words[CONTEXT_WORDS_BYTES];
        bool chinese = page->language == LANGUAGE_ZH;
        html_text(page->out, slice_str(context_words(list->because.at[at], chinese, words)));
        return;
    }
    (void)page_item_link(page, list->because.at[at]);
    double share = (double)list_share(list, at);
    if (list_last_ms(list, at)) {
        html_put(page->out, " <small>");
        page_ago(page, list_last_ms(list, at));
        html_put(page->out, "</small>");
    } else if (share > 0.0) {
        html_put(page->out, "<small>");
        html_real(page->out, share * 100.0, 0);
        html_put(page->out, " % ");
        page_put(page, TEXT_OF_HISTORY);
        html_put(page->out, "</small>");
    }
}

/* A bar as long as a score is, beside the largest and the smallest of the list, or beside 0. */
static void put_score(const struct page *page, const struct recommendation_list *list, size_t at,
                      bool below_0)
{
    double most = (double)list->scores.at[0], least = 0.0, score = (double)list->scores.at[at];
    for (size_t i = 0; i < list->scores.count; i++) {
        most = fmax(most, (double)list->scores.at[i]);
        if (below_0) { least = fmin(least, (double)list->scores.at[i]); }
    }
    double part = most > least ? (score - least) / (most - least) : 1.0;
    html_real(page->out, score, 3);
    html_bar(page->out, part);
}

/* Begins a cell with a number; on a narrow screen the label stands before it. */
static void begin_number(const struct page *page, enum text label)
{
    html_put(page->out, "<td class=\"number\" data-label=\"");
    page_put(page, label);
    html_put(page->out, "\">");
}

/* Appends the place of an item on another list. */
static void put_before(const struct page *page, const struct recommendation_list *before,
                       struct slice item)
{
    size_t at = 0;
    while (at < before->items.count && !slice_equal(before->items.at[at], item)) { at++; }
    begin_number(page, TEXT_USUAL_PLACE);
    html_place(page->out, at < before->items.count ? (int64_t)at + 1 : 0);
    html_put(page->out, "</td>");
}

/* What a table shows beside place, item and score. */
struct columns {
    enum text evidence; /* heads the column of evidence */
    bool reasons, scores;
    const struct recommendation_list *before; /* another list, or NULL */
};

static void put_row(const struct page *page, const struct recommendation_list *list, size_t at,
                    const struct columns *columns)
{
    struct buf *out = page->out;
    html_put(out, "<tr><td class=\"number place\">");
    html_number(out, (int64_t)at + 1);
    html_put(out, "</td>");
    if (columns->before) { put_before(page, columns->before, list->items.at[at]); }
    html_put(out, "<td class=\"wide item\">");
    page_item(page, list->items.at[at]);
    html_put(out, "</td>");
    if (columns->reasons) {
        html_put(out, "<td class=\"wide reason\">");
        list_table_reason(page, list, at);
        rule_words_moved(page, list, at);
        html_put(out, "</td>");
    }
    begin_number(page, columns->evidence);
    html_real(out, (double)list->evidence.at[at], list->evidence.at[at] < 10.0F ? 1 : 0);
    html_put(out, "</td>");
    if (columns->scores) {
        html_put(out, "<td class=\"number score\">");
        /* Of neighbours a similarity; items that are similar by the catalogue have none. */
        if (columns->reasons || list->scores.at[at] >= 0.0F) {
            put_score(page, list, at, columns->reasons);
        } else {
            page_put(page, TEXT_MEMBER_CONTENT);
        }
        html_put(out, "</td>");
    }
    html_put(out, "</tr>\n");
}

static void put_table(const struct page *page, enum text name,
                      const struct recommendation_list *list, const struct columns *columns)
{
    struct buf *out = page->out;
    page_begin_scroll(page, name);
    html_put(out, "<table class=\"list\"><thead><tr>");
    page_head(page, TEXT_PLACE, /* numbers= */ true);
    if (columns->before) { page_head(page, TEXT_USUAL_PLACE, /* numbers= */ true); }
    page_head(page, TEXT_ITEM, /* numbers= */ false);
    if (columns->reasons) { page_head(page, TEXT_REASON, /* numbers= */ false); }
    page_head(page, columns->evidence, /* numbers= */ true);
    if (columns->scores) { page_head(page, TEXT_SCORE, /* numbers= */ true); }
    html_put(out, "</tr></thead><tbody>\n");
    for (size_t i = 0; i < list->items.count; i++) { put_row(page, list, i, columns); }
    html_put(out, "</tbody></table></div>\n");
}

void list_table_put(const struct page *page, enum text name,
                    const struct recommendation_list *list,
                    const struct recommendation_list *before)
{
    put_table(page, name, list,
              &(struct columns){
                  .evidence = TEXT_EVIDENCE, .reasons = true, .scores = true, .before = before});
}

void list_table_neighbours(const struct page *page, enum text name,
                           const struct recommendation_list *list, bool scored)
{
    put_table(page, name, list, &(struct columns){.evidence = TEXT_SUPPORT, .scores = scored});
}
