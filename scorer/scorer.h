/* The worker that makes lists from histories and neighbours, and evaluates them. */
#ifndef FRESHET_SCORER_SCORER_H
#define FRESHET_SCORER_SCORER_H

#include "stream/worker.h"

extern const struct worker scorer_worker;

#endif
