/* The worker that keeps users' histories and counts item pairs. */
#ifndef FRESHET_FEATURES_FEATURES_H
#define FRESHET_FEATURES_FEATURES_H

#include "stream/worker.h"

extern const struct worker features_worker;

#endif
