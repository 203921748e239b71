/* Made-up sequences for the tests of models: users who mostly step from an item to the next one, so
 * that a model of order has something to find. */
#ifndef FRESHET_TESTS_UNIT_TINY_WORLD_H
#define FRESHET_TESTS_UNIT_TINY_WORLD_H

#include "base/base.h"
#include "base/xalloc.h"
#include "model/rng.h"
#include "evaluate/models/recommender.h"
#include "evaluate/models/sequences.h"

/* Makes sequences without repeats of 1 to `longest` items; free with sequences_release(). */
static inline void tiny_world(struct sequences *sequences, int32_t users, int32_t items,
                              int32_t longest, uint64_t seed)
{
    uint64_t rng = seed;
    struct user_action *actions = xcalloc((size_t)(users * longest), sizeof(*actions));
    bool *had = xcalloc((size_t)items, sizeof(*had));
    size_t count = 0;
    for (int32_t user = 0; user < users; user++) {
        int32_t item = (int32_t)rng_below(&rng, (size_t)items);
        size_t length = 1 + rng_below(&rng, (size_t)longest);
        memset(had, 0, (size_t)items * sizeof(*had));
        for (size_t at = 0; at < length; at++) {
            while (had[item]) { item = (int32_t)rng_below(&rng, (size_t)items); }
            had[item] = true;
            actions[count] = (struct user_action){
                .user = user,
                .item = item,
                .rating = (float)(1 + rng_below(&rng, 5)),
                .ts_ms = (int64_t)count * 1000,
            };
            count++;
            item =
                rng_below(&rng, 4) ? (item + 1) % items : (int32_t)rng_below(&rng, (size_t)items);
        }
    }
    sequences_build(sequences, actions, count, users, items);
    free(actions);
    free(had);
}

/* Teaches a model every action. */
static inline void tiny_learn(const struct recommender *recommender, void *model,
                              const struct sequences *sequences)
{
    int32_t *items = xcalloc((size_t)sequences->items + 1, sizeof(*items));
    for (int32_t user = 0; user < sequences->users; user++) {
        size_t count;
        const struct user_action *actions = sequences_of(sequences, user, &count);
        for (size_t at = 0; at < count; at++) {
            recommender->learn(model, &(struct training_example){.user = user,
                                                                 .item = actions[at].item,
                                                                 .rating = actions[at].rating,
                                                                 .time_ms =
                                                                     actions[at].ts_ms,
                                                                 .before = items,
                                                                 .before_count = at});
            items[at] = actions[at].item;
        }
    }
    free(items);
}

#define assert_near(got, want, allowed)                                                            \
    do {                                                                                           \
        double near_got = (double)(got), near_want = (double)(want);                               \
        if (!(fabs(near_got - near_want) <= (allowed) * (1.0 + fabs(near_want)))) {                \
            fail_msg("%s: %.9g, not %.9g", #got, near_got, near_want);                             \
        }                                                                                          \
    } while (0)

#endif
