/* The worker that trains a Transformer on the histories and publishes model versions. */
#ifndef FRESHET_TRAINER_SEQUENCE_SEQUENCE_H
#define FRESHET_TRAINER_SEQUENCE_SEQUENCE_H

#include "stream/worker.h"

extern const struct worker sequence_worker;

#endif
