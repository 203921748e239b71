/* A segment of actions that have left a user's timeline: topic `features-changelog`.
 * See user_archive.avsc. */
#ifndef FRESHET_SCHEMAS_USER_ARCHIVE_H
#define FRESHET_SCHEMAS_USER_ARCHIVE_H

#include "schemas/user_event.h"

/* Most actions of a segment. */
enum { ARCHIVE_SEGMENT_MAX = 1024 };

struct user_archive {
    struct slices items;
    struct doubles weights;
    struct longs time_steps_ms;
    struct ints actions;
    struct longs sequences;
    struct longs event_ids;
    struct longs offset_steps;
    struct slices contexts;
    struct ints context_numbers;
};

extern const struct contract user_archive_contract;

#endif
