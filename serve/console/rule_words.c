#include "base/base.h"
#include "schemas/list_id.h"
#include "serve/console/page.h"
#include "serve/console/rule_words.h"

static const struct {
    const char *begin; /* of the rule's name in a list */
    enum text text;
} kinds[] = {
    {"filter.", TEXT_RULE_FILTER},       {"exclude.", TEXT_RULE_EXCLUDE},
    {"cap.group", TEXT_RULE_CAP_GROUP},  {"cap.", TEXT_RULE_CAP},
    {"boost.", TEXT_RULE_BOOST},         {"pin.", TEXT_RULE_PIN},
    {"share.", TEXT_RULE_SHARE},         {"again.", TEXT_RULE_AGAIN},
    {"explore", TEXT_RULE_EXPLORE},
};

static enum text text_for(struct slice rule)
{
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        size_t size = strlen(kinds[i].begin);
        if (rule.size >= size && memcmp(rule.data, kinds[i].begin, size) == 0) {
            return kinds[i].text;
        }
    }
    return TEXT_RULE;
}

void rule_words_put(const struct page *page, struct slice placement, struct slice rule)
{
    struct slice says = live_tables_rule(page->live, placement, rule, page->arena);
    page_put(page, text_for(rule));
    html_put(page->out, " <code>");
    html_text(page->out, rule);
    if (says.size) {
        html_put(page->out, " = ");
        html_text(page->out, says);
    }
    html_put(page->out, "</code>");
}

void rule_words_moved(const struct page *page, const struct recommendation_list *list, size_t at)
{
    if (!list->placement_rules.count || !list->placement_rules.at[at].size) { return; }
    html_put(page->out, "<div class=\"moved\">");
    struct slice placement = page->query->placement;
    rule_words_put(page, placement.size ? placement : slice_str(LIST_ID_MAIN),
                   list->placement_rules.at[at]);
    html_put(page->out, " ");
    page_put(page, TEXT_RANK);
    html_put(page->out, ": ");
    html_place(page->out, list->placement_ranks.at[at]);
    html_put(page->out, "</div>");
}
