/* What an action adds, for the parts of the timeline: timeline.c, timeline_subtract.c. */
#ifndef FRESHET_MODEL_COUNTING_TIMELINE_INTERNAL_H
#define FRESHET_MODEL_COUNTING_TIMELINE_INTERNAL_H

#include "model/counting/timeline.h"

/* Columns of a sequence, from its first action on. */
struct sequence {
    const int32_t *items;
    const double *weights;
    const int64_t *times_ms;
};

/* Adds an action's contribution, multiplied by `sign`. */
void timeline_contribute(struct window *window, const struct sequence *sequence, int64_t index,
                         double sign, struct pairs *pairs);
/* Returns the window's rules; borrowed. */
const struct timeline_rules *window_rules(const struct window *window);

#endif
