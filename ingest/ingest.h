/* The worker that maps the platform's own records to `events`, `items` and `users`. */
#ifndef FRESHET_INGEST_INGEST_H
#define FRESHET_INGEST_INGEST_H

#include "stream/worker.h"

extern const struct worker ingest_worker;

#endif
