/* Listed: the newest actions of a user that name a list, ordered by time and event id: what is
 * subtracted from the outcomes when one of them is taken back.
 *
 * Bounded: the oldest entry is dropped, so which ones are kept does not depend on the order in
 * which actions arrive. Open data; init with zeros. One thread.
 */
#ifndef FRESHET_FEATURES_LISTED_H
#define FRESHET_FEATURES_LISTED_H

#include "base/base.h"

struct listed_action {
    int64_t time_ms;
    uint64_t id_hash; /* XXH3-64 of the event id */
    int64_t micros;   /* what it brought in, in millionths */
    int32_t source;   /* outcome_source(), in the process's ids */
};

struct listed {
    struct listed_action *at;
    int32_t count;
    int32_t capacity;
};

/* Adds an action; drops the oldest one beyond `most`. */
void listed_add(struct listed *listed, const struct listed_action *action, int32_t most);
/* Removes the action with this event id; false: it is not there. */
bool listed_take(struct listed *listed, uint64_t id_hash, struct listed_action *ret_action);
/* Frees the entries. */
void listed_release(struct listed *listed);

#endif
