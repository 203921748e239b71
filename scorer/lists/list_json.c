#include "base/base.h"
#include "base/quote.h"
#include "scorer/lists/list_json.h"

void list_json_text(struct buf *out, const char *name, struct slice text)
{
    buf_printf(out, "\"%s\":", name);
    quote_json(out, text, QUOTE_EITHER);
    buf_append(out, ",", 1);
}

void list_json_figures(struct buf *out, const struct recommendation_list *list, size_t at)
{
    int64_t last_ms = list_last_ms(list, at); /* only of items that are due again */
    if (last_ms) { buf_printf(out, "\"last_ms\":%" PRId64 ",", last_ms); }
    buf_printf(out, "\"share\":%.9g,\"evidence\":%.9g,\"score\":%.9g}",
               (double)list_share(list, at), (double)list->evidence.at[at],
               (double)list->scores.at[at]);
}

static void put_separator(struct buf *out, size_t at)
{
    if (at) { buf_append(out, ",", 1); }
}

static void put_items(struct buf *out, const struct recommendation_list *list)
{
    buf_printf(out, "\"items\":[");
    for (size_t k = 0; k < list->items.count; k++) {
        put_separator(out, k);
        buf_append(out, "{", 1);
        list_json_text(out, "item", list->items.at[k]);
        list_json_text(out, "reason", slice_str(list_reason_name(list->reasons.at[k])));
        list_json_text(out, "because", list->because.at[k]);
        list_json_figures(out, list, k);
    }
    buf_printf(out, "],");
}

/* Appends why an item is on a placement's list; lists of earlier releases do not say it. */
static void put_placed_reason(struct buf *out, const struct recommendation_list *list, size_t at)
{
    bool told = list_placements_reasoned(list);
    int32_t reason = told ? list->placement_reasons.at[at] : REASON_OTHER;
    list_json_text(out, "reason", slice_str(list_reason_name(reason)));
    list_json_text(out, "because", told ? list->placement_because.at[at] : slice_str(""));
    int64_t last_ms = told && list->placement_last_ms.count ? list->placement_last_ms.at[at] : 0;
    if (last_ms) { buf_printf(out, "\"last_ms\":%" PRId64 ",", last_ms); }
    buf_printf(out, "\"share\":%.9g,\"evidence\":%.9g,",
               told ? (double)list->placement_shares.at[at] : 0.0,
               told ? (double)list->placement_evidence.at[at] : 0.0);
}

static void put_placement(struct buf *out, const struct recommendation_list *list, size_t p,
                          size_t from, size_t count)
{
    bool named = list->placement_list_ids.count == list->placements.count;
    bool drawn = list_placements_drawn(list);
    buf_append(out, "{", 1);
    list_json_text(out, "placement", list->placements.at[p]);
    list_json_text(out, "list_id", named ? list->placement_list_ids.at[p] : slice_str(""));
    buf_printf(out, "\"items\":[");
    for (size_t k = from; k < from + count; k++) {
        put_separator(out, k - from);
        buf_append(out, "{", 1);
        list_json_text(out, "item", list->placement_items.at[k]);
        put_placed_reason(out, list, k);
        list_json_text(out, "rule", list->placement_rules.at[k]);
        if (drawn && list->placement_probabilities.at[k] > 0.0F) {
            buf_printf(out, "\"probability\":%.9g,",
                       (double)list->placement_probabilities.at[k]);
        }
        buf_printf(out, "\"rank\":%d,\"score\":%.9g}", list->placement_ranks.at[k],
                   (double)list->placement_scores.at[k]);
    }
    buf_printf(out, "]}");
}

static void put_placements(struct buf *out, const struct recommendation_list *list)
{
    size_t places = list->placement_items.count;
    places = MIN_OF(places, list->placement_rules.count);
    places = MIN_OF(places, MIN_OF(list->placement_ranks.count, list->placement_scores.count));
    size_t count = MIN_OF(list->placements.count, list->placement_counts.count), from = 0;
    buf_printf(out, "\"placements\":[");
    for (size_t p = 0; p < count; p++) {
        int32_t own = list->placement_counts.at[p];
        if (own < 0 || (size_t)own > places - from) { break; }
        put_separator(out, p);
        put_placement(out, list, p, from, (size_t)own);
        from += (size_t)own;
    }
    buf_printf(out, "],");
}

void list_json_print(const struct recommendation_list *list, struct buf *out)
{
    buf_append(out, "{", 1);
    list_json_text(out, "user", list->user_id);
    put_items(out, list);
    put_placements(out, list);
    list_json_text(out, "cause", slice_str(list_cause_name(list->cause)));
    list_json_text(out, "list_id", list->list_id);
    list_json_text(out, "generation", list->generation);
    list_json_text(out, "ranking", list->model);
    list_json_text(out, "made_by", list->made_by);
    list_json_text(out, "model_version", list->vectors);
    buf_printf(out, "\"provisional\":%s,", list->provisional ? "true" : "false");
    buf_printf(out, "\"rules_offset\":%" PRId64 ",\"actions\":%" PRId64 ",", list->rules_offset,
               list->actions);
    buf_printf(out, "\"event_time_ms\":%" PRId64 ",\"input_partition\":%d,", list->event_time_ms,
               list->input_partition);
    buf_printf(out, "\"input_offset\":%" PRId64 ",\"as_of_ms\":%" PRId64 "}", list->input_offset,
               list->as_of_ms);
}
