/* MT19937: the Mersenne Twister with the seeding and the 53-bit draws of Python's `random`, so that
 * a run picks the same actions as a reference written in Python.
 *
 * Matsumoto and Nishimura, "Mersenne Twister", ACM TOMACS 8(1), 1998; seeding by an array of one
 * number, as in their mt19937ar (2002).
 */
#ifndef FRESHET_EVALUATE_MT19937_H
#define FRESHET_EVALUATE_MT19937_H

#include "base/base.h"

enum { MT19937_WORDS = 624 };

struct mt19937 {
    uint32_t words[MT19937_WORDS];
    uint32_t at;
};

/* Seeds the generator. */
void mt19937_init(struct mt19937 *mt19937, uint32_t seed);
/* Draws from [0, 1). */
double mt19937_unit(struct mt19937 *mt19937);

#endif
