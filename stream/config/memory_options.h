/* Memory options: the sizes of a worker's settings that are "auto", cut from its budget. */
#ifndef FRESHET_STREAM_CONFIG_MEMORY_OPTIONS_H
#define FRESHET_STREAM_CONFIG_MEMORY_OPTIONS_H

#include "stream/config/memory_plan.h"
#include "stream/config/options.h"

/* Fills in the sizes of loaded settings that are MEMORY_AUTO, but for those of a partition's store
 * (memory_store_bytes()). The worker is the group with its name as the title. `limit`: the memory
 * of the machine or container. 0, or -EINVAL with the reason, which the caller frees. */
int memory_options_settle(const struct option_group *groups, size_t count, int64_t limit,
                          struct memory_plan *ret_plan, char **ret_why);

#endif
