/* The pace: decides when the next commit is due, by the interval, the limits of a batch, and the
 * end of a burst. Worker's thread.
 */
#ifndef FRESHET_STREAM_PACE_H
#define FRESHET_STREAM_PACE_H

#include "stream/commit.h"

struct pace {
    const struct env *env;
    struct commit *commit;
    struct task_list *tasks;
    int64_t began_ms;   /* when the newest commit began */
    size_t records;     /* processed since then */
    size_t input_bytes; /* of these records */
    int64_t fed_ms;     /* when the last record came */
    bool burst_over;    /* many were processed and none is left: commit now */
};

void pace_init(struct pace *pace, const struct env *env, struct commit *commit,
               struct task_list *tasks);
/* Call when a commit begins. */
void pace_restart(struct pace *pace);
/* Call when a poll has returned so many records. */
void pace_polled(struct pace *pace, size_t count);
/* True when the batch has reached its limit of bytes. */
bool pace_heavy(struct pace *pace);
/* True when the batch has reached its limit of records or bytes. */
bool pace_full(struct pace *pace);
/* True when the interval, a limit or the end of a burst calls for a commit. */
bool pace_due(struct pace *pace);
/* Returns how long a poll may wait. */
int64_t pace_wait_ms(const struct pace *pace, int64_t most_ms);
/* Returns how many more records the batch may take, at least 1. */
size_t pace_room(const struct pace *pace);

/* Call when a record of so many bytes was processed. */
static inline void pace_count(struct pace *pace, size_t bytes)
{
    pace->records++;
    pace->input_bytes += bytes;
}

#endif
