/* Acceptance: checks every event of the topic `events`, not only those that ingest wrote. */
#ifndef FRESHET_FEATURES_ACCEPTANCE_H
#define FRESHET_FEATURES_ACCEPTANCE_H

#include "schemas/user_event.h"
#include "stream/kafka/record.h"

/* Why an event was not accepted: a fixed word, and details for people. */
struct acceptance_error {
    const char *reason;
    char detail[400];
};

/* Checks a decoded event; 0, or -EINVAL with *ret_error: "empty_event_id", "empty_user_id",
 * "empty_item_id", "bad_exposure", "bad_identify", "key_mismatch" (a null key is allowed),
 * "bad_weight", "bad_event_time",
 * "event_in_future" (more than future_max_ms after received_ms or after the record's own timestamp,
 * whichever is earlier; or after latest_ms; 0: not checked). */
int acceptance_check(const struct record *rec, const struct user_event *ev, int64_t future_max_ms,
                     int64_t latest_ms, struct acceptance_error *ret_error);
/* Returns when an event was received: received_ms, else the record's timestamp, else 0. */
int64_t acceptance_received_ms(const struct record *rec, const struct user_event *ev);

#endif
