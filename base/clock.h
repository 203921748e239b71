/* The machine's clocks. Programs and the runtime's edges read them; models and workers' answers do
 * not (HACKING.md): they get times as arguments. */
#ifndef FRESHET_BASE_CLOCK_H
#define FRESHET_BASE_CLOCK_H

#include "base/base.h"

/* Tells the time since 1970, UTC; it may jump when the machine's clock is set. */
int64_t clock_wall_us(void);
int64_t clock_wall_ms(void);
/* Tells the time since some moment before the process began; it never goes back. */
int64_t clock_monotonic_us(void);
int64_t clock_monotonic_ms(void);

#endif
