#include "base/base.h"
#include "base/message.h"
#include "features/acceptance.h"
#include "model/counting/cross_rules.h"
#include "model/counting/timeline.h"

static _printf_(3, 4) int refuse(struct acceptance_error *error, const char *reason,
                                 const char *format, ...)
{
    va_list args;
    va_start(args, format);
    message_write(error->detail, sizeof(error->detail), format, args);
    va_end(args);
    error->reason = reason;
    return -EINVAL;
}

int64_t acceptance_received_ms(const struct record *rec, const struct user_event *ev)
{
    return ev->received_ms > 0 ? ev->received_ms : MAX_OF(rec->time_ms, (int64_t)0);
}

static int check_ids(const struct record *rec, const struct user_event *ev,
                     struct acceptance_error *error)
{
    if (ev->event_id.size == 0) { return refuse(error, "empty_event_id", "event_id is empty"); }
    if (ev->user_id.size == 0) { return refuse(error, "empty_user_id", "user_id is empty"); }
    bool named = ev->item_id.size || (ev->takes_back && ev->taken_back_id.size);
    bool listed = ev->action == ACTION_EXPOSURE && ev->items.count;
    bool needs_item = ev->action != ACTION_IDENTIFY && ev->action != ACTION_SEARCH;
    if (needs_item && !named && !listed) {
        return refuse(error, "empty_item_id", "item_id is empty");
    }
    if (cross_id_is(ev->item_id)) {
        return refuse(error, "reserved_item_id", "an item id that begins with the byte 0x%02x is "
                      "our own", (unsigned)CROSS_MARK);
    }
    if (rec->key.data && !slice_equal(rec->key, ev->user_id)) {
        return refuse(error, "key_mismatch", "key '%.*s' is not user_id '%.*s'",
                      SLICE_ARGS(rec->key), SLICE_ARGS(ev->user_id));
    }
    return 0;
}

static int check_exposure(const struct user_event *ev, struct acceptance_error *error)
{
    if (ev->action != ACTION_EXPOSURE) { return 0; }
    if (ev->takes_back) {
        return refuse(error, "bad_exposure", "an exposure cannot be taken back");
    }
    if (ev->places.count && ev->places.count != ev->items.count) {
        return refuse(error, "bad_exposure", "%zu items have %zu places", ev->items.count,
                      ev->places.count);
    }
    for (size_t i = 0; i < ev->items.count; i++) {
        size_t size = ev->items.at[i].size;
        if (size == 0 || size > ID_BYTES_MAX) {
            return refuse(error, "bad_exposure", "an item id has 1 to %d bytes", ID_BYTES_MAX);
        }
    }
    return 0;
}

static int check_identify(const struct user_event *ev, struct acceptance_error *error)
{
    if (ev->action != ACTION_IDENTIFY) { return 0; }
    if (ev->known_id.size == 0) { return refuse(error, "bad_identify", "known_id is empty"); }
    if (ev->takes_back) { return refuse(error, "bad_identify", "it cannot be taken back"); }
    if (!slice_equal(ev->known_id, ev->user_id)) { return 0; }
    return refuse(error, "bad_identify", "a user cannot be merged with itself");
}

static int check_search(const struct user_event *ev, struct acceptance_error *error)
{
    bool named = ev->query.size || (ev->takes_back && ev->taken_back_id.size);
    if (ev->action != ACTION_SEARCH || named) { return 0; }
    return refuse(error, "bad_search", "query is empty");
}

/* When the event came, at the latest. received_ms is what its sender's record said; the timestamp
 * of the record in `events` is ingest's or the broker's, and the same at every replay. */
static int64_t arrival_ms(const struct record *rec, const struct user_event *ev)
{
    int64_t received_ms = acceptance_received_ms(rec, ev);
    return rec->time_ms > 0 ? MIN_OF(received_ms, rec->time_ms) : received_ms;
}

int acceptance_check(const struct record *rec, const struct user_event *ev, int64_t future_max_ms,
                     int64_t latest_ms, struct acceptance_error *ret_error)
{
    int result = check_ids(rec, ev, ret_error);
    if (result == 0) { result = check_exposure(ev, ret_error); }
    if (result == 0) { result = check_identify(ev, ret_error); }
    if (result == 0) { result = check_search(ev, ret_error); }
    if (result < 0) { return result; }
    if (!(ev->weight >= 0.0 && ev->weight <= TIMELINE_WEIGHT_MAX)) {
        return refuse(ret_error, "bad_weight", "weight %g is not between 0 and %g", ev->weight,
                      TIMELINE_WEIGHT_MAX);
    }
    int64_t time_ms = ev->event_time_ms, received_ms = arrival_ms(rec, ev);
    if (time_ms > TIMELINE_TIME_MAX_MS || time_ms < -TIMELINE_TIME_MAX_MS) {
        return refuse(ret_error, "bad_event_time", "event_time_ms %" PRId64 " is out of range",
                      time_ms);
    }
    if (future_max_ms > 0 && received_ms > 0 && time_ms - future_max_ms > received_ms) {
        return refuse(ret_error, "event_in_future",
                      "event_time_ms %" PRId64 " is more than event.future.max after %" PRId64
                      ", when it was received",
                      time_ms, received_ms);
    }
    if (latest_ms > 0 && time_ms > latest_ms) {
        return refuse(ret_error, "event_in_future",
                      "event_time_ms %" PRId64 " is after event.latest, %" PRId64, time_ms,
                      latest_ms);
    }
    return 0;
}
