/* Signed logarithm: makes sign(z) log(1 + |z|) of z, which is about z near 0 and grows slowly far
 * from it. Within two units in the last place, and the same on every processor. */
#ifndef FRESHET_MODEL_SIGNED_LOG_H
#define FRESHET_MODEL_SIGNED_LOG_H

#include "base/base.h"

/* Does so in place. NaN stays; infinity counts as the largest number. */
void signed_log(float *z, size_t count);

#endif
