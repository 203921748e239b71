/* The machine's clocks. Only programs and the runtime read them. Models and the workers' callbacks
 * get times as arguments (HACKING.md). */
#ifndef FRESHET_BASE_CLOCK_H
#define FRESHET_BASE_CLOCK_H

#include "base/base.h"

/* A time in milliseconds below this one, of March 1973, was rather meant in seconds. */
#define CLOCK_IN_SECONDS_MAX INT64_C(100000000000)

/* Returns the time since 1970, UTC; it may jump when the machine's clock is set. */
int64_t clock_wall_us(void);
int64_t clock_wall_ms(void);
/* Returns the time since some moment before the process began; it never goes back. */
int64_t clock_monotonic_us(void);
int64_t clock_monotonic_ms(void);
/* For how long the calling thread has computed. */
int64_t clock_thread_us(void);

#endif
