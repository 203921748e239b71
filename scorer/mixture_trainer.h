/* Mixture trainer: trains the mixtures on users' next actions, and publishes them.
 *
 * Each partition has its own mixture, trained in the order of the partition's input by its owner.
 * At each flush after a change, the mixture is sent to `models` (model `blend`), which all scorers
 * read, so the next owner of the partition continues with it. If the last message is lost, the
 * examples since the one before it are lost, too. One thread.
 */
#ifndef FRESHET_SCORER_MIXTURE_TRAINER_H
#define FRESHET_SCORER_MIXTURE_TRAINER_H

#include "schemas/model_weights.h"
#include "scorer/lists/lists.h"
#include "scorer/lists/published_mixtures.h"
#include "stream/worker.h"

struct mixture_trainer {
    size_t bytes_max;
    struct prediction_log predictions; /* made with the first prediction */
    struct published_mixtures known;
    struct codec *codec;
    struct buf message;
    int models_output;
};

/* Prepares a trainer with at most bytes_max of predictions; `models_output` is the worker's output
 * for mixtures. */
void mixture_trainer_init(struct mixture_trainer *trainer, struct run *run, size_t bytes_max,
                          int models_output);
/* Frees the memory. */
void mixture_trainer_release(struct mixture_trainer *trainer);
/* Keeps the members' scores for a list. */
void mixture_trainer_keep(struct mixture_trainer *trainer, const struct prediction *prediction);
/* Trains a mixture on the action that followed a list. False when there is no such action, it is a
 * dislike, or the list's prediction is gone. */
bool mixture_trainer_learn(struct mixture_trainer *trainer, struct mixture *mixture,
                           const struct tables *tables, const struct recommendation_list *list,
                           const struct user_history *history);
/* Sends a partition's mixture to `models`, and fills it in as readers get it. */
void mixture_trainer_publish(struct mixture_trainer *trainer, struct task *task,
                             const struct mixture *mixture, struct mixture *ret_published);
/* Sets the metrics of a partition's mixture, for each segment and model. */
void mixture_trainer_tell(struct task *task, const struct mixture *mixture);

#endif
