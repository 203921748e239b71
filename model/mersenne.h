/* Mersenne: the generator MT19937 with the seeding and the 53-bit draws that Python's `random` has,
 * so that a run asks the very questions that a reference written in Python asks.
 *
 * Matsumoto and Nishimura, "Mersenne Twister", ACM TOMACS 8(1), 1998; seeding by an array of one
 * number, as in their mt19937ar (2002).
 */
#ifndef FRESHET_MODEL_MERSENNE_H
#define FRESHET_MODEL_MERSENNE_H

#include "base/base.h"

enum { MERSENNE_WORDS = 624 };

struct mersenne {
    uint32_t words[MERSENNE_WORDS];
    uint32_t at;
};

/* Seeds the generator. */
void mersenne_init(struct mersenne *mersenne, uint32_t seed);
/* Draws from [0, 1). */
double mersenne_unit(struct mersenne *mersenne);

#endif
