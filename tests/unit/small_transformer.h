/* A small model, its items' attributes, and sequences to learn from.
 * tests/golden/make_transformer.py has the same settings. */
#ifndef FRESHET_TESTS_UNIT_SMALL_TRANSFORMER_H
#define FRESHET_TESTS_UNIT_SMALL_TRANSFORMER_H

#include "model/transformer/transformer.h"
#include "tests/unit/numbers.h"

static const struct transformer_settings small = {
    .shape = {.items = 9, .d = 16, .hidden = 16, .blocks = 1, .heads = 2, .length = 5,
              .attributes = 3},
    .rate = 0.01f,
    .batch = 8,
    .lanes = 2,
    .threads = 1,
};
static const size_t has_starts[] = {0, 1, 1, 3, 4, 7, 7, 8, 10, 10};
static const int32_t has[] = {0, 0, 1, 1, 0, 1, 2, 2, 1, 2};

static const int32_t first[] = {1, 2, 3, 4, 5, 6, 7}, second[] = {8, 0, 2}, third[] = {3, 1, 4, 1};
static const struct sequence three[] = {
    {.items = first, .count = 7},
    {.items = second, .count = 3},
    {.items = third, .count = 4},
};

#endif
