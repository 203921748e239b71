#include "base/base.h"
#include "scorer/remake_budget.h"

enum { US_A_PERCENT_AND_MS = 10 };

int64_t remake_budget_in_ms(struct remake_budget *budget, int64_t now_ms)
{
    if (!budget->percent) { return -1; }
    int64_t each_ms_us = budget->percent * US_A_PERCENT_AND_MS;
    int64_t passed_ms = MIN_OF(now_ms - budget->grown_ms, (int64_t)INT32_MAX);
    budget->grown_ms = now_ms;
    budget->left_us += MAX_OF(passed_ms, (int64_t)0) * each_ms_us;
    budget->left_us = MIN_OF(budget->left_us, (int64_t)REMAKE_BUDGET_MAX_US);
    if (budget->left_us > 0) { return 0; }
    return -budget->left_us / each_ms_us + 1;
}

void remake_budget_spend(struct remake_budget *budget, int64_t us)
{
    budget->left_us -= MAX_OF(us, (int64_t)0);
}
