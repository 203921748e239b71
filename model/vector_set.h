/* Vector set: vectors of one width, in slots without gaps: the last one takes the place of one that
 * goes. They may stand in a mapped file (mapped_bytes.h). One thread.
 */
#ifndef FRESHET_MODEL_VECTOR_SET_H
#define FRESHET_MODEL_VECTOR_SET_H

#include "base/base.h"
#include "base/mapped_bytes.h"

enum { VECTOR_STEP = 16 }; /* a stride is a multiple of it */

struct vector_slot {
    int32_t item;
    float inverse;      /* 1 / length of the vector; 0: it is all 0 */
    float code_inverse; /* the owner's, as the mark is */
    bool marked;
};

struct vector_set {
    size_t width, stride;
    struct vector_slot *slots;
    size_t count, capacity, marked;
    struct mapped_bytes numbers; /* slots x stride; 0 behind the width */
};

/* Makes an empty set for vectors of a width; free with vector_set_free(). */
struct vector_set *vector_set_new(size_t width);
/* Frees it; takes NULL; returns NULL. */
struct vector_set *vector_set_free(struct vector_set *set);
/* Moves the vectors into a mapped file below a directory, unless they are in one; where there can
 * be none, they stay in memory. */
void vector_set_map(struct vector_set *set, const char *directory);
/* Adds a slot for an item, whose numbers vector_set_put() sets; returns it. */
size_t vector_set_add(struct vector_set *set, int32_t item);
/* Sets the numbers of a slot. */
void vector_set_put(struct vector_set *set, size_t slot, const int8_t *numbers);
/* Removes a slot; returns the one that the last one has left, which is the same where it was the
 * last. */
size_t vector_set_remove(struct vector_set *set, size_t slot);
/* Marks a slot, or takes the mark off it. */
void vector_set_mark(struct vector_set *set, size_t slot, bool marked);

/* Returns the numbers of a slot, `stride` of them. */
static inline const int8_t *vector_set_numbers(const struct vector_set *set, size_t slot)
{
    return (const int8_t *)set->numbers.at + slot * set->stride;
}

/* Returns the product of two vectors; the stride is a multiple of VECTOR_STEP. */
static inline int32_t vector_set_dot(const int8_t *p, const int8_t *q, size_t stride)
{
    int32_t lanes[VECTOR_STEP] = {0}, sum = 0;
    for (size_t at = 0; at < stride; at += VECTOR_STEP) {
        for (size_t lane = 0; lane < VECTOR_STEP; lane++) {
            lanes[lane] += (int32_t)p[at + lane] * (int32_t)q[at + lane];
        }
    }
    for (size_t lane = 0; lane < VECTOR_STEP; lane++) { sum += lanes[lane]; }
    return sum;
}

/* Returns 1 / length of a vector; 0: it is all 0. */
static inline float vector_set_inverse(const int8_t *numbers, size_t stride)
{
    const double squares = (double)vector_set_dot(numbers, numbers, stride);
    return squares > 0.0 ? (float)(1.0 / sqrt(squares)) : 0.0F;
}

#endif
