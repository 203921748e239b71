#include "base/base.h"
#include "base/quote.h"
#include "scorer/lists/list_json.h"
#include "serve/list_text.h"
#include "serve/user_text.h"

void list_text_error(struct buf *out, const char *error, const char *message)
{
    buf_printf(out, "{\"error\":\"%s\",\"message\":", error);
    quote_json(out, slice_str(message), QUOTE_EITHER);
    buf_printf(out, "}\n");
}

const char *list_text_cause(const struct found_list *found)
{
    return found->made ? "request" : list_cause_name(found->list.cause);
}

static void put_item(struct buf *out, const struct recommendation_list *list, size_t at)
{
    buf_append(out, "{", 1);
    list_json_text(out, "item", list->items.at[at]);
    list_json_text(out, "reason", slice_str(list_reason_name(list->reasons.at[at])));
    list_json_text(out, "because", list->because.at[at]);
    if (list->placement_ranks.count) {
        buf_printf(out, "\"rank\":%d,", list->placement_ranks.at[at]);
        list_json_text(out, "rule", list->placement_rules.at[at]);
    }
    if (list->placement_probabilities.count && list->placement_probabilities.at[at] > 0.0F) {
        buf_printf(out, "\"probability\":%.9g,", (double)list->placement_probabilities.at[at]);
    }
    list_json_figures(out, list, at);
}

static void put_items(struct buf *out, const struct recommendation_list *list)
{
    buf_printf(out, "\"items\":[");
    for (size_t i = 0; i < list->items.count; i++) {
        if (i) { buf_append(out, ",", 1); }
        put_item(out, list, i);
    }
    buf_printf(out, "],");
}

/* Appends what the rules took off. */
static void put_removed(struct buf *out, const struct recommendation_list *list)
{
    buf_printf(out, "\"removed\":[");
    for (size_t k = 0; k < list->removal_items.count; k++) {
        buf_append(out, k ? ",{" : "{", k ? 2 : 1);
        list_json_text(out, "item", list->removal_items.at[k]);
        list_json_text(out, "rule", list->removal_rules.at[k]);
        buf_printf(out, "\"rank\":%d}", list->removal_ranks.at[k]);
    }
    buf_printf(out, "],");
}

static void put_made_by(struct buf *out, const struct found_list *found)
{
    const struct recommendation_list *list = &found->list;
    list_json_text(out, "cause", slice_str(list_text_cause(found)));
    list_json_text(out, "list_id", list->list_id);
    list_json_text(out, "generation", list->generation);
    list_json_text(out, "ranking", list->model);
    list_json_text(out, "made_by", list->made_by);
    list_json_text(out, "model_version", list->vectors);
    if (found->found_by) { list_json_text(out, "found_by", slice_str(found->found_by)); }
}

static void put_user(struct buf *out, const struct found_list *found, size_t at)
{
    const struct recommendation_list *list = &found->list;
    buf_append(out, at ? ",{" : "{", at ? 2 : 1);
    list_json_text(out, "user", found->users.at[at]);
    buf_printf(out, "\"place\":%d,", list->placement_ranks.at[at]);
    list_json_text(out, "reason", slice_str(list_reason_name(list->reasons.at[at])));
    list_json_text(out, "because", list->because.at[at]);
    list_json_figures(out, list, at);
}

static void put_users(struct buf *out, const struct found_list *found)
{
    buf_printf(out, "\"users\":[");
    for (size_t k = 0; k < found->users.count; k++) { put_user(out, found, k); }
    buf_printf(out, "],");
}

static void put_group(struct buf *out, const struct list_query *query)
{
    if (query->group_kind == GROUP_CLUSTER) {
        list_json_text(out, "cluster", query->group);
    } else {
        list_json_text(out, "segment", query->group);
    }
}

/* Appends what the answer is about. */
static void put_subject(struct buf *out, const struct list_query *query)
{
    switch (query->kind) {
    case QUERY_USER:
    case QUERY_SIMILAR:
    case QUERY_PROFILE: list_json_text(out, "user", query->user); break;
    case QUERY_USERS: list_json_text(out, "item", query->item); break;
    case QUERY_GROUP: put_group(out, query); break;
    case QUERY_ITEMS: break;
    }
}

void list_text_found(struct buf *out, const struct list_query *query,
                     const struct found_list *found, int64_t age_ms)
{
    buf_append(out, "{", 1);
    bool listed = query->kind == QUERY_USER || query->kind == QUERY_GROUP;
    put_subject(out, query);
    if (query->text.size) { list_json_text(out, "query", query->text); }
    if (query->kind == QUERY_USERS) {
        put_users(out, found);
    } else if (query->kind == QUERY_PROFILE) {
        user_text_profile(out, found->about);
    } else if (query->kind == QUERY_SIMILAR) {
        user_text_similar(out, found->about);
    } else {
        put_items(out, &found->list);
    }
    if (query->placement.size) {
        list_json_text(out, "placement", query->placement);
        buf_printf(out, "\"rules_offset\":%" PRId64 ",", found->list.rules_offset);
        put_removed(out, &found->list);
    }
    if (listed) { put_made_by(out, found); }
    buf_printf(out, "\"offset\":%zu,\"total\":%zu,", query->offset, found->total);
    if (query->kind == QUERY_USER) {
        buf_printf(out, "\"actions\":%" PRId64 ",\"event_time_ms\":%" PRId64 ",",
                   found->list.actions, found->list.event_time_ms);
    }
    buf_printf(out, "\"as_of_ms\":%" PRId64 ",\"data_age_ms\":%" PRId64 "}\n",
               found->list.as_of_ms, age_ms);
}
