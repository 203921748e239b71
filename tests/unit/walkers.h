/* Walkers: users who step through a small catalogue by fives, so that the next item is certain. */
#ifndef FRESHET_TESTS_UNIT_WALKERS_H
#define FRESHET_TESTS_UNIT_WALKERS_H

#include "trainer/sequence/learner.h"

enum { WALKERS = 80, WALK_ITEMS = 24, WALK_LENGTH = 8, WALK_STEP = 5 };

static inline uint64_t walk_hash(uint64_t number)
{
    number = (number + 1) * 0x9e3779b97f4a7c15U;
    return number ^ (number >> 29);
}

static inline int32_t walk_item(int32_t user, int32_t step)
{
    return (user + step * WALK_STEP) % WALK_ITEMS;
}

/* A training set with the catalogue, its items added in ascending order (1) or descending (-1);
 * their numbers follow that order. */
static inline struct training_set *walk_training_set(int order)
{
    struct training_set *training_set =
        training_set_new(/* length= */ 201, /* bytes_max= */ 1 << 24);
    for (int32_t i = 0; i < WALK_ITEMS; i++) {
        training_set_add_item(training_set,
                              walk_hash((uint64_t)(order > 0 ? i : WALK_ITEMS - 1 - i)));
    }
    return training_set;
}

static inline void walk(struct training_set *training_set, int order, int32_t user, int32_t steps)
{
    int32_t items[WALK_LENGTH * 4];
    for (int32_t step = 0; step < steps; step++) {
        int32_t item = walk_item(user, step);
        items[step] = order > 0 ? item : WALK_ITEMS - 1 - item;
    }
    training_set_put(training_set, walk_hash(1000 + (uint64_t)user), items, NULL,
                     (size_t)steps, steps);
}

static const struct learner_settings walk_settings = {
    .d = 16, .blocks = 1, .heads = 1, .length = 12, .dropout = .1, .batch = 8, .rate = 3e-3,
    .epochs = 12, .patience = 12, .actions_least = WALKERS * 4, .growth = .5, .items_max = 1000,
    .threads = 1, .seed = 3,
};

#endif
