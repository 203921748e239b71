/* What actions added is computed again from their sequence, and subtracted: of all of a user's, or
 * of one, whose successors are then corrected.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "model/counting/timeline.h"
#include "model/counting/timeline_internal.h"

/* ---- Subtracting a user ---- */

/* A sequence in a block of its own. */
struct whole {
    struct sequence sequence; /* of the five below */
    int64_t *times_ms;        /* the first of the block */
    double *weights;
    int32_t *items, *kinds, *contexts;
    int64_t count;
};

static void whole_init(struct whole *whole, size_t room)
{
    char *block = xreallocarray(NULL, MAX_OF(room, (size_t)1),
                                sizeof(int64_t) + sizeof(double) + 3 * sizeof(int32_t));
    whole->times_ms = (int64_t *)block;
    whole->weights = (double *)(whole->times_ms + room);
    whole->items = (int32_t *)(whole->weights + room);
    whole->kinds = whole->items + room;
    whole->contexts = whole->kinds + room;
    whole->sequence = (struct sequence){whole->items, whole->weights, whole->times_ms,
                                        whole->kinds, whole->contexts};
    whole->count = 0;
}

static void whole_append(struct whole *whole, const struct departed *at, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        whole->times_ms[whole->count] = at[i].time_ms;
        whole->weights[whole->count] = at[i].weight;
        whole->kinds[whole->count] = at[i].kind;
        whole->contexts[whole->count] = at[i].context;
        whole->items[whole->count++] = at[i].item;
    }
}

/* Subtracts what all but the first `skipped` actions added; returns how many that are. */
static int64_t subtract(struct window *window, const struct whole *whole, size_t skipped,
                        struct pairs *pairs)
{
    int64_t from = MIN_OF((int64_t)skipped, whole->count);
    for (int64_t i = from; i < whole->count; i++) {
        timeline_contribute(window, &whole->sequence, i, /* sign= */ -1.0, pairs);
    }
    return whole->count - from;
}

int64_t timeline_take_back(struct timeline *timeline, struct window *window,
                           const struct departed *before, size_t count, size_t skipped,
                           struct pairs *pairs)
{
    struct whole whole;
    whole_init(&whole, count + (size_t)timeline->departed_count + (size_t)timeline->count);
    whole_append(&whole, before, count);
    whole_append(&whole, timeline->departed, (size_t)timeline->departed_count);
    for (int32_t i = 0; i < timeline->count; i++) {
        const struct departed kept = timeline_departed(timeline, i);
        whole_append(&whole, &kept, 1);
    }
    int64_t taken = subtract(window, &whole, skipped, pairs);
    free(whole.times_ms);
    timeline_release(timeline);
    return taken;
}

void timeline_subtract(struct window *window, const struct departed *actions, size_t count,
                       size_t skipped, struct pairs *pairs)
{
    struct whole whole;
    whole_init(&whole, count);
    whole_append(&whole, actions, count);
    (void)subtract(window, &whole, skipped, pairs);
    free(whole.times_ms);
}

/* ---- Taking back one action ---- */

/* Each side is rounded as it was when it was added, so that what is left is exact. */
void timeline_take_out(struct window *window, const struct departed *actions, size_t count,
                       size_t index, struct pairs *pairs)
{
    int64_t at = (int64_t)index;
    struct whole whole;
    assert(index < count);
    whole_init(&whole, count);
    whole_append(&whole, actions, count);
    int64_t end = MIN_OF(at + window_rules(window)->pairs_window + 1, whole.count);
    for (int64_t i = at; i < end; i++) {
        timeline_contribute(window, &whole.sequence, i, /* sign= */ -1.0, pairs);
    }
    whole.count = at;
    whole_append(&whole, actions + index + 1, count - index - 1);
    for (int64_t i = at; i < end - 1; i++) {
        timeline_contribute(window, &whole.sequence, i, /* sign= */ 1.0, pairs);
    }
    free(whole.times_ms);
}
