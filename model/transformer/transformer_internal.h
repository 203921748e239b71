/* The struct of the Transformer, shared by its files. */
#ifndef FRESHET_MODEL_TRANSFORMER_TRANSFORMER_INTERNAL_H
#define FRESHET_MODEL_TRANSFORMER_TRANSFORMER_INTERNAL_H

#include "base/base.h"
#include "model/thread_pool.h"
#include "model/transformer/encoder.h"
#include "model/transformer/item_vectors.h"
#include "model/transformer/transformer.h"

/* A share of a step: its sequences, and the memory for working on them. */
struct lane {
    float *gradients; /* weights_count() */
    struct weights grads;
    float *dcolumns; /* sampled: negatives x d */
    struct encoder *encoder;
    struct pack pack;
    float *asked;   /* rows x d: hidden vectors that predict */
    float *dasked;  /* rows x d */
    float *dhidden; /* tokens x d */
    float *scratch; /* of the loss */
    int32_t *order; /* indices of its sequences in the step */
    size_t count, capacity;
    double loss;
    double asked_weight;
};

struct transformer {
    struct transformer_settings settings;
    size_t count; /* numbers of a run */
    float *values, *mean, *variance;
    struct weights weights;
    bool has_attributes;
    struct item_attributes attributes;
    float *table; /* items x d; the items' own vectors if there are no attributes */
    uint64_t steps, epochs;

    struct thread_pool *pool;
    struct lane *lanes; /* made at the first step: serving needs no gradients */
    bool ready_to_learn;

    /* The current step. */
    const struct sequence *sequences;
    uint64_t key;
    float weight;
    float longest;
    float *columns;   /* sampled: negatives x d */
    int32_t *sampled; /* their items */
    int32_t *slots;   /* items: a negative's column, or -1 */
    float *hidden;    /* the results of encoding */
};

/* Makes a model whose numbers are all zero. */
struct transformer *transformer_new_blank(const struct transformer_settings *settings);
/* Computes the item table after the weights have changed. */
void transformer_compose(struct transformer *model);

#endif
