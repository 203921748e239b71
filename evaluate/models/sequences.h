/* Sequences: each user's actions in order; the data on which models are trained and evaluated.
 *
 * Users and items are 0 .. users - 1 and 0 .. items - 1. Plain data.
 */
#ifndef FRESHET_EVALUATE_MODELS_SEQUENCES_H
#define FRESHET_EVALUATE_MODELS_SEQUENCES_H

#include "base/base.h"

struct user_action {
    int64_t ts_ms; /* 0 where the source has no times */
    int32_t user;
    int32_t item;
    float rating; /* 1 where the source has none */
};

struct sequences {
    int32_t users;
    int32_t items;
    size_t *starts;      /* users + 1 of them */
    struct user_action *flat; /* user after user, each in order */
};

/* Puts actions in order of time; equal times stay as they are. */
void sequences_sort(struct user_action *actions, size_t count);
/* Gathers actions by user, keeping their order; free with sequences_release(). */
void sequences_build(struct sequences *sequences, const struct user_action *actions, size_t count,
                     int32_t users, int32_t items);
/* Frees the memory. */
void sequences_release(struct sequences *sequences);

/* Borrows a user's actions. */
static inline const struct user_action *sequences_of(const struct sequences *sequences,
                                                     int32_t user, size_t *ret_count)
{
    *ret_count = sequences->starts[user + 1] - sequences->starts[user];
    return sequences->flat + sequences->starts[user];
}

#endif
