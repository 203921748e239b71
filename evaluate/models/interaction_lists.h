/* Interaction lists: for each user the items with their ratings, or for each item the users, in the
 * order of arrival.
 *
 * Lists grow and are never shortened. One thread.
 */
#ifndef FRESHET_EVALUATE_MODELS_INTERACTION_LISTS_H
#define FRESHET_EVALUATE_MODELS_INTERACTION_LISTS_H

#include "base/base.h"

struct interaction {
    int32_t other;
    float rating;
};

struct interaction_lists;

/* Makes `count` empty lists; free with interaction_lists_free(). */
struct interaction_lists *interaction_lists_new(int32_t count);
/* Frees the lists; takes NULL; returns NULL. */
struct interaction_lists *interaction_lists_free(struct interaction_lists *interactions);
/* Appends an interaction to list `at`. */
void interaction_lists_add(struct interaction_lists *interactions, int32_t at, int32_t other,
                           float rating);
/* Borrows list `at` until the next add to it. */
const struct interaction *interaction_lists_of(const struct interaction_lists *interactions,
                                               int32_t at, size_t *ret_count);
/* Sums the ratings of list `at`. */
double interaction_lists_sum(const struct interaction_lists *interactions, int32_t at);
/* Says whether `item` is one of `count` items, so that a repeated item can be skipped. */
bool interaction_lists_had(const int32_t *items, size_t count, int32_t item);

#endif
