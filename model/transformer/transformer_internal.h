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
    float *dsearches; /* search_count x d */
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
    float *content; /* items x content; NULL: none has been set */
    float *table;   /* items x d; the items' own vectors if there are neither */
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

    /* The searches that sequences may have, until others are set. */
    const float *search_content; /* search_count x content */
    float *searches;             /* search_count x d: what the projection makes of it */
    size_t search_count;
};

/* Makes a model whose numbers are all zero. */
struct transformer *transformer_new_blank(const struct transformer_settings *settings);
/* ---- transformer_table.c ---- */

enum { TRANSFORMER_SLICES = 16 };

/* Part `slice` of TRANSFORMER_SLICES of a range. */
void transformer_slice(size_t count, size_t slice, size_t *ret_from, size_t *ret_to);
/* Makes the table of a model that has neither attributes nor content yet. */
void transformer_table_open(struct transformer *model);
/* Frees the table, attributes, content and searches. */
void transformer_table_close(struct transformer *model);
/* Computes the item table and the searches after the weights have changed. */
void transformer_compose(struct transformer *model);
/* Extends the table from `before` items to those of the shape. */
void transformer_table_grow(struct transformer *model, uint32_t before);
/* Makes the lanes' gradients of the searches 0, before a step. */
void transformer_clear_dsearches(struct transformer *model);
/* Adds the gradients of attributes and projection to the first lane's, from its gradients of the
 * item vectors and all lanes' of the searches. */
void transformer_table_back(struct transformer *model);

#endif
