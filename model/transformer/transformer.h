/* Transformer: predicts a user's next item from the sequence of actions.
 *
 * Learns from whole sequences: causal (SASRec: every action predicts its successor) or masked
 * (BERT4Rec: hidden items are predicted from both sides), with the softmax over all items or over a
 * sample, tied item vectors with or without attributes (item_vectors.h), and Adam.
 *
 * It holds weights, optimiser, seed and counters. The result depends on the settings, the seed and
 * the order of the sequences. It depends on `lanes`, a setting (gradients are summed lane by lane),
 * but not on the number of threads: any number gives the same bits on the same kind of processor.
 * One caller at a time; to serve while learning, load a copy.
 *
 * Items are 0 .. items - 1; the catalogue may grow. bench/bench_transformer.c measures time and, on
 * a file of sequences, quality.
 */
#ifndef FRESHET_MODEL_TRANSFORMER_TRANSFORMER_H
#define FRESHET_MODEL_TRANSFORMER_TRANSFORMER_H

#include "base/base.h"
#include "base/buf.h"
#include "base/slice.h"
#include "model/transformer/pack.h"
#include "model/transformer/weights.h"

struct transformer_settings {
    struct weights_shape shape;
    float dropout;
    float rate;         /* Adam's */
    float mask_share;   /* 0: causal; else masked, this share of the items hidden; shape.masked
                           follows from it */
    uint32_t negatives; /* 0: softmax over all items; else over the target and so many sampled */
    uint32_t batch;     /* sequences a step, in transformer_epoch() */
    uint32_t lanes;     /* shares of a step, 1 .. TRANSFORMER_LANES_MAX */
    uint32_t threads;   /* more than `lanes` are not used */
    uint64_t seed;
};

enum { TRANSFORMER_LANES_MAX = 64 };

/* Most memory of the lanes. A model file from outside could ask for more. */
#define TRANSFORMER_WORK_BYTES_MAX 0x1p32

struct transformer;

/* Says whether the settings are valid; if not, *ret_why has the reason. */
bool transformer_settings_fit(const struct transformer_settings *settings, const char **ret_why);
/* Makes a model with random weights from valid settings; free with transformer_free(). */
struct transformer *transformer_new(const struct transformer_settings *settings);
/* Frees the model; takes NULL; returns NULL. */
struct transformer *transformer_free(struct transformer *model);
/* Borrows the settings, as they are now. */
const struct transformer_settings *transformer_settings(const struct transformer *model);
/* Sets Adam's rate for the steps to come. */
void transformer_set_rate(struct transformer *model, float rate);

/* Sets the attributes of all items (item_attributes_init()'s arguments), before the first step or
 * whenever they change; shape.attributes of the settings bounds them. */
void transformer_set_attributes(struct transformer *model, const size_t *starts,
                                const int32_t *ids);
/* Sets the content vectors of all items (items x shape.content; zeros for an item without one),
 * copied: fixed numbers, of which the model learns what they mean. An item's vector is
 * e + attributes + content P (as Hou et al., "UniSRec", KDD 2022, 3.2.2, add text to ids). */
void transformer_set_content(struct transformer *model, const float *vectors);
/* Sets the content vectors of searches (count x shape.content), borrowed until others are set;
 * sequences name them by pack_of_search(). A search's vector is its content P. */
void transformer_set_searches(struct transformer *model, const float *vectors, size_t count);
/* Adds items at the end, drawn as if they had been there from the start; they have no attributes
 * until transformer_set_attributes(), and no content until transformer_set_content(). */
void transformer_grow(struct transformer *model, uint32_t items);

/* Takes one step of the optimiser on these sequences (none empty); returns the weighted mean
 * loss of the predictions, in nats, before the step. Sequences without a prediction do not
 * count. */
double transformer_learn(struct transformer *model, const struct sequence *sequences, size_t count);
/* Learns from each sequence once, in a new random order each time, settings.batch a step; returns
 * the mean loss. */
double transformer_epoch(struct transformer *model, const struct sequence *sequences, size_t count);
/* Returns the number of steps taken. */
uint64_t transformer_steps(const struct transformer *model);

/* Computes the hidden vector of each history (none empty): hidden (count x d). */
void transformer_encode(struct transformer *model, const struct sequence *histories, size_t count,
                        float *hidden);
/* Scores all items for hidden vectors: scores (count x items), the logits of the softmax. */
void transformer_scores(const struct transformer *model, const float *hidden, size_t count,
                        float *scores);
/* Borrows the item vectors (items x d), attributes and content included, until the next call that
 * changes the model. A score is the product of a hidden and an item vector. */
const float *transformer_vectors(const struct transformer *model);
/* Borrows the run of numbers that weights_view() finds the parts of, for as long. */
const float *transformer_run(const struct transformer *model);

/* Appends the model to buf: weights, attributes and content, and with `state` the optimiser's
 * moments and counters, so that learning goes on as if it had not been interrupted. */
void transformer_save(const struct transformer *model, struct buf *buf, bool state);
/* Sets the `share` of each of its matrices that is smallest in magnitude to 0, for serving. A model
 * that is saved without state leaves zeros out. */
void transformer_prune(struct transformer *model, float share);
/* Makes a model from what transformer_save() wrote. NULL, with the reason in *ret_why, when the
 * bytes are invalid. The caller chooses the threads. Without state, the optimiser starts from 0. */
struct transformer *transformer_load(struct slice bytes, uint32_t threads, const char **ret_why);

#endif
