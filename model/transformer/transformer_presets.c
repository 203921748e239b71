#include "base/base.h"
#include "model/transformer/transformer_presets.h"

const struct transformer_preset transformer_presets[TRANSFORMER_PRESETS] = {
    [TRANSFORMER_SPARSE] =
        {
            .epochs = 20,
            .patience = 2,
            .d = 64,
            .blocks = 2,
            .heads = 1,
            .length = 50,
            .windows = 1,
            .dropout = .5,
            .batch = 64,
            .rate = 1e-3,
            .whole = 20000,
            .negatives = 1024,
            .content = 64,
        },
    [TRANSFORMER_ATTRIBUTES] =
        {
            .epochs = 16,
            .patience = 2,
            .d = 64,
            .blocks = 2,
            .heads = 1,
            .length = 50,
            .windows = 1,
            .dropout = .3,
            .batch = 64,
            .rate = 1e-3,
            .whole = 20000,
            .negatives = 1024,
            .content = 64,
        },
    [TRANSFORMER_LONG] =
        {
            .epochs = 45,
            .patience = 5,
            .d = 64,
            .blocks = 2,
            .heads = 1,
            .length = 200,
            .windows = 12,
            .dropout = .2,
            .batch = 32,
            .rate = 1e-3,
            .whole = 20000,
            .negatives = 1024,
            .content = 64,
        },
    [TRANSFORMER_CONTENT] =
        {
            .epochs = 20,
            .patience = 2,
            .d = 128,
            .blocks = 2,
            .heads = 1,
            .length = 50,
            .windows = 1,
            .dropout = .5,
            .batch = 64,
            .rate = 1e-3,
            .whole = 20000,
            .negatives = 1024,
            .content = 64,
        },
};
