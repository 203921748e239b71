/* Presets: the settings with which the Transformer is trained, by the shape of the data.
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
    double length;  /* actions looked back upon */
    double windows; /* pieces of so many actions that a long sequence is learned in */
    double dropout;
    double batch;     /* sequences a step */
    double rate;      /* Adam's */
    double whole;     /* the softmax is over all items up to so many, else over drawn ones */
    double negatives; /* how many are drawn */
    double pruned;    /* share of the weights that are made 0 after training */
    double mask_share; /* 0: learns the next item; else items that are masked, this share */
};

enum transformer_preset_name {
    TRANSFORMER_SPARSE,     /* short sequences, nothing known of the items */
    TRANSFORMER_ATTRIBUTES, /* short sequences, items with attributes */
    TRANSFORMER_LONG,       /* long sequences */
    TRANSFORMER_PRESETS,
};

extern const struct transformer_preset transformer_presets[TRANSFORMER_PRESETS];

#endif
