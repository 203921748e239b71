/* Two tables: lists by their id, and actions on the items that were drawn. An action that is taken
 * back is found at the end, by its event id, or by user, item and kind: the events of a user may
 * come in any order from a file.
 */
#include "base/base.h"
#include "base/array.h"
#include "base/xalloc.h"
#include "cli/drawn_lists.h"
#include "model/ids.h"

struct drawn_list {
    int32_t place; /* number of the place that was drawn */
    int32_t item;
    size_t scores_at;
    uint8_t count, chosen;
    bool seen;
    uint64_t user; /* a hash; 0: no event names the list */
    double probability, gain;
};

/* An action on an item that was drawn. */
struct drawn_action {
    int32_t list, kind, event, what; /* what: user, item and kind, of `taken` */
    int64_t time_ms;
    double value;
};

struct place_row {
    struct drawn_place shown;
    struct off_policy *policies;
};

struct drawn_lists {
    struct drawn_settings settings;
    struct ids *ids, *items, *places; /* places: placement, NUL, place */
    struct drawn_list *lists;         /* by number of the id */
    size_t lists_capacity;
    float *scores;
    size_t scores_count, scores_capacity;
    struct ids *events; /* ids of actions that count, so that each counts once */
    struct drawn_action *actions;
    size_t actions_count, actions_capacity;
    struct ids *taken;       /* what was taken back: event ids; users, items and kinds */
    int64_t *taken_until_ms; /* by number of these; INT64_MIN: nothing was */
    size_t taken_capacity;
    struct place_row *rows;
    struct drawn_place *shown;
    size_t refused, unknown;
};

struct drawn_lists *drawn_lists_new(const struct drawn_settings *settings)
{
    struct drawn_lists *lists = xcalloc(1, sizeof(*lists));
    lists->settings = *settings;
    lists->ids = ids_new(DRAWN_LISTS_MAX);
    lists->items = ids_new(DRAWN_LISTS_MAX);
    lists->places = ids_new(DRAWN_LISTS_MAX);
    lists->events = ids_new(DRAWN_EVENTS_MAX);
    lists->taken = ids_new(DRAWN_EVENTS_MAX);
    return lists;
}

struct drawn_lists *drawn_lists_free(struct drawn_lists *lists)
{
    if (!lists) { return NULL; }
    for (int32_t p = 0; lists->rows && p < ids_count(lists->places); p++) {
        off_policy_free(lists->rows[p].policies);
    }
    ids_free(lists->ids);
    ids_free(lists->items);
    ids_free(lists->places);
    ids_free(lists->events);
    ids_free(lists->taken);
    free(lists->lists);
    free(lists->scores);
    free(lists->actions);
    free(lists->taken_until_ms);
    free(lists->rows);
    free(lists->shown);
    free(lists);
    return NULL;
}

size_t drawn_lists_refused(const struct drawn_lists *lists)
{
    return lists->refused;
}

size_t drawn_lists_unknown(const struct drawn_lists *lists)
{
    return lists->unknown;
}

/* ---- Lists ---- */

static int32_t number_place(struct drawn_lists *lists, const struct served_place *place)
{
    char key[LIST_ID_BYTES_MAX + 16];
    int size = snprintf(key, sizeof(key), "%.*s%c%d", SLICE_ARGS(place->placement), '\0',
                        place->place);
    return ids_put(lists->places, slice_of(key, MIN_OF((size_t)size, sizeof(key) - 1)));
}

bool drawn_lists_put(struct drawn_lists *lists, const struct served_place *place)
{
    int chosen = served_place_chosen(place);
    size_t count = place->items.count;
    if (chosen < 0) {
        lists->refused++;
        return true;
    }
    if (lists->settings.placement.size &&
        !slice_equal(lists->settings.placement, place->placement)) {
        return true;
    }
    if (ids_find(lists->ids, place->list_id) != ID_NONE) { return true; }
    int32_t number = ids_put(lists->ids, place->list_id);
    int32_t item = ids_put(lists->items, place->item_id), at = number_place(lists, place);
    if (number == ID_NONE || item == ID_NONE || at == ID_NONE) { return false; }
    ARRAY_RESERVE(lists->lists, lists->lists_capacity, (size_t)number + 1, 1024);
    ARRAY_RESERVE(lists->scores, lists->scores_capacity, lists->scores_count + count, 1024);
    memcpy(lists->scores + lists->scores_count, place->scores.at, count * sizeof(float));
    lists->lists[number] = (struct drawn_list){.place = at,
                                               .item = item,
                                               .scores_at = lists->scores_count,
                                               .count = (uint8_t)count,
                                               .chosen = (uint8_t)chosen,
                                               .probability = place->probability};
    lists->scores_count += count;
    return true;
}

/* ---- Events ---- */

/* Finds or adds what an action is taken back by: its user, item and kind, or (kind -1) its id. */
static int32_t number_taken(struct drawn_lists *lists, struct slice first, struct slice second,
                            int kind)
{
    char key[2 * ID_BYTES_MAX + 32];
    int size = snprintf(key, sizeof(key), "%d:%zu:%.*s", kind, first.size, SLICE_ARGS(first));
    size_t room = sizeof(key) - (size_t)size;
    memcpy(key + size, second.data, MIN_OF(second.size, room));
    int32_t number = ids_put(lists->taken, slice_of(key, (size_t)size + MIN_OF(second.size, room)));
    size_t before = lists->taken_capacity;
    if (number == ID_NONE) { return number; }
    ARRAY_RESERVE(lists->taken_until_ms, lists->taken_capacity, (size_t)number + 1, 1024);
    for (size_t k = before; k < lists->taken_capacity; k++) {
        lists->taken_until_ms[k] = INT64_MIN;
    }
    return number;
}

