/* Cutover: a scorer's part in a switch between generations.
 *
 * Each generation keeps its lists in a topic of its own (`lists.G`), which is its changelog; the
 * live one sends each list to `recommendations` as well. Only the base begins otherwise: until it
 * has released a partition for the first time, `recommendations` holds nothing but its own lists
 * and is its changelog, so that who has one generation writes each list once. When it first
 * releases a partition it copies its lists of it to `lists`, which is its changelog from then on.
 *
 * Dying at any point of a switch is harmless: RELEASED and TAKEN are sent after all that they stand
 * for is acknowledged, and what comes before them can be done again.
 */
#ifndef FRESHET_SCORER_CUTOVER_H
#define FRESHET_SCORER_CUTOVER_H

#include "schemas/generations.h"
#include "stream/worker.h"

struct cutover {
    struct generations generations;
    struct codec *codec;
    struct arena *arena;
    int steps_input; /* indices of the worker's inputs and outputs */
    int steps_output;
    int lists_output;
    int recommendations_output;
};

/* Fills in the rest of a cutover whose indices are set. */
void cutover_init(struct cutover *cutover, struct run *run);
void cutover_release(struct cutover *cutover);
/* Takes a record of `generations`. */
enum verdict cutover_note(struct cutover *cutover, struct run *run, const struct record *rec);
/* Chooses the output that is a partition's changelog; -EAGAIN before `generations` is read to the
 * end that it has now: another copy may have released the partition a moment ago. */
int cutover_changelog(const struct cutover *cutover, struct run *run, int32_t partition);
/* Says whether lists of this task go to `recommendations` too. */
bool cutover_is_live(const struct cutover *cutover, struct task *task);
/* Does what the task's role asks for: releases or takes its partition. From the worker's tick. */
void cutover_step(struct cutover *cutover, struct task *task);

#endif
