/* Remake budget: the time that a process may spend on making standing lists again.
 *
 * It grows by a share of the time that passes, up to some pieces of work, and is spent with the
 * time for which the thread computed. A piece that took longer than there was left is paid for
 * before the next one. One for all partitions of a process. One thread.
 */
#ifndef FRESHET_SCORER_REMAKE_BUDGET_H
#define FRESHET_SCORER_REMAKE_BUDGET_H

#include "base/base.h"

enum { REMAKE_BUDGET_MAX_US = 10000 };

struct remake_budget {
    int64_t percent; /* of a core; 0: nothing */
    int64_t left_us;
    int64_t grown_ms; /* up to when it has grown */
};

/* Says in how many milliseconds there is something to spend; 0: now; below 0: never. */
int64_t remake_budget_in_ms(struct remake_budget *budget, int64_t now_ms);
/* Takes off what a piece of work took. */
void remake_budget_spend(struct remake_budget *budget, int64_t us);

#endif
