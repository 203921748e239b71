/* Press: publishes a model as a generation: its rows, then, when they are acknowledged, its dense
 * weights.
 *
 * Generations take two slots by turns: while one is written, the one before it stays whole, for
 * readers that are there as for those that start in the middle. The slot and name of the newest
 * come from the topic `models` itself, so that a new owner writes over the older one. A generation
 * that was published in part is begun again, in the slot that was chosen for it; a model that is
 * published already is not published twice.
 *
 * What a former owner announces late, having stood still, may lie over rows of ours: it does not
 * count as whole. It must neither send the rest of a generation to the other slot nor the next one.
 */
#ifndef FRESHET_SEQUENCE_PRESS_H
#define FRESHET_SEQUENCE_PRESS_H

#include "model/ids.h"
#include "schemas/model_weights.h"
#include "sequence/latecomers.h"
#include "stream/worker.h"

struct press {
    int vectors_output, models_output;
    size_t rows_a_step;
    const struct ids *ids; /* of the pool's items */
    struct codec *vector_codec, *weights_codec;
    struct buf message;
    int32_t newest_slot; /* -1: no generation yet */
    char newest[GENERATION_NAME_BYTES_MAX + 1];
    char own[GENERATION_NAME_BYTES_MAX + 1]; /* published last since the partition is ours */
    struct graduate *graduate; /* that is being published */
    struct graduate *done;     /* that was published last, until it is taken */
    int32_t slot;              /* that it goes to */
    size_t row;
    int64_t published, rows_published;
};

/* Fills in the rest of a press whose outputs, rows_a_step and ids are set. */
void press_init(struct press *press, struct run *run);
void press_release(struct press *press);
/* Takes note of a record of `models`, from whoever wrote it. */
void press_note(struct press *press, const struct model_weights *weights);
/* Says whether the press is free. */
bool press_idle(const struct press *press);
/* Begins to publish a model, which is taken. */
void press_begin(struct press *press, struct graduate *graduate);
/* Publishes some more. From the worker's tick. */
void press_step(struct press *press, struct task *task);
/* Takes the model that was published last, so that its latecomers can be told; NULL when there is
 * none. The caller frees it. */
struct graduate *press_take_published(struct press *press);
/* Says whether a model is what was announced last, by whomever. */
bool press_is_newest(const struct press *press, const struct graduate *graduate);
/* Sends the row of an item that came after the newest generation. */
void press_send_late(struct press *press, struct task *task, const struct late_row *late);
/* What was sent may be lost: begins the generation again. */
void press_restart(struct press *press);
/* Gives up what is being published: the partition is not ours any more. */
void press_drop(struct press *press);

#endif