static bool take_back(struct drawn_lists *lists, const struct user_event *ev)
{
    bool one = ev->taken_back_id.size > 0;
    int32_t number = one ? number_taken(lists, ev->taken_back_id, slice_str(""), -1)
                         : number_taken(lists, ev->user_id, ev->item_id, ev->action);
    if (number == ID_NONE) { return false; }
    int64_t until_ms = one ? INT64_MAX : ev->event_time_ms;
    lists->taken_until_ms[number] = MAX_OF(lists->taken_until_ms[number], until_ms);
    return true;
}

static bool names_item(const struct drawn_lists *lists, const struct user_event *ev, int32_t item)
{
    struct slice id = ids_text(lists->items, item);
    bool named = slice_equal(ev->item_id, id);
    for (size_t k = 0; k < ev->items.count && !named; k++) {
        named = slice_equal(ev->items.at[k], id);
    }
    return named;
}

static bool counts(enum drawn_reward reward, int32_t kind)
{
    if (reward == REWARD_CLICKS) { return kind == ACTION_VIEW || kind == ACTION_CLICK; }
    return reward != REWARD_CONVERSIONS || kind == ACTION_PURCHASE;
}

static bool add_action(struct drawn_lists *lists, const struct user_event *ev, int32_t list)
{
    if (!counts(lists->settings.reward, ev->action)) { return true; }
    if (ids_find(lists->events, ev->event_id) != ID_NONE) { return true; }
    struct drawn_action action = {
        .list = list,
        .kind = ev->action,
        .event = number_taken(lists, ev->event_id, slice_str(""), -1),
        .what = number_taken(lists, ev->user_id, ev->item_id, ev->action),
        .time_ms = ev->event_time_ms,
        .value = ev->value,
    };
    if (ids_put(lists->events, ev->event_id) == ID_NONE || action.event == ID_NONE ||
        action.what == ID_NONE) {
        return false;
    }
    ARRAY_RESERVE(lists->actions, lists->actions_capacity, lists->actions_count + 1, 1024);
    lists->actions[lists->actions_count++] = action;
    return true;
}

bool drawn_lists_see(struct drawn_lists *lists, const struct user_event *ev)
{
    if (ev->takes_back) { return take_back(lists, ev); }
    if (!ev->list_id.size || ev->action == ACTION_IDENTIFY) { return true; }
    int32_t number = ids_find(lists->ids, ev->list_id);
    if (number == ID_NONE) {
        lists->unknown++;
        return true;
    }
    struct drawn_list *list = &lists->lists[number];
    list->user = ids_fingerprint(ev->user_id);
    if (!names_item(lists, ev, list->item)) { return true; }
    list->seen = true;
    return ev->action == ACTION_EXPOSURE || add_action(lists, ev, number);
}

/* ---- Evaluation ---- */

static bool is_taken(const struct drawn_lists *lists, const struct drawn_action *action)
{
    return lists->taken_until_ms[action->event] > INT64_MIN ||
           lists->taken_until_ms[action->what] >= action->time_ms;
}

static void add_gains(struct drawn_lists *lists)
{
    bool sum = lists->settings.reward == REWARD_REVENUE;
    for (size_t k = 0; k < lists->actions_count; k++) {
        const struct drawn_action *action = &lists->actions[k];
        struct drawn_list *list = &lists->lists[action->list];
        if (is_taken(lists, action)) { continue; }
        list->gain = sum ? list->gain + action->value : 1.0;
    }
}

static int compare_places(const void *a, const void *b)
{
    const struct drawn_place *x = a, *y = b;
    int result = slice_compare(x->placement, y->placement);
    return result ? result : (x->place > y->place) - (x->place < y->place);
}

static void begin_places(struct drawn_lists *lists, const double *temperatures, size_t count)
{
    size_t places = (size_t)ids_count(lists->places);
    lists->rows = xcalloc(places + 1, sizeof(*lists->rows));
    lists->shown = xcalloc(places + 1, sizeof(*lists->shown));
    for (size_t p = 0; p < places; p++) {
        struct slice key = ids_text(lists->places, (int32_t)p);
        size_t size = strnlen(key.data, key.size);
        lists->rows[p].policies = off_policy_new(temperatures, count);
        lists->rows[p].shown = (struct drawn_place){
            .placement = slice_of(key.data, size),
            .place = size < key.size ? (int32_t)strtol(key.data + size + 1, NULL, 10) : 0,
            .policies = lists->rows[p].policies};
    }
}

size_t drawn_lists_evaluate(struct drawn_lists *lists, const double *temperatures, size_t count,
                            const struct drawn_place **ret_places)
{
    size_t places = (size_t)ids_count(lists->places);
    begin_places(lists, temperatures, count);
    add_gains(lists);
    for (int32_t k = 0; k < ids_count(lists->ids); k++) {
        const struct drawn_list *list = &lists->lists[k];
        struct place_row *row = &lists->rows[list->place];
        row->shown.made++;
        if (!list->seen && !lists->settings.unseen) { continue; }
        const struct off_policy_list one = {
            .user = list->user ? list->user : ids_hash(lists->ids, k),
            .scores = lists->scores + list->scores_at,
            .count = list->count,
            .chosen = list->chosen,
            .probability = list->probability,
            .gain = list->gain,
        };
        off_policy_add(row->policies, &one);
    }
    for (size_t p = 0; p < places; p++) { lists->shown[p] = lists->rows[p].shown; }
    qsort(lists->shown, places, sizeof(*lists->shown), compare_places);
    *ret_places = lists->shown;
    return places;
}
