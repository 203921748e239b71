#include "base/base.h"
#include "scorer/list_outcome.h"
#include "scorer/lists/had_items.h"

/* Finds the action that arrived first after an offset; history->items.count when there is none. */
static size_t next_action(const struct user_history *history, int64_t offset)
{
    size_t next = history->items.count;
    for (size_t k = 0; k < history->items.count; k++) {
        int64_t at = history->offsets.at[k];
        if (at <= offset) { continue; }
        if (next == history->items.count || at < history->offsets.at[next]) { next = k; }
    }
    return next;
}

size_t list_outcome_next_action(const struct recommendation_list *list,
                                const struct user_history *history)
{
    return next_action(history, list->input_offset);
}

enum list_outcome list_outcome_of(const struct recommendation_list *list,
                                  const struct user_history *history, struct slice model,
                                  int *ret_rank)
{
    if (!list) { return history->events_total > 0 ? OUTCOME_UNLISTED : OUTCOME_NOTHING; }
    if (!slice_equal(list->model, model)) { return OUTCOME_NOTHING; }
    if (list->input_partition != history->input_partition) { return OUTCOME_NOTHING; }
    size_t next = next_action(history, list->input_offset);
    if (next == history->items.count) { return OUTCOME_NOTHING; }
    if (!(history->weights.at[next] > 0.0F)) { return OUTCOME_MISS; }
    size_t ranks = MIN_OF(list->items.count, (size_t)OUTCOME_RANKS);
    for (size_t k = 0; k < ranks; k++) {
        if (!slice_equal(list->items.at[k], history->items.at[next])) { continue; }
        *ret_rank = (int)k + 1;
        return OUTCOME_HIT;
    }
    return OUTCOME_MISS;
}

static bool had(const struct user_history *before, struct slice item)
{
    for (size_t k = 0; k < before->items.count; k++) {
        if (slice_equal(before->items.at[k], item)) { return true; }
    }
    return had_items_has(before, item);
}

bool list_outcome_repeats(const struct recommendation_list *list,
                          const struct user_history *history, const struct user_history *before)
{
    size_t next = next_action(history, list->input_offset);
    if (next == history->items.count) { return false; }
    struct slice item = history->items.at[next];
    for (size_t k = 0; k < history->items.count; k++) {
        if (history->offsets.at[k] <= list->input_offset &&
            slice_equal(history->items.at[k], item)) {
            return true;
        }
    }
    return before && had(before, item);
}

void list_outcome_count(struct list_quality *range, enum list_outcome outcome, int rank,
                        const struct user_history *history)
{
    bool first = range->event_time_to_ms == 0 && range->event_time_from_ms == 0;
    int64_t time_ms = history->event_time_ms;
    range->event_time_from_ms = first ? time_ms : MIN_OF(range->event_time_from_ms, time_ms);
    range->event_time_to_ms = first ? time_ms : MAX_OF(range->event_time_to_ms, time_ms);
    range->unlisted += outcome == OUTCOME_UNLISTED;
    range->judged += list_outcome_is_judged(outcome);
    range->repeats += outcome == OUTCOME_REPEAT;
    if (outcome != OUTCOME_HIT) { return; }
    range->hits_at_10++;
    range->ndcg_at_10 += 1.0 / log2((double)rank + 1.0);
}

void list_outcome_begin(struct list_quality *range, struct slice model, int32_t partition,
                        int64_t from_offset)
{
    *range = (struct list_quality){
        .model = model,
        .partition = partition,
        .from_offset = from_offset,
        .to_offset = from_offset,
    };
}
