/* Teacher: what the mixtures learn from users' next actions, and how that outlives the process.
 *
 * Each partition has a mixture of its own, which learns in the order of its input, whoever works on
 * it. With each commit in which it learned it is sent to `models` (model `blend`), which every
 * scorer reads: who takes the partition over goes on from there. Losing the last of it costs a few
 * examples. One thread.
 */
#ifndef FRESHET_SCORER_MIXTURE_TRAINER_H
#define FRESHET_SCORER_MIXTURE_TRAINER_H

#include "schemas/model_weights.h"
#include "scorer/lists.h"
#include "stream/worker.h"

enum { MIXTURE_TRAINER_PARTITIONS_MAX = 1 << 16 };

struct mixture_trainer {
    size_t bytes_max;
    struct prediction_log predictions; /* made when first needed */
    struct mixture *known; /* by partition, as last read */
    int32_t known_count;
    struct codec *codec;
    struct buf message;
    int models_output;
};

/* Prepares a trainer; `models_output` is the worker's output for mixtures. */
void mixture_trainer_init(struct mixture_trainer *trainer, struct run *run, size_t bytes_max,
                          int models_output);
/* Frees the memory. */
void mixture_trainer_release(struct mixture_trainer *trainer);
/* Takes note of a mixture on `models`; returns NULL, or the reason why it was refused:
 * "bad_blend". */
const char *mixture_trainer_observe(struct mixture_trainer *trainer,
                                    const struct model_weights *weights);
/* Fills in what is known of a partition's mixture. */
void mixture_trainer_begin(const struct mixture_trainer *trainer, int32_t partition,
                           struct mixture *ret_mixture);
/* Keeps what the members said for a list. */
void mixture_trainer_keep(struct mixture_trainer *trainer, const struct prediction *prediction);
/* Lets a mixture learn from the action that followed a list; false: nothing to learn. */
bool mixture_trainer_learn(struct mixture_trainer *trainer, struct mixture *mixture,
                           const struct tables *tables, const struct recommendation_list *list,
                           const struct user_history *history);
/* Sends a partition's mixture. */
void mixture_trainer_publish(struct mixture_trainer *trainer, struct task *task,
                             const struct mixture *mixture);

#endif
