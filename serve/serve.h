/* The worker that answers requests for lists by HTTP: docs/serve.md. */
#ifndef FRESHET_SERVE_SERVE_H
#define FRESHET_SERVE_SERVE_H

#include "stream/worker.h"

extern const struct worker serve_worker;

/* Returns the port on which a copy listens. */
int serve_port(const struct run *run);

#endif
