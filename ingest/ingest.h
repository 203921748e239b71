/* The worker that turns the platform's own events into `events`. */
#ifndef FRESHET_INGEST_INGEST_H
#define FRESHET_INGEST_INGEST_H

#include "stream/worker.h"

extern const struct worker ingest_worker;

#endif
