/* Memory limit: how much memory this process may use at most, as the machine and the container that
 * it runs in say. */
#ifndef FRESHET_BASE_MEMORY_LIMIT_H
#define FRESHET_BASE_MEMORY_LIMIT_H

#include "base/base.h"

/* Returns the bytes of memory of the machine or, when they are fewer, those that a control group
 * (cgroup version 2 or 1) of the process allows. `root` precedes /proc and /sys: "", or a test's
 * directory. 0 when nothing can be read. */
int64_t memory_limit(const char *root);
/* Returns the memory of the machine as the kernel says it, without /proc; INT64_MAX: unknown. */
int64_t memory_of_kernel(void);

#endif
