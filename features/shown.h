/* Shown: what a user was shown lately, item by item, ordered by time and event id.
 *
 * Like a timeline, it is bounded: the oldest entry is dropped, and afterwards what would stand
 * before all others is refused, since it may be a repeat. So the entries do not depend on the order
 * in which exposures arrive, nor on how often. Open data; init with zeros. One thread.
 */
#ifndef FRESHET_FEATURES_SHOWN_H
#define FRESHET_FEATURES_SHOWN_H

#include "base/base.h"

struct showing {
    int64_t time_ms;
    uint64_t id_hash; /* XXH3-64 of the event id */
    int32_t item;
    int32_t place; /* from 1; 0: not known */
};

struct shown {
    struct showing *at;
    int32_t count;
    int32_t capacity;
    int64_t total; /* entries ever; more than `count`: some were dropped */
};

enum shown_result { SHOWN_ADDED, SHOWN_REPEATED, SHOWN_TOO_LATE };

/* Says whether the items of an exposure may be added. */
enum shown_result shown_check(const struct shown *shown, int64_t time_ms, uint64_t id_hash);
/* Adds one item; drops the oldest entry beyond `most`. */
void shown_add(struct shown *shown, const struct showing *showing, int32_t most);
/* Frees the entries. */
void shown_release(struct shown *shown);

#endif
