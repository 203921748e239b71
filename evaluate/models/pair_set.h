/* Pair set: the pairs of user and item so far, for models that draw items the user did not have. */
#ifndef FRESHET_EVALUATE_MODELS_PAIR_SET_H
#define FRESHET_EVALUATE_MODELS_PAIR_SET_H

#include "base/base.h"
#include "base/hash_index.h"

/* The pairs in the order in which they came. Members may be read; zeroed memory is an empty set. */
struct pair_set {
    uint64_t *keys;
    size_t count;
    size_t capacity;
    struct hash_index index;
};

/* Frees the memory and empties the set. */
void pair_set_release(struct pair_set *set);
/* Adds a pair of numbers of at least 0; false when it was there. */
bool pair_set_add(struct pair_set *set, int32_t user, int32_t item);
/* Says whether the pair is there. */
bool pair_set_has(const struct pair_set *set, int32_t user, int32_t item);

#endif
