/* User parts: rows of the user matrix as records of the sample of users
 * (schemas/group_profile.avsc, USERS): what some users acted on last, without their names.
 *
 * Of the users with two items that have a column or more, those with the least hashes of their ids
 * are told of, each with the newest USER_PARTS_ITEMS of these items. So most users of a sample are
 * in the next one, too.
 *
 * A part is full with GROUP_USERS_MAX users or GROUP_USER_ITEMS_MAX items. The last one may still
 * grow, so records are written when all users are there. One thread.
 */
#ifndef FRESHET_TRAINER_SEQUENCE_USER_PARTS_H
#define FRESHET_TRAINER_SEQUENCE_USER_PARTS_H

#include "model/topk.h"
#include "schemas/group_profile.h"
#include "trainer/sequence/user_matrix.h"

enum { USER_PARTS_ITEMS = 100 };

struct user_part {
    size_t users, items; /* places of the first */
    bool counted;        /* an action on an item counts something else than 1 */
};

struct user_parts {
    struct topk chosen; /* rows */
    struct user_part *parts;
    size_t count, capacity;
    int32_t *clusters, *counts; /* by user */
    size_t users, clusters_capacity, counts_capacity;
    int32_t *columns; /* by item */
    float *strengths;
    size_t items, columns_capacity, strengths_capacity;
};

/* Prepares an empty one; release with user_parts_release(). */
void user_parts_init(struct user_parts *parts);
/* Frees the memory. */
void user_parts_release(struct user_parts *parts);
/* Empties it for a sample of at most so many users. */
void user_parts_begin(struct user_parts *parts, size_t users);
/* Offers a row of the matrix, with the hash of its user's id. */
void user_parts_offer(struct user_parts *parts, const struct user_matrix *matrix, size_t row,
                      uint64_t hash);
/* Returns the rows of the sample, the least hash first: to be added in this order. */
const struct topk *user_parts_choose(struct user_parts *parts);
/* Adds a row with the name of its cluster. */
void user_parts_add(struct user_parts *parts, const struct user_matrix *matrix, size_t row,
                    int32_t cluster);
/* Returns the bytes that so many users and items take. */
size_t user_parts_bytes(size_t users, size_t items);
/* Goes on with a hash. */
uint64_t user_parts_hash(const struct user_parts *parts, uint64_t hash);
/* Writes a part's columns; borrowed. */
void user_parts_write(const struct user_parts *parts, size_t part, struct group_profile *group);

#endif
