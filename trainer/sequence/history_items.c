#include "base/base.h"
#include "model/transformer/pack.h"
#include "trainer/sequence/history_items.h"

int32_t history_items_number(const struct history_items *to, struct slice id)
{
    int32_t before = ids_count(to->ids), number = ids_put(to->ids, id);
    if (number == before) { training_set_add_item(to->training_set, ids_hash(to->ids, number)); }
    return number;
}

/* Returns how much the k-th action counts as a target; weight 0, a dislike, is none. */
static float target_weight(const struct history_items *to, const struct user_history *history,
                           size_t k)
{
    return (float)pow((double)history_strength(history, k), to->weights_power);
}

static size_t add_search(struct history_items *to, struct slice text, size_t count)
{
    int32_t search = search_table_number(to->searches, text);
    if (search == SEARCH_NONE) { return count; }
    to->weights[count] = 1.0F;
    to->items[count] = pack_of_search((size_t)search);
    return count + 1;
}

static size_t add_action(struct history_items *to, const struct user_history *history, size_t k,
                         size_t count)
{
    if (!(history->weights.at[k] > 0.0F)) { return count; }
    int32_t item = history_items_number(to, history->items.at[k]);
    if (item == ID_NONE) { return count; }
    to->weights[count] = target_weight(to, history, k);
    to->items[count] = item;
    return count + 1;
}

/* When the k-th action happened; one of which it is not known was before any search. */
static int64_t time_of(const struct user_history *history, size_t k)
{
    return k < history->event_times_ms.count ? history->event_times_ms.at[k] : INT64_MIN;
}

void history_items_put(struct history_items *to, struct slice user,
                       const struct user_history *history)
{
    const struct longs *searched = &history->search_times_ms;
    const size_t actions = history->items.count;
    const size_t searches = to->searches ? searched->count : 0;
    size_t count = 0, s = 0;
    to->longest = MAX_OF(to->longest, actions);
    to->cut = to->cut || history->events_total > (int64_t)actions;
    for (size_t k = 0; k <= actions; k++) {
        bool last = k == actions;
        for (; s < searches && (last || searched->at[s] <= time_of(history, k)); s++) {
            count = add_search(to, history->search_texts.at[s], count);
        }
        if (!last) { count = add_action(to, history, k, count); }
    }
    training_set_put(to->training_set, ids_fingerprint(user), to->items, to->weights, count,
                     history->events_total);
}
