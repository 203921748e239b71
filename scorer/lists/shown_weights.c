#include "base/base.h"
#include "scorer/lists/shown_weights.h"

#define PLACES_TO_HALF 10.0

static int64_t newest_ms(const struct user_history *history)
{
    size_t count = history->shown_items.count;
    int64_t shown_ms = count ? history->shown_times_ms.at[count - 1] : INT64_MIN;
    return MAX_OF(history->event_time_ms, shown_ms);
}

static double part_of(int64_t now_ms, int64_t time_ms, int32_t place, int64_t half_life_ms)
{
    double age = ((double)now_ms - (double)time_ms) / (double)half_life_ms;
    double below = place > 1 ? (double)(place - 1) / PLACES_TO_HALF : 0.0;
    return exp2(-MAX_OF(age, 0.0)) / (1.0 + below);
}

static struct shown_item *entry_of(struct shown_item *items, size_t *count, int32_t item)
{
    for (size_t k = 0; k < *count; k++) {
        if (items[k].item == item) { return &items[k]; }
    }
    items[*count] = (struct shown_item){.item = item};
    return &items[(*count)++];
}

size_t shown_weights_find(const struct user_history *history, struct ids *ids, double weight,
                          int64_t half_life_ms, struct shown_item *ret_items)
{
    size_t count = 0;
    if (!(weight > 0.0) || half_life_ms <= 0) { return 0; }
    int64_t now_ms = newest_ms(history);
    for (size_t k = 0; k < history->shown_items.count; k++) {
        int32_t item = ids_find(ids, history->shown_items.at[k]);
        if (item == ID_NONE) { continue; }
        entry_of(ret_items, &count, item)->factor +=
            (float)part_of(now_ms, history->shown_times_ms.at[k], history->shown_places.at[k],
                           half_life_ms);
    }
    for (size_t k = 0; k < count; k++) {
        ret_items[k].factor = (float)(1.0 / (1.0 + weight * (double)ret_items[k].factor));
    }
    return count;
}
