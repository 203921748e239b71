/* Presets: training settings of the Transformer for different kinds of data.
 *
 * Used by the sequence trainer and by `freshet evaluate`; found by ablation on public data
 * (docs/quality.md). All numbers are doubles, so that a hyperparameter table can name them.
 */
#ifndef FRESHET_MODEL_TRANSFORMER_TRANSFORMER_PRESETS_H
#define FRESHET_MODEL_TRANSFORMER_TRANSFORMER_PRESETS_H

#include "base/base.h"

struct transformer_preset {
    double epochs;
    double patience; /* epochs without a better one before the rate falls */
    double d;        /* width, a multiple of 16 */
    double blocks;
    double heads;
    double length;  /* newest actions that the model reads */
    double windows; /* most pieces of `length` actions that a long sequence is trained on in */
    double dropout;
    double batch;     /* sequences a step */
    double rate;      /* Adam's */
    double whole;     /* most items for a softmax over all items; above it, over sampled ones */
    double negatives; /* sampled items per step */
    double pruned;    /* share of the weights that are set to 0 after training */
    double content;    /* numbers that a content vector is made shorter to; 0: not used */
    double mask_share; /* share of the items that are masked; 0: causal */
};

enum transformer_preset_name {
    TRANSFORMER_SPARSE,     /* short sequences, items without attributes */
    TRANSFORMER_ATTRIBUTES, /* short sequences, items with attributes */
    TRANSFORMER_LONG,       /* long sequences */
    TRANSFORMER_CONTENT,    /* short sequences, items with content vectors */
    TRANSFORMER_PRESETS,
};

extern const struct transformer_preset transformer_presets[TRANSFORMER_PRESETS];

#endif
