/* Exam: the newest action of some users as examples, which the model has not learned.
 *
 * A example holds the user's sequence before that action; whoever learns during the validation's
 * life uses it in place of the user's own (validation_find()). Users who are asked are spread
 * evenly over the sorted roster.
 */
#ifndef FRESHET_TRAINER_SEQUENCE_VALIDATION_H
#define FRESHET_TRAINER_SEQUENCE_VALIDATION_H

#include "model/ranking_metrics.h"
#include "trainer/sequence/vocabulary.h"

enum { VALIDATION_USERS_MAX = 4000, VALIDATION_USERS_LEAST = 500 };

struct validation_example {
    uint64_t user;
    int32_t *items; /* the training_set's numbers, oldest first; the last one is wanted */
    size_t count;   /* with the wanted one: at least 2 */
};

struct validation {
    struct validation_example *examples; /* by user */
    size_t count;
    size_t asked; /* so far */
    struct ranking_metrics hits;
    float *hidden, *scores;
    int32_t *numbers; /* scratch */
    size_t scores_capacity;
};

/* Draws up examples from at most `most` of the roster's users (sorted by user) who have two
 * actions or more; release with validation_release(). */
void validation_draw(struct validation *validation, struct training_set *training_set,
                     const struct roster_entry *roster, size_t count, size_t most, size_t length);
void validation_release(struct validation *validation);
/* Finds a user's example; NULL when there is none. */
const struct validation_example *validation_find(const struct validation *validation,
                                                 uint64_t user);
/* Asks some more examples; false when all are asked, and hits tells how it went. */
bool validation_run(struct validation *validation, const struct vocabulary *vocabulary,
                    struct transformer *model);
/* Begins to ask from the first one again. */
void validation_restart(struct validation *validation);

#endif
