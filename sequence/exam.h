/* Exam: the newest action of some users as questions, which the model has not learned.
 *
 * A question holds the user's sequence before that action; whoever learns during the exam's life
 * uses it in place of the user's own (exam_before()). Users who are asked are spread evenly over
 * the sorted roster.
 */
#ifndef FRESHET_SEQUENCE_EXAM_H
#define FRESHET_SEQUENCE_EXAM_H

#include "model/hits.h"
#include "sequence/roll.h"

enum { EXAM_USERS_MAX = 4000, EXAM_USERS_LEAST = 500 };

struct question {
    uint64_t user;
    int32_t *items; /* the pool's numbers, oldest first; the last one is wanted */
    size_t count;   /* with the wanted one: at least 2 */
};

struct exam {
    struct question *questions; /* by user */
    size_t count;
    size_t asked; /* so far */
    struct hits hits;
    float *hidden, *scores;
    int32_t *numbers; /* scratch */
    size_t scores_capacity;
};

/* Draws up questions from at most `most` of the roster's users (sorted by user) who have two
 * actions or more; release with exam_release(). */
void exam_draw(struct exam *exam, struct pool *pool, const struct pool_place *places, size_t count,
               size_t most, size_t length);
void exam_release(struct exam *exam);
/* Finds a user's question; NULL when there is none. */
const struct question *exam_before(const struct exam *exam, uint64_t user);
/* Asks some more questions; false when all are asked, and hits tells how it went. */
bool exam_ask(struct exam *exam, const struct roll *roll, struct transformer *model);
/* Begins to ask from the first one again. */
void exam_again(struct exam *exam);

#endif
