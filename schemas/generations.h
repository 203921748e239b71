/* The state of the switches between generations, built from the topic `generations`: which
 * generation is live in which partition.
 *
 * A switch from A to B is one epoch. A step `LIVE` begins it. In each partition of
 * `recommendations` A's scorer sends its last list and writes `RELEASED`; then B's scorer sends all
 * its lists and writes `TAKEN`. So every partition holds lists of A up to one offset and lists of B
 * after it:
 *
 *     epoch e, partition p     A                 B
 *     LIVE not yet read        LIVE              SHADOW
 *     LIVE B, previous A       RELEASE           SHADOW
 *     RELEASED A/p at e        SHADOW            TAKE
 *     TAKEN B/p at e           SHADOW            LIVE
 *
 * RELEASE and TAKE name what the scorer must do next; SHADOW and LIVE last until the next switch. A
 * switch back before the first switch is complete is an epoch like any other: B then releases
 * partitions that it may not have taken.
 *
 * Any program with the right to write to the topic may write any epoch. None of them ends the
 * switches: after GENERATION_EPOCH_MAX any other epoch is newer, and RELEASED or TAKEN of an epoch
 * that has not begun counts for nothing and gives way to the next one.
 */
#ifndef FRESHET_SCHEMAS_GENERATIONS_H
#define FRESHET_SCHEMAS_GENERATIONS_H

#include "schemas/generation_step.h"

enum generation_role { ROLE_SHADOW, ROLE_LIVE, ROLE_RELEASE, ROLE_TAKE };

/* Most entries, one for each generation and partition that took part in a switch. */
enum { GENERATION_PROGRESS_MAX = 1 << 16 };

/* Steps of higher epochs make no sense. */
#define GENERATION_EPOCH_MAX (INT64_C(1) << 53)

struct generation_progress;

struct generations {
    int64_t epoch; /* 0: there was no switch yet, and the base is live */
    char live[STEP_NAME_BYTES_MAX + 1];
    char previous[STEP_NAME_BYTES_MAX + 1];
    struct generation_progress *progress; /* newest epochs, by generation and partition */
    size_t progress_count;
};

/* Begins without any switch; free with generations_release(). */
void generations_init(struct generations *generations);
void generations_release(struct generations *generations);
/* Applies a step. Ignores a step that is older than the newest one known, of an unknown kind, or
 * past GENERATION_PROGRESS_MAX. False: it makes no sense (names, a negative partition, an epoch
 * out of range), and nothing has changed. */
bool generations_apply(struct generations *generations, const struct generation_step *step);
/* Returns the epoch of the next switch. */
int64_t generations_next(const struct generations *generations);
/* Returns the role of a generation in a partition. */
enum generation_role generations_role(const struct generations *generations,
                                      const char *generation, int32_t partition);
/* Returns the newest epoch in which the generation released the partition; 0: never. */
int64_t generations_released(const struct generations *generations, const char *generation,
                             int32_t partition);
/* Says whether a generation's lists are in a topic of their own (`lists`): those of a named one
 * always; the base's once it has released the partition, or has moved them there for a trial, which
 * it says by RELEASED with epoch 0. */
bool generations_apart(const struct generations *generations, const char *generation,
                       int32_t partition);
/* Returns the newest epoch in which the generation took the partition; 0: never. */
int64_t generations_taken(const struct generations *generations, const char *generation,
                          int32_t partition);

#endif
