/* User sample: what some users acted on last, without their names: by them, users who act alike are
 * found (alike_users.h).
 *
 * It comes in parts, as columns (schemas/group_profile.avsc, USERS), in which items are places
 * among the factors of one version of clusters. When all parts have come, it is arranged: by the
 * names of clusters, and in each of them in the order of the parts; each user is folded in
 * (fold_in.h). So it does not depend on the order in which parts come. Plain data; one thread.
 */
#ifndef FRESHET_MODEL_USER_SAMPLE_H
#define FRESHET_MODEL_USER_SAMPLE_H

#include "base/base.h"

enum { SAMPLE_BLOCK = 32 }; /* users whose vectors stand side by side */

/* Columns of a part, borrowed: the name of each user's cluster, a number, and how many items there
 * are; then of all users, end to end, these and what the actions on each count together (NULL: 1
 * each). */
struct sampled_users {
    const int32_t *clusters, *counts;
    size_t users;
    const int32_t *items;
    const float *strengths;
    size_t items_count;
};

struct sample_part;

/* Returns an item's mark, which a few others may have, too. */
static inline uint16_t sample_mark(int32_t item)
{
    return (uint16_t)item;
}

/* Users of a cluster: from .. end - 1. */
struct sample_range {
    size_t from, end;
};

struct user_sample {
    struct sample_part *parts; /* that have come, until it is arranged */
    size_t parts_capacity, parts_count;
    /* Arranged: columns by user, then by item of a user. */
    size_t users;
    size_t *begins;   /* users + 1: places of items */
    int32_t *items;   /* numbers */
    uint16_t *marks;  /* of these, sample_mark(): to tell most that somebody has not had */
    float *strengths;
    float *lengths;   /* of a user's strengths, as a vector */
    float *vectors;   /* in blocks: the first number of each user of the block, the second ... */
    struct sample_range *clusters; /* by their numbers */
    size_t bytes;
};

/* What a sample is arranged by; borrowed. */
struct sample_space {
    const float *factors; /* by the items' numbers, d each */
    size_t items, d;
    const int32_t *numbers;  /* of the items, by their places; below 0: there is none */
    size_t places;
    const int32_t *clusters; /* by their names; below 0: there is none of the name */
    size_t names, clusters_count;
};

/* Frees the memory; an empty sample again (as one of zeros is). */
void user_sample_release(struct user_sample *sample);
/* Puts a part, in place of the one that was there. */
void user_sample_put(struct user_sample *sample, int32_t part, const struct sampled_users *users);
/* Says whether a part is there. */
bool user_sample_has(const struct user_sample *sample, int32_t part);
/* Arranges the parts, which are freed. Items that have no number are left out, and users without
 * an item, a cluster or a direction. */
void user_sample_arrange(struct user_sample *sample, const struct sample_space *space);
/* Returns the bytes that a part will take, with d numbers a vector. */
size_t sampled_users_bytes(const struct sampled_users *users, size_t d);

#endif
