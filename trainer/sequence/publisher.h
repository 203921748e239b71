/* Publisher: publishes a model as a model version: first its rows to `item-vectors`, then, when
 * they are acknowledged, its dense weights to `models`. The last part of the weights makes the
 * version valid.
 *
 * Model versions alternate between two slots. While one slot is written, the version in the other
 * stays whole, for readers that run and for readers that start meanwhile. The slot and name of the
 * newest version are read from the topic `models`, so that a new owner of the partition overwrites
 * the older one. A version that was published in part is started again in the slot that was chosen
 * for it; a model that is already the newest version is not published twice.
 *
 * A former owner that was paused may announce its version late, in the slot that we write to.
 * Readers do not accept it, because our rows have replaced some of its rows. The rest of our
 * version, and the next one, must not go to the other slot because of it.
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
    const struct ids *ids; /* of the training set's items; borrowed */
    struct codec *vector_codec, *weights_codec;
    struct buf message;
    int32_t newest_slot; /* -1: no model version yet */
    char newest_version[MODEL_VERSION_NAME_BYTES_MAX + 1];
    /* The last one that we published since we own the partition. */
    char own_version[MODEL_VERSION_NAME_BYTES_MAX + 1];
    struct model_snapshot *snapshot;           /* that is being published; owned */
    struct model_snapshot *published_snapshot; /* the last one, until it is taken */
    int32_t slot;                              /* that the snapshot is written to */
    size_t row;                                /* that is sent next */
    int64_t published, rows_published;
};

/* Fills in the rest of a publisher whose outputs, rows_a_step and ids are set. */
void publisher_init(struct publisher *publisher, struct run *run);
void publisher_release(struct publisher *publisher);
/* Reads a record of `models`, from any copy, and updates the newest version and its slot. */
void publisher_observe(struct publisher *publisher, const struct model_weights *weights);
/* Says whether nothing is being published. */
bool publisher_idle(const struct publisher *publisher);
/* Begins to publish a model, which is taken. Only when idle. */
void publisher_begin(struct publisher *publisher, struct model_snapshot *snapshot);
/* Sends the next rows_a_step rows, or the weights. To be called from the worker's tick. */
void publisher_step(struct publisher *publisher, struct task *task);
/* Takes the model that was published last, so that cold-start items can be added to it; NULL when
 * there is none. Free with model_snapshot_free(). */
struct model_snapshot *publisher_take_published(struct publisher *publisher);
/* Says whether a model is the version that any copy announced last. */
bool publisher_is_newest(const struct publisher *publisher, const struct model_snapshot *snapshot);
/* Sends the row of a cold-start item, as part of the newest version. */
void publisher_send_cold_start(struct publisher *publisher, struct task *task,
                               const struct cold_start_row *row);
/* Starts the present version again from its first row: what was sent may be lost. */
void publisher_restart(struct publisher *publisher);
/* Drops what is being published: the partition is not ours any more. */
void publisher_drop(struct publisher *publisher);

#endif
