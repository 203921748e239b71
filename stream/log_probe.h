/* Probes: questions about a log that only some of its records answer. Each waits for the broker, a
 * few seconds at most; they are asked only when something does not fit.
 */
#ifndef FRESHET_STREAM_LOG_PROBE_H
#define FRESHET_STREAM_LOG_PROBE_H

#include "stream/env.h"
#include "stream/state/position.h"

enum probe {
    PROBE_SAME,    /* the log is the one that was meant */
    PROBE_OTHER,   /* it is another one of the same name */
    PROBE_UNKNOWN, /* the records that would tell are gone */
    PROBE_LATER,   /* no answer yet */
};

/* Says whether the record at an offset has this timestamp. */
enum probe log_probe_record(const struct env *env, const struct topic_partition *at,
                            int64_t time_ms);
/* Says whether the newest positions before `end` have this identity; reads from at->offset on. */
enum probe log_probe_identity(const struct env *env, const struct topic_partition *at, int64_t end,
                              const char *log_id);

#endif
