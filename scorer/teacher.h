/* Teacher: what the mixtures learn from users' next actions, and how that outlives the process.
 *
 * Each partition has a mixture of its own, which learns in the order of its input, whoever works on
 * it. With each commit in which it learned it is sent to `models` (model `blend`), which every
 * scorer reads: who takes the partition over goes on from there. Losing the last of it costs a few
 * lessons. One thread.
 */
#ifndef FRESHET_SCORER_TEACHER_H
#define FRESHET_SCORER_TEACHER_H

#include "schemas/model_weights.h"
#include "scorer/lists.h"
#include "stream/worker.h"

enum { TEACHER_PARTITIONS_MAX = 1 << 16 };

struct teacher {
    size_t bytes_max;
    struct slips slips; /* made when first needed */
    struct mixture *known; /* by partition, as last read */
    int32_t known_count;
    struct codec *codec;
    struct buf message;
    int models_output;
};

/* Prepares a teacher; `models_output` is the worker's output for mixtures. */
void teacher_init(struct teacher *teacher, struct run *run, size_t bytes_max, int models_output);
/* Frees the memory. */
void teacher_release(struct teacher *teacher);
/* Takes note of a mixture on `models`; returns NULL, or the reason why it was refused:
 * "bad_blend". */
const char *teacher_note(struct teacher *teacher, const struct model_weights *weights);
/* Fills in what is known of a partition's mixture. */
void teacher_begin(const struct teacher *teacher, int32_t partition, struct mixture *ret_mixture);
/* Keeps what the members said for a list. */
void teacher_keep(struct teacher *teacher, const struct slip *slip);
/* Lets a mixture learn from the action that followed a list; false: nothing to learn. */
bool teacher_learn(struct teacher *teacher, struct mixture *mixture, const struct tables *tables,
                   const struct recommendation_list *list, const struct user_history *history);
/* Sends a partition's mixture. */
void teacher_tell(struct teacher *teacher, struct task *task, const struct mixture *mixture);

#endif
