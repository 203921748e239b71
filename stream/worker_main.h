/* The process of a worker: command line, slot, signals, metrics port, status, exit code. */
#ifndef FRESHET_STREAM_WORKER_MAIN_H
#define FRESHET_STREAM_WORKER_MAIN_H

#include "stream/worker.h"

/* Loads configuration, connects, works until a signal, ends cleanly. Returns the exit code (see
 * docs/operations.md): 0 stopped by signal, 64 usage, 70 fatal, 74 disk full, 75 fenced,
 * 78 configuration. */
int worker_main(const struct worker *worker, int argc, char **argv);

#endif
