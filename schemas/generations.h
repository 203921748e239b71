/* Who is live where: the topic `generations` folded up.
 *
 * A switch from A to B is one epoch. `LIVE` begins it. In each partition of `recommendations` A's
 * scorer sends its last list and says `RELEASED`; then B's sends all its lists and says `TAKEN`. So
 * every partition holds lists of A up to a point and lists of B from there on:
 *
 *     epoch e, partition p     A                 B
 *     LIVE not yet read        LIVE              SHADOW
 *     LIVE B, previous A       RELEASE           SHADOW
 *     RELEASED A/p at e        SHADOW            TAKE
 *     TAKEN B/p at e           SHADOW            LIVE
 *
 * The verb of a role is what its scorer must do next; SHADOW and LIVE are for good. A switch back
 * in the middle of a switch is an epoch like any other: B releases what it may never have taken.
 */
#ifndef FRESHET_SCHEMAS_GENERATIONS_H
#define FRESHET_SCHEMAS_GENERATIONS_H

#include "schemas/generation_step.h"

enum generation_role { ROLE_SHADOW, ROLE_LIVE, ROLE_RELEASE, ROLE_TAKE };

/* Generations times partitions: what was ever switched leaves so many marks at most. */
enum { GENERATION_MARKS_MAX = 1 << 16 };

struct generation_mark;

struct generations {
    int64_t epoch; /* 0: nobody ever switched, the base is live */
    char live[STEP_NAME_BYTES_MAX + 1];
    char previous[STEP_NAME_BYTES_MAX + 1];
    struct generation_mark *marks; /* what each generation did last in each partition */
    size_t marks_count;
};

void generations_init(struct generations *generations);
void generations_release(struct generations *generations);
/* Takes a step in; an older one than is known, of no known kind, of a partition below 0, with a
 * name that is too long or past GENERATION_MARKS_MAX changes nothing. */
void generations_take(struct generations *generations, const struct generation_step *step);
/* Tells what a generation is in a partition. */
enum generation_role generations_role(const struct generations *generations,
                                      const char *generation, int32_t partition);
/* Tells the newest epoch in which the generation released the partition; 0: never. */
int64_t generations_released(const struct generations *generations, const char *generation,
                             int32_t partition);
/* Tells the newest epoch in which it took the partition; 0: never. */
int64_t generations_taken(const struct generations *generations, const char *generation,
                          int32_t partition);

#endif
