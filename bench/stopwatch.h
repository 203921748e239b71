/* Stopwatch: what the benchmarks time with. The machine may be shared: CPU time, of all threads,
 * unless waiting is what is measured. */
#ifndef FRESHET_BENCH_STOPWATCH_H
#define FRESHET_BENCH_STOPWATCH_H

#include "base/base.h"

static inline double stopwatch_seconds(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static inline double cpu_seconds(void)
{
    return stopwatch_seconds(CLOCK_PROCESS_CPUTIME_ID);
}

static inline double wall_seconds(void)
{
    return stopwatch_seconds(CLOCK_MONOTONIC);
}

#endif
