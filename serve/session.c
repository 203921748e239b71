#include "base/base.h"
#include "serve/session.h"

struct session {
    struct slice *items;
    float *weights;
    int64_t *times;
    int32_t *kinds;
    size_t count;
};

/* Puts an action behind all that are not later. */
static void insert(struct session *session, const struct query_action *action)
{
    int64_t time_ms = action->time_ms;
    size_t at = session->count++;
    for (; at > 0 && session->times[at - 1] > time_ms; at--) {
        session->items[at] = session->items[at - 1];
        session->weights[at] = session->weights[at - 1];
        session->times[at] = session->times[at - 1];
        session->kinds[at] = session->kinds[at - 1];
    }
    session->items[at] = action->item;
    session->weights[at] = action->weight;
    session->kinds[at] = (int32_t)action->kind;
    session->times[at] = time_ms;
}

void session_append(struct user_history *history, const struct list_query *query,
                    struct arena *arena)
{
    size_t most = history->items.count + query->actions_count;
    struct session session = {
        .items = arena_alloc_array(arena, most, sizeof(struct slice)),
        .weights = arena_alloc_array(arena, most, sizeof(float)),
        .times = arena_alloc_array(arena, most, sizeof(int64_t)),
        .kinds = arena_alloc_array(arena, most, sizeof(int32_t)),
    };
    bool kinds_known = history->actions.count == history->items.count;
    bool timed = history->event_times_ms.count == history->items.count;
    for (size_t i = 0; i < history->items.count; i++) {
        session.items[i] = history->items.at[i];
        session.weights[i] = history->weights.at[i];
        session.times[i] = timed ? history->event_times_ms.at[i] : history->event_time_ms;
        session.kinds[i] = kinds_known ? history->actions.at[i] : ACTION_OTHER;
    }
    session.count = history->items.count;
    for (size_t i = 0; i < query->actions_count; i++) {
        const struct query_action *action = &query->actions[i];
        insert(&session, action);
        if (action->time_ms != INT64_MAX) {
            history->event_time_ms = MAX_OF(history->event_time_ms, action->time_ms);
        }
    }
    size_t skip = session.count - MIN_OF(session.count, (size_t)HISTORY_ACTIONS_MAX);
    history->items = (struct slices){session.items + skip, session.count - skip};
    history->weights = (struct floats){session.weights + skip, session.count - skip};
    history->event_times_ms = (struct longs){session.times + skip, session.count - skip};
    history->actions = (struct ints){session.kinds + skip, session.count - skip};
    history->offsets = history->event_times_ms; /* of the same length; no list depends on it */
    int64_t room = INT64_MAX - (int64_t)query->actions_count; /* a history may be anybody's */
    history->events_total = MIN_OF(history->events_total, room) + (int64_t)query->actions_count;
}
