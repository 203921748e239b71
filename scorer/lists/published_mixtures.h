/* Published mixtures: the mixture of each partition, as read from `models` last. One thread. */
#ifndef FRESHET_SCORER_LISTS_PUBLISHED_MIXTURES_H
#define FRESHET_SCORER_LISTS_PUBLISHED_MIXTURES_H

#include "model/mixture.h"
#include "schemas/model_weights.h"

enum { MIXTURE_PARTITIONS_MAX = 1 << 16 };

struct published_mixtures {
    struct mixture *at; /* by partition */
    int32_t count;
};

/* Frees the memory; init with zeros. */
void published_mixtures_release(struct published_mixtures *mixtures);
/* Reads a mixture; returns NULL, or the reason why it was refused: "bad_blend". */
const char *published_mixtures_put(struct published_mixtures *mixtures,
                                   const struct model_weights *weights);
/* Takes a partition's mixture back: a new one is in its place. */
void published_mixtures_remove(struct published_mixtures *mixtures, int32_t partition);
/* Fills in a partition's mixture, or a new one. */
void published_mixtures_get(const struct published_mixtures *mixtures, int32_t partition,
                            struct mixture *ret_mixture);

#endif
