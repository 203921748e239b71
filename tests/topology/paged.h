/* For tests of the console's pages: records of topics, and what a page must lack. */
#ifndef FRESHET_TESTS_TOPOLOGY_PAGED_H
#define FRESHET_TESTS_TOPOLOGY_PAGED_H

#include "tests/topology/asking.h"
#include "tests/topology/records.h"

enum { ROUNDS = 40 };

static inline void append_at(struct rig *rig, const char *topic, const struct contract *contract,
                      const char *key, const void *object, int64_t time_ms)
{
    append_record(rig, topic, PARTITION_BY_KEY, contract, slice_str(key), object, time_ms);
}

static inline void append(struct rig *rig, const char *topic, const struct contract *contract,
                   const char *key, const void *object)
{
    append_at(rig, topic, contract, key, object, RIG_WALL_MS);
}

static inline void assert_lacks(const char *text, const char *part)
{
    if (strstr(text, part)) { fail_msg("%s in %s", part, text); }
}

#endif
