/* The worker copies that run on this machine, found by the slot files in state.dir and queried
 * through their metrics ports. */
#ifndef FRESHET_CLI_LOCAL_COPY_H
#define FRESHET_CLI_LOCAL_COPY_H

#include "base/base.h"

#include <jansson.h>

/* Requests /status of every copy. Returns an array of the answers, each with `pid`; the caller
 * drops the reference. Copies that do not answer are left out. */
json_t *local_copies(const char *state_dir);
/* Finds a worker's partition of a topic among the answers of one generation; borrowed, NULL when
 * no copy has it. */
const json_t *local_copy_partition(const json_t *copies, const char *worker,
                                   const char *generation, const char *topic,
                                   int32_t partition);

#endif
