/* What an action adds, for the parts of the timeline: timeline.c, timeline_subtract.c,
 * timeline_cross.c, timeline_context.c.
 *
 * The scratch space finds an item by a small open-addressing table of its own: each action begins
 * with an empty one, and a new stamp empties it at no cost. base/hash_index.h has to be cleared:
 * with it the appends of bench_model were 0.93 times as fast.
 */
#ifndef FRESHET_MODEL_COUNTING_TIMELINE_INTERNAL_H
#define FRESHET_MODEL_COUNTING_TIMELINE_INTERNAL_H

#include "model/counting/timeline.h"

/* Columns of a sequence, from its first action on. */
struct sequence {
    const int32_t *items;
    const double *weights;
    const int64_t *times_ms;
    const int32_t *kinds;
    const int32_t *contexts;
};

/* One distinct item among an action's predecessors, as it is and as it was before a late
 * arrival. */
struct near {
    double rating;
    double forward;
    double rating_before;
    double forward_before;
    int32_t item;
};

struct near_slot {
    uint32_t stamp;
    int32_t index;
};

struct window {
    struct timeline_rules rules;
    struct ids *ids;
    double *steps;           /* d^-exponent for d = 1 .. transitions_window */
    struct near *near;       /* distinct items, the action's own first */
    struct near_slot *slots; /* open addressing, at most half full, emptied by a new stamp */
    struct pair_term *terms;
    uint32_t slots_mask;
    uint32_t stamp;
    int32_t near_count;
};

static inline struct near *near_find(struct window *window, int32_t item)
{
    uint32_t at = ((uint32_t)item * UINT32_C(0x9e3779b1) >> 12) & window->slots_mask;
    for (;; at = (at + 1) & window->slots_mask) {
        struct near_slot *slot = &window->slots[at];
        if (slot->stamp != window->stamp) {
            *slot = (struct near_slot){.stamp = window->stamp, .index = window->near_count};
            struct near *near = &window->near[window->near_count++];
            *near = (struct near){.item = item};
            return near;
        }
        struct near *near = &window->near[slot->index];
        if (near->item == item) { return near; }
    }
}

/* Clears the scratch and puts the action's own item first. */
static inline struct near *near_begin(struct window *window, int32_t item)
{
    if (++window->stamp == 0) {
        memset(window->slots, 0, ((size_t)window->slots_mask + 1) * sizeof(*window->slots));
        window->stamp = 1;
    }
    window->near_count = 0;
    return near_find(window, item);
}

/* Adds an action's contribution, multiplied by `sign`. */
void timeline_contribute(struct window *window, const struct sequence *sequence, int64_t index,
                         double sign, struct pairs *pairs);
/* Returns the window's rules; borrowed. */
const struct timeline_rules *window_rules(const struct window *window);

/* Adds what an action adds to cross pairs (cross_rules.h), multiplied by `sign`, as if the action
 * at `without` were not there; CROSS_WHOLE: all are. */
void cross_contribute(struct window *window, const struct sequence *sequence, int64_t index,
                      int64_t without, double sign, struct pairs *pairs);
enum { CROSS_WHOLE = -1 };
/* The same for its context (context_text.h). */
void context_contribute(struct window *window, const struct sequence *sequence, int64_t index,
                        int64_t without, double sign, struct pairs *pairs);

#endif
