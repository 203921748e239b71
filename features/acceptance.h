/* Acceptance: whether an event is what the events topic promises, whoever wrote it. */
#ifndef FRESHET_FEATURES_ACCEPTANCE_H
#define FRESHET_FEATURES_ACCEPTANCE_H

#include "schemas/user_event.h"
#include "stream/kafka/record.h"

/* Why an event was not accepted: a fixed word, and what was found. */
struct denial {
    const char *reason;
    char detail[400];
};

/* Checks a decoded event; 0, or -EINVAL with the denial told: "empty_event_id", "empty_user_id",
 * "empty_item_id", "key_mismatch" (a null key is allowed), "bad_weight", "bad_event_time",
 * "event_in_future" (ahead of when it came by more than future_max_ms; 0: not checked). */
int acceptance_check(const struct record *rec, const struct user_event *ev, int64_t future_max_ms,
                     struct denial *ret_denial);
/* Tells when an event came: received_ms, without one the record's own timestamp, 0 if unknown. */
int64_t acceptance_received_ms(const struct record *rec, const struct user_event *ev);

#endif
