/* A set of numbers, sorted, each once: the features or the words of an item. Pure functions. */
#ifndef FRESHET_MODEL_NUMBER_SET_H
#define FRESHET_MODEL_NUMBER_SET_H

#include "base/base.h"

/* Makes a set of numbers in place; returns how many differ. */
size_t number_set_make(uint32_t *numbers, size_t count);
/* Returns the index of a number; `count`: the set does not have it. */
size_t number_set_find(const uint32_t *set, size_t count, uint32_t number);
/* Says whether a set has a number. */
bool number_set_has(const uint32_t *set, size_t count, uint32_t number);

#endif
