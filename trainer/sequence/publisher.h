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
#ifndef FRESHET_TRAINER_SEQUENCE_PUBLISHER_H
#define FRESHET_TRAINER_SEQUENCE_PUBLISHER_H

#include "model/ids.h"
#include "schemas/model_weights.h"
#include "trainer/sequence/cold_start_items.h"
#include "stream/worker.h"

struct publisher {
    int vectors_output, models_output;
    size_t rows_a_step;
    const struct ids *ids; /* of the training_set's items */
    struct codec *vector_codec, *weights_codec;
    struct buf message;
    int32_t newest_slot; /* -1: no generation yet */
    char newest[GENERATION_NAME_BYTES_MAX + 1];
    char own[GENERATION_NAME_BYTES_MAX + 1]; /* published last since the partition is ours */
    struct model_snapshot *snapshot;         /* that is being published */
    struct model_snapshot *done;             /* that was published last, until it is taken */
    int32_t slot;              /* that it goes to */
    size_t row;
    int64_t published, rows_published;
};

/* Fills in the rest of a publisher whose outputs, rows_a_step and ids are set. */
void publisher_init(struct publisher *publisher, struct run *run);
void publisher_release(struct publisher *publisher);
/* Takes note of a record of `models`, from whoever wrote it. */
void publisher_observe(struct publisher *publisher, const struct model_weights *weights);
/* Says whether the publisher is free. */
bool publisher_idle(const struct publisher *publisher);
/* Begins to publish a model, which is taken. */
void publisher_begin(struct publisher *publisher, struct model_snapshot *snapshot);
/* Publishes some more. From the worker's tick. */
void publisher_step(struct publisher *publisher, struct task *task);
/* Takes the model that was published last, so that its cold_start can be told; NULL when there is
 * none. The caller frees it. */
struct model_snapshot *publisher_take_published(struct publisher *publisher);
/* Says whether a model is what was announced last, by whomever. */
bool publisher_is_newest(const struct publisher *publisher, const struct model_snapshot *snapshot);
/* Sends the row of an item that came after the newest generation. */
void publisher_send_cold_start(struct publisher *publisher, struct task *task,
                               const struct cold_start_row *late);
/* What was sent may be lost: begins the generation again. */
void publisher_restart(struct publisher *publisher);
/* Gives up what is being published: the partition is not ours any more. */
void publisher_drop(struct publisher *publisher);

#endif
