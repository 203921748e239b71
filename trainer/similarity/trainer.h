/* The worker that sums deltas of item pairs into rows of neighbours. */
#ifndef FRESHET_TRAINER_SIMILARITY_TRAINER_H
#define FRESHET_TRAINER_SIMILARITY_TRAINER_H

#include "stream/worker.h"

extern const struct worker trainer_worker;

#endif
