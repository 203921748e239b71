/* Validation: the newest action of some users, held out from training, to measure the model on.
 *
 * An example holds the user's sequence before that action. While a validation exists, training must
 * use the example in place of the user's own sequence (validation_find()). The users are spread
 * evenly over the sorted roster. One thread.
 */
#ifndef FRESHET_TRAINER_SEQUENCE_VALIDATION_H
#define FRESHET_TRAINER_SEQUENCE_VALIDATION_H

#include "model/ranking_metrics.h"
#include "trainer/sequence/search_input.h"
#include "trainer/sequence/vocabulary.h"

enum { VALIDATION_USERS_MAX = 4000, VALIDATION_USERS_LEAST = 500 };

struct validation_example {
    uint64_t user;
    int32_t *items; /* the training set's numbers, oldest first; the last one is to be predicted */
    float *weights; /* of the actions as targets in training */
    size_t count;   /* with the last one: at least 2 */
};

struct validation {
    struct validation_example *examples; /* sorted by user */
    size_t count;
    size_t evaluated; /* so far */
    struct ranking_metrics metrics;
    float *hidden, *scores;
    int32_t *numbers; /* scratch */
    size_t scores_capacity;
};

/* Makes examples of at most `most` users of the roster (sorted by user) who have two actions or
 * more; release with validation_release(). */
void validation_draw(struct validation *validation, struct training_set *training_set,
                     const struct roster_entry *roster, size_t count, size_t most, size_t length);
void validation_release(struct validation *validation);
/* Finds a user's example; NULL when there is none. */
const struct validation_example *validation_find(const struct validation *validation,
                                                 uint64_t user);
/* Evaluates some more examples; false when all are done and `metrics` is complete. */
bool validation_step(struct validation *validation, const struct vocabulary *vocabulary,
                     const struct content_input *content, struct search_input *searches,
                     struct transformer *model);
/* Starts again with the first example. */
void validation_restart(struct validation *validation);

#endif
