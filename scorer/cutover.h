/* Cutover: a scorer's part in a switch between generations (worlds of settings).
 *
 * Each generation keeps its lists in a topic of its own (`lists.G`), which is its changelog; the
 * live one sends each list to `recommendations` as well. The base generation starts differently:
 * until it has released a partition for the first time, `recommendations` holds only its own lists
 * and is its changelog. So an installation with one generation writes each list once. When the base
 * first releases a partition, or a trial begins (docs/trials.md), it copies that partition's lists
 * to `lists`, which is its changelog from then on.
 *
 * A crash at any point of a switch does no harm: the steps RELEASED and TAKEN are sent after
 * everything before them is acknowledged, and everything before them can be repeated.
 */
#ifndef FRESHET_SCORER_CUTOVER_H
#define FRESHET_SCORER_CUTOVER_H

#include "schemas/generations.h"
#include "scorer/json_lists.h"
#include "stream/worker.h"

struct cutover {
    struct generations generations;
    struct codec *codec;
    struct arena *arena;
    int steps_input; /* indices of the worker's inputs and outputs */
    int steps_output;
    int lists_output;
    int recommendations_output;
    struct json_lists *json; /* owned: lists that go to `recommendations` as JSON, too; NULL: no */
    /* Says whether a user's list stays out of `recommendations` (a trial); NULL: none does. */
    bool (*withholds)(struct task *task, struct slice user_id);
};

/* Fills in the rest of a cutover whose indices are set. */
void cutover_init(struct cutover *cutover, struct run *run);
void cutover_release(struct cutover *cutover);
/* Reads a record of `generations`. */
enum verdict cutover_observe(struct cutover *cutover, struct run *run, const struct record *rec);
/* Chooses the output that is a partition's changelog. -EAGAIN until `generations` is read to its
 * present end: another copy may have released the partition a moment ago. */
int cutover_changelog(const struct cutover *cutover, struct run *run, int32_t partition);
/* Says whether lists of this task go to `recommendations` too. */
bool cutover_is_live(const struct cutover *cutover, struct task *task);
/* Moves the lists of a task of the base whose changelog is `recommendations` to `lists`, so that
 * lists of another generation may stand in `recommendations`; the task is opened again. It may be
 * repeated. To be called from the worker's tick. */
void cutover_move_lists(struct cutover *cutover, struct task *task);
/* Sends all lists of a live task to `recommendations` once more. False: not now. To be called from
 * the worker's tick. */
bool cutover_send_lists(const struct cutover *cutover, struct task *task);
/* Releases or takes the task's partition, if its role requires it. To be called from the worker's
 * tick. */
void cutover_step(struct cutover *cutover, struct task *task);

#endif
